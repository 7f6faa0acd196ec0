"""What of the demo's output is the same in every run."""

import unittest

from harness import shown

RUN = """One request through
  receipt  C

trace 1257e8cc9a15b8f83cb5c1b3c37be582  1 services  2 spans  288.9 ms  1 errors
✗ buy gift            unity   client   INTERNAL  288.9 ms  ━━━━━━━━━━━━  shop.item=gift shop.amou…
│ ! card [REDACTED] declined
└╴print receipt       c       receipt  INTERNAL   37.2 µs           ╺    customer.email=[REDACTED]

  receipt  c       r:7370b401 s:ab4f7235 p:51af4274   1 spans delivered, 0 lost

played in 1.6 s
demo: 1 trace, 2 spans, languages: c unity, leaks: 0
"""
OTHER_RUN = """One request through
  receipt  C

trace 00000000000000000000000000000001  1 services  2 spans  1.2 s  1 errors
✗ buy gift            unity   client   INTERNAL   1.2 s  ━━━━━━━━━━━━  shop.item=gift sho…
│ ! card [REDACTED] declined
└╴print receipt       c       receipt  INTERNAL  9.0 ms      ╺━━━╸     customer.email=[REDACTED]

  receipt  c       r:00000001 s:00000002 p:00000003   1 spans delivered, 0 lost

played in 12.0 s
demo: 1 trace, 2 spans, languages: c unity, leaks: 0
"""


class Difference(unittest.TestCase):
    def test_runs_that_differ_in_ids_times_and_widths_are_the_same(self) -> None:
        self.assertEqual(shown.difference(OTHER_RUN, RUN), "")

    def test_another_name_is_told_with_its_line(self) -> None:
        other = OTHER_RUN.replace("buy gift", "buy book")
        self.assertIn("line 5 is\n    ✗ buy book", shown.difference(other, RUN))

    def test_a_secret_that_is_not_redacted_is_told(self) -> None:
        self.assertIn("4111", shown.difference(RUN.replace("[REDACTED]", "4111 1111"), RUN))

    def test_a_line_too_much_is_told(self) -> None:
        self.assertIn("13 lines", shown.difference(RUN + "WRONG: leak", RUN))

    def test_the_readme_shows_a_run_without_leaks(self) -> None:
        self.assertRegex(shown.in_readme(), r"\ndemo: 1 trace, \d+ spans, languages: .*, leaks: 0\n$")


if __name__ == "__main__":
    unittest.main()

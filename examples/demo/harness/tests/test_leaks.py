import base64
import gzip
import json
import unittest
from urllib.parse import quote

from harness.leaks import WINDOW_BYTES, Seen, scan
from harness.planted import Secret, card_number, plant

SECRET = Secret("the name", "kq3v9w2m7x5t8r4p1z@example.com", "kq3v9w2m7x5t8r4p1z")


def found(data: bytes, secret: Secret = SECRET) -> bool:
    return bool(scan([secret], [Seen("somewhere", data)]))


def percent(text: str, form: str) -> str:
    return "".join(f"%{byte:{form}}" for byte in text.encode())


class Leaks(unittest.TestCase):
    def test_nothing_is_found_in_clean_bytes(self) -> None:
        self.assertFalse(found(b"email=[REDACTED] \x0a\x12 %5BREDACTED%5D"))
        self.assertFalse(found(b""))

    def test_a_secret_is_reported_by_its_name_and_place(self) -> None:
        (leak,) = scan([SECRET], [Seen("clean", b"-"), Seen("dirty", SECRET.value.encode())])
        self.assertEqual((leak.secret.name, leak.place), ("the name", "dirty"))

    def test_a_place_is_reported_once_for_each_secret(self) -> None:
        self.assertEqual(len(scan([SECRET], [Seen("a", SECRET.value.encode() * 2)] * 2)), 1)

    def test_raw(self) -> None:
        self.assertTrue(found(b"\x0a\x1e" + SECRET.value.encode() + b"\x00"))

    def test_another_case(self) -> None:
        self.assertTrue(found(SECRET.value.upper().encode()))

    def test_percent_encoded_in_any_case(self) -> None:
        self.assertTrue(found(quote(SECRET.value).encode()))
        self.assertTrue(found(percent(SECRET.value, "02x").encode()))
        self.assertTrue(found(percent(SECRET.value, "02X").encode()))

    def test_percent_encoded_twice(self) -> None:
        self.assertTrue(found(quote(percent(SECRET.value, "02X")).encode()))

    def test_json_escaped(self) -> None:
        escaped = "".join(f"\\u{ord(letter):04x}" for letter in SECRET.value)
        self.assertTrue(found(f'"{escaped}"'.encode()))
        self.assertTrue(found(f'"{escaped.upper().replace("U", "u")}"'.encode()))

    def test_json_in_json(self) -> None:
        inner = json.dumps({"mail": "".join(f"\\u{ord(letter):04x}" for letter in SECRET.value)})
        self.assertTrue(found(json.dumps({"body": inner}).encode()))

    def test_percent_encoding_inside_json_escapes_and_the_other_way_round(self) -> None:
        self.assertTrue(found(percent(SECRET.core, "02X").replace("%", "\\u0025").encode()))
        self.assertTrue(found(percent("".join(f"\\u{ord(x):04x}" for x in SECRET.core), "02x").encode()))

    def test_a_secret_with_characters_that_json_escapes(self) -> None:
        secret = Secret("quoted", 'ab"cd\\ef/gh"ij\\kl', 'ab"cd\\ef/gh"ij\\kl')
        self.assertTrue(found(json.dumps(secret.value).encode(), secret))

    def test_base64_in_all_three_alignments_and_both_alphabets(self) -> None:
        for before in (b"", b"x", b"xy"):
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                for after in (b"", b"z", b"zz"):
                    with self.subTest(before=before, encode=encode.__name__, after=after):
                        data = encode(before + SECRET.value.encode() + after)
                        self.assertTrue(found(b"Basic " + data))
                        self.assertTrue(found(b"Basic " + data.rstrip(b"=")))

    def test_base64_whose_alphabets_differ(self) -> None:
        secret = Secret("bytes", "", "ÿ~ÿ?ÿ>ÿ~ÿ?ÿ>ÿ~")
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(secret.core.encode())
            self.assertTrue(found(encoded, secret))
        self.assertNotEqual(
            base64.b64encode(secret.core.encode()), base64.urlsafe_b64encode(secret.core.encode())
        )

    def test_base64_that_is_percent_encoded(self) -> None:
        self.assertTrue(found(percent(base64.b64encode(SECRET.value.encode()).decode(), "02x").encode()))

    def test_base64_is_not_found_in_another_case(self) -> None:
        self.assertFalse(found(base64.b64encode(SECRET.value.encode()).swapcase()))

    def test_utf_16_as_bytes_and_as_escapes(self) -> None:
        self.assertTrue(found(SECRET.value.encode("utf-16-le")))
        self.assertTrue(found(SECRET.value.encode("utf-16-be")))
        self.assertTrue(found(json.dumps("\0".join(SECRET.value)).encode()))

    def test_utf_16_in_pieces(self) -> None:
        pieces = (SECRET.core[:9].encode("utf-16-le"), SECRET.core[10:].encode("utf-16-le"))
        self.assertTrue(found(b"\x12\x01".join(pieces)))

    def test_a_part_of_a_secret(self) -> None:
        self.assertTrue(found(SECRET.core[:WINDOW_BYTES].encode()))
        self.assertTrue(found(SECRET.core[-WINDOW_BYTES:].encode()))
        self.assertFalse(found(SECRET.core[: WINDOW_BYTES - 1].encode()))

    def test_a_compressed_body(self) -> None:
        self.assertTrue(found(gzip.compress(SECRET.value.encode())))
        self.assertFalse(found(gzip.compress(SECRET.value.encode())[:20]))

    def test_a_secret_too_short_to_be_found_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            scan([Secret("short", "x" * 10, "x" * 10)], [])


class Planted(unittest.TestCase):
    def test_every_run_has_its_own(self) -> None:
        first, second = plant(), plant()
        self.assertFalse({one.value for one in first.all()} & {one.value for one in second.all()})
        self.assertEqual(len({one.name for one in first.all()}), 5)

    def test_each_is_found_by_its_value(self) -> None:
        for secret in plant().all():
            with self.subTest(secret.name):
                self.assertIn(secret.core, secret.value)
                self.assertTrue(found(secret.value.encode(), secret))

    def test_a_card_number_is_valid(self) -> None:
        for _ in range(50):
            number = card_number()
            doubled = [int(digit) * 2 if at % 2 == 0 else int(digit) for at, digit in enumerate(number)]
            total = sum(part - 9 if part > 9 else part for part in doubled)
            self.assertEqual((len(number), number[0], total % 10), (16, "4", 0))

    def test_a_known_card_number(self) -> None:
        digits = iter(map(int, "11111111111111"))
        self.assertEqual(card_number(lambda: next(digits)), "4111111111111111")

import unittest
from dataclasses import replace
from typing import Any

from harness import verdict
from harness.chain import CHAIN
from harness.leaks import Leak
from harness.planted import Secret
from harness.received import Span, read
from harness.verdict import Evidence, Hop

TRACE = "1" * 32
POLICY = "r:1 s:2 p:3"
NAMES = {"client": "libpolyspan_native.so", "gateway": "polyspan.node", "orders": "_native.abi3.so"}
NAMES |= {"billing": "libpolyspan_native.so", "worker": "demo-worker", "receipt": "libpolyspan_native.so"}
SECRET = Secret("card", "4" * 16, "4" * 16)


def span(at: int) -> Span:
    link = CHAIN[at]
    fails = at <= 3
    return Span(
        trace_id=TRACE,
        span_id=f"{at + 1:016x}",
        parent_id=f"{at:016x}" if at else "",
        name=f"span {at}",
        service=link.service,
        binding=link.binding,
        policy=POLICY,
        is_error=fails,
        events=("exception",) if at == 3 else (),
    )


def report(at: int, **changes: Any) -> dict[str, Any]:
    link = CHAIN[at]
    stats: dict[str, Any] = {
        "started": 1,
        "live": 0,
        "abandoned": 0,
        "ended": 1,
        "sampled_out": 0,
        "delivered": 1,
    }
    stats |= {"dropped": {"queue_full": 0, "rejected": 0}}
    stats |= changes.pop("stats", {})
    library = f"/somewhere/{NAMES[link.service]}"
    return {"service": link.service, "binding": link.binding, "fingerprint": POLICY, "library": library} | {
        "stats": stats,
        **changes,
    }


PARENT = f"00-{TRACE}-{'2' * 16}-01"


def hop(at: int, *, parent: str = PARENT, baggage: str = "customer.email=%5BREDACTED%5D") -> Hop:
    return Hop(f"hop {at}", (("Traceparent", parent), ("baggage", baggage)))


def good() -> Evidence:
    return Evidence(
        links=CHAIN,
        spans=[span(at) for at in range(6)],
        reports=[report(at) for at in range(6)],
        viewer_stats={"spans": {"duplicate": 0}},
        hops=[hop(at) for at in range(5)],
    )


def with_span(at: int, **changes: Any) -> Evidence:
    spans = good().spans
    spans[at] = replace(spans[at], **changes)
    return replace(good(), spans=spans)


def with_report(at: int, **changes: Any) -> Evidence:
    reports = good().reports
    reports[at] = report(at, **changes)
    return replace(good(), reports=reports)


class Verdicts(unittest.TestCase):
    def assert_wrong(self, evidence: Evidence, words: str) -> None:
        problems = verdict.problems(evidence)
        self.assertTrue(any(words in problem for problem in problems), problems)

    def test_a_good_run_has_no_problems(self) -> None:
        self.assertEqual(verdict.problems(good()), [])
        self.assertEqual(
            verdict.last_line(good()),
            "demo: 1 trace, 6 spans, languages: c dotnet node python rust unity, leaks: 0",
        )

    def test_the_last_line_counts_what_was_received(self) -> None:
        spans = [*good().spans[:2], good().spans[1], replace(good().spans[0], trace_id="2" * 32)]
        line = verdict.last_line(replace(good(), spans=spans, leaks=[Leak(SECRET, "baggage")]))
        self.assertEqual(line, "demo: 2 traces, 2 spans, languages: node unity, leaks: 1")

    def test_an_installed_language_without_spans(self) -> None:
        self.assert_wrong(replace(good(), spans=good().spans[:5]), "c is installed, but")

    def test_a_language_that_did_not_run(self) -> None:
        self.assert_wrong(replace(good(), links=CHAIN[:5]), "spans of c, which did not run")

    def test_a_span_without_a_binding(self) -> None:
        self.assert_wrong(with_span(4, binding=""), "without polyspan.binding")

    def test_garbled_text(self) -> None:
        self.assert_wrong(with_span(1, name="\0P\0O"), "gateway has spans with garbled names")

    def test_a_split_trace(self) -> None:
        self.assert_wrong(with_span(5, trace_id="2" * 32), "the trace is split")

    def test_a_second_root(self) -> None:
        self.assert_wrong(with_span(3, parent_id=""), "there are 2 root spans")

    def test_a_parent_that_never_arrived(self) -> None:
        self.assert_wrong(with_span(3, parent_id="f" * 16), "never arrived")

    def test_a_service_that_continues_another_than_its_caller(self) -> None:
        self.assert_wrong(with_span(4, parent_id=f"{1:016x}"), "no span of worker has a parent in billing")

    def test_an_error_that_a_caller_does_not_show(self) -> None:
        for at in range(4):
            with self.subTest(CHAIN[at].service):
                self.assert_wrong(
                    with_span(at, is_error=False), f"no span of {CHAIN[at].service} shows an error"
                )

    def test_an_exception_that_is_not_recorded(self) -> None:
        self.assert_wrong(with_span(3, events=()), "none of its spans has the exception")

    def test_without_the_failing_service_nothing_must_fail(self) -> None:
        spans = [replace(span(4), parent_id="", is_error=False)]
        alone = Evidence(CHAIN[4:5], spans, [report(4)], {}, [])
        self.assertEqual(verdict.problems(alone), [])

    def test_a_process_that_says_nothing_at_its_end(self) -> None:
        self.assert_wrong(replace(good(), reports=good().reports[:5]), "receipt printed 0 reports")

    def test_a_process_without_its_library(self) -> None:
        for library in (None, "", "/somewhere/libother.so"):
            with self.subTest(library):
                self.assert_wrong(
                    with_report(3, library=library), "billing ran without libpolyspan_native.so"
                )

    def test_a_process_with_an_old_build(self) -> None:
        self.assert_wrong(with_report(3, stale=True), "billing ran with another build")

    def test_a_process_with_another_binding(self) -> None:
        self.assert_wrong(with_report(0, binding="dotnet"), "client reports the binding dotnet")

    def test_counters_that_do_not_balance(self) -> None:
        self.assert_wrong(with_report(1, stats={"started": 2}), "started is not")
        self.assert_wrong(with_report(1, stats={"sampled_out": 1}), "ended is not")

    def test_a_counter_that_disagrees_with_the_viewer(self) -> None:
        evidence = with_report(1, stats={"started": 2, "ended": 2, "delivered": 2})
        self.assert_wrong(evidence, "gateway counts 2 delivered spans, the viewer has 1")

    def test_a_span_that_arrived_twice_counts_once(self) -> None:
        self.assertEqual(verdict.problems(replace(good(), spans=[*good().spans, span(2)])), [])
        self.assert_wrong(replace(good(), viewer_stats={"spans": {"duplicate": 1}}), "1 duplicate spans")

    def test_lost_and_open_spans(self) -> None:
        dropped = {"started": 2, "ended": 2, "dropped": {"timeout": 1}}
        self.assert_wrong(with_report(2, stats=dropped), "orders lost spans")
        self.assert_wrong(with_report(2, stats={"started": 2, "live": 1}), "orders lost spans")

    def test_two_policies(self) -> None:
        self.assert_wrong(with_report(5, fingerprint="r:9 s:2 p:3"), "do not have one policy")

    def test_spans_that_name_another_policy(self) -> None:
        self.assert_wrong(with_span(5, policy="r:9 s:2 p:3"), "the spans name the policies")

    def test_a_hop_that_nothing_passed(self) -> None:
        self.assert_wrong(replace(good(), hops=[Hop("a → b", ())]), "nothing passed the relay a → b")

    def test_a_hop_without_the_trace(self) -> None:
        other = hop(1, parent=f"00-{'3' * 32}-{'2' * 16}-01")
        self.assert_wrong(replace(good(), hops=[hop(0), other]), "hop 1 carried the traceparent")

    def test_a_hop_without_the_baggage(self) -> None:
        self.assert_wrong(replace(good(), hops=[hop(0, baggage="other=1")]), "hop 0 lost the baggage")

    def test_a_leak_is_a_problem_and_names_secret_and_place(self) -> None:
        problems = verdict.problems(replace(good(), leaks=[Leak(SECRET, "baggage of a → b")]))
        self.assertEqual(problems, ["LEAK: card was seen in baggage of a → b"])


class Control(unittest.TestCase):
    def test_every_planted_secret_must_be_found(self) -> None:
        other = Secret("e-mail", "x" * 16, "x" * 16)
        evidence = replace(good(), leaks=[Leak(SECRET, "an export")])
        self.assertEqual(verdict.control_problems(evidence, [SECRET]), [])
        (problem,) = verdict.control_problems(evidence, [SECRET, other])
        self.assertIn("not found: e-mail", problem)

    def test_the_other_checks_hold_as_well(self) -> None:
        evidence = replace(with_span(3, parent_id=""), leaks=[Leak(SECRET, "an export")])
        self.assertTrue(verdict.control_problems(evidence, [SECRET]))


class Received(unittest.TestCase):
    def test_spans_are_read_from_otlp_json(self) -> None:
        name = {"key": "service.name", "value": {"stringValue": "a"}}
        resource = {"attributes": [name, {"key": "n", "value": {}}]}
        spans = [{"traceId": "t", "spanId": "s", "status": {"code": 2}, "events": [{"name": "exception"}]}]
        document = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}
        (one,) = read([document])
        self.assertEqual(
            (one.service, one.parent_id, one.is_error, one.events), ("a", "", True, ("exception",))
        )

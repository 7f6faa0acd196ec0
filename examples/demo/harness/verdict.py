"""The checks: each looks at what was recorded, and says in a sentence what is wrong with it."""

import fnmatch
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from harness.chain import Link
from harness.leaks import Leak
from harness.planted import Secret
from harness.received import Span

ALL_BINDINGS = ("c", "dotnet", "node", "python", "rust", "unity")

# The service whose handler throws.
FAILING = "billing"


@dataclass(frozen=True)
class Hop:
    """The headers (or variables, in lower case) with which one service called the next."""

    name: str
    headers: tuple[tuple[str, str], ...]

    def lines(self, name: str) -> list[str]:
        """All lines of a header."""
        return [value for key, value in self.headers if key.lower() == name]


@dataclass(frozen=True)
class Evidence:
    """Everything that one run has left."""

    links: tuple[Link, ...]
    spans: list[Span]
    reports: list[dict[str, Any]]
    viewer_stats: Mapping[str, Any]
    hops: list[Hop]
    leaks: list[Leak] = field(default_factory=list)

    @property
    def traces(self) -> list[str]:
        """The ids of all traces."""
        return list(dict.fromkeys(span.trace_id for span in self.spans))

    @property
    def bindings(self) -> list[str]:
        """The bindings that the viewer has heard from."""
        return sorted({span.binding for span in self.spans if span.binding})


def last_line(evidence: Evidence) -> str:
    """The sentence that sums a run up."""
    traces = len(evidence.traces)
    return (
        f"demo: {traces} trace{'s' * (traces != 1)}, {len(_ids(evidence.spans))} spans, "
        f"languages: {' '.join(evidence.bindings)}, leaks: {len(evidence.leaks)}"
    )


def problems(evidence: Evidence) -> list[str]:
    """What is wrong with a run, leaks included; empty if nothing."""
    leaks = [f"LEAK: {leak.secret.name} was seen in {leak.place}" for leak in evidence.leaks]
    return [*structure(evidence), *leaks]


def control_problems(evidence: Evidence, planted: Iterable[Secret]) -> list[str]:
    """What is wrong with a run without redaction: what is planted must be found, or the checks are blind."""
    found = {leak.secret.name for leak in evidence.leaks}
    missed = [
        f"not found: {secret.name}; redaction was off, so it was not planted or the leak check is blind"
        for secret in planted
        if secret.name not in found
    ]
    return [*structure(evidence), *missed]


def structure(evidence: Evidence) -> list[str]:
    """All checks but those for leaks."""
    checks = (languages, texts, one_trace, handovers, errors, libraries, counters, policies, carriers)
    return [problem for check in checks for problem in check(evidence)]


def languages(evidence: Evidence) -> Iterator[str]:
    """Every installed language is in what the viewer received."""
    wanted = {link.binding for link in evidence.links}
    for binding in sorted(wanted - set(evidence.bindings)):
        yield f"{binding} is installed, but the viewer received no span of it"
    for binding in sorted(set(evidence.bindings) - wanted):
        yield f"the viewer received spans of {binding or 'an unnamed binding'}, which did not run"
    if any(not span.binding for span in evidence.spans):
        yield "the viewer received spans without polyspan.binding"


def texts(evidence: Evidence) -> Iterator[str]:
    """What arrives is what was set: a binding that disagrees with its library on the form of text garbles it."""
    for service in sorted({span.service for span in evidence.spans if not span.name.isprintable()}):
        yield f"{service} has spans with garbled names"


def one_trace(evidence: Evidence) -> Iterator[str]:
    """There is one trace with one root, and every other span's parent is in it."""
    if len(evidence.traces) != 1:
        yield f"the trace is split: there are {len(evidence.traces)} of them"
    ids = _ids(evidence.spans)
    roots = [span for span in evidence.spans if not span.parent_id]
    if len(roots) != 1:
        yield f"there are {len(roots)} root spans instead of one"
    for span in evidence.spans:
        if span.parent_id and span.parent_id not in ids:
            yield f"the parent of {span.service}'s span {span.name!r} never arrived"


def handovers(evidence: Evidence) -> Iterator[str]:
    """Each service continues the spans of the one before it."""
    of_span = {span.span_id: span.service for span in evidence.spans}
    edges = {(of_span.get(span.parent_id), span.service) for span in evidence.spans}
    for caller, callee in pairwise(evidence.links):
        if (caller.service, callee.service) not in edges:
            yield f"no span of {callee.service} has a parent in {caller.service}"


def errors(evidence: Evidence) -> Iterator[str]:
    """The exception is recorded where it was thrown, and it and all its callers show the error."""
    services = [link.service for link in evidence.links]
    if FAILING not in services:
        return
    for service in services[: services.index(FAILING) + 1]:
        if not any(span.is_error for span in evidence.spans if span.service == service):
            yield f"{FAILING} threw, but no span of {service} shows an error"
    thrown = [span for span in evidence.spans if span.service == FAILING and "exception" in span.events]
    if not thrown:
        yield f"{FAILING} threw, but none of its spans has the exception"


def libraries(evidence: Evidence) -> Iterator[str]:
    """Every process has told its end, with its own binding's library mapped."""
    for link in evidence.links:
        reports = _reports(evidence, link)
        if len(reports) != 1:
            yield f"{link.service} printed {len(reports)} reports at its end instead of one"
        for report in reports:
            library = report.get("library") or ""
            if report.get("binding") != link.binding:
                yield f"{link.service} reports the binding {report.get('binding')}, not {link.binding}"
            if not fnmatch.fnmatch(Path(library).name, link.library):
                yield f"{link.service} ran without {link.library} mapped (it reports {library or 'nothing'})"
            if report.get("stale"):
                yield f"{link.service} ran with another build than the one in the target directory: {library}"


def counters(evidence: Evidence) -> Iterator[str]:
    """Every process's counters balance and agree with the spans that the viewer has from it."""
    arrived = Counter(span.service for span in {span.span_id: span for span in evidence.spans}.values())
    for link in evidence.links:
        for report in _reports(evidence, link):
            yield from _unbalanced(link.service, report["stats"])
            delivered, seen = report["stats"]["delivered"], arrived[link.service]
            if delivered != seen:
                yield f"{link.service} counts {delivered} delivered spans, the viewer has {seen} of it"
    spans = evidence.viewer_stats.get("spans", {})
    for fate in ("duplicate", "evicted", "refused", "invalid"):
        if spans.get(fate):
            yield f"the viewer counts {spans[fate]} {fate} spans"


def policies(evidence: Evidence) -> Iterator[str]:
    """All processes have the same policy, and it is the one that their spans name."""
    fingerprints = {str(report.get("fingerprint")) for report in evidence.reports}
    named = {span.policy for span in evidence.spans}
    if len(fingerprints) > 1:
        by_service = ", ".join(
            f"{report.get('service')} {report.get('fingerprint')}" for report in evidence.reports
        )
        yield f"the services do not have one policy: {by_service}"
    if evidence.spans and named != fingerprints:
        yield f"the spans name the policies {sorted(named)}, the processes {sorted(fingerprints)}"


def carriers(evidence: Evidence) -> Iterator[str]:
    """Every hop was seen, and carried one `traceparent` of the one trace and what baggage the client set."""
    set_baggage = any("customer" in link.plants for link in evidence.links)
    for hop in evidence.hops:
        if not hop.headers:
            yield f"nothing passed the relay {hop.name}"
            continue
        parents = hop.lines("traceparent")
        if len(parents) != 1 or parents[0].split("-")[1:2] != evidence.traces[:1]:
            yield f"{hop.name} carried the traceparent {parents} instead of one of the trace"
        if set_baggage and "customer.email=" not in ",".join(hop.lines("baggage")):
            yield f"{hop.name} lost the baggage"


def _unbalanced(service: str, stats: Mapping[str, Any]) -> Iterator[str]:
    dropped = sum(stats["dropped"].values())
    if stats["started"] != stats["live"] + stats["abandoned"] + stats["ended"]:
        yield f"{service}'s started is not live + abandoned + ended: {_short(stats)}"
    if stats["ended"] != stats["sampled_out"] + dropped + stats["delivered"]:
        yield f"{service}'s ended is not sampled_out + dropped + delivered: {_short(stats)}"
    if dropped or stats["live"]:
        yield f"{service} lost spans ({_short(stats)})"


def _short(stats: Mapping[str, Any]) -> str:
    names = ("started", "live", "abandoned", "ended", "sampled_out", "delivered")
    dropped = {cause: number for cause, number in stats["dropped"].items() if number}
    return ", ".join([*(f"{name} {stats[name]}" for name in names), f"dropped {dropped or 0}"])


def _reports(evidence: Evidence, link: Link) -> list[dict[str, Any]]:
    return [report for report in evidence.reports if report.get("service") == link.service]


def _ids(spans: Sequence[Span]) -> set[str]:
    return {span.span_id for span in spans}

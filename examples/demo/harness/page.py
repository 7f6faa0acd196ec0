"""What the demo prints: the services, the tree of the trace, what was redacted, whose policy it was."""

from collections import Counter
from collections.abc import Iterable

from harness.chain import Link
from harness.planted import Secret
from harness.verdict import Evidence

MOST_PLACES = 2

_RULES = {
    "secret_key": "attributes and baggage named like a secret",
    "json_member": "JSON members named like a secret",
    "secret_parameter": "name=value pairs named like a secret",
    "email": "e-mail addresses",
    "card": "payment card numbers",
    "bearer": "credentials after Bearer and Basic",
    "jwt": "JSON Web Tokens",
    "url_credential": "user and password in a URL",
    "url_signature": "signatures of signed URLs",
    "limit": "what was too long to be searched",
}


def heading(links: Iterable[Link], *, redacting: bool) -> str:
    """Who takes part."""
    title = "One request through" if redacting else "Control run, redaction off: one request through"
    way = "\n".join(f"  {link.service:<9}{link.language}" for link in links)
    return f"{title}\n{way}"


def redacted(evidence: Evidence) -> str:
    """What was removed by which rule, over all processes."""
    counts: Counter[str] = Counter()
    for report in evidence.reports:
        counts.update(report["stats"].get("redacted", {}))
    rows = [f"  {rule:<17}{number:>4}  {_RULES.get(rule, '')}" for rule, number in counts.most_common()]
    return "\n".join(["Redacted before anything left a process, by rule", *(rows or ["  nothing"])])


def policies(evidence: Evidence) -> str:
    """Each service's fingerprint and what became of its spans."""
    order = {link.service: place for place, link in enumerate(evidence.links)}
    rows = []
    for report in sorted(evidence.reports, key=lambda report: order.get(report["service"], len(order))):
        stats = report["stats"]
        lost = sum(stats["dropped"].values())
        rows.append(
            f"  {report['service']:<9}{report['binding']:<8}{report['fingerprint']}"
            f"{stats['delivered']:>4} spans delivered, {lost} lost"
        )
    return "\n".join(["Policy of each service (redaction, sampling, propagation) and its own counts", *rows])


def found(evidence: Evidence, secrets: Iterable[Secret]) -> str:
    """The control run's finds, by name."""
    rows = []
    for secret in secrets:
        places = [leak.place for leak in evidence.leaks if leak.secret == secret]
        shown = ", ".join(places[:MOST_PLACES]) or "NOT FOUND"
        more = f" and in {len(places) - MOST_PLACES} more places" if len(places) > MOST_PLACES else ""
        rows.append(f"  {secret.name:<36}  {shown}{more}")
    return "\n".join(["Found, as it must be without redaction", *rows])

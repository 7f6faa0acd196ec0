"""One run of the demo: starts the services, sends the one request, ends all in order, tells what was seen."""

import contextlib
import filecmp
import json
import secrets
import shlex
import signal
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

from house import paths

from harness import received
from harness.chain import DEMO, Link
from harness.leaks import Seen, scan
from harness.planted import Planted, Secret
from harness.process import Process, ServiceError
from harness.relay import Relay, Request, direct
from harness.verdict import Evidence, Hop
from harness.viewer import Viewer

START_SECONDS = 60.0
REQUEST_SECONDS = 60.0
STOP_SECONDS = 15.0

# The application's own header, which the services need as it is. All others are searched for secrets.
_OWN_HEADERS = frozenset({"authorization"})
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})


@dataclass(frozen=True)
class Played:
    """What a run has left, and the viewer's picture of it."""

    evidence: Evidence
    tree: str


def play(
    links: tuple[Link, ...],
    environment: Mapping[str, str],
    planted: Planted,
    columns: int,
    *,
    redacting: bool,
) -> Played:
    """Runs the chain once. Raises `ServiceError` if a process fails; ends all processes whatever happens."""
    common = {name: value for name, value in environment.items() if name.lower() not in _PROXIES}
    if not redacting:
        common["POLYSPAN_REDACTION"] = "off"
    # The instrumentations' current attribute names, not the ones from before the conventions were stable.
    common["OTEL_SEMCONV_STABILITY_OPT_IN"] = "http"
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="polyspan-demo-")))
        viewer = Viewer(common, columns)
        stack.callback(viewer.close)
        stage = _Stage(links, common | {"OTEL_EXPORTER_OTLP_ENDPOINT": viewer.start()}, folder, stack)
        stage.start()
        stage.request(planted)
        stage.stop()
        return _gather(links, viewer, stage, planted)


class _Stage:
    """The running services and the relays between them."""

    def __init__(
        self,
        links: tuple[Link, ...],
        environment: Mapping[str, str],
        folder: Path,
        stack: contextlib.ExitStack,
    ) -> None:
        self._links = links
        self._environment = environment
        self._folder = folder
        self._variables = folder / "variables"
        self._stack = stack
        self._instance = {link.service: secrets.token_hex(16) for link in links}
        self._processes: dict[str, Process] = {}
        self._relays: dict[str, Relay] = {}
        self._first = links[0]
        for caller, callee in pairwise(links):
            if callee.is_server:
                relay = Relay(f"{caller.service} → {callee.service}")
                stack.callback(relay.close)
                self._relays[callee.service] = relay

    @property
    def processes(self) -> Iterator[Process]:
        yield from self._processes.values()

    def start(self) -> None:
        """Starts all servers at once and waits until each answers as itself."""
        servers = [link for link in self._links if link.is_server]
        for link in servers:
            self._start(link)
        for link in servers:
            process = self._processes[link.service]
            address = process.address(START_SECONDS)
            if _instance_at(address) != self._instance[link.service]:
                raise process.failure(f"is not what answers at {address}")
            if link.service in self._relays:
                self._relays[link.service].target = address

    def request(self, planted: Planted) -> None:
        """Sends the request: with the client, or where that is missing as the user's browser would."""
        if self._first.is_server:
            address = self._processes[self._first.service].address(0)
            _post(f"{address}{self._first.route}?email={quote(planted.email.value)}", planted)
            return
        player = {
            "PLAYER_EMAIL": planted.email.value,
            "PLAYER_PASSWORD": planted.password.value,
            "PLAYER_TOKEN": planted.token.value.removeprefix("Bearer "),
            "PLAYER_CARD": planted.card.value,
            "PLAYER_ACCOUNT": planted.customer.value,
        }
        self._start(self._first, player)
        client = self._processes[self._first.service]
        if client.wait(REQUEST_SECONDS) != 0:
            raise client.failure("failed")

    def stop(self) -> None:
        """Ends the services, callers first, so that each still has whom it calls."""
        for link in self._links:
            if link.is_server:
                process = self._processes[link.service]
                if process.stop(STOP_SECONDS) not in {0, -signal.SIGTERM, 128 + signal.SIGTERM}:
                    raise process.failure("did not end as it should")

    def hops(self) -> list[Hop]:
        """What each relay saw between two services."""
        hops = [
            Hop(relay.name, request.headers)
            for relay in self._relays.values()
            for request in relay.requests or [Request("", "", (), b"")]
        ]
        for caller, callee in pairwise(self._links):
            if not callee.is_server:
                name = f"{caller.service} → {callee.service}"
                hops += [Hop(name, tuple(carried.items())) for carried in self._recorded() or [{}]]
        return hops

    def _recorded(self) -> list[dict[str, str]]:
        if not self._variables.exists():
            return []
        return [json.loads(line) for line in self._variables.read_text("utf-8").splitlines()]

    def _start(self, link: Link, extra: Mapping[str, str] | None = None) -> None:
        own = {
            "OTEL_SERVICE_NAME": link.service,
            "INSTANCE_ID": self._instance[link.service],
            **self._downstream(link),
            **link.environment,
            **(extra or {}),
        }
        process = Process(link.service, link.command(), link.directory, {**self._environment, **own})
        self._stack.callback(process.kill)
        self._processes[link.service] = process

    def _downstream(self, link: Link) -> dict[str, str]:
        """Whom the service calls: the next one that is there, by its relay."""
        after = self._links[self._links.index(link) + 1 :]
        if not after:
            return {}
        callee = after[0]
        if callee.is_server:
            return {"DOWNSTREAM_URL": self._relays[callee.service].url + callee.route}
        return {"RECEIPT_PROGRAM": str(self._recording(callee))}

    def _recording(self, link: Link) -> Path:
        """A program that records its variables and becomes the service's own."""
        relay = [sys.executable, "-S", str(DEMO / "harness/environment_relay.py"), str(self._variables)]
        program = self._folder / link.service
        words = [*relay, *map(str, link.command())]
        program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
        program.chmod(0o700)
        return program


def _gather(links: tuple[Link, ...], viewer: Viewer, stage: _Stage, planted: Planted) -> Played:
    reports = [_examined(report) for process in stage.processes for report in process.reports()]
    traces, stats, hops = viewer.traces(), viewer.ask("/api/stats"), stage.hops()
    answers = viewer.answers(traces)
    tree = viewer.stop()
    seen = [*viewer.exports(), *answers, Seen("the viewer's tree", tree.encode()), *_carried(hops)]
    evidence = Evidence(links, received.read(traces), reports, stats, hops)
    return Played(replace(evidence, leaks=scan(planted.all(), seen)), tree)


def _examined(report: dict[str, Any]) -> dict[str, Any]:
    """The report, with a note if the library is not the one that was just built."""
    library = Path(report.get("library") or "/")
    stale = library.name == paths.NATIVE_LIBRARY.name and not filecmp.cmp(
        library, paths.NATIVE_LIBRARY, shallow=False
    )
    return {**report, "stale": stale}


def _carried(hops: list[Hop]) -> Iterator[Seen]:
    for hop in hops:
        for name, value in hop.headers:
            if name.lower() not in _OWN_HEADERS:
                yield Seen(f"{name.lower()} of {hop.name}", f"{name}: {value}".encode("latin-1", "replace"))


def expected(links: tuple[Link, ...], planted: Planted) -> list[Secret]:
    """The secrets that these services plant."""
    names = {name for link in links for name in link.plants}
    if links[0].is_server:
        # Without the client it is the demo that asks, with the e-mail address in the query.
        names.add("email")
    return [getattr(planted, name) for name in Planted.__dataclass_fields__ if name in names]


def _instance_at(address: str) -> str:
    # A trace that is not sampled: every service honours that, so health checks leave no spans.
    traceparent = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"
    request = urllib.request.Request(f"{address}/health", headers={"traceparent": traceparent})  # noqa: S310
    try:
        with direct.open(request, timeout=START_SECONDS) as answer:
            return str(json.load(answer).get("instance"))
    except (OSError, ValueError) as error:
        raise ServiceError(f"GET {address}/health failed: {error}") from error


def _post(url: str, planted: Planted) -> None:
    order = {"item": "gift", "amount": 9.5, "password": planted.password.value, "card": planted.card.value}
    headers = {"Content-Type": "application/json", "Authorization": planted.token.value}
    request = urllib.request.Request(url, json.dumps(order).encode(), headers)  # noqa: S310 (loopback)
    try:
        direct.open(request, timeout=REQUEST_SECONDS).close()
    except urllib.error.HTTPError as error:
        # Where the order fails, as it should with all services there, that is the answer.
        error.close()

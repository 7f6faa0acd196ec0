"""The backend: `polyspan view`, with a recording relay before it that keeps the raw bytes of every export."""

import json
import re
from collections.abc import Mapping
from typing import Any

from house import paths

from harness.chain import DEMO
from harness.leaks import Seen
from harness.process import Process
from harness.relay import Relay, direct

_SECONDS = 10.0
# A protobuf KeyValue: the key, then the length of the value and of the text in it.
_SERVICE = re.compile(rb"service\.name\x12.\x0a.([a-z]+)", re.DOTALL)


class Viewer:
    """A running viewer."""

    def __init__(self, environment: Mapping[str, str], columns: int) -> None:
        # Traces are told once, at the end and whole, not whenever it was quiet for a moment.
        patience = ("--quiet-ms", "3600000", "--incomplete-ms", "3600000")
        command = (paths.binary("polyspan"), "view", "--listen", "127.0.0.1:0", *patience)
        self._process = Process("viewer", command, DEMO, {**environment, "COLUMNS": str(columns)})
        self.relay = Relay("exports")
        self._address = ""

    def start(self) -> str:
        """Waits until it listens; returns the endpoint for the services."""
        self._address = self._process.address(_SECONDS)
        self.relay.target = self._address
        return self.relay.url

    def ask(self, path: str) -> Any:
        """What it answers to `GET path`."""
        with direct.open(self._address + path, timeout=_SECONDS) as answer:
            return json.load(answer)

    def traces(self) -> list[dict[str, Any]]:
        """Every trace as OTLP/JSON `TracesData`."""
        listed = self.ask("/api/traces?limit=1000")["traces"]
        return [self.ask(f"/api/traces/{trace['traceId']}") for trace in listed]

    def stop(self) -> str:
        """Ends it; returns the trees that it prints."""
        self._process.stop(_SECONDS)
        lines = self._process.lines
        return "\n".join(line for line in lines if not line.startswith("polyspan view:")).strip("\n")

    def exports(self) -> list[Seen]:
        """The raw bytes of every export."""
        return [Seen(_export_of(request.body), request.body) for request in self.relay.requests]

    def answers(self, traces: list[dict[str, Any]]) -> list[Seen]:
        """All that it tells, as bytes."""
        told = [("/api/traces/{id}", trace) for trace in traces]
        told += [(path, self.ask(path)) for path in ("/api/traces", "/api/metrics")]
        return [Seen(f"GET {path}", json.dumps(answer).encode()) for path, answer in told]

    def close(self) -> None:
        """Ends whatever still runs."""
        self._process.kill()
        self.relay.close()


def _export_of(body: bytes) -> str:
    """Names an export by the service whose name stands in its resource."""
    service = _SERVICE.search(body)
    return f"an export of {service.group(1).decode('ascii', 'replace') if service else 'an unnamed service'}"

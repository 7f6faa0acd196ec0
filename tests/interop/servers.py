"""Starts the real servers on free ports of loopback, and ends them again whatever happens."""

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

# Of "ready" and "arrived" on a busy machine.
PATIENCE_SECONDS = 60.0

T = TypeVar("T")


def wait_for(what: str, look: Callable[[], T | None]) -> T:
    """What `look` finds, as soon as it finds something."""
    until = time.monotonic() + PATIENCE_SECONDS
    while (found := look()) is None:
        if time.monotonic() > until:
            raise AssertionError(f"{what}: not within {PATIENCE_SECONDS:.0f} s")
        time.sleep(0.05)
    return found


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextmanager
def running(program: Path, config: dict[str, Any], folder: Path, ports: list[int]) -> Iterator[None]:
    """Runs a server with this configuration while the body runs; its own words are shown if it fails."""
    name = program.name
    # JSON is YAML too.
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps(config), encoding="utf-8")
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "--config", path], stdout=output, stderr=subprocess.STDOUT, cwd=folder
        )
    try:
        wait_for(f"{name} is ready", lambda: _listens(process, log, ports))
        yield
    except BaseException:
        print(f"--- {name} said:\n{log.read_text(errors='replace')[-4000:]}", flush=True)
        raise
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(process: subprocess.Popen[bytes], log: Path, ports: list[int]) -> bool | None:
    if process.poll() is not None:
        raise AssertionError(f"ended with {process.returncode}: {log.read_text(errors='replace')[-2000:]}")
    for port in ports:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) != 0:
                return None
    return True


@dataclass(frozen=True)
class Collector:
    """A running OpenTelemetry Collector."""

    folder: Path
    grpc: int
    http: int
    mtls_grpc: int
    mtls_http: int

    @property
    def grpc_socket(self) -> Path:
        """Where it takes OTLP/gRPC without a port."""
        return self.folder / "grpc.sock"

    @property
    def http_socket(self) -> Path:
        """Where it takes OTLP/HTTP without a port."""
        return self.folder / "http.sock"

    def lines(self, signal: str) -> list[dict[str, Any]]:
        """What it has written: a request a line. The last line may be half there."""
        path = self.folder / f"{signal}.jsonl"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return [json.loads(line) for line in text.split("\n")[:-1]]


@contextmanager
def collector(program: Path, folder: Path, certificates: Path) -> Iterator[Collector]:
    """OTLP in by gRPC and HTTP, in the clear, with mutual TLS and over sockets; a file for each signal out."""
    it = Collector(folder, *free_ports(4))

    def host(port: int) -> dict[str, Any]:
        return {"endpoint": f"127.0.0.1:{port}"}

    tls = {
        "tls": {
            "cert_file": str(certificates / "server.pem"),
            "key_file": str(certificates / "server.key"),
            "client_ca_file": str(certificates / "ca.pem"),
        }
    }
    receivers = {
        "otlp/clear": {"protocols": {"grpc": host(it.grpc), "http": host(it.http)}},
        "otlp/mtls": {"protocols": {"grpc": host(it.mtls_grpc) | tls, "http": host(it.mtls_http) | tls}},
        "otlp/socket": {
            "protocols": {
                "grpc": {"endpoint": str(it.grpc_socket), "transport": "unix"},
                "http": {"endpoint": str(it.http_socket), "transport": "unix"},
            }
        },
    }
    exporters = {
        f"file/{signal}": {"path": str(folder / f"{signal}.jsonl"), "flush_interval": "50ms"}
        for signal in ("traces", "metrics")
    }
    pipelines = {
        signal: {"receivers": list(receivers), "exporters": [f"file/{signal}"]}
        for signal in ("traces", "metrics")
    }
    config = {
        "receivers": receivers,
        "exporters": exporters,
        "service": {"pipelines": pipelines, "telemetry": {"metrics": {"level": "none"}}},
    }
    with running(program, config, folder, [it.grpc, it.http, it.mtls_grpc, it.mtls_http]):
        yield it


@dataclass(frozen=True)
class Jaeger:
    """A running Jaeger with its store in memory."""

    grpc: int
    http: int
    query: int


@contextmanager
def jaeger(program: Path, folder: Path) -> Iterator[Jaeger]:
    """OTLP in, its query API out."""
    grpc, http, query, query_grpc = free_ports(4)

    def host(port: int) -> dict[str, Any]:
        return {"endpoint": f"127.0.0.1:{port}"}

    config = {
        "service": {
            "extensions": ["jaeger_storage", "jaeger_query"],
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}},
            "telemetry": {"metrics": {"level": "none"}},
        },
        "extensions": {
            "jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": 1000}}}},
            "jaeger_query": {
                "storage": {"traces": "memory"},
                "http": host(query),
                "grpc": host(query_grpc),
            },
        },
        "receivers": {"otlp": {"protocols": {"grpc": host(grpc), "http": host(http)}}},
        "exporters": {"jaeger_storage_exporter": {"trace_storage": "memory"}},
    }
    with running(program, config, folder, [grpc, http, query]):
        yield Jaeger(grpc, http, query)

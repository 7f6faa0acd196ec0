"""The services of the demo in the order in which a request passes them, and how each is started.

This is the whole plumbing: a program, where it lies, and a few environment variables that its users would set
too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from house import paths

DEMO = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Link:
    """A service: its language, program, route, and the secrets of `Planted` that its telemetry would show."""

    service: str
    binding: str
    language: str
    command: Callable[[], tuple[str | Path, ...]]
    # The file of its binding that must be mapped while it runs: a pattern for the name.
    library: str
    route: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    plants: tuple[str, ...] = ()

    @property
    def directory(self) -> Path:
        """Where its sources lie and it is run."""
        return DEMO / self.service

    @property
    def is_server(self) -> bool:
        """Whether it waits for requests; else it runs once."""
        return bool(self.route)


CHAIN: tuple[Link, ...] = (
    Link(
        service="client",
        binding="unity",
        language="C#, Unity's runtime",
        command=lambda: ("mono", DEMO / "client/bin/Debug/netstandard2.1/client.dll"),
        library="libpolyspan_native.so",
        plants=("email", "customer"),
    ),
    Link(
        service="gateway",
        binding="node",
        language="Node.js, Express",
        command=lambda: ("node", "--require", "polyspan/register", "server.js"),
        library="polyspan*.node",
        route="/checkout",
        plants=("email", "password"),
    ),
    Link(
        service="orders",
        binding="python",
        language="Python, FastAPI",
        command=lambda: (paths.VENV_PYTHON, "-m", "uvicorn", "app:app", "--port", "0"),
        library="_native*.so",
        route="/orders",
        environment={"OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST": "authorization"},
        plants=("email", "token"),
    ),
    Link(
        service="billing",
        binding="dotnet",
        language="C#, ASP.NET Core",
        command=lambda: (
            "dotnet",
            DEMO / "billing/bin/Debug/net10.0/billing.dll",
            "--urls",
            "http://127.0.0.1:0",
        ),
        library="libpolyspan_native.so",
        route="/charges",
        plants=("card",),
    ),
    Link(
        service="worker",
        binding="rust",
        language="Rust, axum",
        command=lambda: (paths.binary("demo-worker"),),
        library="demo-worker",
        route="/receipts",
    ),
    Link(
        service="receipt",
        binding="c",
        language="C",
        command=lambda: (paths.binary("demo-receipt"),),
        library="libpolyspan_native.so",
    ),
)


def present(languages: tuple[str, ...]) -> tuple[Link, ...]:
    """The links whose language can run here."""
    return tuple(link for link in CHAIN if link.binding in languages)

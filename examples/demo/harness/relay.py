"""A recording HTTP relay: stands between two services, passes all on as it came, and keeps it."""

import http.client
import http.server
import threading
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30.0

direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Opens loopback addresses whatever proxy the user has."""

# Headers that concern one connection, not the message (RFC 9110, 7.6.1).
_HOP_BY_HOP = frozenset(
    "connection expect keep-alive proxy-connection te trailer transfer-encoding upgrade".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Request:
    """A request as it passed."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> list[str]:
        """All lines of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


class Relay:
    """Listens on a free port of the loopback interface. What it is `target`ed at may be told later.

    Until then requests are answered with 503.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.target = ""
        self._requests: list[Request] = []
        handler = type("Handler", (_Handler,), {"relay": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where the relay listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def requests(self) -> list[Request]:
        """What has passed so far."""
        return list(self._requests)

    def record(self, request: Request) -> None:
        """Keeps a request; before it is passed on, so that nothing passes unseen."""
        self._requests.append(request)

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(TIMEOUT_SECONDS)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    # A connection that a client keeps open must not keep the demo waiting.
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no event."""


class _Handler(http.server.BaseHTTPRequestHandler):
    relay: ClassVar[Relay]
    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT_SECONDS
    # Small writes must not wait for each other's acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1

    def _pass_on(self) -> None:
        request = Request(self.command, self.path, tuple(self.headers.items()), self._read_body())
        self.relay.record(request)
        try:
            status, reason, headers, body = _exchange(self.relay.target, request)
        except (OSError, http.client.HTTPException) as error:
            status, reason, headers = 503, "Service Unavailable", [("Content-Type", "text/plain")]
            body = f"relay {self.relay.name}: {error}\n".encode()
        self.send_response_only(status, reason)
        for name, value in _end_to_end(headers):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on  # noqa: N815 (the base class names them)

    def handle_expect_100(self) -> bool:
        """Asks for the body of a client that waits to be asked."""
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def _read_body(self) -> bytes:
        """The whole body; a body that comes in chunks is put together."""
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it)
        """The demo's output is the trace, not a log of requests."""


def _exchange(target: str, request: Request) -> tuple[int, str, list[tuple[str, str]], bytes]:
    if not target:
        raise OSError("nothing to pass the request on to yet")
    place = urlsplit(target)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
        for name, value in _end_to_end(request.headers):
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(request.body)))
        connection.putheader("Connection", "close")
        connection.endheaders(request.body)
        response = connection.getresponse()
        return response.status, response.reason, response.getheaders(), response.read()
    finally:
        connection.close()


def _end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP | {"content-length"}]

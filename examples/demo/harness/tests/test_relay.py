import contextlib
import http.client
import http.server
import socket
import threading
import unittest
from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import urlsplit

from harness.relay import Relay


class _Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[tuple[str, str]]] = []

    def do_POST(self) -> None:
        _Echo.seen = self.headers.items()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(418)
        self.send_header("X-Twice", "1")
        self.send_header("X-Twice", "2")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[::-1])

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def relayed() -> Iterator[Relay]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    relay = Relay("test")
    relay.target = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield relay
    finally:
        relay.close()
        server.shutdown()
        server.server_close()
        thread.join()


def connect(relay: Relay) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(relay.url).netloc, timeout=5)


class Relays(unittest.TestCase):
    def test_requests_and_answers_pass_as_they_came(self) -> None:
        with relayed() as relay, contextlib.closing(connect(relay)) as connection:
            for _ in range(2):  # the connection is kept
                connection.putrequest("POST", "/a?b=%20c")
                connection.putheader("baggage", "a=1")
                connection.putheader("Baggage", "b=2")
                connection.putheader("Content-Length", "3")
                connection.endheaders(b"abc")
                answer = connection.getresponse()
                self.assertEqual((answer.status, answer.read()), (418, b"cba"))
                self.assertEqual([v for k, v in answer.getheaders() if k == "X-Twice"], ["1", "2"])
            first, second = relay.requests
        self.assertEqual(first, second)
        self.assertEqual((first.method, first.path, first.body), ("POST", "/a?b=%20c", b"abc"))
        self.assertEqual(first.header("BAGGAGE"), ["a=1", "b=2"])
        self.assertEqual(
            [(k, v) for k, v in _Echo.seen if k.lower() == "baggage"],
            [("baggage", "a=1"), ("Baggage", "b=2")],
        )

    def test_a_chunked_body_is_recorded_whole(self) -> None:
        with relayed() as relay, contextlib.closing(connect(relay)) as connection:
            connection.request("POST", "/", body=iter([b"one", b"two"]), encode_chunked=True)
            self.assertEqual(connection.getresponse().read(), b"owteno")
            self.assertEqual([request.body for request in relay.requests], [b"onetwo"])

    def test_a_client_that_waits_to_be_asked_is_asked(self) -> None:
        with (
            relayed() as relay,
            socket.create_connection(("127.0.0.1", urlsplit(relay.url).port or 0), 5) as client,
        ):
            client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            self.assertIn(b"100 Continue", client.recv(100))
            client.sendall(b"ab")
            self.assertIn(b"418", client.recv(1000))

    def test_without_a_target_it_answers_for_itself(self) -> None:
        relay = Relay("nowhere")
        self.addCleanup(relay.close)
        with contextlib.closing(connect(relay)) as connection:
            connection.request("GET", "/")
            answer = connection.getresponse()
            self.assertEqual(answer.status, 503)
            self.assertIn(b"relay nowhere", answer.read())
        self.assertEqual(len(relay.requests), 1)

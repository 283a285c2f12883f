"""What test servers on the loopback interface have in common: faults, a record of requests, a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

ERROR_PAGE = b"<!DOCTYPE html><html><body><h1>The archive is down for maintenance</h1></body></html>"


@dataclass
class Fault:
    """What goes wrong with the next `times` requests whose description begins with `of`.

    `kind` is ``"status"`` (with `status` and an error page), ``"page"`` (an error page with status
    200), ``"truncated"`` (half of the declared body), ``"cut"`` (half of the document as if it were all),
    ``"slow"`` (half of the body, then silence), ``"silent"`` (no answer at all), ``"hang up"``, or what the
    server itself knows.
    """

    of: str
    kind: str
    times: int = 1
    status: int = 503


@dataclass
class Service:
    """What shall go wrong with a server, and what it was asked."""

    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    address: str = ""
    closing: threading.Event = field(default_factory=threading.Event)

    def fault(self, description: str) -> Fault | None:
        for fault in self.faults:
            if description.startswith(fault.of) and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    def requests_of(self, beginning: str) -> list[str]:
        return [request for request in self.requests if request.startswith(beginning)]


class Handler(BaseHTTPRequestHandler):
    """Answers requests, or has them go wrong."""

    protocol_version = "HTTP/1.1"
    service: Any

    def get(self) -> None:
        self.reply(f"GET {self.path}", status=404)

    def post(self) -> None:
        self.reply(f"POST {self.path}", status=404)

    def do_GET(self) -> None:
        self.get()

    def do_POST(self) -> None:
        self.post()

    def form(self) -> dict[str, str]:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        return {name: values[-1] for name, values in parse_qs(body).items()}

    def reply(
        self,
        description: str,
        body: bytes = b"",
        kind: str = "text/plain",
        status: int = 200,
        location: str = "",
    ) -> None:
        self.service.requests.append(description)
        fault = self.service.fault(description)
        match fault.kind if fault else "":
            case "status":
                self._send(fault.status if fault else 500, ERROR_PAGE, "text/html")
            case "page":
                self._send(200, ERROR_PAGE, "text/html")
            case "truncated":
                self._send(status, body, kind, sent=len(body) // 2)
            case "cut":
                self._send(status, body[: len(body) // 2], kind)
            case "slow":
                self._send(status, body, kind, sent=len(body) // 2)
                self.service.closing.wait(600)
            case "silent":
                self.close_connection = True
                self.service.closing.wait(600)
            case "hang up":
                self.close_connection = True
            case _:
                self._send(status, body, kind, location=location)

    def _send(self, status: int, body: bytes, kind: str, sent: int | None = None, location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body[:sent])
        self.wfile.flush()
        if sent is not None:
            self.close_connection = True

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep the test's output clean; `Service.requests` tells what was asked."""


@contextmanager
def running(service: Service, handler: type[Handler]) -> Iterator[None]:
    """Run a service on a free port of the loopback interface."""
    bound = type("BoundHandler", (handler,), {"service": service})
    server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
    server.daemon_threads = True
    service.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        service.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()

"""A loopback CRDS server: the JSON-RPC calls and downloads that the crds client makes to sync a cache.

It serves the files of a real cache directory; names and shapes are those of the client's own calls
(``POST /json/<method>/<id>/`` with ``{"method", "params"}``, answered by ``{"result", "error"}``).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class CrdsServer:
    """What is served, what goes wrong with which request how often, and what was asked.

    `faults` maps the end of a request (``"get_server_info"``, ``"hst_0729.pmap"``) to a kind
    (``"status"``: 503; ``"truncated"``: half of the body; ``"corrupt"``: right size, wrong content)
    and a number of times. A download of the file named `stall` is begun and never ended; `stalled`
    tells when that has happened.
    """

    files: Path
    context: str
    faults: dict[str, tuple[str, int]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    address: str = ""
    stall: str = ""
    stalled: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)

    def fault(self, request: str) -> str:
        for end, (kind, times) in self.faults.items():
            if request.endswith(end) and times > 0:
                self.faults[end] = (kind, times - 1)
                return kind
        return ""

    def downloads(self) -> list[str]:
        return [request.rpartition("/")[2] for request in self.requests if request.startswith("/files/")]

    def call(self, method: str, parameters: list[Any]) -> Any:
        if method == "get_default_context":
            return self.context
        if method == "get_mapping_names":
            return sorted(path.name for path in (self.files / "mappings/hst").iterdir())
        if method == "get_server_info":
            return self._server_info()
        raise LookupError(f"no such service as {method}")

    def _server_info(self) -> dict[str, Any]:
        urls = {
            f"{part}_url": {"hst": f"{self.address}/files/{part}"}
            for part in ("config", "mapping", "reference", "pickle")
        }
        return {
            **urls,
            "observatory": "hst",
            "operational_context": self.context,
            "edit_context": self.context,
            "bad_files_list": [],
            "force_remote_mode": False,
            "last_synced": "2024-01-01 00:00:00",
            "crds_version": {"str": "13.0.0"},
            "mappings": self.call("get_mapping_names", []),
            "download_metadata": {path.name: _facts(path) for path in self._all()},
        }

    def _all(self) -> list[Path]:
        return [
            path
            for part in ("mappings", "references")
            for path in (self.files / part).rglob("*.*")
            if path.is_file()
        ]

    def file(self, name: str) -> bytes | None:
        return next((path.read_bytes() for path in self._all() if path.name == name), None)


def _facts(path: Path) -> dict[str, str]:
    content = path.read_bytes()
    return {"size": str(len(content)), "sha1sum": hashlib.sha1(content).hexdigest()}


class _Handler(BaseHTTPRequestHandler):
    crds: CrdsServer

    def do_POST(self) -> None:
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        method = call["method"]
        self.crds.requests.append(method)
        if self.crds.fault(method):
            self._reply(b"the server is down for maintenance", status=503)
            return
        try:
            answer = {"result": self.crds.call(method, call["params"]), "error": None}
        except LookupError as error:
            answer = {"result": None, "error": {"message": str(error)}}
        self._reply(json.dumps({**answer, "id": call["id"]}).encode())

    def do_GET(self) -> None:
        self.crds.requests.append(self.path)
        content = self.crds.file(self.path.rpartition("/")[2])
        fault = self.crds.fault(self.path)
        if content is None:
            self._reply(b"no such file", status=404)
        elif self.path.endswith(self.crds.stall or "no stall"):
            self._reply(content, sent=len(content) // 2)
            self.crds.stalled.set()
            self.crds.closing.wait(60)
        elif fault == "status":
            self._reply(b"the server is down for maintenance", status=503)
        elif fault == "corrupt":
            self._reply(bytes(len(content)))
        else:
            self._reply(content, sent=len(content) // 2 if fault == "truncated" else None)

    def _reply(self, body: bytes, *, status: int = 200, sent: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:sent])

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep the test's output clean; `CrdsServer.requests` tells what was asked."""


@contextmanager
def serve(files: Path, context: str) -> Iterator[CrdsServer]:
    """Serve a cache's files on a free port of the loopback interface."""
    crds = CrdsServer(files, context)
    handler = type("Handler", (_Handler,), {"crds": crds})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    # The client complains of any other address than localhost that is not https.
    crds.address = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield crds
    finally:
        crds.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()

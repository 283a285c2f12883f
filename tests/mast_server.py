"""A loopback HTTP server that speaks what astroquery asks of MAST: columns, listings, products, downloads.

The shapes of its answers are those of the portal's API (https://mast.stsci.edu/api/v0): a mashup
answer is ``{"status", "msg", "data", "fields", "paging"}``, and a query may first be answered with
status EXECUTING. Matching of names is, as there, without regard to case.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

COLUMNS = "/portal/Mashup/Mashup.asmx/columnsconfig"
INVOKE = "/api/v0/invoke"
DOWNLOAD = "/api/v0.1/Download/file"

ERROR_PAGE = b"<!DOCTYPE html><html><body><h1>The archive is down for maintenance</h1></body></html>"

OBSERVATION_FIELDS = {
    "obsid": "string",
    "obs_collection": "string",
    "obs_id": "string",
    "target_name": "string",
    "instrument_name": "string",
    "filters": "string",
    "proposal_id": "string",
    "t_exptime": "float",
    "t_min": "float",
    "s_ra": "float",
    "s_dec": "float",
    "intentType": "string",
    "dataproduct_type": "string",
    "dataRights": "string",
}
PRODUCT_FIELDS = {
    "obsID": "string",
    "obs_collection": "string",
    "obs_id": "string",
    "description": "string",
    "dataURI": "string",
    "productType": "string",
    "productSubGroupDescription": "string",
    "project": "string",
    "productFilename": "string",
    "size": "int",
    "dataRights": "string",
}


@dataclass(frozen=True)
class Observation:
    """An observation, its place in degrees, and its files: content by name, e.g. ``u5jx0108r_c0m.fits``."""

    obs_id: str
    filters: str
    proposal: str
    files: dict[str, bytes]
    project: str = "CALWFPC2"
    instrument: str = "WFPC2/WFC"
    target: str = "NGC-5139"
    place: tuple[float, float] = (201.7, -47.5)
    began: float = 51_000.0
    intent: str = "science"
    kind: str = "image"


@dataclass
class Fault:
    """What goes wrong with the next `times` requests whose description contains `of`.

    Descriptions read ``"columns Mast.Caom.Cone"``, ``"query Mast.Caom.Filtered"``,
    ``"GET u5jx0108r_c0m.fits"``.

    `kind` is ``"status"`` (with `status`, and Retry-After if given), ``"truncated"`` (half of the
    declared body), ``"wrong size"`` (another file than the one listed), ``"page"`` (an error page
    with status 200), ``"executing"``, ``"error"`` (a mashup error), ``"slow"`` (half of the body, then
    silence), ``"drip"`` (a byte now and then), ``"endless"`` (more and more) or ``"hang up"``.
    """

    of: str
    kind: str
    times: int = 1
    status: int = 503
    retry_after: str = ""


@dataclass
class MastServer:
    """What the server holds, what shall go wrong, and what it was asked."""

    observations: tuple[Observation, ...] = ()
    listed_sizes: dict[str, int | None] = field(default_factory=dict)
    sent: int = 0
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    address: str = ""
    stalling: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    def fault(self, description: str) -> Fault | None:
        for fault in self.faults:
            if fault.of in description and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    def requests_of(self, beginning: str) -> list[str]:
        return [request for request in self.requests if request.startswith(beginning)]

    def observations_table(self, filters: list[dict[str, Any]]) -> list[dict[str, Any]]:
        rows = [
            {
                "obsid": str(26_000_000 + number),
                "obs_collection": "HST",
                "obs_id": observation.obs_id,
                "target_name": observation.target,
                "instrument_name": observation.instrument,
                "filters": observation.filters,
                "proposal_id": observation.proposal,
                "t_exptime": 100.0,
                "t_min": observation.began,
                "s_ra": observation.place[0],
                "s_dec": observation.place[1],
                "intentType": observation.intent,
                "dataproduct_type": observation.kind,
                "dataRights": "PUBLIC",
            }
            for number, observation in enumerate(self.observations)
        ]
        return [row for row in rows if all(_matches(row, criterion) for criterion in filters)]

    def products_table(self, obsids: list[str]) -> list[dict[str, Any]]:
        return [
            {
                "obsID": f"{26_000_000 + number}",
                "obs_collection": "HST",
                "obs_id": observation.obs_id,
                "description": "DADS file",
                "dataURI": f"mast:HST/product/{name}",
                "productType": "SCIENCE",
                "productSubGroupDescription": name.rpartition("_")[2].removesuffix(".fits").upper(),
                "project": observation.project,
                "productFilename": name,
                "size": self.listed_sizes.get(name, len(content)),
                "dataRights": "PUBLIC",
            }
            for number, observation in enumerate(self.observations)
            if str(26_000_000 + number) in obsids
            for name, content in observation.files.items()
        ]

    def content(self, uri: str) -> bytes | None:
        name = uri.rpartition("/")[2]
        if uri != f"mast:HST/product/{name}":
            return None
        return next((each.files[name] for each in self.observations if name in each.files), None)


def _matches(row: dict[str, Any], criterion: dict[str, Any]) -> bool:
    value = str(row[criterion["paramName"]]).lower()
    values = value.split(criterion["separator"]) if "separator" in criterion else [value]
    return any(str(value).lower() in values for value in criterion["values"])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    archive: MastServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        path = urlsplit(self.path).path
        if path == COLUMNS:
            service = parse_qs(body)["colConfigId"][0]
            self._answer(f"columns {service}", json.dumps(_column_config(service)).encode())
        elif path == INVOKE:
            query = json.loads(parse_qs(body)["request"][0])
            self._invoke(query)
        else:
            self._reply(404, ERROR_PAGE, "text/html")

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        uri = parse_qs(parts.query).get("uri", [""])[0]
        content = self.archive.content(uri) if parts.path == DOWNLOAD else None
        if content is None:
            self.archive.requests.append(f"GET {uri}")
            self._reply(404, ERROR_PAGE, "text/html")
        else:
            self._answer(f"GET {uri.rpartition('/')[2]}", content, "application/fits")

    def _invoke(self, query: dict[str, Any]) -> None:
        service, parameters = query["service"], query["params"]
        description = f"query {service} {json.dumps(parameters)}"
        if service == "Mast.Caom.Filtered":
            fields, rows = OBSERVATION_FIELDS, self.archive.observations_table(parameters["filters"])
        elif service == "Mast.Caom.Products":
            fields, rows = PRODUCT_FIELDS, self.archive.products_table(parameters["obsid"].split(","))
        else:
            self._answer(description, _mashup("ERROR", f"Cannot locate service {service}", {}, []))
            return
        self._answer(description, _mashup("COMPLETE", "", fields, rows))

    def _answer(self, description: str, body: bytes, kind: str = "application/json") -> None:
        self.archive.requests.append(description)
        fault = self.archive.fault(description)
        match fault.kind if fault else "":
            case "status":
                extra = {"Retry-After": fault.retry_after} if fault.retry_after else {}
                self._reply(fault.status, ERROR_PAGE, "text/html", extra)
            case "page":
                self._reply(200, ERROR_PAGE, "text/html")
            case "executing":
                self._reply(200, _mashup("EXECUTING", "", {}, []), kind)
            case "error":
                self._reply(200, _mashup("ERROR", "Arithmetic overflow error", {}, []), kind)
            case "wrong size":
                self._reply(200, body[: len(body) - 2880], kind)
            case "truncated":
                self._reply(200, body, kind, sent=len(body) // 2)
            case "slow":
                self._reply(200, body, kind, sent=len(body) // 2, silent=True)
            case "drip":
                self._send(body[:1], 0.02)
            case "endless":
                self._send(body, 0.0)
            case "hang up":
                self.close_connection = True
            case _:
                self._reply(200, body, kind)

    def _reply(
        self,
        status: int,
        body: bytes,
        kind: str,
        extra: dict[str, str] | None = None,
        sent: int | None = None,
        silent: bool = False,
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": len(body), **(extra or {})}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body[:sent])
        self.wfile.flush()
        if sent is not None:
            self.close_connection = True
        if silent:
            self.archive.stalling += 1
            self.archive.closing.wait(600)
            self.archive.stalling -= 1

    def _send(self, block: bytes, pause: float) -> None:
        """Send a block again and again, until the client has had enough."""
        self.send_response(200)
        self.send_header("Content-Type", "application/fits")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        with suppress(OSError):
            while not self.archive.closing.wait(pause):
                self.wfile.write(block)
                self.archive.sent += len(block)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep the test's output clean; `MastServer.requests` tells what was asked."""


def _mashup(status: str, message: str, fields: dict[str, str], rows: list[dict[str, Any]]) -> bytes:
    paging = {"page": 1, "pageSize": 50000, "pagesFiltered": 1, "rows": len(rows), "rowsTotal": len(rows)}
    answer = {
        "status": status,
        "msg": message,
        "data": rows,
        "fields": [{"name": name, "type": kind} for name, kind in fields.items()],
        "paging": paging if status == "COMPLETE" else None,
    }
    return json.dumps(answer).encode()


def _column_config(service: str) -> dict[str, Any]:
    fields = PRODUCT_FIELDS if service == "Mast.Caom.Products" else OBSERVATION_FIELDS
    types = {"string": "char", "float": "double", "int": "long"}
    config: dict[str, Any] = {
        name: {"text": name, "vot.datatype": types[kind], "vot.name": name} for name, kind in fields.items()
    }
    if "filters" in config:
        config["filters"] |= {"separator": ";", "separatorType": "split"}
    return config


@contextmanager
def serve(*observations: Observation) -> Iterator[MastServer]:
    """Run a server on a free port of the loopback interface."""
    archive = MastServer(observations)
    handler = type("Handler", (_Handler,), {"archive": archive})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    archive.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield archive
    finally:
        archive.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()

"""An object store on the loopback interface: moto's S3, which refuses what a test has it refuse."""

from __future__ import annotations

import logging
import threading
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

__all__ = ["BUCKET", "ObjectStore", "object_store"]

BUCKET = "telescope"
_REASONS = {403: "403 Forbidden", 503: "503 Service Unavailable", 507: "507 Insufficient Storage"}
_CODES = {403: "AccessDenied", 503: "SlowDown", 507: "XMinioStorageFull"}


@dataclass
class ObjectStore:
    """The server.

    Attributes
    ----------
    address : str
        Where it is.
    requests : list of str
        What it was asked: ``"PUT /telescope/prefix/name"``.
    refuse : callable
        Status with which a request is refused, told as in `requests`; 0 for one that is answered.
    before : callable
        Called with each request before it is answered.
    """

    address: str = ""
    requests: list[str] = field(default_factory=list)
    refuse: Callable[[str], int] = lambda request: 0
    before: Callable[[str], object] = lambda request: None

    @property
    def environment(self) -> Mapping[str, str]:
        """What points obstore at it."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }

    def objects(self, prefix: str = "") -> list[str]:
        """Names of the objects in the bucket."""
        from hubble_qa.fixtures.store.objects import Objects

        return sorted(each.name for each in Objects(f"s3://{BUCKET}").list(prefix))

    def answered(self, application: Any, environ: Any, start: Any) -> Iterable[bytes]:
        """Answer a request, or refuse it."""
        request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        self.requests.append(request)
        self.before(request)
        status = self.refuse(request)
        if not status:
            answer: Iterable[bytes] = application(environ, start)
            return answer
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        body = f"<Error><Code>{_CODES[status]}</Code><Message>refused</Message></Error>".encode()
        start(_REASONS[status], [("Content-Length", str(len(body)))])
        return [body]


@pytest.fixture
def object_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """A server with an empty bucket, to which the environment points."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    found = ObjectStore()
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server(
        "127.0.0.1", 0, lambda environ, start: found.answered(application, environ, start), threaded=True
    )
    found.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    for method, path in (("POST", "moto-api/reset"), ("PUT", BUCKET)):
        with urllib.request.urlopen(
            urllib.request.Request(f"{found.address}/{path}", method=method), timeout=30
        ):
            found.requests.clear()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()

"""One engine for several processes."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Listener
from pathlib import Path

import pytest

from hubble_qa.fixtures.engine.engine import Engine, EngineError, new_run
from hubble_qa.fixtures.engine.engine_server import EngineServer, RemoteEngine
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.store.store import Store
from tests.stages_for_tests import Plain, begun, chain, going_wrong, meet

ROOT = Path(__file__).parent.parent
# A worker that asks for the node `name`, whose key it finds in its own plan, tells the outcome and waits.
WORKER = """
import sys
from pathlib import Path
from hubble_qa.fixtures.engine.engine_server import EngineError, RemoteEngine
from tests.stages_for_tests import chain
address, authkey, journal, labels = sys.argv[1:]
try:
    with RemoteEngine(address, bytes.fromhex(authkey)) as engine:
        nodes = chain(Path(journal), labels)
        engine.submit(nodes)
        print("submitted", flush=True)
        for node in nodes:
            print(engine.result(node).outcome, flush=True)
except EngineError as error:
    print(error, flush=True)
"""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(Store(tmp_path / "store"), new_run(), jobs=2) as engine:
        yield engine


def served(engine: Engine, *nodes: Node) -> EngineServer:
    return EngineServer(engine, {node.key: node for node in nodes}.__getitem__)


def worker(server: EngineServer, journal: Path, labels: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORKER, server.address, server.authkey.hex(), str(journal), labels]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_results_are_those_of_the_engine(engine: Engine, journal: Path) -> None:
    nodes = [*chain(journal, "ab"), going_wrong("refuse", journal)]
    blocked = Node("field", "after", nodes[0].stage, Plain(label="z"), upstream={"before": nodes[-1]})
    nodes.append(blocked)
    with served(engine, *nodes) as server, RemoteEngine(server.address, server.authkey) as remote:
        remote.submit(nodes)
        results = [remote.result(node) for node in nodes]

    assert results == [engine.result(node) for node in nodes]
    assert [each.outcome for each in results] == ["complete", "complete", "failed", "blocked"]


def test_a_node_is_built_once_for_several_workers(engine: Engine, journal: Path) -> None:
    with served(engine, *chain(journal, "abc")) as server:
        workers = [worker(server, journal, "abc") for _ in range(3)]
        outputs = [each.communicate()[0] for each in workers]

    assert outputs == ["submitted\ncomplete\ncomplete\ncomplete\n"] * 3
    assert begun(journal) == ["a", "b", "c"]


def test_a_node_that_the_controller_does_not_know_is_refused(engine: Engine, journal: Path) -> None:
    known, unknown = chain(journal, "ab")
    with served(engine, known) as server, RemoteEngine(server.address, server.authkey) as remote:
        remote.submit([unknown])
        with pytest.raises(EngineError, match=f"knows no node with the key {unknown.key}"):
            remote.result(unknown)
        assert remote.result(known).complete


def test_clients_are_taken_after_there_were_too_many_open_files(
    engine: Engine, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept, failures = Listener.accept, [OSError(errno.EMFILE, "Too many open files")] * 2

    def accept_later(listener: Listener) -> object:
        if failures:
            raise failures.pop()
        return accept(listener)

    monkeypatch.setattr(Listener, "accept", accept_later)
    (node,) = chain(journal, "a")
    with served(engine, node) as server, RemoteEngine(server.address, server.authkey) as remote:
        assert remote.result(node).complete
    assert not failures


def test_what_goes_wrong_at_the_controller_is_told(engine: Engine, journal: Path) -> None:
    def lookup(key: str) -> Node:
        raise OSError(f"no dataset for {key}")

    (node,) = chain(journal, "a")
    with EngineServer(engine, lookup) as server, RemoteEngine(server.address, server.authkey) as remote:
        remote.submit([node])
        with pytest.raises(EngineError, match="OSError: no dataset for"):
            remote.result(node)


def test_closing_waits_for_nobody_however_soon_it_comes(engine: Engine, journal: Path) -> None:
    (node,) = chain(journal, "a")
    started = time.monotonic()
    for _ in range(200):
        server = EngineServer(engine, {node.key: node}.__getitem__)
        RemoteEngine(server.address, server.authkey)
        server.close()
    assert time.monotonic() - started < 60.0


def test_a_worker_killed_while_it_waits_harms_nobody(engine: Engine, journal: Path, tmp_path: Path) -> None:
    places = {"place": str(tmp_path)}
    slow = Node("field", "write-a", meet, Plain(label="a", kind="go"), locations=places)
    (requested,) = chain(journal, "a")
    with EngineServer(engine, lambda key: slow) as server:
        with worker(server, journal, "a") as victim:
            assert victim.stdout is not None
            assert victim.stdout.readline() == "submitted\n"
            os.kill(victim.pid, signal.SIGKILL)
        (tmp_path / "go").touch()
        with RemoteEngine(server.address, server.authkey) as remote:
            assert remote.result(requested).complete


def test_a_worker_is_told_when_the_engine_is_closed(engine: Engine, tmp_path: Path) -> None:
    places = {"place": str(tmp_path)}
    endless = Node("field", "endless", meet, Plain(label="a", kind="never"), locations=places)
    with served(engine, endless) as server, RemoteEngine(server.address, server.authkey) as remote:
        closing = threading.Timer(0.2, engine.close)
        closing.start()
        with pytest.raises(EngineError, match="the engine is closed"):
            remote.result(endless)
        closing.join()


def test_a_worker_is_told_when_the_controller_has_gone(engine: Engine, journal: Path) -> None:
    (node,) = chain(journal, "a")
    server = served(engine, node)
    with RemoteEngine(server.address, server.authkey) as remote:
        assert remote.result(node).complete
        server.close()
        with pytest.raises(EngineError, match="the run's controller has gone"):
            remote.result(node)
    with pytest.raises(EngineError, match="the run's controller does not answer at"):
        RemoteEngine(server.address, server.authkey)


def test_a_worker_whose_controller_is_killed_while_it_waits_is_told(tmp_path: Path) -> None:
    controller = (
        "import sys; from pathlib import Path; from hubble_qa.fixtures.engine.engine import *\n"
        "from hubble_qa.fixtures.engine.engine_server import EngineServer\n"
        "from hubble_qa.fixtures.store.store import Store\n"
        "from hubble_qa.fixtures.plans.plan import Node; from tests.stages_for_tests import Plain, meet\n"
        "engine = Engine(Store(Path(sys.argv[1]) / 'store'), new_run(), 1)\n"
        "node = Node('f', 'n', meet, Plain(kind='never'), locations={'place': sys.argv[1]})\n"
        "server = EngineServer(engine, lambda key: node)\n"
        "print(server.address, server.authkey.hex(), flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", controller, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
        assert process.stdout is not None
        address, authkey = process.stdout.readline().split()
        with RemoteEngine(address, bytes.fromhex(authkey)) as remote:
            killing = threading.Timer(0.2, process.kill)
            killing.start()
            with pytest.raises(EngineError, match="the run's controller has gone"):
                remote.result(chain(tmp_path, "a")[0])
            killing.join()
    # Killed, the controller could not.
    shutil.rmtree(Path(address).parent)


def test_a_stranger_is_turned_away_and_others_are_not(engine: Engine, journal: Path) -> None:
    (node,) = chain(journal, "a")
    with served(engine, node) as server:
        with pytest.raises(EngineError, match="does not answer"):
            RemoteEngine(server.address, b"guess")
        with RemoteEngine(server.address, server.authkey) as remote:
            assert remote.result(node).complete


def test_the_socket_has_a_short_path_and_is_removed(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("directory" * 12)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with served(engine) as server:
        assert len(server.address) < 108
        assert Path(server.address).exists()
        assert Path(server.address).parent.stat().st_mode & 0o077 == 0

    assert not Path(server.address).parent.exists()
    assert list(long.iterdir()) == []

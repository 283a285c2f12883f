"""The engine: which builds run, how often, in what surroundings, and how their ends are told."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hubble_qa.fixtures.engine.children import ForkServer
from hubble_qa.fixtures.engine.engine import BuildResult, Engine, EngineError, EventKind, StageEvent, new_run
from hubble_qa.fixtures.engine.forkserver import Start, Started
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.plans.sources import Source, file_digest
from hubble_qa.fixtures.store.product import Outcome, Product
from hubble_qa.fixtures.store.store import Store
from hubble_qa.fixtures.store.verification import differences
from tests.stages_for_tests import (
    Plain,
    background,
    begun,
    chain,
    draw_until,
    foreground,
    going_wrong,
    hang,
    meet,
    noted,
    share,
    spawn,
    surroundings,
    tooled,
    unanswered,
    write,
)

NO_SPACE = "free space (hubble-qa store prune) or choose another store with --store"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that will happen; the limit only ends a test that has failed."""
    limit = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit, "it never happened"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def run(store: Store, *nodes: Node, rebuild: frozenset[str] = frozenset()) -> list[BuildResult]:
    """Ask a run of its own for nodes."""
    with Engine(store, new_run(), jobs=2, rebuild=rebuild) as engine:
        engine.submit(nodes)
        return [engine.result(node) for node in nodes]


def test_a_chain_is_built_in_order_and_then_reused(store: Store, journal: Path) -> None:
    nodes = chain(journal, "abc")
    first, second = run(store, *nodes), run(store, *nodes)

    assert begun(journal) == ["a", "b", "c"]
    assert [(each.outcome, each.reused) for each in first] == [("complete", False)] * 3
    assert [(each.outcome, each.reused) for each in second] == [("complete", True)] * 3
    product = second[-1].product
    assert product is not None
    assert product.file("text.txt").read_text(encoding="utf-8") == "a\nb\nc\n"


def test_a_node_brings_all_it_needs(store: Store, journal: Path) -> None:
    *_, last = chain(journal, "abc")

    assert run(store, last)[0].complete
    assert begun(journal) == ["a", "b", "c"]


def test_the_manifest_tells_what_was_built_and_what_it_cost(store: Store, journal: Path) -> None:
    first, second = chain(journal, "ab")
    product = run(store, first, second)[1].product

    assert product is not None
    manifest = product.manifest
    names = ["deep/numbers.bin", "text.txt"]
    assert manifest.files == {name: file_digest(product.file(name)) for name in names}
    assert (manifest.key, manifest.stage) == (second.key, "write")
    assert (manifest.code, manifest.modules) == (second.code.digest, second.code.modules)
    assert manifest.upstream == {"before": first.key}
    assert manifest.settings["label"] == "b"
    assert manifest.wall > 0
    assert manifest.cpu > 0
    assert manifest.peak_memory > 1_000_000
    assert [product.file(name).stat().st_mode & 0o777 for name in names] == [0o444, 0o444]


def test_each_key_is_built_once_by_many_threads(store: Store, journal: Path) -> None:
    nodes = chain(journal, "abcd", seconds=0.02)
    with Engine(store, new_run(), jobs=2) as engine:
        results: list[BuildResult] = []
        threads = [
            threading.Thread(target=lambda node=node: results.append(engine.result(node)))
            for node in nodes * 4
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(begun(journal)) == ["a", "b", "c", "d"]
    assert [each.complete for each in results] == [True] * 16


def test_each_key_is_built_once_by_engines_side_by_side(store: Store, journal: Path) -> None:
    nodes = chain(journal, "abcd", seconds=0.05)
    with Engine(store, "r1", jobs=2) as one, Engine(Store(store.root), "r2", jobs=2) as other:
        one.submit(nodes)
        other.submit(nodes)
        results = [(one.result(node), other.result(node)) for node in nodes]

    assert begun(journal) == ["a", "b", "c", "d"]
    assert all(each.complete for pair in results for each in pair)
    assert all(mine.reused != theirs.reused for mine, theirs in results)


def test_two_jobs_run_at_once(store: Store, tmp_path: Path) -> None:
    def node(mine: str, other: str) -> Node:
        return Node("field", mine, meet, Plain(label=mine, kind=other), locations={"place": str(tmp_path)})

    assert [each.outcome for each in run(store, node("a", "b"), node("b", "a"))] == ["complete", "complete"]


def test_no_more_than_the_jobs_run_at_once(store: Store, journal: Path) -> None:
    nodes = [chain(journal, label, seconds=0.02)[0] for label in "abcdef"]
    run(store, *nodes)

    running = largest = 0
    for line in journal.read_text(encoding="utf-8").splitlines():
        running += 1 if line.startswith("begin") else -1
        largest = max(largest, running)
    assert len(begun(journal)) == 6
    assert largest <= 2


def test_waiting_for_another_run_takes_no_job(store: Store, journal: Path) -> None:
    locked, free = chain(journal, "a")[0], chain(journal, "b")[0]
    events: list[StageEvent] = []
    lock = store.lock(locked.key)
    lock.acquire()
    with Engine(store, new_run(), jobs=1, listener=events.append) as engine:
        engine.submit([locked])
        until(lambda: [event.kind for event in events] == [EventKind.WAITING])
        assert engine.result(free).complete
        lock.release()
        assert engine.result(locked).complete

    assert begun(journal) == ["b", "a"]


def test_the_longest_known_chain_starts_first(tmp_path: Path) -> None:
    def nodes(journal: Path, changed: str) -> tuple[Node, Node]:
        places = {"journal": str(journal)}
        quick = Node("field", "quick", write, Plain(label=f"quick{changed}"), locations=places)
        slow = Node("field", "slow", spawn, Plain(label=f"slow{changed}", seconds=0.3), locations=places)
        return quick, slow

    store = Store(tmp_path / "store")
    for changed in ("", "-again"):
        with Engine(store, new_run(), jobs=1) as engine:
            requested = nodes(tmp_path / f"journal{changed}", changed)
            engine.submit(requested)
            assert all(engine.result(node).complete for node in requested)

    assert begun(tmp_path / "journal-again") == ["slow-again", "quick-again"]


@pytest.mark.parametrize(
    ("kind", "outcome", "error"),
    [
        ("refuse", "failed", "c0m.fits has no PHOTFLAM; give another exposure"),
        ("raise", "failed", "ZeroDivisionError: division by zero"),
        ("leave", "failed", "SystemExit: bye"),
        ("remove", "failed", "the stage removed or replaced the directory that it publishes into"),
        ("replace", "failed", "the stage removed or replaced the directory that it publishes into"),
        ("nothing", "failed", "the stage ended without an error but published no file"),
        ("pipe", "failed", "pipe.fits is not a file; a product holds files alone"),
        ("vanish", "interrupted", "exited with status 3 before it finished"),
        ("real-time", "interrupted", "killed by SIGRTMIN+3"),
        ("segfault", "failed", "killed by SIGSEGV"),
        ("SIGABRT", "failed", "killed by SIGABRT"),
        ("SIGBUS", "failed", "killed by SIGBUS"),
        ("unreachable", "interrupted", "server.example does not answer; try later"),
        ("full", "interrupted", f"RuntimeError: cannot write; {NO_SPACE}"),
        ("SIGKILL", "interrupted", "killed by SIGKILL"),
        ("SIGTERM", "interrupted", "killed by SIGTERM"),
        ("SIGHUP", "interrupted", "killed by SIGHUP"),
    ],
)
def test_a_failure_is_told_in_one_line_and_failed_builds_run_once(
    store: Store, journal: Path, kind: str, outcome: str, error: str
) -> None:
    node = going_wrong(kind, journal)
    follower = Node("field", "after", write, Plain(label="after"), upstream={"before": node})
    with Engine(store, new_run(), jobs=2) as engine:
        (result, again, blocked) = [engine.result(each) for each in (node, node, follower)]
    assert (result.outcome, result.error) == (again.outcome, again.error) == (outcome, error)
    assert result.product is not None
    assert result.product.manifest.files == {}
    assert list(result.product.files.iterdir()) == []
    assert "about to misbehave" in result.product.log_tail()
    assert (blocked.outcome, blocked.blocked_by, blocked.product) == ("blocked", kind, None)
    assert blocked.error == f"not run, because {kind} did not complete"

    later = run(store, node)[0]
    assert (later.outcome, later.error, later.reused) == (outcome, error, outcome == "failed")
    assert begun(journal) == [kind] * (1 if outcome == "failed" else 2)


def test_an_unexpected_exception_leaves_its_traceback_in_the_log(store: Store) -> None:
    product = run(store, going_wrong("raise"))[0].product

    assert product is not None
    assert "in misbehave" in product.log_tail()
    assert product.log_tail(1) == "ZeroDivisionError: division by zero"


def test_a_crash_in_c_code_leaves_the_python_stack_in_the_log(store: Store) -> None:
    product = run(store, going_wrong("segfault"))[0].product

    assert product is not None
    assert "Segmentation fault" in product.log_tail(40)
    assert "in misbehave" in product.log_tail(40)


def test_all_that_a_stage_and_its_programs_say_is_in_the_log(store: Store) -> None:
    product = run(store, going_wrong("chatter"))[0].product

    assert product is not None
    log = product.log_tail()
    for text in ("printed", "logged", "warned", "written to the descriptor", "by a program", "said by C"):
        assert text in log


def test_a_time_out_ends_the_stage_and_its_programs(store: Store, journal: Path) -> None:
    node = Node("field", "hang", hang, Plain(), locations={"journal": str(journal)})
    result = run(store, node)[0]

    assert (result.outcome, result.error) == ("interrupted", "stopped after 1 s, the stage's time-out")
    (grandchild,) = [pid for _, pid in noted(journal, "grandchild")]
    until(lambda: not alive(int(noted(journal, "grandchild")[0][0])))
    assert grandchild


def test_a_program_left_behind_is_ended_with_its_stage(store: Store, journal: Path) -> None:
    assert run(store, going_wrong("linger", journal))[0].complete
    until(lambda: not alive(int(noted(journal, "grandchild")[0][0])))


@pytest.mark.skipif(shutil.which("setsid") is None, reason="setsid is not installed")
def test_a_program_in_a_session_of_its_own_is_ended_before_the_product_is_published(
    store: Store, journal: Path
) -> None:
    product = run(store, going_wrong("escape", journal))[0].product

    assert product is not None
    assert not alive(int(noted(journal, "grandchild")[0][0]))
    time.sleep(0.6)
    assert not list(differences(product.files, product.manifest.files))


@pytest.mark.skipif(shutil.which("setsid") is None, reason="setsid is not installed")
def test_a_program_in_a_session_of_its_own_ends_with_a_stage_that_is_killed(
    store: Store, journal: Path
) -> None:
    with Engine(store, new_run(), jobs=1) as engine:
        engine.submit([going_wrong("escape-and-die", journal)])
        result = engine.result(going_wrong("escape-and-die", journal))

    assert result.error == "killed by SIGKILL"
    assert not alive(int(noted(journal, "grandchild")[0][0]))


def test_a_failure_of_what_the_key_does_not_tell_holds_for_one_run(store: Store, journal: Path) -> None:
    node = Node("field", "ask", unanswered, Plain(label="ask"), locations={"journal": str(journal)})
    first, second = run(store, node)[0], run(store, node)[0]

    assert {first.outcome, second.outcome} == {"interrupted"}
    assert first.error.startswith("TypeError: int() argument must be")
    assert begun(journal) == ["ask", "ask"]


def test_closing_ends_what_runs_and_leaves_nothing_half(store: Store, journal: Path) -> None:
    node = Node("field", "long", spawn, Plain(label="a", seconds=1000), locations={"journal": str(journal)})
    events_seen: list[str] = []

    def wait() -> None:
        with pytest.raises(EngineError, match="the engine is closed"):
            engine.result(node)
        events_seen.append("closed")

    engine = Engine(store, new_run(), jobs=1)
    thread = threading.Thread(target=wait)
    thread.start()
    until(lambda: begun(journal) == ["a"])
    assert [running.node for running in engine.running()] == [node]
    engine.close()
    thread.join()

    assert events_seen == ["closed"]
    assert list(store.products()) == []
    assert list((store.root / "building").iterdir()) == []
    assert not any(alive(pid) for _, pid in noted(journal, "begin"))
    with pytest.raises(EngineError, match="the engine is closed"):
        engine.submit([node])
    engine.close()


def test_a_node_can_be_asked_for_without_waiting(store: Store, journal: Path) -> None:
    quick, endless = chain(journal, "a")[0], Node("field", "endless", hang, Plain(label="endless"))
    with Engine(store, new_run(), jobs=2) as engine:
        engine.submit([endless])
        built = engine.result(quick)
        assert engine.decided(endless) is None
        assert engine.decided(quick) == built


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", path], check=False)
    if mounted.returncode:
        pytest.skip("mounting a file system takes privileges")
    yield path
    subprocess.run(["umount", "-l", path], check=True)


def test_a_failure_on_a_full_disk_does_not_last(small_disk: Path, journal: Path) -> None:
    store, node = Store(small_disk / "store"), going_wrong("fill", journal)

    (failed,) = run(store, node)
    subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
    run(store, node)

    assert failed.outcome == "interrupted"
    assert failed.error == f"OSError: 640000 requested and 286272 written; {NO_SPACE}"
    assert len(begun(journal)) == 2


def test_a_log_on_a_full_disk_is_not_the_stages_fault(small_disk: Path, journal: Path) -> None:
    store, node = Store(small_disk / "store"), going_wrong("fill-log", journal)

    (failed,) = run(store, node)
    subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
    (again,) = run(store, node)

    assert (failed.outcome, again.outcome) == ("interrupted", "interrupted")
    assert NO_SPACE in failed.error
    assert len(begun(journal)) == 2


def test_a_frozen_server_makes_no_stage_endless(
    store: Store, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubble_qa.fixtures.engine.children._FROZEN_TIMEOUT", 0.5)
    node = Node("field", "hang", hang, Plain(label="frozen"), locations={"journal": str(journal)})
    with Engine(store, new_run(), jobs=1) as engine:
        engine.submit([node])
        until(lambda: bool(noted(journal, "grandchild")))
        sleeping = noted(journal, "grandchild")[0][1]
        os.kill(parent(sleeping), signal.SIGSTOP)
        result = engine.result(node)
        after = engine.result(chain(journal, "b")[0])

    assert (result.outcome, result.error) == ("interrupted", "stopped after 1 s, the stage's time-out")
    assert after.complete
    assert not alive(sleeping)


def test_a_server_that_is_ready_at_once_is_heard(
    store: Store, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine a thread runs before the next line of whoever started it."""
    ready, started = threading.Event(), threading.Thread.start
    taken = ForkServer._take

    def take(server: ForkServer, answer: Any) -> None:
        taken(server, answer)
        ready.set()

    def start(thread: threading.Thread) -> None:
        started(thread)
        if thread.name == "fork-server":
            assert ready.wait(60)

    monkeypatch.setattr(ForkServer, "_take", take)
    monkeypatch.setattr(threading.Thread, "start", start)
    (built,) = run(store, *chain(journal, "a"))
    assert built.complete


def test_an_answer_that_cannot_be_taken_ends_the_build(
    store: Store, journal: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    taken = ForkServer._take

    def take(server: ForkServer, answer: Any) -> None:
        if isinstance(answer, Started):
            raise KeyError("no such build")
        taken(server, answer)

    monkeypatch.setattr(ForkServer, "_take", take)
    node = Node("field", "hang", hang, Plain(label="unheard"), locations={"journal": str(journal)})
    (failed,) = run(store, node)
    assert failed.outcome == "interrupted"
    assert "its answer could not be taken: KeyError: 'no such build'" in failed.error
    assert "could not be taken" in caplog.text


def test_a_build_that_cannot_be_asked_for_is_told(
    store: Store, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(request: object) -> object:
        raise TypeError("cannot pickle it")

    monkeypatch.setattr(Start, "__reduce_ex__", lambda self, protocol: cannot(self))
    (failed,) = run(store, *chain(journal, "a"))
    assert failed.outcome == "interrupted"
    assert "it could not be asked: TypeError: cannot pickle it" in failed.error


def test_a_complete_store_that_can_only_be_read_serves_a_run(store: Store, journal: Path) -> None:
    nodes = chain(journal, "ab")
    run(store, *nodes)
    mounted = subprocess.run(["mount", "--bind", store.root, store.root], check=False)
    if mounted.returncode:
        pytest.skip("mounting a file system takes privileges")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", store.root], check=True)
        first, second, new = run(Store(store.root), *nodes, *chain(journal, "c"))
    finally:
        subprocess.run(["umount", "-l", store.root], check=True)

    assert [(each.complete, each.reused) for each in (first, second)] == [(True, True)] * 2
    assert (new.outcome, new.product) == ("interrupted", None)
    assert "Read-only file system; make it writable or choose another store with --store" in new.error
    assert begun(journal) == ["a", "b"]


@pytest.mark.parametrize("name", ["write-b", "field/write-b"])
def test_a_rebuild_runs_a_node_and_what_follows_once(store: Store, journal: Path, name: str) -> None:
    nodes = chain(journal, "abc")
    run(store, *nodes)
    with Engine(store, new_run(), jobs=2, rebuild=frozenset({name})) as engine:
        results = [engine.result(node) for node in nodes * 2]

    assert begun(journal) == ["a", "b", "c", "b", "c"]
    assert [each.reused for each in results] == [True, False, False] * 2


def test_a_rebuilt_product_is_fresh_for_a_second_engine_of_the_run(store: Store, journal: Path) -> None:
    nodes = chain(journal, "ab")
    run(store, *nodes)
    for _ in range(2):
        with Engine(store, "same", jobs=2, rebuild=frozenset({"all"})) as engine:
            assert [engine.result(node).reused for node in nodes] == [False, False]

    assert begun(journal) == ["a", "b", "a", "b"]


def test_a_rebuild_mends_an_earlier_failure(store: Store, journal: Path) -> None:
    node = going_wrong("refuse", journal)
    run(store, node)
    run(store, node, rebuild=frozenset({"misbehave"}))

    assert begun(journal) == ["refuse", "refuse"]


def test_a_changed_setting_rebuilds_what_follows_and_nothing_before(store: Store, journal: Path) -> None:
    run(store, *chain(journal, "abcd"))
    run(store, *chain(journal, "abXd"))

    assert begun(journal) == ["a", "b", "c", "d", "X", "d"]


def test_nothing_upstream_of_what_is_there_is_built(store: Store, journal: Path) -> None:
    first, second = chain(journal, "ab")
    run(store, first, second)
    store.remove(first.key)
    result = run(store, second)[0]

    assert result.reused
    assert begun(journal) == ["a", "b"]


def test_a_damaged_product_is_built_again(store: Store, journal: Path) -> None:
    node = chain(journal, "a")[0]
    product = run(store, node)[0].product
    assert product is not None
    product.file("text.txt").unlink()

    assert not run(store, node)[0].reused
    assert begun(journal) == ["a", "a"]


def test_a_product_with_changed_bytes_is_built_again_and_told(store: Store, journal: Path) -> None:
    first, second = chain(journal, "ab")
    product = run(store, second)[0].product
    assert product is not None
    path = product.file("deep/numbers.bin")
    path.chmod(0o644)
    path.write_bytes(b"x" * path.stat().st_size)
    upstream, result = run(store, first, second)

    assert (upstream.reused, result.reused) == (True, False)
    assert "deep/numbers.bin differs: SHA-256" in result.damage
    assert begun(journal) == ["a", "b", "b"]
    assert run(store, second)[0].damage == ""


class LateStore(Store):
    """A store in which a product appears only after the first look for it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.looked: set[str] = set()

    def find(self, key: str, run: str) -> Product | None:
        late = key not in self.looked
        self.looked.add(key)
        return None if late else super().find(key, run)


def test_what_another_run_publishes_meanwhile_is_taken_up(store: Store, journal: Path) -> None:
    nodes = chain(journal, "abc")
    run(store, *nodes)
    results = run(LateStore(store.root), *nodes)

    assert [each.reused for each in results] == [True, True, True]
    assert begun(journal) == ["a", "b", "c"]


def test_datasets_share_equal_nodes(store: Store, journal: Path) -> None:
    one, other = chain(journal, "a", dataset="one")[0], chain(journal, "a", dataset="other")[0]
    results = run(store, one, other)

    assert begun(journal) == ["a"]
    assert [each.node for each in results] == [one, other]


def test_events_tell_the_story_of_each_node(store: Store, journal: Path) -> None:
    first, second = chain(journal, "ab")
    wrong = going_wrong("refuse")
    after = Node("field", "after", write, Plain(label="after"), upstream={"before": wrong})
    run(store, first)
    events: list[StageEvent] = []
    with Engine(store, new_run(), jobs=1, listener=events.append) as engine:
        for node in (second, after):
            engine.result(node)

    assert [(event.kind.value, event.name) for event in events] == [
        ("reused", "write-a"),
        ("started", "write-b"),
        ("finished", "write-b"),
        ("started", "refuse"),
        ("failed", "refuse"),
        ("blocked", "after"),
    ]
    assert (events[2].dataset, events[2].stage, events[2].key) == ("field", "write", second.key)
    assert [event.elapsed > 0 for event in events] == [False, False, True, False, True, False]
    assert events[4].error.startswith("c0m.fits has no PHOTFLAM")


def test_a_listener_that_fails_is_logged_and_stops_nothing(
    store: Store, journal: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def listener(event: StageEvent) -> None:
        raise RuntimeError("no terminal")

    with caplog.at_level(logging.ERROR), Engine(store, new_run(), jobs=1, listener=listener) as engine:
        assert engine.result(chain(journal, "a")[0]).complete
    assert "the listener failed" in caplog.text


def test_stages_in_the_background_yield_to_others(store: Store) -> None:
    nodes = [Node("field", each.name, each, Plain()) for each in (foreground, background)]
    niceness = [
        int(built.product.file("text.txt").read_text("utf-8"))
        for built in run(store, *nodes)
        if built.product is not None
    ]
    assert niceness == [os.nice(0), os.nice(0) + 10]


def test_a_stage_has_its_own_place_and_a_plain_environment(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QA_TEST_WORD", "passed on")
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    source = tmp_path / "catalogue.txt"
    source.write_text("stars", encoding="utf-8")
    node = Node("field", "n", surroundings, Plain(), sources={"catalogue": Source.of(source)})
    before = Path.cwd()
    product = run(store, node)[0].product

    assert product is not None
    facts = json.loads(product.file("facts.json").read_text(encoding="utf-8"))
    assert facts["group"]
    assert facts["stdin"] == ""
    assert facts["sources"] == {"catalogue": "stars"}
    expected = {
        "MPLBACKEND": "Agg",
        "ASTROMETRY_STEP_CONTROL": "OFF",
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "QA_TEST_WORD": "passed on",
    }
    assert expected.items() <= facts["environment"].items()
    assert not Path(facts["directory"]).exists()
    assert Path.cwd() == before
    assert set(product.manifest.files) == {"facts.json"}


def test_a_source_that_changed_since_the_plan_was_made_is_refused(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "catalogue.txt"
    source.write_text("stars", encoding="utf-8")
    node = Node("field", "n", surroundings, Plain(), sources={"catalogue": Source.of(source)})
    source.write_text("galaxies", encoding="utf-8")
    result = run(store, node)[0]

    assert result.outcome == "interrupted"
    assert result.error == f"{source} changed while the run was under way; run again"


def test_a_link_to_a_file_outside_is_published_as_a_copy(store: Store, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("outside", encoding="utf-8")
    node = going_wrong("link")
    linked = Node("field", "link", node.stage, node.settings, locations={"outside": str(outside)})
    product = run(store, linked)[0].product

    assert product is not None
    assert not product.file("link.txt").is_symlink()
    assert product.file("link.txt").read_text(encoding="utf-8") == "outside"
    assert outside.stat().st_mode & 0o200


def test_a_link_to_nothing_fails_the_stage(store: Store, tmp_path: Path) -> None:
    node = going_wrong("link")
    result = run(
        store, Node("field", "link", node.stage, node.settings, locations={"outside": str(tmp_path / "no")})
    )[0]

    assert result.outcome == "failed"
    assert result.error == "link.txt is a link to what cannot be published; a product holds files alone"


def test_the_tools_are_there_and_others_do_not_wait_for_them(store: Store, journal: Path) -> None:
    slow = Node("field", "tooled", tooled, Plain(), locations={"journal": str(journal)})
    events: list[StageEvent] = []
    with Engine(store, new_run(), jobs=2, listener=events.append) as engine:
        engine.submit([slow, *chain(journal, "a")])
        product = engine.result(slow).product

    assert product is not None
    modules = product.file("text.txt").read_text(encoding="utf-8").split()
    assert modules == ["drizzlepac.tweakreg", "stwcs.updatewcs"]
    assert [(event.kind, event.name) for event in events] == [
        (EventKind.STARTED, "write-a"),
        (EventKind.FINISHED, "write-a"),
        (EventKind.STARTED, "tooled"),
        (EventKind.FINISHED, "tooled"),
    ]


def test_a_killed_fork_server_interrupts_its_stages_and_the_next_takes_over(
    store: Store, journal: Path
) -> None:
    node = Node("field", "long", spawn, Plain(label="a", seconds=1000), locations={"journal": str(journal)})
    with Engine(store, new_run(), jobs=1) as engine:
        engine.submit([node])
        until(lambda: begun(journal) == ["a"])
        (child,) = [pid for _, pid in noted(journal, "begin")]
        os.kill(parent(child), 9)
        result = engine.result(node)
        after = engine.result(chain(journal, "b")[0])

    assert result.outcome == Outcome.INTERRUPTED
    assert result.error == "the process that starts stages has ended: status -9"
    assert after.complete
    assert not alive(child)


def parent(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    return int(stat.rpartition(")")[2].split()[1])


def test_a_stage_that_cannot_be_imported_says_so(store: Store) -> None:
    node = chain(Path("unused"), "a")[0]
    stage = type(node.stage)("write", local_function, Plain, preloaded=False)
    result = run(store, Node("field", "n", stage, Plain(label="local")))[0]

    assert result.outcome == "failed"
    assert "is function, not a Stage" in result.error


def local_function(*arguments: object) -> None:
    """Not a stage."""


def test_jobs_must_be_positive(store: Store) -> None:
    with pytest.raises(ValueError, match="jobs is 0; at least one stage must run at a time"):
        Engine(store, new_run(), jobs=0)


def test_a_figure_keeps_no_stage_waiting(store: Store, tmp_path: Path) -> None:
    done = tmp_path / "done"
    figure = Node("field", "figure", draw_until, Plain(), locations={"done": str(done)})
    other = Node("field", "stage", foreground, Plain())
    with Engine(store, new_run(), jobs=1) as engine:
        engine.submit([figure])
        until(lambda: [each.node.name for each in engine.running()] == ["figure"])
        assert engine.result(other).complete
        assert engine.decided(figure) is None
        done.touch()
        assert engine.result(figure).complete


def shared(store: Store, *nodes: Node, jobs: int) -> list[str]:
    """What stages wrote that work in several processes."""
    with Engine(store, new_run(), jobs=jobs) as engine:
        engine.submit(nodes)
        products = [engine.result(node).product for node in nodes]
    return [product.file("text.txt").read_text("utf-8") for product in products if product is not None]


def test_a_stage_works_in_as_many_processes_as_stages_may_run(store: Store) -> None:
    assert shared(store, Node("field", "share", share, Plain(kind="all")), jobs=3) == ["3 a b c"]


def test_a_stage_works_alone_where_others_can_run(store: Store) -> None:
    nodes = [Node("field", name, share, Plain(label=name)) for name in ("first", "second", "third")]
    made = shared(store, *nodes, jobs=2)
    assert made[:2] == ["1 firsta firstb firstc", "1 seconda secondb secondc"]
    # One may have ended before the last begins, or both.
    assert made[2].removeprefix("1 ").removeprefix("2 ") == "thirda thirdb thirdc"


def test_processes_of_a_stage_take_slots_from_whoever_waits_for_one(store: Store) -> None:
    with Engine(store, new_run(), jobs=3) as engine:
        engine.submit([Node("field", "share", share, Plain(seconds=1000))])
        until(lambda: bool(engine.running()))
        assert [each.processes for each in engine.running()] == [3]
        looks: list[int] = []

        def asked() -> bool:
            looks.append(1)
            return len(looks) > 1

        threading.Timer(0.1, engine.wake).start()
        engine.await_slot(asked)
        assert len(looks) == 2


@pytest.mark.parametrize(
    ("kind", "error"),
    [("kill", "a process that worked for the stage was killed; run again"), ("full", "cannot write b")],
)
def test_what_the_machine_did_to_one_process_of_a_stage_holds_for_one_run(
    store: Store, kind: str, error: str
) -> None:
    node = Node("field", "share", share, Plain(kind=kind))
    with Engine(store, new_run(), jobs=3) as engine:
        product = engine.result(node).product
    assert product is not None
    assert product.manifest.outcome is Outcome.INTERRUPTED
    assert product.manifest.error.startswith(error)


def test_one_of_several_is_waited_for(store: Store, tmp_path: Path) -> None:
    nodes = [
        Node("field", name, draw_until, Plain(label=name), locations={"done": str(tmp_path / name)})
        for name in ("a", "b")
    ]
    (tmp_path / "b").touch()
    with Engine(store, new_run(), jobs=2) as engine:
        engine.await_any(nodes)
        assert [engine.decided(node) is None for node in nodes] == [True, False]

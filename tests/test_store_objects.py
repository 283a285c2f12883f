"""A store whose second tier is an object store: what is published there, fetched, refused and removed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hubble_qa.command.main import main
from hubble_qa.fixtures.store import run_notes, second_tier
from hubble_qa.fixtures.store.objects import Objects
from hubble_qa.fixtures.store.opening import open_store
from hubble_qa.fixtures.store.product import Outcome
from hubble_qa.fixtures.store.store import Store, StoreError
from tests.object_store import BUCKET, ObjectStore, object_store
from tests.small_project import SmallProject, project
from tests.test_keeping import RAW
from tests.test_store import KEY, OTHER, finished, publish

__all__ = ["object_store", "project"]

URL = f"s3://{BUCKET}/qa"
NAME = KEY[:20]
MANIFEST = f"qa/manifests/{NAME}.json"

Opened = Callable[[str], Store]


@pytest.fixture
def opened(object_store: ObjectStore, tmp_path: Path) -> Opened:
    """Open the store on a machine, which has a cache of its own."""
    return lambda machine: open_store(tmp_path / machine, URL)


def text_of(store: Store, key: str = KEY) -> str:
    """The text of a product's file, brought here."""
    found = store.find(key, "r9")
    assert found is not None
    return store.bring(found).file("a.txt").read_text(encoding="utf-8")


def test_a_product_of_one_machine_is_found_on_another_and_its_files_come_when_they_are_read(
    opened: Opened, object_store: ObjectStore
) -> None:
    publish(opened("one"), text="stars")
    other = opened("other")

    found = other.find(KEY, "r9")

    assert found is not None
    assert (found.complete, found.log_tail()) == (True, "one\ntwo\nthree")
    assert not found.files.exists()
    brought = other.bring(found)
    assert brought.file("a.txt").read_text(encoding="utf-8") == "stars"
    assert brought.manifest == found.manifest
    assert brought.log_tail() == "one\ntwo\nthree"
    object_store.requests.clear()
    # From now on it is at hand.
    assert other.find(KEY, "r9") == brought
    assert other.bring(found) == brought
    assert object_store.requests == []


def test_the_manifest_is_written_last_so_that_a_half_uploaded_product_is_never_seen(
    opened: Opened, object_store: ObjectStore
) -> None:
    other = opened("other")
    seen = []
    object_store.before = lambda request: (
        seen.append((request.split("/")[3], other.find(KEY, "r9") is None))
        if request.startswith(f"PUT /{BUCKET}/qa/products")
        else None
    )

    publish(opened("one"))

    assert seen == [("products", True)] * 2
    assert other.find(KEY, "r9") is not None


def test_an_upload_that_is_refused_publishes_nothing_and_is_one_line(
    opened: Opened, object_store: ObjectStore
) -> None:
    store = opened("one")
    object_store.refuse = lambda request: 403 if "/manifests/" in request and "PUT" in request else 0

    with pytest.raises(StoreError) as refused:
        publish(store)

    assert str(refused.value) == (
        f"{URL}: 403 Forbidden (AccessDenied); check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what they "
        "may do in this bucket"
    )
    assert store.find(KEY, "r1") is None
    assert opened("other").find(KEY, "r1") is None


@pytest.mark.parametrize(
    ("status", "said"),
    [(507, "507 Insufficient Storage (XMinioStorageFull); free space"), (503, "503 Service Unavailable")],
)
def test_a_full_or_busy_object_store_is_one_line(
    opened: Opened, object_store: ObjectStore, status: int, said: str
) -> None:
    store = opened("one")
    object_store.refuse = lambda request: status

    with pytest.raises(StoreError, match=said.replace("(", r"\(").replace(")", r"\)")) as refused:
        publish(store)

    assert "\n" not in str(refused.value)


def test_what_does_not_answer_is_told_once_and_not_asked_again_at_once(object_store: ObjectStore) -> None:
    released = threading.Event()
    object_store.before = lambda request: bool(released.wait(20))
    objects = Objects(URL, timeout=0.2)
    try:
        with pytest.raises(
            StoreError, match=r"no answer \(Timeout\); check the network and AWS_ENDPOINT_URL"
        ):
            objects.read("qa-store.json")
        asked = len(object_store.requests)
        with pytest.raises(StoreError, match="no answer"):
            objects.write("name", b"")
        assert len(object_store.requests) == asked
    finally:
        released.set()


def test_a_server_that_is_not_there_and_a_bucket_that_is_none_are_told(
    opened: Opened, object_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoreError, match=r"s3://nobody/qa: 404 Not Found \(NoSuchBucket\); correct --store"):
        open_store(tmp_path / "cache", "s3://nobody/qa")
    with pytest.raises(StoreError, match="s3:///qa is no URL of a bucket; give s3://BUCKET/PREFIX"):
        open_store(tmp_path / "cache", "s3:///qa")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(StoreError, match=r"no answer \(Connect\)"):
        opened("one")


@pytest.mark.parametrize("racers", [8])
def test_of_runs_that_publish_the_same_key_at_once_one_wins_and_all_have_its_product(
    opened: Opened, object_store: ObjectStore, racers: int
) -> None:
    together = threading.Barrier(racers)
    texts, faults = [], []

    def race(number: int) -> None:
        try:
            store = opened(f"machine{number}")
            workspace = finished(store, KEY, f"r{number}", text=f"by {number}")
            together.wait()
            with store.lock(KEY):
                product = store.publish(workspace)
            texts.append(product.file("a.txt").read_text(encoding="utf-8"))
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(racers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    assert len(set(texts)) == 1
    assert len(texts) == racers
    assert text_of(opened("late")) == texts[0]
    # What the others had uploaded is gone.
    assert len({name.split("/")[3] for name in object_store.objects("qa/products")}) == 1


def test_a_publication_whose_answer_was_lost_is_taken_for_what_it_is(
    opened: Opened, object_store: ObjectStore
) -> None:
    store = opened("one")
    manifest = finished(opened("other"), KEY, "r1").manifest.read_bytes()
    # The first request arrived, and obstore has sent it once more.
    Objects(URL).write(f"manifests/{NAME}.json", manifest)

    with store.lock(KEY):
        product = store.publish(finished(store, KEY, "r1"))

    assert product.manifest.run == "r1"
    assert text_of(opened("third")) == "text"


def test_what_is_built_anew_replaces_what_was_published(opened: Opened, object_store: ObjectStore) -> None:
    publish(opened("one"), text="old")
    other = opened("other")
    assert other.find(KEY, "r2") is not None

    publish(other, run="r2", text="new")

    assert text_of(opened("third")) == "new"
    assert [name for name in object_store.objects("qa/products") if "/r1/" in name] == []


def test_a_failed_build_is_published_and_an_interrupted_one_stays_with_its_run(opened: Opened) -> None:
    one, other = opened("one"), opened("other")
    publish(one, KEY, outcome=Outcome.FAILED)
    publish(one, OTHER, outcome=Outcome.INTERRUPTED)

    failed = other.find(KEY, "r1")
    assert failed is not None
    assert (failed.complete, failed.manifest.error, other.bring(failed)) == (False, "went wrong", failed)
    assert other.find(OTHER, "r1") is None
    assert one.find(OTHER, "r1") is not None


def test_a_product_that_differs_is_refused_and_withdrawn(opened: Opened, object_store: ObjectStore) -> None:
    digest = next(iter(publish(opened("one")).manifest.files.values()))
    Objects(URL).write(f"products/{NAME}/r1/{digest}", b"not the text")
    other = opened("other")
    found = other.find(KEY, "r9")
    assert found is not None

    with pytest.raises(StoreError, match=r"a.txt differs: SHA-256 .* withdrawn, the next run builds it"):
        other.bring(found)

    assert opened("third").find(KEY, "r9") is None
    assert MANIFEST not in object_store.objects()
    # And is built.
    publish(other, run="r3", text="again")
    assert text_of(opened("fourth")) == "again"


def test_a_manifest_that_cannot_be_read_is_no_product_and_is_replaced(
    opened: Opened, object_store: ObjectStore
) -> None:
    Objects(URL).write(f"manifests/{NAME}.json", b"{")
    store = opened("one")
    assert store.find(KEY, "r1") is None

    publish(store)

    assert text_of(opened("other")) == "text"


def test_without_the_extra_a_bucket_is_refused_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "obstore.exceptions", None)

    with pytest.raises(StoreError, match=rf"^{URL} takes obstore: pip install 'hubble-imaging-qa\[s3\]'$"):
        open_store(tmp_path / "cache", URL)


def test_a_cache_serves_one_object_store_alone(opened: Opened, tmp_path: Path) -> None:
    publish(opened("one"))
    publish(Store(tmp_path / "plain"))

    with pytest.raises(StoreError, match=rf"is the cache of {URL}; name that with --store"):
        open_store(tmp_path / "one")
    with pytest.raises(StoreError, match=rf"is the cache of {URL}"):
        open_store(tmp_path / "one", f"s3://{BUCKET}/other")
    with pytest.raises(StoreError, match="is a store of its own; name another directory with --store-cache"):
        open_store(tmp_path / "plain", URL)


def command(machine: Path, *arguments: str) -> Result:
    named = ("--store", URL, "--store-cache", str(machine))
    return CliRunner().invoke(main, ["store", arguments[0], *named, *arguments[1:]])


def test_products_are_listed_and_shown_from_anywhere(opened: Opened, tmp_path: Path) -> None:
    publish(opened("one"), KEY)
    publish(opened("one"), OTHER, outcome=Outcome.FAILED)
    machine = tmp_path / "new"

    listed = command(machine, "list")
    assert f"2 products, 0 B in {URL}" in listed.output, listed.output
    assert {line.split()[2] for line in listed.output.splitlines()[1:3]} == {"failed", "complete"}
    assert command(machine, "list", "--failed").output.count("field/write-a") == 1
    shown = command(machine, "show", KEY[:6])
    assert "three" in shown.output, shown.output
    assert "missing" not in shown.output
    assert "has no product whose key starts with 77" in command(machine, "show", "77").output


def test_a_list_reads_only_new_manifests(opened: Opened, object_store: ObjectStore, tmp_path: Path) -> None:
    publish(opened("one"), KEY)
    command(tmp_path / "new", "list")
    publish(opened("one"), OTHER)
    object_store.requests.clear()

    assert "2 products" in command(tmp_path / "new", "list").output

    read = [request for request in object_store.requests if "GET" in request and "/manifests/" in request]
    assert read == [f"GET /{BUCKET}/qa/manifests/{OTHER[:20]}.json"]


def test_verify_reads_what_is_published(opened: Opened, tmp_path: Path) -> None:
    digest = next(iter(publish(opened("one"), KEY).manifest.files.values()))
    publish(opened("one"), OTHER)
    assert command(tmp_path / "new", "verify").exit_code == 0
    Objects(URL).write(f"products/{NAME}/r1/{digest}", b"not the text")
    Objects(URL).delete([f"products/{OTHER[:20]}/r1/{digest}"])

    verified = command(tmp_path / "new", "verify")

    assert verified.exit_code == 1
    assert f"{KEY[:12]}  a.txt differs" in verified.output
    assert f"{OTHER[:12]}  a.txt is missing" in verified.output
    assert "2 products verified, 2 not as published" in verified.output


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have runs say at once what they use."""
    monkeypatch.setattr(run_notes, "_PAUSE", 0.0)


@pytest.mark.usefixtures("at_once")
def test_prune_removes_what_no_run_that_is_alive_uses(
    opened: Opened, object_store: ObjectStore, tmp_path: Path
) -> None:
    publish(opened("one"), KEY)
    publish(opened("one"), OTHER)
    running, noted = opened("running"), threading.Event()
    with running.session():
        object_store.before = lambda request: (
            noted.set() if "PUT" in request and "/alive/" in request else None
        )
        found = running.find(KEY, "r9")
        assert noted.wait(30)
        assert found is not None
        pruned = command(tmp_path / "new", "prune", "--older-than", "0")
        # What it has found it can still read.
        assert running.bring(found).file("a.txt").read_text(encoding="utf-8") == "text"

    assert f"{KEY[:12]}  in use, kept" in pruned.output, pruned.output
    assert "1 product, 0 B freed" in pruned.output
    assert object_store.objects("qa/manifests") == [MANIFEST]
    assert [name for name in object_store.objects("qa/products") if OTHER[:20] in name] == []
    # The run has ended.
    assert "1 product, 0 B freed" in command(tmp_path / "new", "prune", "--older-than", "0").output
    assert object_store.objects("qa/products") == []


@pytest.mark.usefixtures("at_once")
def test_what_no_test_reads_leaves_its_record_unless_another_run_may_read_it(
    opened: Opened, object_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, busy = opened("one"), opened("busy")
    monkeypatch.setattr(run_notes, "_FRESH", -1.0)
    with one.session():
        publish(one)
        with busy.session():
            # It has just begun, and may have found anything.
            one.drop_files(KEY)
        publish(one, OTHER)
        one.drop_files(OTHER)
    other = opened("other")

    assert other.find(OTHER, "r9") is None
    record = other.record(OTHER)
    assert record is not None
    assert (record.manifest.run, record.log_tail()) == ("r1", "one\ntwo\nthree")
    assert object_store.objects("qa/manifests") == [MANIFEST]
    left = [name.rpartition("/")[2] for name in object_store.objects("qa/products") if OTHER[:20] in name]
    assert left == ["log.txt"]
    assert "record" in command(tmp_path / "new", "list").output
    # Neither is its record swept, nor does it stand in the way of a build.
    monkeypatch.setattr(second_tier, "LONGEST_SILENCE", -1.0)
    command(tmp_path / "new", "prune", "--failed")
    assert opened("third").record(OTHER) is not None
    publish(other, OTHER, run="r2", text="again")
    assert text_of(opened("fourth"), OTHER) == "again"
    assert command(tmp_path / "new", "list").output.count("complete") == 2


def test_products_count_as_used_when_a_run_last_used_them(opened: Opened) -> None:
    store = opened("one")
    publish(store, KEY)
    publish(store, OTHER)
    assert store.second is not None
    published = {each.name: each.used for each in store.second.published()}
    # Objects are dated to the second.
    time.sleep(1.1)
    other = opened("other")
    with other.session():
        other.find(KEY, "r9")

    used = {each.name: each.used for each in store.second.published()}

    assert used[NAME] > published[NAME]
    assert used[OTHER[:20]] == published[OTHER[:20]]


def test_what_a_killed_upload_left_is_swept_once_it_is_old(
    opened: Opened, object_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(opened("one"), KEY)
    for place in (f"{NAME}/killed", f"{OTHER[:20]}/killed"):
        Objects(URL).write(f"products/{place}/digest", b"a part")
    before = object_store.objects("qa/products")

    command(tmp_path / "new", "prune", "--failed")
    assert object_store.objects("qa/products") == before
    monkeypatch.setattr(second_tier, "LONGEST_SILENCE", -1.0)
    command(tmp_path / "new", "prune", "--failed")

    assert object_store.objects("qa/products") == [name for name in before if "killed" not in name]
    assert text_of(opened("other")) == "text"


def test_a_run_reads_what_a_run_elsewhere_has_published_and_builds_nothing(
    project: SmallProject, object_store: ObjectStore
) -> None:
    first = project.run("--store", URL, "--store-cache", "here")
    assert first.returncode == 0, first.stdout
    assert f"store: {URL}, through {project.path}/here" in first.stdout
    expected = project.statuses()
    assert len(project.builds()) == 3
    project.journal.unlink()
    object_store.requests.clear()

    again = project.run("--store", URL, "--store-cache", "elsewhere", "--report", "again")

    assert again.returncode == 0, again.stdout
    assert project.builds() == {}
    assert project.statuses("again") == expected
    read = [request.split("/") for request in object_store.requests if "GET" in request]
    fetched = {parts[4] for parts in read if "products" in parts and parts[-1] != "log.txt"}
    stages = {stage["key"][:20]: stage["node"] for stage in project.results("again")["stages"]}
    assert {stages[name] for name in fetched} == {"fetch", "flt", "photometry"}


def test_workers_share_what_is_fetched(project: SmallProject, object_store: ObjectStore) -> None:
    project.run("--store", URL, "--store-cache", "here")
    expected = project.statuses()
    project.journal.unlink()

    again = project.run("-n", "2", "--store", URL, "--store-cache", "elsewhere", "--report", "again")

    assert again.returncode == 0, again.stdout
    assert (project.builds(), project.statuses("again")) == ({}, expected)


def test_a_stage_reads_what_was_fetched_for_it(project: SmallProject, object_store: ObjectStore) -> None:
    project.run("--store", URL, "--store-cache", "here")
    project.journal.unlink()
    project.dataset(more="\n[stages.photometry]\nadd = 3\n")

    project.run("--store", URL, "--store-cache", "elsewhere")

    assert project.builds() == {"numbers/photometry": 1}


def test_what_no_test_reads_is_neither_kept_in_the_bucket_nor_built_elsewhere(
    project: SmallProject, object_store: ObjectStore
) -> None:
    project.dataset(more=RAW)
    project.run("--store", URL, "--store-cache", "here")
    assert len(project.builds()) == 4
    assert len(object_store.objects("qa/records")) == 1
    project.journal.unlink()

    ended = project.run("--store", URL, "--store-cache", "elsewhere", "--report", "again")

    assert ended.returncode == 0, ended.stdout
    assert project.builds() == {}
    assert {stage["node"] for stage in project.results("again")["stages"]} >= {"raw", "photometry"}
    # A stage that reads it has it built first.
    project.dataset(add=1.0, more=RAW)
    project.run("--store", URL, "--store-cache", "third")
    assert project.builds()["numbers/raw"] == 1


def test_a_run_that_is_killed_while_it_uploads_publishes_nothing_and_the_next_goes_on(
    project: SmallProject, object_store: ObjectStore
) -> None:
    runs: list[subprocess.Popen[bytes]] = []
    begun = threading.Event()

    def kill(request: str) -> None:
        if request.startswith("PUT") and request.endswith("log.txt") and begun.wait(60):
            os.killpg(runs[0].pid, signal.SIGKILL)

    object_store.before = kill
    runs.append(project.start("--store", URL, "--store-cache", "here"))
    begun.set()
    assert runs[0].wait(120) == -signal.SIGKILL
    assert object_store.objects("qa/manifests") == []
    assert object_store.objects("qa/products") != []
    object_store.before = lambda request: None

    assert project.run("--store", URL, "--store-cache", "here").returncode == 0
    assert len(object_store.objects("qa/manifests")) == 3


def test_a_stage_is_run_again_on_what_is_fetched_for_it(
    project: SmallProject, object_store: ObjectStore
) -> None:
    project.run("--store", URL, "--store-cache", "here")
    key = next(stage["key"] for stage in project.results()["stages"] if stage["node"] == "photometry")
    rerun = (sys.executable, "-m", "hubble_qa", "store", "rerun", "--store", URL, "--store-cache", "new", key)

    ended = subprocess.run(
        rerun, cwd=project.path, env=project.environment, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "numbers/photometry" in ended.stdout


@pytest.mark.parametrize("of", ["GET", "PUT"])
def test_a_run_is_refused_where_the_object_store_refuses(
    project: SmallProject, object_store: ObjectStore, of: str
) -> None:
    object_store.refuse = lambda request: 403 if request.startswith(of) else 0

    ended = project.run("--store", URL, "--store-cache", "here")

    assert ended.returncode == pytest.ExitCode.USAGE_ERROR, ended.stdout
    told = [line for line in (ended.stdout + ended.stderr).splitlines() if "403 Forbidden" in line]
    assert len(told) == 1, ended.stdout
    assert project.builds() == {}


@pytest.mark.parametrize("what", ["GET", "PUT"])
def test_an_object_store_that_goes_away_leaves_verdicts_not_measured(
    project: SmallProject, object_store: ObjectStore, what: str
) -> None:
    project.run("--store", URL, "--store-cache", "here")
    if what == "PUT":
        project.dataset(add=5.0)

    def refuse(request: str) -> int:
        files = request.startswith(what) and "/products/" in request and not request.endswith("log.txt")
        return 403 if files else 0

    object_store.refuse = refuse

    ended = project.run("--store", URL, "--store-cache", "elsewhere", "--report", "again")

    assert ended.returncode == 1, ended.stdout
    assert f"{URL}: 403 Forbidden (AccessDenied)" in ended.stdout
    statuses = project.statuses("again")
    needing = {status for test, status in statuses.items() if "references" not in test}
    assert needing == {"not measured"}
    assert "INTERNALERROR" not in ended.stdout


def test_only_a_store_in_a_bucket_has_a_cache(project: SmallProject) -> None:
    ended = project.run("--store-cache", "here")

    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--store-cache here: only a store in a bucket has one; give --store s3://" in ended.stderr

"""The store: what appears in it, what stays, and what it refuses."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import Timeout

from hubble_qa.fixtures.plans.sources import file_digest
from hubble_qa.fixtures.store.places import Shelf, Workspace
from hubble_qa.fixtures.store.product import Manifest, Outcome, Product, read_product
from hubble_qa.fixtures.store.store import Store, StoreError, check_place
from hubble_qa.fixtures.store.store_errors import writing
from hubble_qa.fixtures.store.verification import verify

KEY = "0123456789abcdef" * 4
OTHER = "fedcba9876543210" * 4


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def manifest(key: str, run: str, outcome: Outcome, files: dict[str, str]) -> Manifest:
    return Manifest(
        key=key,
        stage="write",
        settings={"label": "a"},
        upstream={},
        sources={},
        tools={},
        files=files,
        outcome=outcome,
        error="" if outcome is Outcome.COMPLETE else "went wrong",
        run=run,
        started="2024-01-01T00:00:00+00:00",
        wall=1.5,
        cpu=1.0,
        peak_memory=1000,
        code=KEY,
        dataset="field",
        node="write-a",
    )


def finished(
    store: Store, key: str, run: str = "r1", outcome: Outcome = Outcome.COMPLETE, text: str = "text"
) -> Workspace:
    """Return a workspace in which a build has ended."""
    workspace = store.workspace(key)
    path = workspace.files / "a.txt"
    path.write_text(text, encoding="utf-8")
    manifest(key, run, outcome, {"a.txt": file_digest(path)}).write(workspace.manifest)
    workspace.log.write_text("one\ntwo\nthree\n", encoding="utf-8")
    return workspace


def publish(
    store: Store, key: str = KEY, run: str = "r1", outcome: Outcome = Outcome.COMPLETE, text: str = "text"
) -> Product:
    with store.lock(key):
        return store.publish(finished(store, key, run, outcome, text))


def test_a_product_is_found_by_its_key_only(store: Store) -> None:
    published = publish(store)

    assert store.find(KEY, "r2") == published
    assert store.find(OTHER, "r2") is None
    assert published.file("a.txt").read_text(encoding="utf-8") == "text"
    assert published.log_tail(2) == "two\nthree"


def test_a_build_that_has_ended_is_nowhere_until_it_is_published(store: Store) -> None:
    finished(store, KEY)

    assert store.find(KEY, "r1") is None
    assert list(store.products()) == []


def test_a_failed_build_holds_for_every_run(store: Store) -> None:
    publish(store, outcome=Outcome.FAILED)
    found = store.find(KEY, "r2")

    assert found is not None
    assert not found.complete


def test_an_interrupted_build_holds_for_the_run_that_saw_it(store: Store) -> None:
    publish(store, run="r1", outcome=Outcome.INTERRUPTED)

    assert store.find(KEY, "r1") is not None
    assert store.find(KEY, "r2") is None


def test_the_newest_product_counts(store: Store) -> None:
    publish(store, text="first")
    publish(store, text="second")
    found = store.find(KEY, "r2")

    assert found is not None
    assert found.file("a.txt").read_text(encoding="utf-8") == "second"


def test_an_interrupted_rebuild_leaves_the_product_before_it_to_other_runs(store: Store) -> None:
    publish(store, run="r1")
    publish(store, run="r2", outcome=Outcome.INTERRUPTED)
    for_other, for_same = store.find(KEY, "r3"), store.find(KEY, "r2")

    assert for_other is not None
    assert for_other.complete
    assert for_same is not None
    assert not for_same.complete


def test_interrupted_builds_do_not_pile_up(store: Store) -> None:
    for run in ("r1", "r2", "r3"):
        publish(store, run=run, outcome=Outcome.INTERRUPTED)

    assert [len(shelf.generations()) for shelf in store.shelves()] == [1]


def test_a_replaced_product_stays_while_another_run_may_be_reading_it(tmp_path: Path) -> None:
    reader, writer = Store(tmp_path / "store"), Store(tmp_path / "store")
    with reader.session():
        first = publish(reader, text="first")
        publish(writer, text="second")
        assert first.file("a.txt").read_text(encoding="utf-8") == "first"
    publish(writer, text="third")

    assert not first.path.exists()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"key": 5}', '{"key": "' + KEY + '"}', "\x00\x01 not text"]
)
def test_a_manifest_that_cannot_be_read_is_not_there_and_is_replaced(store: Store, content: str) -> None:
    broken = publish(store).path / "manifest.json"
    broken.chmod(0o644)
    broken.write_text(content, encoding="latin-1")

    assert store.find(KEY, "r1") is None
    assert list(store.products()) == []
    assert publish(store).complete
    assert not broken.exists()


def test_an_unreadable_manifest_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")

    with pytest.raises(ValueError, match=r"manifest\.json is not a product manifest"):
        read_product(tmp_path)


def test_a_product_that_lacks_a_file_is_not_there(store: Store) -> None:
    publish(store).file("a.txt").unlink()

    assert store.find(KEY, "r1") is None


def test_a_product_put_under_another_key_is_not_there(store: Store) -> None:
    shelf = publish(store).path.parent
    shelf.rename(shelf.with_name(OTHER[: len(shelf.name)]))

    assert store.find(OTHER, "r1") is None


def test_a_foreign_file_in_the_place_of_a_product_is_named(store: Store) -> None:
    shelf = publish(store).path.parent
    store.remove(KEY)
    shelf.write_text("not a directory", encoding="utf-8")

    assert store.find(KEY, "r1") is None
    with pytest.raises(StoreError, match=f"{shelf.name}: File exists; repair it or choose another"):
        publish(store)


def test_what_is_published_is_read_only(store: Store) -> None:
    product = publish(store)

    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in product.path.iterdir() if path.is_file()
    }
    assert modes == {"manifest.json": 0o444, "log.txt": 0o444}


def test_size_and_products_tell_what_is_there(store: Store) -> None:
    publish(store, text="x" * 1000)
    publish(store, OTHER, text="y" * 500)

    assert {product.manifest.key for product in store.products()} == {KEY, OTHER}
    assert store.size == sum(product.size for product in store.products())
    assert store.size > 1500


def test_a_lock_keeps_other_threads_and_other_users_of_the_store_out(store: Store, tmp_path: Path) -> None:
    with store.lock(KEY):
        with pytest.raises(Timeout):
            Store(tmp_path / "store").lock(KEY).acquire(blocking=False)
        Store(tmp_path / "store").lock(OTHER).acquire(blocking=False)
    store.lock(KEY).acquire(blocking=False)


def test_a_lock_taken_in_one_thread_is_released_in_another(store: Store) -> None:
    lock = store.lock(KEY)
    lock.acquire()
    thread = threading.Thread(target=lock.release)
    thread.start()
    thread.join()

    with store.lock(KEY) as other:
        assert other.is_locked


def test_cleaning_removes_what_nobody_is_building(store: Store, tmp_path: Path) -> None:
    left, building = store.workspace(KEY), store.workspace(OTHER)
    with store.lock(OTHER):
        Store(tmp_path / "store").clean()

    assert not left.path.exists()
    assert building.files.is_dir()


def test_removing_frees_the_place(store: Store) -> None:
    publish(store)

    assert store.remove(KEY)
    assert store.find(KEY, "r1") is None
    assert store.size == 0


def test_what_is_being_built_is_not_removed(store: Store, tmp_path: Path) -> None:
    publish(store)
    with store.lock(KEY):
        assert not Store(tmp_path / "store").remove(KEY)
    assert store.find(KEY, "r1") is not None


def test_what_a_run_that_is_alive_has_used_is_not_removed(store: Store, tmp_path: Path) -> None:
    publish(store)
    publish(store, OTHER)
    with store.session():
        store.find(KEY, "r2")
        other = Store(tmp_path / "store")
        assert (other.remove(KEY), other.remove(OTHER)) == (False, True)
    assert store.remove(KEY)


def test_a_directory_of_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()

    with pytest.raises(StoreError, match="is not a store and holds other files; choose another directory"):
        Store(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("name", ["run[1]", "a$b", "$HOME", "NGC(6791)", "what?", "*"])
def test_a_path_that_the_tools_take_apart_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError, match="in its path, which drizzlepac takes apart; choose another"):
        check_place(tmp_path / name / "store")
    check_place(tmp_path / name / "store", for_tools=False)
    check_place(tmp_path / "with space, and+more" / "store")


def test_an_empty_directory_becomes_a_store(tmp_path: Path) -> None:
    Store(tmp_path)

    assert list(Store(tmp_path, create=False).products()) == []


def test_a_store_is_not_made_where_it_should_be_read(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"absent is not a store; name one with --store"):
        Store(tmp_path / "absent", create=False)
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("content", ["", "{}", "[1]", "1", '{"format": "x"'])
def test_a_broken_marker_is_named(store: Store, content: str) -> None:
    marker = store.root / "qa-store.json"
    marker.write_text(content, encoding="utf-8")

    with pytest.raises(StoreError, match=r"qa-store\.json is not a store's marker; remove"):
        Store(store.root)


def test_a_store_of_another_format_is_named(store: Store) -> None:
    (store.root / "qa-store.json").write_text('{"format": 99}', encoding="utf-8")

    with pytest.raises(StoreError, match=r"is a store of format 99, not 1; choose another"):
        Store(store.root)


def test_a_file_is_not_a_store(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()

    with pytest.raises(StoreError, match=r"file: .*; repair it or choose another store with --store"):
        Store(path)


def test_a_store_is_made_by_many_at_once(tmp_path: Path) -> None:
    faults: list[Exception] = []

    def make() -> None:
        try:
            Store(tmp_path / "store")
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=make) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "No space left on device; free space"),
        (errno.EDQUOT, "; free space"),
        (errno.EACCES, "Permission denied; make it writable"),
        (errno.EROFS, "; make it writable"),
        (errno.EIO, "; repair it"),
    ],
)
def test_what_the_system_refuses_is_told_in_one_line_with_a_remedy(number: int, remedy: str) -> None:
    with (
        pytest.raises(StoreError, match=f"^/data/store/a: .*{remedy}.*--store$"),
        writing(Path("/data/store")),
    ):
        raise OSError(number, os.strerror(number), "/data/store/a")


def damage(path: Path, how: str) -> None:
    """Change a published file behind the store's back."""
    before = path.stat()
    path.parent.chmod(0o755)
    path.chmod(0o644)
    match how:
        case "bytes":
            path.write_bytes(path.read_bytes()[::-1])
        case "bytes, with its times put back":
            path.write_bytes(path.read_bytes()[::-1])
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        case "half":
            path.write_bytes(path.read_bytes()[:2])
        case "link":
            path.rename(path.with_name("moved"))
            path.symlink_to("moved")
        case "device":
            path.unlink()
            path.symlink_to("/dev/zero")
        case "gone":
            path.unlink()


DAMAGE = ["bytes", "bytes, with its times put back", "half", "link", "device", "gone"]


@pytest.mark.parametrize("how", DAMAGE)
def test_a_product_that_was_changed_is_set_aside_and_told(store: Store, how: str) -> None:
    product = publish(store)
    damage(product.file("a.txt"), how)
    told = Store(store.root).refuse_damaged(KEY, "r2")

    assert told.startswith(f"{product.path}: a.txt ")
    assert store.find(KEY, "r2") is None
    (kept,) = store.damaged.iterdir()
    assert told.endswith(f"; kept as {kept}")
    assert not product.path.exists()
    assert Store(store.root).refuse_damaged(KEY, "r2") == ""


def test_a_product_that_is_as_it_was_published_is_read_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store)
    reads: list[Path] = []

    def counted(path: Path) -> str:
        reads.append(path)
        return file_digest(path)

    monkeypatch.setattr("hubble_qa.fixtures.store.verification.file_digest", counted)
    assert store.refuse_damaged(KEY, "r2") == ""
    assert reads == []
    assert [Store(store.root, verify=True).refuse_damaged(KEY, "r2") for _ in range(2)] == ["", ""]
    assert len(reads) == 2


def test_a_copied_store_is_read_once_and_then_remembered(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store)
    shutil.copytree(store.root, tmp_path / "copy")
    copy = Store(tmp_path / "copy")
    assert copy.refuse_damaged(KEY, "r2") == ""
    monkeypatch.setattr("hubble_qa.fixtures.store.verification.file_digest", lambda _: "read again")
    assert copy.refuse_damaged(KEY, "r2") == ""


def test_a_sound_product_below_a_damaged_one_counts(store: Store) -> None:
    with Store(store.root).session():
        publish(store, text="first")
        newest = publish(store, text="second")
    damage(newest.file("a.txt"), "bytes")
    store.refuse_damaged(KEY, "r2")
    found = store.find(KEY, "r2")

    assert found is not None
    assert found.file("a.txt").read_text(encoding="utf-8") == "first"


def test_a_damaged_manifest_is_set_aside_and_told_in_few_words(store: Store) -> None:
    product = publish(store)
    (product.path / "manifest.json").chmod(0o644)
    (product.path / "manifest.json").write_text('{"key": ["' + "x" * 10**6 + '"]}', encoding="utf-8")
    told = store.refuse_damaged(KEY, "r2")

    assert told.startswith(f"{product.path}: manifest.json is not a product manifest: ")
    assert len(told) < 1000
    assert not product.path.exists()


def test_what_a_run_has_built_itself_is_not_looked_at(store: Store) -> None:
    damage(publish(store, run="r2").file("a.txt"), "bytes")
    assert store.refuse_damaged(KEY, "r2") == ""


@pytest.fixture
def read_only(store: Store) -> Iterator[Path]:
    """A store with a product, mounted to be read alone."""
    publish(store)
    mounted = subprocess.run(["mount", "--bind", "-o", "ro", store.root, store.root], check=False)
    if mounted.returncode:
        pytest.skip("mounting a file system takes privileges")
    subprocess.run(["mount", "-o", "remount,bind,ro", store.root], check=True)
    yield store.root
    subprocess.run(["umount", "-l", store.root], check=True)


def test_a_store_that_can_only_be_read_is_read(read_only: Path) -> None:
    check_place(read_only)
    store = Store(read_only)
    store.clean()
    with store.session():
        assert store.refuse_damaged(KEY, "r2") == ""
        assert store.find(KEY, "r2") is not None
        with pytest.raises(StoreError, match="Read-only file system; make it writable or choose another"):
            store.workspace(OTHER)


def test_a_damaged_product_of_a_store_that_can_only_be_read_is_passed_over(store: Store) -> None:
    product = publish(store)
    damage(product.file("a.txt"), "bytes")
    store.damaged.rmdir()
    store.damaged.write_text("no directory", encoding="utf-8")

    assert store.refuse_damaged(KEY, "r2") == f"{product.path}: a.txt differs" + _digests(product)
    assert store.find(KEY, "r2") is None


def _digests(product: Product) -> str:
    found, published = file_digest(product.file("a.txt")), product.manifest.files["a.txt"]
    return f": SHA-256 {found[:12]}, {published[:12]} when it was published"


@pytest.mark.parametrize("target", ["moved", "/dev/zero", "nothing"])
def test_a_link_in_the_place_of_a_file_is_told_and_not_read_without_end(store: Store, target: str) -> None:
    product = publish(store)
    damage(product.file("a.txt"), "link")
    (product.files / "a.txt").unlink()
    (product.files / "a.txt").symlink_to(target)
    lines = list(verify(Shelf(product.path.parent)))

    assert lines[0] == "a.txt is a link, and was a file when it was published"
    assert ("a.txt cannot be read: it is no file" in lines) is (target != "moved")

"""``hubble-qa store``: what it says of products, what it removes, and stages run again."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hubble_qa.command.entries import bytes_of
from hubble_qa.command.main import main
from hubble_qa.fixtures.engine.engine import Engine, new_run
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.plans.sources import Source
from hubble_qa.fixtures.store.index import INDEX
from hubble_qa.fixtures.store.measurements import Measured, ProductRead, measurements_in
from hubble_qa.fixtures.store.product import Manifest, Outcome, Product
from hubble_qa.fixtures.store.store import Store
from tests.stages_for_tests import Plain, misbehave, write
from tests.test_store import KEY, OTHER, publish

ROOT = Path(__file__).parent.parent
THIRD = "00ff" * 16


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Return a store of one complete and one failed product, which the environment names."""
    monkeypatch.setenv("QA_STORE", str(tmp_path / "store"))
    store = Store(tmp_path / "store")
    publish(store, KEY, text="x" * 4000)
    publish(store, OTHER, outcome=Outcome.FAILED)
    age(store, KEY, days=3)
    return store


@pytest.fixture
def real_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Return an empty store, which the environment names."""
    monkeypatch.setenv("QA_STORE", str(tmp_path / "store"))
    return Store(tmp_path / "store")


def age(store: Store, key: str, days: float) -> None:
    """Make a product look unused for some days."""
    then = time.time() - days * 86400
    os.utime(store.root / "products" / key[:20], (then, then))


def command(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["store", *arguments])


def lines_of(*arguments: str, status: int = 0) -> list[str]:
    result = command(*arguments)
    assert result.exit_code == status, result.output
    return result.stdout.splitlines()


def in_a_process(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hubble_qa", "store", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )


def build(store: Store, *nodes: Node) -> list[Product]:
    with Engine(store, new_run(), jobs=1) as engine:
        engine.submit(nodes)
        products = [engine.result(node).product for node in nodes]
    return [product for product in products if product is not None]


def tree(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_list_shows_the_last_used_product_first(store: Store) -> None:
    header, first, second, total = lines_of("list")

    assert header.split() == ["key", "stage", "outcome", "unused", "size", "wall", "(s)", "dataset/node"]
    assert first.split()[:3] == [OTHER[:12], "write", "failed"]
    assert second.split() == [KEY[:12], "write", "complete", "3", "d", "4.7", "kB", "1.5", "field/write-a"]
    assert total.startswith("2 products, ")


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        (["--failed"], [OTHER]),
        (["--stage", "write"], [OTHER, KEY]),
        (["--stage", "align"], []),
        (["--dataset", "field"], [OTHER, KEY]),
        (["--dataset", "sky"], []),
    ],
)
def test_list_can_be_narrowed(store: Store, options: list[str], keys: list[str]) -> None:
    _, *lines, _ = lines_of("list", *options)
    assert [line.split()[0] for line in lines] == [key[:12] for key in keys]


def test_list_shows_what_cannot_be_read(store: Store) -> None:
    (store.root / "products" / KEY[:20] / "1" / "manifest.json").unlink()
    assert lines_of("list", "--failed")[2].startswith(f"{KEY[:12]}  ?                    unreadable")


def test_show_tells_of_the_manifest_the_files_and_the_log(store: Store) -> None:
    lines = lines_of("show", KEY[:5], "--lines", "2")

    assert lines[0] == f"key       {KEY}"
    assert "stage     write, code 0123456789ab" in lines
    assert "dataset   field" in lines
    assert "node      write-a" in lines
    assert "outcome   complete" in lines
    assert "  label: a" in lines
    assert any(line.startswith("  a.txt:    4.0 kB  ") for line in lines)
    assert lines[-3:] == ["log", "two", "three"]


def test_show_tells_what_went_wrong(store: Store) -> None:
    assert "outcome   failed: went wrong" in lines_of("show", OTHER)


def test_show_sends_no_commands_to_the_terminal_and_ends(store: Store) -> None:
    path = store.root / "products" / OTHER[:20] / "1" / "manifest.json"
    entries = json.loads(path.read_text(encoding="utf-8"))
    path.chmod(0o644)
    hostile = "\x1b]0;title\x07\x1b[2J" + "x" * 1_000_000
    path.write_text(json.dumps({**entries, "error": hostile}), encoding="utf-8")
    shown = command("show", OTHER).stdout
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert len(shown) < 200_000


def outdated(store: Store, key: str) -> None:
    """Make a product's manifest one that was written when stages had versions."""
    path = store.root / "products" / key[:20] / "1" / "manifest.json"
    later = ("code", "modules", "dataset", "node", "reference", "paths", "locations")
    entries = json.loads(path.read_text(encoding="utf-8"))
    kept = {name: entry for name, entry in entries.items() if name not in later}
    path.chmod(0o644)
    path.write_text(json.dumps({**kept, "version": 3}), encoding="utf-8")


def test_what_an_older_manifest_does_not_tell_is_unknown(store: Store) -> None:
    outdated(store, KEY)

    assert lines_of("list")[2].endswith("  unknown/unknown")
    shown = lines_of("show", KEY)
    assert {"stage     write, code unknown", "dataset   unknown", "node      unknown"} <= set(shown)
    assert lines_of("verify", KEY)[-1] == "1 product verified, 0 not as published"
    assert "its manifest names no stage to run; rebuild it by a run" in in_a_process("rerun", KEY).stderr


@pytest.mark.parametrize("name", ["key", "files", "outcome", "wall"])
def test_a_manifest_that_lacks_what_all_have_is_unreadable(store: Store, name: str) -> None:
    path = store.root / "products" / KEY[:20] / "1" / "manifest.json"
    entries = json.loads(path.read_text(encoding="utf-8"))
    del entries[name]
    path.chmod(0o644)
    path.write_text(json.dumps(entries), encoding="utf-8")

    with pytest.raises(ValueError, match=f"is not a product manifest: '{name}'"):
        Manifest.read(path)
    assert lines_of("list")[2].split()[1:3] == ["?", "unreadable"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "abc"], "has no product whose key starts with abc; see hubble-qa store list"),
        (["show", "0"], "0 starts the keys of 2 products; give more digits"),
        (["verify", "abc"], "has no product whose key starts with abc; see hubble-qa store list"),
        (["prune"], "nothing to prune by; give --keep, --older-than, --role, --failed or --max-size"),
        (["list", "--store", "nowhere"], "nowhere is not a store; name one with --store"),
    ],
)
def test_a_mistake_is_told_in_one_line(store: Store, arguments: list[str], message: str) -> None:
    publish(store, THIRD)
    result = command(*arguments)

    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    assert line.endswith(message)


@pytest.mark.parametrize("days", ["-1", "nan", "inf", "soon"])
def test_a_quantity_must_be_a_number_from_0_up(store: Store, days: str) -> None:
    result = command("prune", f"--older-than={days}")
    assert result.exit_code == 2
    assert "Invalid value for '--older-than': " in result.stderr


@pytest.mark.parametrize(
    ("options", "gone"),
    [
        (["--failed"], [OTHER]),
        (["--older-than", "2"], [KEY]),
        (["--older-than", "4"], []),
        (["--older-than", "2", "--failed"], [KEY, OTHER]),
        (["--max-size", "0"], [KEY, OTHER]),
        (["--max-size", "0.000003"], [KEY]),
        (["--max-size", "1"], []),
    ],
)
def test_prune_removes_what_is_asked_for(store: Store, options: list[str], gone: list[str]) -> None:
    before = store.size
    measured = {key: Measured("identity", {"node": ProductRead(key, "content")}) for key in (KEY, OTHER)}
    measurements_in(store.root).keep("numbers", measured)
    rehearsed = lines_of("prune", *options, "--dry-run")
    assert store.size == before
    known = measurements_in(store.root)
    assert known.of("numbers", KEY)
    assert known.of("numbers", OTHER)
    lines = lines_of("prune", *options)

    left = {product.manifest.key for product in store.products()}
    assert left == {KEY, OTHER} - set(gone)
    known = measurements_in(store.root)
    assert {key for key in (KEY, OTHER) if known.of("numbers", key)} == left
    assert [line.split()[0] for line in lines[:-1]] == [key[:12] for key in gone]
    assert lines[:-1] == rehearsed[:-1]
    assert lines[-1].endswith(" freed")
    assert rehearsed[-1].endswith(" would be freed")


def test_prune_keeps_what_is_being_built(store: Store, tmp_path: Path) -> None:
    with Store(tmp_path / "store").lock(KEY):
        assert f"{KEY[:12]}  in use, kept" in lines_of("prune", "--older-than", "1")
    assert store.find(KEY, "r2") is not None


def test_prune_keeps_what_a_run_that_is_alive_has_used(store: Store, tmp_path: Path) -> None:
    with Store(tmp_path / "store").session():
        store.find(KEY, "r2")
        lines_of("prune", "--max-size", "0")

    assert {product.manifest.key for product in store.products()} == {KEY}


def test_prune_removes_what_killed_runs_left(store: Store) -> None:
    left = store.workspace(THIRD)
    lines_of("prune", "--failed")

    assert not left.path.exists()


def spoil(path: Path) -> None:
    path.chmod(0o644)
    path.write_text("y" * 4000, encoding="utf-8")


DAMAGES: dict[str, Callable[[Path], None]] = {
    "a.txt differs: SHA-256 ": lambda files: spoil(files / "a.txt"),
    "a.txt is missing": lambda files: (files / "a.txt").unlink(),
    "b.txt was not published": lambda files: (files / "b.txt").touch(),
}


@pytest.mark.parametrize("message", DAMAGES)
def test_verify_says_which_files_are_not_as_published(store: Store, message: str) -> None:
    assert lines_of("verify") == ["2 products verified, 0 not as published"]
    DAMAGES[message](store.root / "products" / KEY[:20] / "1" / "files")

    line, summary = lines_of("verify", status=1)
    assert line.startswith(f"{KEY[:12]}  {message}")
    assert summary == "2 products verified, 1 not as published"
    assert lines_of("verify", OTHER) == ["1 product verified, 0 not as published"]


def test_verify_tells_of_products_that_cannot_be_read(store: Store) -> None:
    (store.root / "products" / KEY[:20] / "1" / "manifest.json").unlink()
    line, summary = lines_of("verify", status=1)
    assert line.startswith(f"{KEY[:12]}  ")
    assert line.endswith("manifest.json'")
    assert summary == "2 products verified, 1 not as published"


def test_a_stage_is_run_again_on_what_it_read_then(real_store: Store, tmp_path: Path) -> None:
    journal, source = tmp_path / "journal", tmp_path / "catalogue.txt"
    source.write_text("stars", encoding="utf-8")
    places = {"journal": str(journal)}
    first = Node("field", "first", write, Plain(label="a"), locations=places)
    node = Node("field", "second", write, Plain(label="b"), {"before": first}, locations=places,
                sources={"catalogue": Source.of(source)})  # fmt: skip
    *_, product = build(real_store, first, node)
    before = tree(product.path)
    completed = in_a_process("rerun", product.manifest.key[:8], "--keep-scratch")

    assert (completed.returncode, completed.stderr) == (0, "")
    started, log, ended, scratch, output = completed.stdout.splitlines()
    assert started.startswith("stage write of field/second in ")
    assert (log, ended) == ("wrote b", "the stage ended well, with the files of the stored product")
    assert Path(scratch.removeprefix("scratch: ")).is_dir()
    assert Path(output.removeprefix("output: "), "text.txt").read_text(encoding="utf-8") == "a\nb\n"
    assert tree(product.path) == before
    again = [line.split()[:2] for line in journal.read_text(encoding="utf-8").splitlines()]
    assert again[-2:] == [["begin", "b"], ["end", "b"]]

    source.write_text("galaxies", encoding="utf-8")
    refused = in_a_process("rerun", product.manifest.key)
    assert refused.returncode == 1
    assert f"{source} is gone or has changed; put back what the product was built from" in refused.stderr


def test_a_stage_is_not_run_again_without_what_it_read(real_store: Store) -> None:
    first = Node("field", "first", write, Plain(label="a"))
    node = Node("field", "second", write, Plain(label="b"), {"before": first})
    build(real_store, first, node)
    real_store.remove(first.key)

    completed = in_a_process("rerun", node.key)
    assert completed.returncode == 1
    assert f"before: product {first.key[:12]} is not in {real_store.root} any more" in completed.stderr


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("refuse", "the stage failed: c0m.fits has no PHOTFLAM; give another exposure\n"),
        ("raise", "the stage failed: division by zero\n"),
    ],
)
def test_a_failed_stage_is_taken_up_again(real_store: Store, kind: str, message: str) -> None:
    node = Node("field", "wrong", misbehave, Plain(kind=kind))
    (product,) = build(real_store, node)
    completed = in_a_process("rerun", node.key)

    assert not product.complete
    assert completed.returncode == 1
    assert "about to misbehave" in completed.stdout
    assert completed.stderr.endswith(message)
    assert ("Traceback" in completed.stderr) == (kind == "raise")
    assert not Path(completed.stdout.splitlines()[0].rpartition(" in ")[2]).exists()


def test_the_debugger_starts_where_the_stage_failed(real_store: Store) -> None:
    node = Node("field", "wrong", misbehave, Plain(kind="raise", label="asked"))
    build(real_store, node)
    completed = in_a_process("rerun", node.key, "--pdb", given="p settings.label\nq\n")

    assert completed.returncode == 1
    assert "tests/stages_for_tests.py" in completed.stdout
    assert "(Pdb) 'asked'" in completed.stdout


def test_the_command_imports_nothing_slow(store: Store) -> None:
    script = (
        "import sys\n"
        "from hubble_qa.command.main import main\n"
        "main(['store', 'list'], standalone_mode=False)\n"
        "print({'numpy', 'astropy', 'pydantic', 'drizzlepac', 'matplotlib', 'pytest'} & set(sys.modules))"
    )
    completed = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert completed.stderr == ""
    *_, total, slow = completed.stdout.splitlines()
    assert total.startswith("2 products")
    assert slow == "set()"


def test_a_reader_that_has_seen_enough_sees_no_traceback(store: Store) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "hubble_qa", "store", "list"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_what_was_damaged_and_kept_aside_is_pruned_with_what_failed(store: Store) -> None:
    found = store.find(KEY, "r1")
    assert found is not None
    found.file("a.txt").chmod(0o644)
    found.file("a.txt").write_text("y" * 4000, encoding="utf-8")
    assert "a.txt differs" in store.refuse_damaged(KEY, "r2")
    (kept,) = store.damaged.iterdir()

    lines_of("prune", "--older-than", "1000")
    assert f"{kept.name[:12]}  damaged, kept as {kept}" in lines_of("prune", "--failed", "--dry-run")
    assert kept.exists()
    lines_of("prune", "--failed")
    assert not kept.exists()


CALIBRATED, COMBINED, DRAWN = "ca" * 32, "cb" * 32, "cc" * 32


@pytest.fixture
def chain(real_store: Store) -> Store:
    """Return a store of an exposure, the image made of it, and a figure of that, used last."""
    figure = "hubble_qa.reports.figures.mosaic:draw"
    for key, upstream, reference, days in (
        (CALIBRATED, (), "hubble_qa.fixtures.stages.calibrate:calibrate", 1),
        (COMBINED, (CALIBRATED,), "hubble_qa.fixtures.stages.drizzle:drizzle", 2),
        (DRAWN, (COMBINED,), figure, 0),
    ):
        path = publish(real_store, key, text="x" * 100_000).path / "manifest.json"
        told = json.loads(path.read_text(encoding="utf-8"))
        path.chmod(0o644)
        changed = {"reference": reference, "upstream": dict(enumerate(upstream))}
        path.write_text(json.dumps({**told, **changed}), encoding="utf-8")
        age(real_store, key, days=days)
    return real_store


def keys_told(lines: list[str]) -> list[str]:
    return [line.split()[0] for line in lines]


@pytest.mark.parametrize(
    ("options", "gone"),
    [
        (["--keep", "1MB"], []),
        (["--keep", "250 kB"], [DRAWN]),
        (["--keep", "150kB"], [DRAWN, CALIBRATED]),
        (["--keep", "0"], [DRAWN, CALIBRATED, COMBINED]),
        (["--role", "figure"], [DRAWN]),
        (["--role", "figure", "--role", "result"], [COMBINED, DRAWN]),
        (["--role", "intermediate", "--older-than", "2"], []),
        (["--role", "intermediate", "--keep", "0"], [CALIBRATED]),
        (["--older-than", "1.5", "--keep", "150kB"], [COMBINED, DRAWN]),
    ],
)
def test_room_is_made_by_role_and_age(chain: Store, options: list[str], gone: list[str]) -> None:
    *rehearsed, would = lines_of("prune", *options, "--dry-run")
    assert len(list(chain.products())) == 3
    *removed, _ = lines_of("prune", *options)

    assert keys_told(removed) == [key[:12] for key in gone]
    assert rehearsed == removed
    assert would.endswith(" would be freed")
    assert {each.manifest.key for each in chain.products()} == {CALIBRATED, COMBINED, DRAWN} - set(gone)


def test_builds_that_did_not_end_well_are_given_up_first(chain: Store) -> None:
    publish(chain, OTHER, outcome=Outcome.FAILED)
    assert keys_told(lines_of("prune", "--keep", "250kB")[:-1]) == [OTHER[:12], DRAWN[:12]]


def test_a_budget_keeps_what_a_run_under_way_has_used(chain: Store) -> None:
    with Store(chain.root).session():
        chain.find(CALIBRATED, "r2")
        lines = lines_of("prune", "--keep", "0")

    assert f"{CALIBRATED[:12]}  in use, kept" in lines
    assert {each.manifest.key for each in chain.products()} == {CALIBRATED}


@pytest.mark.parametrize("size", ["much", "5 apples", "-3GB", "GB", "1e3GB"])
def test_a_budget_must_be_a_size(store: Store, size: str) -> None:
    result = command("prune", f"--keep={size}")
    assert result.exit_code == 2
    assert "is no size; give one like 500GB, 1.5TB or 20GiB" in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("text", "size"),
    [("500GB", 5e11), ("1.5 TB", 1.5e12), ("20GiB", 20 * 2**30), ("7", 7.0), ("3k", 3000.0), ("2 MB", 2e6)],
)
def test_sizes_have_units(text: str, size: float) -> None:
    assert bytes_of(text) == size


@pytest.mark.parametrize("damage", [b"", b"nonsense" * 1000, None])
def test_a_missing_or_damaged_index_is_made_anew(store: Store, damage: bytes | None) -> None:
    whole = lines_of("list")
    index = store.root / INDEX
    if damage is None:
        index.unlink()
    else:
        index.write_bytes(damage)

    assert lines_of("list") == whole
    assert lines_of("list") == whole
    assert index.read_bytes()[:6] == b"SQLite"


def test_an_index_with_pages_cut_off_is_made_anew(store: Store) -> None:
    whole = lines_of("list")
    index = store.root / INDEX
    index.write_bytes(index.read_bytes()[:4096])
    assert lines_of("list") == whole


def test_the_list_follows_what_is_published_used_dropped_and_removed(store: Store) -> None:
    lines_of("list")
    publish(store, THIRD)
    assert keys_told(lines_of("list")[1:-1])[0] == THIRD[:12]
    publish(store, OTHER, run="r2")
    assert lines_of("list")[1].split()[:3] == [OTHER[:12], "write", "complete"]
    store.find(KEY, "r3")
    assert keys_told(lines_of("list")[1:-1])[0] == KEY[:12]
    store.drop_files(KEY)
    assert lines_of("list", "--stage", "write")[1].split()[2] == "record"
    store.remove(THIRD)
    assert THIRD[:12] not in keys_told(lines_of("list"))


def test_what_a_run_is_given_is_not_the_indexs_to_say(store: Store) -> None:
    lines_of("list")
    (store.root / "products" / KEY[:20] / "1" / "files" / "a.txt").unlink()
    assert "complete" in lines_of("list")[2], "the index has not looked"
    assert store.find(KEY, "r2") is None


def test_a_store_that_is_only_read_is_listed_without_an_index(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    whole = lines_of("list")
    (store.root / INDEX).unlink()
    with monkeypatch.context() as patched:
        patched.setattr(Path, "mkdir", refuse)
        assert lines_of("list") == whole
    assert not (store.root / INDEX).exists()


def test_products_are_verified_in_the_same_order_by_any_number_of_threads(store: Store) -> None:
    for number in range(20):
        key = f"{number:02}" * 32
        path = publish(store, key).path / "files" / "a.txt"
        if number % 3 == 0:
            spoil(path)
    one = lines_of("verify", "--jobs", "1", status=1)
    assert one == lines_of("verify", "--jobs", "8", status=1)
    assert keys_told(one[:-1]) == [f"{number:02}" * 6 for number in range(0, 20, 3)]

"""The ``qa-store`` command."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hubble_qa.fixtures.store.product import Outcome
from hubble_qa.fixtures.store.store import Store
from hubble_qa.fixtures.store.store_command import main
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


def age(store: Store, key: str, days: float) -> None:
    """Make a product look unused for some days."""
    then = time.time() - days * 86400
    os.utime(store.root / "products" / key[:20], (then, then))


def test_list_shows_the_last_used_product_first(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    header, first, second, total = capsys.readouterr().out.splitlines()

    assert header.split() == ["key", "stage", "outcome", "unused", "size", "wall", "(s)"]
    assert first.split()[:3] == [OTHER[:12], "write", "failed"]
    assert second.split() == [KEY[:12], "write", "complete", "3", "d", "4.5", "kB", "1.5"]
    assert total.startswith("2 products, ")


@pytest.mark.parametrize(
    ("options", "keys"),
    [(["--failed"], [OTHER]), (["--stage", "write"], [OTHER, KEY]), (["--stage", "align"], [])],
)
def test_list_can_be_narrowed(
    store: Store, capsys: pytest.CaptureFixture[str], options: list[str], keys: list[str]
) -> None:
    main(["list", *options])

    _, *lines, _ = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [key[:12] for key in keys]


def test_list_shows_what_cannot_be_read(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    (store.root / "products" / KEY[:20] / "1" / "manifest.json").unlink()
    main(["list", "--failed"])

    assert f"{KEY[:12]}  ?                unreadable" in capsys.readouterr().out


def test_show_tells_of_the_manifest_the_files_and_the_log(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", KEY[:5], "--lines", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()

    assert lines[0] == f"key       {KEY}"
    assert "stage     write, code 0123456789ab" in lines
    assert "outcome   complete" in lines
    assert "  label: a" in lines
    assert any(line.startswith("  a.txt:    4.0 kB  ") for line in lines)
    assert lines[-3:] == ["log", "two", "three"]


def test_show_tells_what_went_wrong(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    main(["show", OTHER])

    assert "outcome   failed: went wrong" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "abc"], "has no product whose key starts with abc; see qa-store list"),
        (["show", "0"], "0 starts the keys of 2 products; give more digits"),
        (["prune"], "nothing to prune by; give --older-than, --failed or --max-size"),
        (["list", "--store", "nowhere"], "nowhere is not a store; name one with --store"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    store: Store, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    publish(store, THIRD)

    assert main(arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("qa-store: ")
    assert line.endswith(message)


@pytest.mark.parametrize("days", ["-1", "nan", "inf", "soon"])
def test_a_quantity_must_be_a_number_from_0_up(
    store: Store, capsys: pytest.CaptureFixture[str], days: str
) -> None:
    with pytest.raises(SystemExit):
        main(["prune", f"--older-than={days}"])
    assert "argument --older-than: " in capsys.readouterr().err


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
def test_prune_removes_what_is_asked_for(
    store: Store, capsys: pytest.CaptureFixture[str], options: list[str], gone: list[str]
) -> None:
    before = store.size
    main(["prune", *options, "--dry-run"])
    rehearsed = capsys.readouterr().out
    assert store.size == before
    main(["prune", *options])
    told = capsys.readouterr().out

    left = {product.manifest.key for product in store.products()}
    assert left == {KEY, OTHER} - set(gone)
    assert [line.split()[0] for line in told.splitlines()[:-1]] == [key[:12] for key in gone]
    assert told.splitlines()[:-1] == rehearsed.splitlines()[:-1]
    assert told.splitlines()[-1].endswith(" freed")
    assert rehearsed.splitlines()[-1].endswith(" would be freed")


def test_prune_keeps_what_is_being_built(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store(tmp_path / "store").lock(KEY):
        main(["prune", "--older-than", "1"])

    assert f"{KEY[:12]}  in use, kept" in capsys.readouterr().out
    assert store.find(KEY, "r2") is not None


def test_prune_keeps_what_a_run_that_is_alive_has_used(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store(tmp_path / "store").session():
        store.find(KEY, "r2")
        main(["prune", "--max-size", "0"])

    assert {product.manifest.key for product in store.products()} == {KEY}


def test_prune_removes_what_killed_runs_left(store: Store) -> None:
    left = store.workspace(THIRD)
    main(["prune", "--failed"])

    assert not left.path.exists()


def test_the_command_imports_nothing_slow(store: Store) -> None:
    script = (
        "import sys\n"
        "from hubble_qa.fixtures.store.store_command import main\n"
        "main(['list'])\n"
        "print({'numpy', 'astropy', 'pydantic', 'drizzlepac', 'matplotlib', 'pytest'} & set(sys.modules))"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert told.stderr == ""
    *_, total, slow = told.stdout.splitlines()
    assert total.startswith("2 products")
    assert slow == "set()"


def test_a_reader_that_has_seen_enough_is_no_error(store: Store) -> None:
    script = "import sys; from hubble_qa.fixtures.store.store_command import main; sys.exit(main(['list']))"
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        told = process.stderr.read()

    assert (process.returncode, told) == (0, b"")

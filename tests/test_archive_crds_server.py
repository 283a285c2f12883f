"""Syncing a shared CRDS cache: the real crds client against a loopback server."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubble_qa.checks.readers.best_references import read_best_references
from hubble_qa.fixtures.archives.crds_sync import operational_context
from hubble_qa.fixtures.plans.stage import Inputs, StageError, TransientError
from hubble_qa.fixtures.simulation.crds_cache import CONTEXT
from hubble_qa.fixtures.stages.references import ReferenceSettings, references
from tests.crds_samples import write_exposures, write_small_cache
from tests.crds_server import CrdsServer, serve

REPOSITORY = Path(__file__).resolve().parent.parent
BEST = {"old_idc.fits", "best_idc.fits", "s9518396u_off.fits"}
SETTINGS = ReferenceSettings(context=CONTEXT, types=("idctab", "offtab", "wf4tfile"), suffixes=("c0m",))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CrdsServer]:
    """A server of a small set of rules; the pauses between attempts are not waited for."""
    monkeypatch.setattr("hubble_qa.fixtures.archives.retry.time.sleep", lambda seconds: None)
    write_small_cache(tmp_path / "origin")
    with serve(tmp_path / "origin", CONTEXT) as running:
        yield running


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run's directories: fetched exposures, a private working directory, and what is published."""
    for name in ("scratch", "out"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "scratch")
    write_exposures(tmp_path / "fetched")
    return tmp_path


def inputs(run: Path, address: str) -> Inputs:
    locations = {"crds_server": address, "crds_cache": str(run / "shared-cache")}
    return Inputs({"exposures": run / "fetched"}, locations=locations)


def cached(run: Path) -> set[str]:
    """What the shared cache holds, by name."""
    cache = run / "shared-cache"
    return {path.name for part in ("mappings", "references") for path in (cache / part).rglob("*.*")}


def again(run: Path) -> None:
    """Empty the run's private directories, as for the next dataset."""
    for name in ("scratch", "out"):
        for path in (run / name).iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def test_rules_and_best_references_are_synced_and_used(server: CrdsServer, run: Path) -> None:
    references.run(inputs(run, server.address), run / "out", SETTINGS)
    chosen = read_best_references(run / "out/bestrefs.json").exposures
    assert {choice.available for choices in chosen.values() for choice in choices.values()} == {True}
    assert {path.name for path in (run / "out/references").iterdir()} == BEST
    for name in BEST:
        assert (run / "out/references" / name).read_bytes() == server.file(name)
    mappings = {path.name for path in (server.files / "mappings/hst").iterdir()}
    assert cached(run) == mappings | BEST


def test_second_dataset_asks_for_nothing_that_is_there(server: CrdsServer, run: Path) -> None:
    references.run(inputs(run, server.address), run / "out", SETTINGS)
    requests = len(server.requests)
    again(run)
    references.run(inputs(run, server.address), run / "out", SETTINGS)
    assert len(server.requests) == requests
    assert {path.name for path in (run / "out/references").iterdir()} == BEST


def test_synced_cache_needs_no_server(server: CrdsServer, run: Path) -> None:
    references.run(inputs(run, server.address), run / "out", SETTINGS)
    again(run)
    references.run(inputs(run, unused_address()), run / "out", SETTINGS)
    assert {path.name for path in (run / "out/references").iterdir()} == BEST


def test_only_what_is_missing_is_downloaded(server: CrdsServer, run: Path) -> None:
    settings = SETTINGS.model_copy(update={"types": ("offtab",)})
    references.run(inputs(run, server.address), run / "out", settings)
    server.requests.clear()
    again(run)
    references.run(inputs(run, server.address), run / "out", SETTINGS)
    assert sorted(server.downloads()) == ["best_idc.fits", "old_idc.fits"]


@pytest.mark.parametrize(
    ("request_end", "kind"),
    [
        ("get_server_info", "status"),
        ("get_mapping_names", "status"),
        (CONTEXT, "truncated"),
        ("best_idc.fits", "status"),
        ("best_idc.fits", "truncated"),
        ("best_idc.fits", "corrupt"),
    ],
)
def test_a_passing_fault_is_survived(server: CrdsServer, run: Path, request_end: str, kind: str) -> None:
    server.faults[request_end] = (kind, 2)
    references.run(inputs(run, server.address), run / "out", SETTINGS)
    assert server.faults[request_end] == (kind, 0)
    for name in BEST:
        assert (run / "out/references" / name).read_bytes() == server.file(name)


@pytest.mark.parametrize("kind", ["truncated", "corrupt", "status"])
def test_a_lasting_fault_leaves_nothing_half(server: CrdsServer, run: Path, kind: str) -> None:
    server.faults["best_idc.fits"] = (kind, 99)
    with pytest.raises(TransientError, match="3 times in a row; try again later") as caught:
        references.run(inputs(run, server.address), run / "out", SETTINGS)
    assert "\n" not in str(caught.value)
    assert "best_idc.fits" not in cached(run)
    server.faults.clear()
    references.run(inputs(run, server.address), run / "out", SETTINGS)
    assert (run / "out/references/best_idc.fits").read_bytes() == server.file("best_idc.fits")


def test_context_whose_rules_came_only_in_part_is_not_in_the_cache(server: CrdsServer, run: Path) -> None:
    server.faults["hst_wfpc2_idctab_9001.rmap"] = ("truncated", 99)
    with pytest.raises(TransientError, match="does not match server size"):
        references.run(inputs(run, server.address), run / "out", SETTINGS)
    assert CONTEXT not in cached(run)


def start_syncing(run: Path, server: CrdsServer) -> subprocess.Popen[bytes]:
    """Synchronise the shared cache in another process."""
    program = (
        "import sys; from pathlib import Path\n"
        "from hubble_qa.fixtures.archives.crds_sync import synchronize\n"
        "from tests.test_archive_crds_server import CONTEXT, SETTINGS\n"
        "fetched, server, cache = sys.argv[1:]\n"
        "exposures = sorted(Path(fetched).glob('*_c0m.fits'))\n"
        "synchronize(exposures, CONTEXT, SETTINGS.types, server, Path(cache))\n"
    )
    arguments = [str(run / "fetched"), server.address, str(run / "shared-cache")]
    return subprocess.Popen([sys.executable, "-c", program, *arguments], cwd=REPOSITORY)


def test_concurrent_runs_download_each_file_once(server: CrdsServer, run: Path) -> None:
    with start_syncing(run, server) as first, start_syncing(run, server) as second:
        assert (first.wait(120), second.wait(120)) == (0, 0)
    downloads = server.downloads()
    assert sorted(downloads) == sorted(set(downloads))
    assert set(downloads) == cached(run)


def test_killed_sync_leaves_neither_lock_nor_half_a_cache(server: CrdsServer, run: Path) -> None:
    """A sync that is killed while a reference is on its way; the next run starts over."""
    server.stall = "best_idc.fits"
    with start_syncing(run, server) as syncing:
        assert server.stalled.wait(60)
        syncing.kill()
    assert "best_idc.fits" not in cached(run)
    server.stall = ""
    references.run(inputs(run, server.address), run / "out", SETTINGS)
    assert (run / "out/references/best_idc.fits").read_bytes() == server.file("best_idc.fits")
    assert cached(run) >= BEST


def test_operational_context_is_the_servers(server: CrdsServer) -> None:
    assert operational_context(server.address) == CONTEXT


def test_context_must_be_pinned(server: CrdsServer, run: Path) -> None:
    with pytest.raises(StageError, match="need a pinned context"):
        references.run(inputs(run, server.address), run / "out", SETTINGS.model_copy(update={"context": ""}))


def unused_address() -> str:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return f"http://localhost:{probe.getsockname()[1]}"


@pytest.mark.parametrize("address", [unused_address(), "http://crds.invalid"], ids=["refusing", "unknown"])
def test_unreachable_server_is_one_line(run: Path, address: str) -> None:
    message = f"CRDS server at {address} cannot be reached .*try again later or use another --archive"
    with pytest.raises(TransientError, match=message) as caught:
        references.run(inputs(run, address), run / "out", SETTINGS)
    assert "\n" not in str(caught.value)
    with pytest.raises(TransientError, match=message):
        operational_context(address)

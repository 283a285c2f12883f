"""What is kept in the store after a run, and how much room a run needs before it starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubble_qa.fixtures.engine.room import expected_bytes
from hubble_qa.fixtures.engine.sizes import Sizes
from hubble_qa.fixtures.store.store import Store
from hubble_qa.fixtures.suite.room import room_line, size_text
from tests.small_project import SmallProject, project
from tests.stages_for_tests import chain
from tests.test_command_store import command, in_a_process

__all__ = ["project"]

LARGE = 2_000_000
RAW = f"\n[stages.raw]\nadd = 0.0\nmore_bytes = {LARGE}\n"
BUILT = {f"numbers/{name}": 1 for name in ("raw", "fetch", "flt", "photometry")}


def bytes_in(project: SmallProject) -> int:
    return sum(path.stat().st_size for path in (project.path / "store/products").rglob("more.bin"))


def stages(project: SmallProject) -> set[str]:
    return {record["node"] for record in project.results()["stages"]}


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_what_nothing_reads_is_not_kept_and_an_unchanged_night_builds_nothing(
    project: SmallProject, workers: tuple[str, ...]
) -> None:
    project.dataset(more=RAW)
    first = project.run(*workers)
    assert (
        "Store: 2 MB that no test and no figure reads were not kept (--keep all keeps them)" in first.stdout
    )
    assert bytes_in(project) == 0
    second = project.run(*workers)
    assert "not kept" not in second.stdout
    assert project.builds() == BUILT
    # The report tells of all stages, whose manifests and logs are there.
    assert stages(project) == {"raw", "fetch", "flt", "photometry"}
    store = Store(project.path / "store", create=False)
    keys = {product.manifest.node: product.manifest.key for product in store.products()}
    assert set(keys) == {"fetch", "flt", "photometry"}
    listed = command("list", "--store", str(store.root)).stdout
    assert [line.split()[2] for line in listed.splitlines() if line.endswith("numbers/raw")] == ["record"]
    rerun = in_a_process("rerun", keys["fetch"], "--store", str(store.root))
    assert rerun.returncode != 0
    assert "were not kept; runs with --keep all keep them: rebuild it by one" in rerun.stderr
    # Neither is it a failure that --failed prunes.
    assert "0 products" in command("prune", "--failed", "--store", str(store.root)).stdout


def test_all_is_kept_where_that_is_asked_for_and_of_a_partial_run(project: SmallProject) -> None:
    project.dataset(more=RAW)
    for arguments in (("--keep", "all"), ("-k", "spread"), ("--report", "none")):
        assert "not kept" not in project.run(*arguments).stdout
        assert bytes_in(project) == LARGE


def test_what_a_failed_stage_reads_is_kept(project: SmallProject) -> None:
    project.dataset(more=f'fail = "out of film"\n{RAW}')
    run = project.run()
    assert run.returncode == 1
    assert "not kept" not in run.stdout
    assert bytes_in(project) == LARGE


def test_what_is_built_on_files_that_were_not_kept_builds_them_first(project: SmallProject) -> None:
    project.dataset(more=RAW)
    project.run()
    project.dataset(more=f"seconds = 0.001\n{RAW}")
    assert project.run().returncode == 0
    assert project.builds() == dict.fromkeys(BUILT, 2)
    assert bytes_in(project) == 0


def test_files_stay_while_another_run_is_alive(project: SmallProject) -> None:
    project.dataset(more=RAW)
    with Store(project.path / "store").session():
        assert "not kept" not in project.run().stdout
    assert bytes_in(project) == LARGE
    project.run()
    assert bytes_in(project) == 0


# Room


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_run_says_what_it_will_write_and_is_refused_where_that_cannot_fit(
    project: SmallProject, workers: str
) -> None:
    project.dataset(more=RAW.replace(str(LARGE), "20_000_000"))
    first = project.run().stdout
    assert f"what this run will write to {project.path / 'store'} is not known until it has run once" in first
    told = project.run("--rebuild", "all", "-n", workers).stdout
    assert f"this run will write about 20 MB to {project.path / 'store'}, where" in told
    for path in (project.path / "store/sizes").iterdir():
        path.write_text("1e18 1\n")
    assert "this run will write" not in project.run("-k", "matches", "-n", "2").stdout
    refused = project.run("--rebuild", "all", "-n", workers)
    assert refused.returncode == pytest.ExitCode.USAGE_ERROR
    (line,) = (line for line in refused.stderr.splitlines() if "this run will write about" in line)
    assert "name another directory with --store" in line
    assert project.builds() == dict.fromkeys(BUILT, 2)


def test_sizes_are_expected_by_what_was_read(tmp_path: Path) -> None:
    raw, flt = chain(tmp_path / "journal", "ab")
    sizes = Sizes(tmp_path)
    assert sizes.expected(raw, 0.0) is sizes.expected(flt, 100.0) is None
    for path, text in zip(sizes._paths(flt), ("30 10", "20 10"), strict=True):
        path.write_text(text)
    assert sizes.expected(flt, 100.0) == 300.0
    sizes._paths(flt)[0].write_text("nonsense")
    assert sizes.expected(flt, 100.0) == 200.0
    assert Sizes(None).expected(flt, 100.0) is None


def test_only_what_is_missing_is_expected(tmp_path: Path) -> None:
    raw, flt = chain(tmp_path / "journal", "ab")
    store = Store(tmp_path / "store")
    Sizes(store.sizes)._paths(raw)[0].write_text("1000 0")
    Sizes(store.sizes)._paths(flt)[0].write_text("3 2")
    assert expected_bytes([flt], [raw, flt], store) == 1000 + 1500
    assert expected_bytes([raw], [raw], store) == 1000
    assert expected_bytes([], [], None) == 0
    # One that is like nothing before leaves the whole unknown.
    Sizes(store.sizes)._paths(raw)[0].unlink()
    assert expected_bytes([flt], [raw, flt], store) is None


@pytest.mark.parametrize(
    ("size", "text"), [(4e7, "40 MB"), (1.2e9, "1.2 GB"), (3.3e10, "33 GB"), (6e8, "0.6 GB")]
)
def test_sizes_are_told_in_two_digits(size: float, text: str) -> None:
    assert size_text(size) == text


def test_too_little_room_is_told_with_what_to_do() -> None:
    assert room_line(Path("/store"), 1e9, 2e9).endswith("where 2.0 GB are free")
    assert room_line(Path("/store"), 3e9, 2e9).endswith("reduce less (--dataset, --size small)")

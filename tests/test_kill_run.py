"""``pytest`` runs with xdist workers, killed at random moments: the run, a worker, a stage's process."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from hubble_qa.fixtures.plans.sources import file_digest
from hubble_qa.fixtures.store.store import Store
from tests.small_project import SmallProject, kill, project

__all__ = ["project"]

# Each kill is at another moment; `make test-long` tries so many.
KILLS = [2, pytest.param(20, marks=pytest.mark.slow)]
# Seconds from the start of a run to its end, about: kills fall before, during and after the stages.
SPAN = 3.5


def the_run(process: psutil.Process, project: SmallProject) -> int | None:
    """The controller itself."""
    return process.pid


def a_worker(process: psutil.Process, project: SmallProject) -> int | None:
    """The process of an xdist worker."""
    workers = [each for each in process.children() if "execnet" in " ".join(each.cmdline())]
    return workers[0].pid if workers else None


def a_stage(process: psutil.Process, project: SmallProject) -> int | None:
    """The process that the last stage to begin runs in."""
    lines = project.journal.read_text().splitlines() if project.journal.exists() else []
    return int(lines[-1].split()[1]) if lines else None


def processes_of(project: SmallProject) -> list[psutil.Process]:
    """Live processes that the project's runs started, by the journal their environment names."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("QA_TEST_JOURNAL") == str(project.journal):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return [process for process in found if process.pid != os.getpid() and process.is_running()]


def await_end(project: SmallProject) -> None:
    """Wait until nothing of the project's runs is left, as there must soon be nothing."""
    for _ in range(600):
        alive = [p for p in processes_of(project) if p.status() != psutil.STATUS_ZOMBIE]
        if not alive:
            return
        time.sleep(0.05)
    pytest.fail(f"still running: {alive}")


def strike(project: SmallProject, victim: Callable[..., int | None], moment: float) -> None:
    """Start a run, kill the victim after a time, and wait for the end."""
    with project.start("-n", "2", "--rebuild", "all", "-q") as run:
        time.sleep(moment)
        try:
            pid = victim(psutil.Process(run.pid), project)
        except psutil.Error:
            pid = None
        if pid is not None:
            kill(pid)
        run.wait(timeout=60)
    await_end(project)


@pytest.mark.whole
@pytest.mark.parametrize("kills", KILLS)
@pytest.mark.parametrize("victim", [the_run, a_worker, a_stage])
def test_the_next_run_completes_after_a_kill(
    project: SmallProject, victim: Callable[..., int | None], kills: int
) -> None:
    project.dataset(more="\n[stages.flt]\nseconds = 0.2\n\n[stages.photometry]\nseconds = 0.2\n")
    moments = random.Random(f"{victim.__name__} {kills}")
    for _ in range(kills):
        strike(project, victim, moments.uniform(0.8, SPAN))
        for product in Store(project.path / "store").products():
            assert_whole(product.path)

    ended = project.run("-n", "2")

    assert ended.returncode == 0, ended.stdout
    assert set(project.statuses().values()) == {"pass", "not applicable"}
    assert not list((project.path / "store/building").iterdir())


def assert_whole(path: Path) -> None:
    """A product that can be read has each file its manifest names, with the digest it names."""
    from hubble_qa.fixtures.store.product import read_product

    product = read_product(path)
    for name, digest in product.manifest.files.items():
        assert file_digest(product.files / name) == digest

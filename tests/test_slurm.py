"""Stages in jobs of a real Slurm of three nodes: the same values, and what becomes of jobs that end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubble_qa.fixtures.engine.executor import ExecutorError
from hubble_qa.fixtures.executors.cluster import ClusterExecutor
from hubble_qa.fixtures.executors.open import open_executor
from hubble_qa.fixtures.executors.settings import ClusterSettings
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.store.product import Outcome
from hubble_qa.fixtures.store.store import Store
from tests.cluster_driver import waiting
from tests.dask_cluster import Watched, alive, pids, until
from tests.qa_runs import ROOT, run_qa
from tests.slurm import Slurm, missing, slurm
from tests.small_runs import small_run
from tests.stages_for_tests import Plain, hoard

pytestmark = [pytest.mark.slow, pytest.mark.slurm]

DATASET = "wfpc2-omega-cen"
SETTINGS = """
interface = "lo"
cores = 1
memory = "{memory}"
walltime = "{walltime}"
log_directory = "{place}/logs"

[jobs]
max = 2
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    if reason := missing():
        pytest.skip(reason)
    with slurm(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture(autouse=True)
def commands(cluster: Slurm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slurm's commands find this Slurm, and its jobs this suite."""
    for name, value in {**cluster.environment, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}.items():
        monkeypatch.setenv(name, value)


def settings_file(place: Path, memory: str = "1GB", walltime: str = "00:20:00") -> Path:
    path = place / "cluster.toml"
    path.write_text(SETTINGS.format(place=place, memory=memory, walltime=walltime), encoding="utf-8")
    return path


def executor(
    place: Path, store: Store, *, walltime: str = "00:20:00", memory: str = "1GB"
) -> ClusterExecutor:
    settings = ClusterSettings.model_validate(
        {
            "interface": "lo",
            "memory": memory,
            "walltime": walltime,
            "log_directory": str(place / "logs"),
            "jobs": {"max": 2},
        }
    )
    found = open_executor("slurm", settings, store.root, 0, print)
    assert found is not None
    return found


def test_values_are_the_same_as_on_one_machine(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    here = small_run(DATASET, tmp_path_factory)
    settings = settings_file(tmp_path, memory="3GB")
    options = ("--executor", "slurm", "--executor-config", str(settings))
    there = run_qa(tmp_path, "report", "--dataset", DATASET, "--size", "small", "-n", "0", *options)

    assert there.process.returncode == here.process.returncode, there.process.stdout
    told = [
        [
            (each["test"], each["status"], each["value"], each["uncertainty"], each["margin"])
            for each in run.verdicts
        ]
        for run in (here, there)
    ]
    assert len(told[0]) > 100
    assert told[0] == told[1]
    places = {stage["where"].partition("/")[0] for stage in there.results["stages"]}
    assert len(places) == 2
    assert places < {"n1", "n2", "n3"}
    # What the controller has measured itself could not be kept.
    assert {verdict["where"].partition("/")[0] for verdict in there.verdicts} - {""} <= places
    assert sum(bool(verdict["where"]) for verdict in there.verdicts) > 100


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"queue": "none"}, "partition"),
        ({"memory": "90GB"}, "node configuration"),
        ({"cores": 64}, "node configuration"),
    ],
)
def test_jobs_that_slurm_would_not_take_are_refused_at_once(
    tmp_path: Path, settings: dict[str, object], problem: str
) -> None:
    read = ClusterSettings.model_validate({"interface": "lo", "log_directory": str(tmp_path), **settings})
    with pytest.raises(ExecutorError, match=f"--executor slurm: Slurm refuses its jobs .*{problem}"):
        open_executor("slurm", read, tmp_path, 0, print)

    # Nobody can use its keys any more.
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_cancelled_job_costs_a_try(cluster: Slurm, tmp_path: Path, store: Store) -> None:
    with Watched(store, executor(tmp_path, store)) as run:
        node = waiting(tmp_path)
        run.engine.submit([node])
        run.started()
        pids(tmp_path, 1)
        (job,) = cluster.jobs()
        cluster.tell("scancel", job)
        # A job takes the place of the one that has ended.
        pids(tmp_path, 2)
        assert job not in cluster.jobs()
        (tmp_path / "go").touch()
        result = run.engine.result(node)

    assert result.outcome is Outcome.COMPLETE
    until(lambda: not cluster.tell("squeue", "-h"))


def test_a_killed_daemon_of_a_node_loses_nothing(cluster: Slurm, tmp_path: Path, store: Store) -> None:
    with Watched(store, executor(tmp_path, store)) as run:
        node = waiting(tmp_path)
        run.engine.submit([node])
        run.started()
        (pid,) = pids(tmp_path, 1)
        ((_, name),) = cluster.jobs().items()
        cluster.kill(name)
        try:
            # Slurm gives the node up and runs the job again, while what it had started lives on.
            until(lambda: "down" in cluster.tell("sinfo", "-h", "-n", name, "-o", "%T"))
            assert alive(pid)
            (tmp_path / "go").touch()
            result = run.engine.result(node)
        finally:
            cluster.start_node(name)
            until(lambda: "idle" in cluster.tell("sinfo", "-h", "-n", name, "-o", "%T"))

    assert result.outcome is Outcome.COMPLETE
    assert len(list(store.products())) == 1


def test_a_stage_that_takes_more_than_its_job_is_interrupted(
    cluster: Slurm, tmp_path: Path, store: Store
) -> None:
    node = Node("field", "hoard", hoard, Plain(seconds=900), locations={"journal": str(tmp_path / "journal")})
    with Watched(store, executor(tmp_path, store, memory="500MB")) as run:
        result = run.engine.result(node)

    assert result.outcome is Outcome.INTERRUPTED
    assert result.error


def test_a_job_at_the_end_of_its_wall_time_costs_a_try(cluster: Slurm, tmp_path: Path, store: Store) -> None:
    with Watched(store, executor(tmp_path, store, walltime="00:01:00")) as run:
        node = waiting(tmp_path)
        run.engine.submit([node])
        (first,) = pids(tmp_path, 1)
        pids(tmp_path, 2)
        assert not alive(first)
        (tmp_path / "go").touch()
        result = run.engine.result(node)

    assert result.outcome is Outcome.COMPLETE


def test_a_killed_controller_leaves_no_jobs(cluster: Slurm, tmp_path: Path, store: Store) -> None:
    settings_file(tmp_path)
    driver = subprocess.Popen(
        [sys.executable, "-m", "tests.cluster_driver", "slurm", str(tmp_path)], cwd=ROOT
    )
    (pid,) = pids(tmp_path, 1)
    driver.kill()
    driver.wait()
    until(lambda: not alive(pid))
    until(lambda: not cluster.tell("squeue", "-h"))
    (tmp_path / "go").touch()
    with Watched(store, executor(tmp_path, store)) as run:
        assert run.engine.result(waiting(tmp_path)).complete

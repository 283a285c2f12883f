"""Stages on the workers of a real Dask scheduler: the same values, and what goes wrong ends right."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubble_qa.fixtures.engine.executor import ExecutorError
from hubble_qa.fixtures.engine.peaks import Peaks
from hubble_qa.fixtures.plans.plan import Node
from hubble_qa.fixtures.store.product import Outcome
from hubble_qa.fixtures.store.store import Store
from tests.cluster_driver import waiting
from tests.dask_cluster import DaskCluster, Watched, alive, dask_cluster, pids, until
from tests.object_store import BUCKET, ObjectStore, object_store
from tests.small_project import ROOT, SmallProject, make_small_project
from tests.stages_for_tests import Plain, begun, chain, hang, hoard, meet, noted, share, unanswered
from tests.test_remembering import HELPERS, MEASURING, edit, measured

__all__ = ["object_store"]

WARNING = """
import warnings


@pytest.mark.criterion("AST-005")
def test_warning(photometry, exposure, judge):
    warnings.warn("will change", FutureWarning)
    judge(Measurement("fit_scale_change", 1e-6, "", exposure))
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with dask_cluster(tmp_path_factory.mktemp("dask"), "n1") as cluster:
        yield cluster


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def values(project: SmallProject, report: str) -> list[tuple[object, ...]]:
    verdicts = project.results(report)["verdicts"]
    return [(each["test"], each["status"], each["value"], each["margin"]) for each in verdicts]


def files(project: SmallProject, store: str) -> dict[str, object]:
    products = Store(project.path / store, create=False).products()
    # What was measured is kept among the measurements, and its files are gone.
    return {each.manifest.key: each.manifest.files for each in products if each.manifest.node != "measure-1"}


def test_values_are_the_same_as_on_one_machine(cluster: DaskCluster, place: Path) -> None:
    project = make_small_project(place / "project")
    project.dataset("other", add=0.1)
    here = project.run("--report", "here", "--store", "store-here")
    there = project.run(
        "--report", "there", "--store", "store-there", "--executor", f"dask://{cluster.address}"
    )

    # The other's numbers are rejected.
    assert (here.returncode, there.returncode) == (1, 1), there.stdout + there.stderr
    assert values(project, "there") == values(project, "here")
    assert files(project, "store-there") == files(project, "store-here")
    stages = project.results("there")["stages"]
    assert {each["where"].partition("/")[2] for each in stages} == {"n1"}
    assert {each["where"] for each in project.results("here")["stages"]} == {""}
    assert re.search(r"^stage \d of \d: \w+ fetch on \S+/n1$", there.stdout, re.MULTILINE)
    page = (project.path / "there" / "other.html").read_text(encoding="utf-8")
    assert stages[0]["where"] in page


def test_a_store_in_a_bucket_is_used_through_a_cache_that_workers_share(
    cluster: DaskCluster, place: Path, object_store: ObjectStore
) -> None:
    project = make_small_project(place / "project")
    bucket = ("--executor", f"dask://{cluster.address}", "--store", f"s3://{BUCKET}/qa")
    project.run("--report", "here")
    project.journal.unlink()

    built = project.run(*bucket, "--store-cache", "shared", "--report", "built")
    assert len(project.builds()) == 3, built.stdout + built.stderr
    project.journal.unlink()
    fetched = project.run(*bucket, "--store-cache", "other", "--report", "fetched")

    assert project.builds() == {}, fetched.stdout + fetched.stderr
    assert values(project, "fetched") == values(project, "built") == values(project, "here")
    assert "Measured on workers: 5; here: 0" in fetched.stdout, fetched.stdout
    # What was measured is no product for others.
    assert len(object_store.objects("qa/manifests")) == 3
    assert object_store.objects("qa/records") == []


def test_tests_measure_where_the_products_are(cluster: DaskCluster, place: Path) -> None:
    project = make_small_project(place / "project")
    project.tests(MEASURING)
    (project.path / "helpers.py").write_text(HELPERS, encoding="utf-8")
    executor = ("--executor", f"dask://{cluster.address}")
    project.run("--report", "here", "--store", "store-here")
    assert measured(project) == {"doubled", "halved"}

    there = project.run(*executor)
    # test_references breaks and measures nothing, there and then here.
    assert "Measured on workers: 9; here: 0" in there.stdout, there.stdout + there.stderr
    assert measured(project) == set()
    verdicts = project.results()["verdicts"]
    # All but where they were measured is the same, and so is the order.
    assert [{**each, "where": ""} for each in verdicts] == project.results("here")["verdicts"]
    assert {each["where"].partition("/")[2] for each in verdicts if each["value"] is not None} == {"n1"}
    assert not any("measure" in each["node"] for each in project.results()["stages"])

    again = project.run(*executor)
    assert "as measured by an earlier run: 9" in again.stdout
    assert "Measured on workers" not in again.stdout
    assert project.results()["verdicts"] == verdicts

    edit(project.path / "helpers.py", "FACTOR = 2", "FACTOR = 3")
    changed = project.run(*executor)
    assert "Measured on workers: 2; here: 0" in changed.stdout
    assert "as measured by an earlier run: 7" in changed.stdout
    assert measured(project) == set()


@pytest.mark.slow
def test_a_warning_is_there_what_it_is_here(cluster: DaskCluster, place: Path) -> None:
    project = make_small_project(place / "project")
    ini = (project.path / "pytest.ini").read_text(encoding="utf-8")
    (project.path / "pytest.ini").write_text(ini.replace("filterwarnings = error\n", ""), encoding="utf-8")
    project.tests(WARNING)
    strict = ("-W", "error::FutureWarning")
    here = project.run(*strict, "--report", "here", "--store", "store-here")
    there = project.run(*strict, "--executor", f"dask://{cluster.address}")

    assert (here.returncode, there.returncode) == (1, 1)
    assert values(project, "report") == values(project, "here")
    told = {each["test"]: each["status"] for each in project.results()["verdicts"]}
    assert told["test_small.py::test_warning[numbers-u5jx0108r]"] == "not measured"


@pytest.mark.slow
def test_what_does_not_measure_elsewhere_measures_here(cluster: DaskCluster, place: Path) -> None:
    project = make_small_project(place / "project")
    project.run("--report", "here", "--store", "store-here")
    # A process that is killed as soon as it measures: the journal is in the environment of the run alone.
    with (project.path / "conftest.py").open("a", encoding="utf-8") as module:
        module.write("\nimport os\nif 'QA_TEST_JOURNAL' not in os.environ:\n    os.kill(os.getpid(), 9)\n")
    there = project.run("--executor", f"dask://{cluster.address}")

    assert "numbers/measure-1 did not measure, so that this machine has: killed by SIGKILL" in there.stdout
    assert values(project, "report") == values(project, "here")


def test_a_killed_worker_costs_a_try(cluster: DaskCluster, place: Path, store: Store) -> None:
    cluster.start_worker("n2")
    told: list[str] = []
    try:
        with Watched(store, cluster.executor(store, told)) as run:
            node = waiting(place)
            run.engine.submit([node])
            first = run.started()
            (pid,) = pids(place, 1)
            cluster.kill(first)
            until(lambda: not alive(pid))
            pids(place, 2)
            (place / "go").touch()
            result = run.engine.result(node)
    finally:
        cluster.kill("n2")
        if first == "n1":
            cluster.start_worker("n1")

    assert result.outcome is Outcome.COMPLETE
    assert result.product is not None
    assert result.product.manifest.where.partition("/")[2] == {"n1": "n2", "n2": "n1"}[first]
    (line,) = told
    assert re.fullmatch(rf"meet-a of field: \S+/{first} was lost: it left the cluster", line)


def test_a_worker_of_another_version_gets_nothing(cluster: DaskCluster, place: Path, store: Store) -> None:
    other = place / "other" / "photutils-99.0.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: photutils\nVersion: 99.0\n", "utf-8")
    cluster.start_worker("other", slots=8, path=(str(other.parent),))
    told: list[str] = []
    try:
        with Watched(store, cluster.executor(store, told)) as run:
            nodes = chain(place / "journal", "abc")
            run.engine.submit(nodes)
            until(lambda: told)
            built = [run.engine.result(node).product for node in nodes]
    finally:
        cluster.kill("other")

    assert "/other gets no stages: photutils is 99.0 there, " in told[0]
    assert told[0].endswith("install the same there")
    assert {product.manifest.where.partition("/")[2] for product in built if product is not None} == {"n1"}


def test_too_much_memory_is_killed_and_doubled(cluster: DaskCluster, place: Path, store: Store) -> None:
    node = Node("field", "hoard", hoard, Plain(seconds=400), locations={"journal": str(place / "journal")})
    Peaks(store.peaks).record(node, 220_000_000)
    with Watched(store, cluster.executor(store)) as run:
        result = run.engine.result(node)

    assert result.complete, result.error
    assert len(begun(place / "journal")) == 2
    # What it took is known from now on.
    assert Peaks(store.peaks).needs(node).memory > 400_000_000


def test_what_fits_nowhere_is_told_at_once(cluster: DaskCluster, place: Path, store: Store) -> None:
    node = chain(place / "journal", "a")[0]
    Peaks(store.peaks).record(node, 100_000_000_000)
    with Watched(store, cluster.executor(store)) as run:
        result = run.engine.result(node)

    assert result.outcome is Outcome.INTERRUPTED
    assert result.error == "it needs 130 GB of memory, and no worker has more than 4 GB; give them more"
    assert begun(place / "journal") == []


def test_as_many_stages_run_at_once_as_there_are_slots(
    cluster: DaskCluster, place: Path, store: Store
) -> None:
    nodes = [
        Node("field", f"meet-{label}", meet, Plain(label=label, kind=other), locations={"place": str(place)})
        for label, other in ("ab", "ba")
    ]
    with Watched(store, cluster.executor(store)) as run:
        run.engine.submit(nodes)
        assert all(run.engine.result(node).complete for node in nodes)


def test_a_stage_works_in_as_many_processes_as_its_worker_has_slots(
    cluster: DaskCluster, place: Path, store: Store
) -> None:
    with Watched(store, cluster.executor(store)) as run:
        product = run.engine.result(Node("field", "share", share, Plain())).product
    assert product is not None
    assert product.file("text.txt").read_text("utf-8") == "2 a b c"


def test_a_time_out_ends_the_stage_on_its_worker(cluster: DaskCluster, place: Path, store: Store) -> None:
    node = Node("field", "hang", hang, Plain(), locations={"journal": str(place / "journal")})
    with Watched(store, cluster.executor(store)) as run:
        result = run.engine.result(node)

    assert (result.outcome, result.error) == (Outcome.INTERRUPTED, "stopped after 1 s, the stage's time-out")
    assert not alive(noted(place / "journal", "grandchild")[0][1])


def test_an_end_of_the_run_ends_the_stage_on_its_worker(
    cluster: DaskCluster, place: Path, store: Store
) -> None:
    with Watched(store, cluster.executor(store)) as run:
        run.engine.submit([waiting(place)])
        (pid,) = pids(place, 1)

    assert not alive(pid)


def test_a_killed_controller_leaves_nothing_running(cluster: DaskCluster, place: Path, store: Store) -> None:
    driver = subprocess.Popen(
        [sys.executable, "-m", "tests.cluster_driver", f"dask://{cluster.address}", str(place)], cwd=ROOT
    )
    (pid,) = pids(place, 1)
    driver.kill()
    driver.wait()
    until(lambda: not alive(pid))
    (place / "go").touch()
    with Watched(store, cluster.executor(store)) as run:
        assert run.engine.result(waiting(place)).complete


def test_a_worker_finds_the_store_under_another_path(cluster: DaskCluster, place: Path, store: Store) -> None:
    (place / "mounted").symlink_to(place, target_is_directory=True)
    _, other = chain(place / "journal", "ab")
    with Watched(store, cluster.executor(store, paths={str(place): str(place / "mounted")})) as run:
        result = run.engine.result(other)

    assert result.complete
    # What is told of it is told of this machine.
    assert result.product is not None
    assert result.product.manifest.locations == {"journal": str(place / "journal")}


def test_stages_that_ask_servers_can_stay_with_the_controller(
    cluster: DaskCluster, place: Path, store: Store
) -> None:
    journal = {"journal": str(place / "journal")}
    asking = Node("field", "ask", unanswered, Plain(label="ask"), locations=journal)
    with Watched(store, cluster.executor(store, servers="controller")) as run:
        (other,) = chain(place / "journal", "a")
        results = [run.engine.result(node) for node in (asking, other)]

    places = [each.product.manifest.where.partition("/")[2] for each in results if each.product is not None]
    assert places == ["", "n1"]


@pytest.mark.slow
def test_a_store_that_workers_do_not_see_is_refused(cluster: DaskCluster, place: Path, store: Store) -> None:
    executor = cluster.executor(store, paths={str(place): "/nowhere"})
    with Watched(store, executor) as run:
        run.engine.submit(chain(place / "journal", "a"))
        run.engine.settle()
        with pytest.raises(
            ExecutorError, match=r"no worker can be used: worker .*/n1 gets no stages: there is"
        ):
            executor.wait_for_workers()


@pytest.mark.slow
@pytest.mark.parametrize("thawed", [False, True])
def test_a_frozen_worker_costs_a_try(cluster: DaskCluster, place: Path, store: Store, thawed: bool) -> None:
    cluster.start_worker("n3")
    try:
        with Watched(store, cluster.executor(store, silence=4.0)) as run:
            node = waiting(place)
            run.engine.submit([node])
            first = run.started()
            (pid,) = pids(place, 1)
            cluster.signal(first, signal.SIGSTOP)
            pids(place, 2)
            # The first goes on writing: its server is not frozen, only its worker.
            assert alive(pid)
            if thawed:
                # It hears that nobody wants its stage any more.
                cluster.signal(first, signal.SIGCONT)
                until(lambda: not alive(pid))
            (place / "go").touch()
            result = run.engine.result(node)
            cluster.signal(first, signal.SIGCONT)
    finally:
        cluster.kill("n3")

    assert result.outcome is Outcome.COMPLETE
    assert result.product is not None
    assert not result.product.manifest.where.endswith(f"/{first}")


@pytest.mark.slow
def test_a_killed_scheduler_interrupts_what_is_not_built(place: Path, store: Store) -> None:
    with (
        dask_cluster(place / "dask", "n1") as cluster,
        Watched(store, cluster.executor(store, silence=4.0)) as run,
    ):
        node = waiting(place)
        run.engine.submit([node])
        (pid,) = pids(place, 1)
        cluster.kill("scheduler")
        result = run.engine.result(node)
        until(lambda: not alive(pid))

    assert result.outcome is Outcome.INTERRUPTED
    assert result.error == f"dask://{cluster.address} has not answered for 4 s"


@pytest.mark.slow
def test_a_stage_whose_machines_are_lost_again_and_again_is_interrupted(place: Path, store: Store) -> None:
    names = ("n1", "n2", "n3", "n4")
    with dask_cluster(place / "dask", *names) as cluster, Watched(store, cluster.executor(store)) as run:
        node = waiting(place)
        run.engine.submit([node])
        for tries in (1, 2, 3):
            pid = pids(place, tries)[-1]
            parent = int(Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[1])
            worker = int(Path(f"/proc/{parent}/stat").read_text("ascii").rpartition(")")[2].split()[1])
            os.kill(worker, signal.SIGKILL)
        result = run.engine.result(node)

    assert result.outcome is Outcome.INTERRUPTED
    assert "was lost" in result.error
    assert len(begun(place / "journal")) == 3

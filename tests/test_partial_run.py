"""Runs of a part of the tests: what they say, and that they leave a complete report in its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hubble_qa.reports.collect.extent import earlier_report, extent_of
from hubble_qa.reports.collect.results import write_results
from tests.report_sample import sample_results
from tests.small_project import INI, SmallProject, project

__all__ = ["project"]

OTHER_MODULE = """
import pytest
from hubble_qa.checks.measurement import not_applicable

pytestmark = pytest.mark.workflow("tests.small_workflow:WORKFLOW")


@pytest.mark.criterion("AST-003", subject="others")
def test_others(fetched, judge):
    judge(not_applicable("matched_sources", "others", "nothing was matched"))
"""


def asked(project: SmallProject, report: str) -> tuple[int, int, bool]:
    run = project.results(report)["run"]
    return run["asked"], run["available"], run["complete"]


def test_a_part_of_the_tests_leaves_the_complete_report_whole(project: SmallProject) -> None:
    (project.path / "test_others.py").write_text(OTHER_MODULE, encoding="utf-8")
    project.run()
    assert asked(project, "report") == (8, 8, True)
    before = project.results()["run"]["identifier"]
    one = "test_small.py::test_rotation[numbers-u5jx010hr]"

    for number, arguments in ((2, ["-k", "rotation", "-n", "2"]), (1, [one]), (7, ["test_small.py"])):
        ended = project.run(*arguments)

        assert ended.returncode == 0, ended.stdout
        assert f"{number} of 8 verdicts asked for: accepted" in ended.stdout
        assert asked(project, "report/partial") == (number, 8, False)
        assert project.results()["run"]["identifier"] == before
        assert ended.stdout.rstrip().splitlines()[-2].endswith("report/partial/index.html (simulated data)")
    page = (project.path / "report/partial/index.html").read_text(encoding="utf-8")
    assert 'href="../index.html"' in page

    project.run()
    assert project.results()["run"]["identifier"] != before
    assert not (project.path / "report/partial").exists()


def test_a_dataset_alone_leaves_a_report_of_several(project: SmallProject) -> None:
    project.run("--dataset", "numbers")
    assert asked(project, "report") == (7, 7, True)
    project.dataset("others")
    project.run()
    assert asked(project, "report") == (14, 14, True)

    ended = project.run("--dataset", "others")

    assert "7 of 14 verdicts asked for" in ended.stdout
    assert asked(project, "report") == (14, 14, True)
    assert asked(project, "report/partial") == (7, 14, False)


def test_what_failed_last_time_is_a_part(project: SmallProject) -> None:
    (project.path / "test_others.py").write_text(OTHER_MODULE, encoding="utf-8")
    (project.path / "pytest.ini").write_text(INI.replace(" -p no:cacheprovider", ""), encoding="utf-8")
    project.dataset(add=0.5)
    project.run()

    ended = project.run("--lf")

    assert "Not accepted: 2 failures; 2 of 8 verdicts asked for" in ended.stdout
    assert asked(project, "report") == (8, 8, True)
    assert asked(project, "report/partial") == (2, 8, False)


def test_a_first_run_of_a_part_is_written_in_place(project: SmallProject) -> None:
    project.run("-k", "matches")
    assert asked(project, "report") == (1, 7, False)
    project.run("-x", "-k", "rotation")
    assert asked(project, "report") == (2, 7, False)


@pytest.mark.parametrize("text", ["", "[]", '{"run": {}}', "\x00"])
def test_what_is_no_report_may_be_replaced(project: SmallProject, text: str) -> None:
    path = project.path / "results.json"
    path.write_text(text, encoding="utf-8")
    assert earlier_report(path) is None


def test_a_report_that_does_not_say_is_taken_for_complete(project: SmallProject) -> None:
    path = project.path / "results.json"
    old = {"run": {"started": "2026-01-01T00:00:00+00:00"}, "verdicts": [{"dataset": "a"}, {"dataset": "b"}]}
    path.write_text(json.dumps(old), encoding="utf-8")
    earlier = earlier_report(path)
    assert earlier is not None

    cut = extent_of(earlier, {}, (), ended=False)
    assert (cut.complete, cut.complete_report) == (False, old["run"]["started"])
    alone = extent_of(earlier, {}, ("b",), ended=True)
    assert (alone.complete, alone.elsewhere) == (False, 1)
    assert extent_of(earlier, {}, (), ended=True).complete_report == ""


def test_an_earlier_report_is_read_however_its_lines_are_broken(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_results(sample_results(tmp_path), path)
    as_written = earlier_report(path)
    assert as_written is not None
    assert sum(as_written.verdicts.values()) > 1
    text = path.read_text(encoding="utf-8")
    path.write_text(json.dumps(json.loads(text), indent=1), encoding="utf-8")
    assert earlier_report(path) == as_written
    path.write_text(text[: text.index('"figures": [')].rstrip("],\n"), encoding="utf-8")
    assert earlier_report(path) is None, "its verdicts have no end"

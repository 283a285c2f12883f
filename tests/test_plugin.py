"""The pytest plugins: what a user of ``pytest qa/`` sees."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from hubble_qa.fixtures.engine.backlog import TOGETHER
from tests.small_project import SmallProject, project

__all__ = ["project"]

BAD_FLT = '\n[stages.flt]\nfail = "u5jx0108r_c0m.fits: SCI,2 has no PHOTFLAM; fetch it again"\n'
EXPECTED = """
[[expected]]
criterion = "PHT-001"
reason = "the chips of this dataset differ by design"
range = { at_most = 1 }
"""


@pytest.mark.parametrize("workers", [0, 2, 4])
def test_each_node_is_built_once_and_verdicts_do_not_depend_on_workers(
    project: SmallProject, workers: int
) -> None:
    project.dataset("others", add=0.5)
    project.run("-n", "0", "--store", "elsewhere", "--report", "alone")
    expected = project.statuses("alone")
    project.journal.unlink()

    ended = project.run("-n", str(workers))

    assert project.builds() == {
        f"{dataset}/{node}": 1 for dataset in ("numbers", "others") for node in ("fetch", "flt", "photometry")
    }
    assert project.statuses() == expected
    assert ended.returncode == 1, ended.stdout
    assert "PHT-001" in ended.stdout


def test_a_failed_stage_is_told_once_and_nothing_that_needs_it_passes(project: SmallProject) -> None:
    project.dataset(more=BAD_FLT)

    ended = project.run("-n", "2")

    assert ended.returncode == 1
    assert ended.stdout.count("1 error") == 1
    assert ended.stdout.count("reading the numbers") == 1
    # Why, and where its log is, and the name of the test for who wants to run it again.
    told = [line for line in ended.stdout.splitlines() if "SCI,2 has no PHOTFLAM" in line]
    assert [line.partition(":")[0].partition(" ")[0] for line in told] == ["stage", "ERROR"]
    assert "4 verdicts on numbers: they need stage flt, which failed (" in ended.stdout
    assert "SCI,2 has no PHOTFLAM; fetch it again" in ended.stdout
    statuses = project.statuses()
    needing = [test for test in statuses if "spread" in test or "rotation" in test]
    assert len(needing) == 4
    assert {statuses[test] for test in needing} == {"not measured"}
    assert project.builds() == {"numbers/fetch": 1, "numbers/flt": 1}
    outcomes = {stage["node"]: stage["outcome"] for stage in project.results()["stages"]}
    assert outcomes == {"fetch": "complete", "flt": "failed", "photometry": "blocked"}


def test_a_failed_stage_is_not_run_again_by_the_next_run(project: SmallProject) -> None:
    project.dataset(more=BAD_FLT)
    project.run()

    ended = project.run("-k", "spread")

    assert ended.returncode == 1
    assert project.builds()["numbers/flt"] == 1


def test_verdicts_reach_the_report_with_value_and_margin(project: SmallProject) -> None:
    project.dataset(add=2.0)

    project.run()

    records = {record["test"]: record for record in project.results()["verdicts"]}
    record = records["test_small.py::test_rotation[numbers-u5jx010hr]"]
    assert record["status"] == "pass"
    assert record["value"] == pytest.approx(0.02)
    assert record["margin"] == pytest.approx(0.03)
    assert record["subject"] == "u5jx010hr"
    page = (project.path / "report/numbers.html").read_text(encoding="utf-8")
    assert "AST-004" in page


def test_what_is_not_applicable_is_skipped_with_the_reason(project: SmallProject) -> None:
    ended = project.run("-rs")

    assert "not applicable: nothing was matched" in ended.stdout
    statuses = project.statuses()
    assert statuses["test_small.py::test_matches[numbers]"] == "not applicable"
    # A node that the dataset cannot have makes the tests that ask for it not applicable.
    assert statuses["test_small.py::test_references[numbers-u5jx0108r]"] == "not applicable"
    assert ended.returncode == 0


def test_declared_rejection_does_not_fail_the_run(project: SmallProject) -> None:
    project.dataset(add=0.5, more=EXPECTED)

    ended = project.run()

    assert ended.returncode == 0, ended.stdout
    assert "2 xfailed" in ended.stdout
    assert "Accepted, with 2 known defects" in ended.stdout


def test_unexpected_pass_fails_the_run(project: SmallProject) -> None:
    project.dataset(add=0.0, more=EXPECTED)

    ended = project.run()

    assert ended.returncode == 1
    assert "accepted, but declared to be rejected" in ended.stdout


def test_a_declaration_for_another_archive_does_not_count(project: SmallProject) -> None:
    project.dataset(add=0.5, more=f'{EXPECTED}archive = "mast"\n')

    assert project.run().returncode == 1


def test_override_changes_the_bounds_and_says_why(project: SmallProject) -> None:
    bounds = 'criterion = "PHT-001"\nbounds = { at_most = 1.0 }\nreason = "a coarse check"\n'
    project.dataset(add=0.5, more=f"\n[[overrides]]\n{bounds}")

    assert project.run().returncode == 0
    spreads = [r for r in project.results()["verdicts"] if r["criterion"] == "PHT-001"]
    assert {record["bounds_reason"] for record in spreads} == {"a coarse check"}
    assert {record["bounds"] for record in spreads} == {"≤ 1"}


def test_a_check_that_breaks_is_not_measured(project: SmallProject) -> None:
    broken = 'def test_broken(flt, judge):\n    raise KeyError("PHOTFLAM")\n'
    project.tests(f'\n\n@pytest.mark.criterion("PHT-002")\n{broken}')

    ended = project.run()

    assert ended.returncode == 1
    assert project.statuses()["test_small.py::test_broken[numbers]"] == "not measured"


def test_a_worker_that_dies_leaves_no_verdict_unsaid(project: SmallProject) -> None:
    project.tests(
        '\n\n@pytest.mark.criterion("PHT-002")\ndef test_deadly(flt, judge):\n'
        "    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )

    ended = project.run("-n", "2")

    assert ended.returncode == 1
    assert project.statuses()["test_small.py::test_deadly[numbers]"] == "not measured"
    assert set(project.builds().values()) == {1}


def test_wrong_unit_is_not_measured(project: SmallProject) -> None:
    project.tests(
        '\n\n@pytest.mark.criterion("AST-002")\ndef test_unit(flt, judge):\n'
        '    judge(Measurement("fit_rms", 0.05, "arcsec", "x"))\n'
    )

    assert project.run().returncode == 1
    assert project.statuses()["test_small.py::test_unit[numbers]"] == "not measured"


def test_only_what_the_selected_tests_need_is_built(project: SmallProject) -> None:
    project.run("-k", "matches")

    assert project.builds() == {"numbers/fetch": 1}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_tests_run_in_the_order_in_which_what_they_judge_is_made(project: SmallProject, workers: str) -> None:
    """A test that waits for the last stage keeps none waiting that could judge an earlier one's product."""
    ended = project.run("--collect-only", "-q", "-n", workers)

    collected = [line.split("::")[1] for line in ended.stdout.splitlines() if "::" in line]
    names = list(dict.fromkeys(name.partition("[")[0] for name in collected))
    assert names == ["test_references", "test_matches", "test_spread", "test_rotation"]


def test_of_very_many_datasets_the_first_are_judged_first(project: SmallProject) -> None:
    names = [f"d{number:02}" for number in range(TOGETHER + 1)]
    for name in names:
        project.dataset(name)
    ended = project.run("--collect-only", "-q")

    collected = [line.partition("[")[2] for line in ended.stdout.splitlines() if "::" in line]
    found = [words.removesuffix("]").partition("-")[0] for words in collected]
    of_each = len(found) // (TOGETHER + 2)
    assert set(found[: of_each * TOGETHER]) == set(names[:TOGETHER])
    assert set(found[of_each * TOGETHER :]) == {names[-1], "numbers"}


def test_tests_of_fixtures_of_several_tests_are_grouped(project: SmallProject) -> None:
    """As by pytest: with each value of such a fixture all tests that ask for it, one after another."""
    project.tests(
        """
@pytest.fixture(scope="module", params=["x", "y"])
def shared(request):
    return request.param


@pytest.mark.criterion("AST-003", subject="all")
def test_one(fetched, judge, shared):
    judge(not_applicable("matched_sources", "all", "nothing was matched"))


@pytest.mark.criterion("AST-003", subject="all")
def test_other(fetched, judge, shared):
    judge(not_applicable("matched_sources", "all", "nothing was matched"))
"""
    )
    ended = project.run("--collect-only", "-q", "-k", "one or other")

    collected = [line.split("::")[1] for line in ended.stdout.splitlines() if "::" in line]
    grouped = [f"test_{name}[{value}-numbers]" for value in "xy" for name in ("one", "other")]
    assert collected == grouped


def test_collecting_builds_nothing(project: SmallProject) -> None:
    project.run("--collect-only")

    assert not project.builds()
    assert not (project.path / "store").exists()


def test_second_run_reuses_and_a_changed_setting_rebuilds_what_follows(project: SmallProject) -> None:
    project.run()
    project.run()
    assert set(project.builds().values()) == {1}
    assert all(stage["reused"] for stage in project.results()["stages"])

    project.dataset(more="\n[stages.flt]\nadd = 1e-9\n")
    project.run()
    assert project.builds() == {"numbers/fetch": 1, "numbers/flt": 2, "numbers/photometry": 2}


def test_rebuild_rebuilds_the_named_node_and_what_follows(project: SmallProject) -> None:
    project.run()
    project.run("--rebuild", "flt", "-n", "2")

    assert project.builds() == {"numbers/fetch": 1, "numbers/flt": 2, "numbers/photometry": 2}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--dataset", "nebula"], r"--dataset nebula: no such dataset in .*datasets; there are: numbers"),
        (["--jobs", "none"], r"--jobs none: give a whole number, 1 or more"),
        (["--size", "huge"], r"--size huge: give 'full' or 'small'"),
        (["--profile", "hlsp"], r"--profile hlsp: an archive's rules are for finished products"),
        (["--products", ".", "--profile", "esa"], r"--profile esa: give 'hlsp'"),
        (["--products", ".", "--collection", "omega"], r"--collection omega: give --profile hlsp too"),
        (["--archive", "nowhere"], r"nowhere is not a directory; name one that holds HST/"),
    ],
)
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_wrong_option_is_one_line(
    project: SmallProject, arguments: list[str], line: str, workers: str
) -> None:
    ended = project.run(*arguments, "-n", workers)

    text = ended.stdout + ended.stderr
    assert ended.returncode in (1, 2, 4)
    assert re.search(line, text), text
    assert "Traceback" not in text
    assert "INTERNALERROR" not in text


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--datasets", "none"], "none: there is no dataset file (*.toml); name the directory that holds"),
        (
            ["--rebuild", "fl"],
            "--rebuild fl: no such stage or node; there are: all, add, fetch, flt",
        ),
        (["--context", "hst_1.pmap"], "--context hst_1.pmap: the simulated archive has a context of its own"),
        (["--crds", "crds"], "--crds crds: the simulated archive writes its own CRDS cache"),
        (["--store", "datasets"], "datasets is not a store and holds other files; choose another directory"),
        (["--store", "datasets", "-n", "2"], "datasets is not a store and holds other files; choose"),
        (["--store", "pytest.ini"], "pytest.ini: Not a directory; repair it or choose another store"),
        (["test_small.py::test_spread[x]", "--dataset", "nebula"], "--dataset nebula: no such dataset"),
    ],
)
def test_a_mistake_is_told_once_and_before_anything_is_built(
    project: SmallProject, arguments: list[str], line: str
) -> None:
    module = 'import pytest\npytestmark = pytest.mark.workflow("tests.small_workflow:WORKFLOW")\n'
    (project.path / "test_other.py").write_text(f"{module}\n\ndef test_nothing(dataset):\n    pass\n")

    ended = project.run(*arguments)

    text = ended.stdout + ended.stderr
    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert text.count(line) == 1, text
    assert "Traceback" not in text
    assert not project.builds()


def test_a_run_that_stops_at_the_first_failure_waits_for_nothing_else(project: SmallProject) -> None:
    """The stage that the last checks need would take longer than the test may."""
    project.dataset(add=0.5, more="\n[stages.photometry]\nseconds = 3600.0\n")

    ended = project.run("-x", "--jobs", "1", "-k", "spread or rotation")

    assert ended.returncode == pytest.ExitCode.TESTS_FAILED, ended.stdout
    assert set(project.statuses().values()) == {"fail", "not measured"}
    assert [stage["node"] for stage in project.results()["stages"]] == ["fetch", "flt"]


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("\n[stages.flt]\nad = 1\n", r"numbers\.toml: stages\.flt\.ad: no such key; remove it or correct"),
        ("\n[stages.flt]\nadd = 'x'\n", r"numbers\.toml: stages\.flt\.add: is 'x'; give a number"),
        ("\n[stages.flt\n", r"numbers\.toml: not valid TOML"),
        (
            "\n[[expected]]\ncriterion = 'AST-999'\nreason = 'no such rule'\n",
            r"numbers\.toml: expected\.0\.criterion: there is no criterion 'AST-999'; name one of",
        ),
        (
            "\n[[overrides]]\ncriterion = 'AST-002'\nbounds = { below = 1 }\n",
            r"overrides\.0\.reason: is required",
        ),
    ],
)
def test_a_wrong_dataset_is_one_line(project: SmallProject, more: str, line: str) -> None:
    project.dataset(more=more)

    ended = project.run()

    text = ended.stdout + ended.stderr
    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert re.search(line, text), text
    assert "Traceback" not in text


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("more", ["\n[stages.flt\n", "\n[stages.flt]\nad = 1\n"], ids=["syntax", "setting"])
def test_a_wrong_dataset_costs_the_others_nothing(project: SmallProject, more: str, workers: str) -> None:
    """Its line is told, the run is not accepted, and everything else is judged as ever."""
    project.dataset("others", more=more)

    ended = project.run("-n", workers)

    assert ended.returncode == pytest.ExitCode.TESTS_FAILED
    assert set(project.statuses().values()) == {"pass", "not applicable"}
    told = [line for line in ended.stdout.splitlines() if line.startswith("cannot be used: ")]
    assert "others.toml: " in told[0]
    # Before the others take their time, where that can be said, and again with what was found.
    assert told == told[:1] * (2 if workers == "0" else 1)
    index = (project.path / "report" / "index.html").read_text()
    assert "1 dataset that cannot be used" in index
    assert "others.toml" in index


def test_a_wrong_dataset_that_was_not_asked_for_is_no_matter(project: SmallProject) -> None:
    project.dataset("others", more="\n[stages.flt\n")

    ended = project.run("--dataset", "numbers")

    assert ended.returncode == pytest.ExitCode.OK, ended.stdout
    assert "others.toml" not in ended.stdout
    refused = project.run("--dataset", "others")
    assert refused.returncode == pytest.ExitCode.USAGE_ERROR
    assert re.search(r"others\.toml: not valid TOML", refused.stdout + refused.stderr)


def test_datasets_are_selected_by_name(project: SmallProject) -> None:
    project.dataset("others")

    project.run("--dataset", "others")

    assert {name.split("/")[0] for name in project.builds()} == {"others"}


def test_values_are_properties_of_junit(project: SmallProject) -> None:
    project.run("--junit-xml", "junit.xml", "-n", "2")

    cases = ET.parse(project.path / "junit.xml").getroot().iter("testcase")
    (case,) = [case for case in cases if case.get("name") == "test_rotation[numbers-u5jx010hr]"]
    properties = {entry.get("name"): entry.get("value") for entry in case.iter("property")}
    assert properties["criterion"] == "AST-004"
    assert properties["value"] == "0.0"
    assert properties["unit"] == "deg"
    assert properties["status"] == "pass"


def test_progress_is_plain_lines_in_a_pipe_and_silent_when_quiet(project: SmallProject) -> None:
    output = project.run().stdout
    quiet = project.run("-q", "--rebuild", "all").stdout

    assert "stage 1 of 3: numbers fetch\n" in output
    assert "\n\n\n" not in output
    assert "stage" not in output.partition("[100%]")[2].partition("=== Hubble imaging QA")[0]
    assert "stage 1" not in quiet


def test_options_are_explained_in_one_group_and_read_from_the_ini_file(project: SmallProject) -> None:
    helped = project.run("--help").stdout
    group = helped.split("Hubble imaging QA:")[1].split("\n\n")[0]
    for option in ("--archive", "--dataset", "--store", "--report", "--jobs", "--rebuild"):
        assert option in group

    project.run()

    assert (project.path / "store").is_dir()
    assert (project.path / "report/index.html").is_file()


def test_no_report_is_written_when_none_is_asked_for(project: SmallProject) -> None:
    ended = project.run("--report", "none")

    assert not (project.path / "report").exists()
    assert "Report:" not in ended.stdout


def test_a_directory_that_is_no_report_is_not_overwritten(project: SmallProject) -> None:
    (project.path / "report").mkdir()
    (project.path / "report/thesis.tex").write_text("precious")

    ended = project.run()

    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert (project.path / "report/thesis.tex").read_text() == "precious"
    assert "report is not empty and holds no report: name another directory" in ended.stderr + ended.stdout
    assert not project.builds()


SPARED = """

def pytest_sessionfinish(session):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    for kind in ("", "passed", "skipped", "failed"):
        reports = reporter.stats.get(kind, [])
        held = sum(bool(each.nodeid) for each in reports)
        print(f"{kind or 'phases'}: {len(reports)} counted, {held} held")
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_reports_of_which_nothing_will_be_told_are_counted_and_not_held(
    project: SmallProject, workers: str
) -> None:
    project.dataset("others", add=0.5)
    with (project.path / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write(SPARED)

    spared = project.run("-s", "-n", workers).stdout
    assert "phases: 0 counted, 0 held" in spared, spared
    assert "passed: 6 counted, 0 held" in spared, spared
    assert "skipped: 6 counted, 0 held" in spared
    assert "failed: 2 counted, 2 held" in spared
    assert "2 failed, 6 passed, 6 skipped" in spared
    told = project.run("-s", "-n", workers, "-rA", "--durations=3").stdout
    assert "passed: 6 counted, 6 held" in told
    assert "slowest 3 durations" in told


def test_a_run_of_workers_that_does_not_fit_is_refused_before_anything_is_built(
    project: SmallProject,
) -> None:
    project.run("-n", "0")
    project.journal.unlink()
    with (project.path / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write("\nfrom hubble_qa.fixtures.suite import room\nroom.free_bytes = lambda directory: 0\n")

    ended = project.run("-n", "2", "--rebuild", "all")

    assert ended.returncode == pytest.ExitCode.USAGE_ERROR, ended.stdout
    assert "where 0 MB are free: name another directory with --store" in ended.stdout + ended.stderr
    assert not project.journal.exists()


def test_the_store_is_named_by_the_environment_and_told_with_its_room(project: SmallProject) -> None:
    ended = project.run("-k", "matches", "--summary", "found.md", QA_STORE="elsewhere")

    assert re.search(rf"store: {project.path}/elsewhere \([\d.]+ GB free\)", ended.stdout), ended.stdout
    assert (project.path / "elsewhere").is_dir()
    summary = (project.path / "found.md").read_text(encoding="utf-8")
    assert summary.startswith("# Hubble imaging QA: 1 of 7 verdicts asked for: ")
    assert not (project.path / "store").exists()


OVERRIDE = """
[[overrides]]
criterion = "PHT-001"
subject = "u5jx0108x"
bounds = { at_most = 1.0 }
reason = "a coarse check"
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_declaration_that_matches_nothing_fails_a_complete_run(project: SmallProject, workers: str) -> None:
    project.dataset(more=f"{OVERRIDE}{EXPECTED.replace('PHT-001', 'PHT-002')}")

    ended = project.run("-n", workers)

    assert ended.returncode == pytest.ExitCode.TESTS_FAILED, ended.stdout
    lines = [line for line in ended.stdout.splitlines() if line.startswith("without effect: ")]
    assert [line.partition("numbers.toml: ")[2] for line in lines] == [
        "overrides.0.subject: 'u5jx0108x' is no subject of PHT-001, which has 'u5jx0108r', 'u5jx010hr'; "
        "correct it or remove the entry",
        "expected.0.criterion: no test of the dataset judges by PHT-002, but by 'PHT-001', 'CAL-002', "
        "'AST-004', 'AST-003'; correct it or remove the entry",
    ]
    assert "Not accepted: 2 entries of dataset files without effect" in ended.stdout
    assert project.results()["run"]["exit_status"] == 1
    for page in ("index.html", "numbers.html"):
        text = (project.path / "report" / page).read_text(encoding="utf-8")
        assert "overrides.0.subject: &#39;u5jx0108x&#39; is no subject of PHT-001" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["-k", "rotation or matches"],
        ["-k", "rotation or matches", "-n", "2"],
        ["--deselect", "test_small.py::test_matches[numbers]"],
        ["test_small.py::test_rotation[numbers-u5jx010hr]"],
        ["test_small.py"],
        ["-x"],
    ],
)
def test_a_part_of_a_run_misses_no_declaration(project: SmallProject, arguments: list[str]) -> None:
    project.dataset(more=OVERRIDE)
    if arguments == ["-x"]:
        project.tests("\n\ndef test_broken(dataset):\n    raise AssertionError\n")

    ended = project.run(*arguments)

    assert "without effect" not in ended.stdout
    assert ended.returncode == (1 if arguments == ["-x"] else 0), ended.stdout


def test_declarations_that_do_not_concern_the_run_are_not_missed(project: SmallProject) -> None:
    elsewhere = EXPECTED.replace("PHT-001", "PHT-002")
    project.dataset(more=f'{elsewhere}archive = "mast"\n{elsewhere}context = "hst_0001.pmap"\n')

    ended = project.run()

    assert ended.returncode == 0, ended.stdout
    assert "without effect" not in ended.stdout


def test_a_declaration_of_one_dataset_is_missed_where_only_the_other_is_cut(project: SmallProject) -> None:
    project.dataset(more=OVERRIDE)
    project.dataset("others", more=OVERRIDE)

    ended = project.run("--deselect", "test_small.py::test_matches[others]")

    assert ended.returncode == 1
    assert len(re.findall(r"without effect: .*numbers\.toml: overrides\.0\.subject", ended.stdout)) == 1
    assert "others.toml: overrides" not in ended.stdout


@pytest.mark.parametrize(("taken", "status"), [("F555W", 0), ("F606W", 1)])
def test_a_filter_that_no_exposure_has_is_told_of_a_part_of_a_run_too(
    project: SmallProject, taken: str, status: int
) -> None:
    dataset = project.path / "datasets/numbers.toml"
    text = dataset.read_text(encoding="utf-8")
    dataset.write_text(text.replace("[stages.source]", f'[stages.source]\nfilter = "{taken}"'))

    ended = project.run("-k", "matches")

    assert ended.returncode == status, ended.stdout
    line = "numbers.toml: filters.0: 'F555W' is no exposure's filter; they have F606W; correct it"
    assert (line in ended.stdout) is (status == 1)


VANISHING = """
import shutil
import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session):
    {how}
"""


@pytest.mark.parametrize(
    "how",
    [
        'shutil.rmtree("store")',
        '[path.unlink() for path in session.config.rootpath.glob("store/products/*/1/**/*.*")]',
    ],
    ids=["store", "files"],
)
def test_a_report_outlives_the_store(project: SmallProject, how: str) -> None:
    """What vanishes while the run ends leaves verdicts and pages."""
    with (project.path / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write(VANISHING.format(how=how))
    ended = project.run()

    assert "INTERNALERROR" not in ended.stdout + ended.stderr
    assert "Report: " in ended.stdout, ended.stdout
    assert project.statuses()["test_small.py::test_rotation[numbers-u5jx010hr]"] == "pass"
    assert (project.path / "report" / "index.html").is_file()


def test_a_damaged_product_is_told_and_built_anew(project: SmallProject) -> None:
    project.run()
    path = max((project.path / "store" / "products").glob("*/1/files/number.txt"))
    path.chmod(0o644)
    path.write_text(path.read_text(encoding="utf-8").replace("0", "1"), encoding="utf-8")
    ended = project.run("-q")

    assert "not as it was published, so built anew: numbers: " in ended.stdout
    assert "number.txt differs: SHA-256" in ended.stdout
    (dataset,) = project.results()["datasets"]
    assert any(name.startswith("Damaged in the store: ") for name in dataset["facts"])
    assert "not as it was published" not in project.run("-q").stdout

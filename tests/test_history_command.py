"""``hubble-qa history``: lists, comparisons, baselines, exports, pruning; each as a user calls it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet
import pytest
from astropy.table import Table
from click.testing import CliRunner, Result

from hubble_qa.command.main import main
from hubble_qa.reports.collect.results import Results, results_text
from hubble_qa.reports.history.decisions import DECISIONS
from hubble_qa.reports.history.keeping import add
from hubble_qa.reports.history.nights import nights
from hubble_qa.reports.history.place import Place, place_of
from tests.history_samples import Reduction, judged, night

OLD = Reduction()
NEW = Reduction(tools={"drizzlepac": "3.12.0"})
CHANNEL = "nightly"


def season() -> list[Results]:
    """Four nights: with the third another tool, by which one fit is rejected and one has moved."""
    found = []
    for number in range(4):
        reduction = OLD if number < 2 else NEW
        values = {"a": 0.15, "b": 0.10, "c": 0.12} if number < 2 else {"a": 0.25, "b": 0.15, "c": 0.1201}
        verdicts = [judged(subject, value, reduction) for subject, value in values.items()]
        found.append(night(number, verdicts, reduction, reused=number in (1, 3)))
    return found


def record(place: Place, *several: Results, channel: str = CHANNEL) -> None:
    for each in several:
        add(each, results_text(each), place, channel)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The season, recorded; $QA_HISTORY names it."""
    found = place_of(str(tmp_path / "history"))
    monkeypatch.setenv("QA_HISTORY", str(tmp_path / "history"))
    record(found, *season())
    return found


def run(*arguments: str, code: int = 0) -> str:
    result: Result = CliRunner().invoke(main, ["history", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_list_has_a_line_a_run(place: Place) -> None:
    lines = run("list").splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [
        [f"202601{day:02}T020000-abc123", CHANNEL] for day in (1, 2, 3, 4)
    ]
    assert lines[3].endswith("1 moved, 1 new failure")
    assert lines[4].split()[4:] == ["3", "1", "0", "no", "changes"]
    assert len(run("list", "--last", "2").splitlines()) == 3
    assert len(run("list", "--channel", "release").splitlines()) == 1


def test_show_tells_changes_by_cause(place: Place) -> None:
    lines = run("show", "20260103").splitlines()
    start = lines.index("drizzlepac 3.11.0 → 3.12.0:")
    assert lines[start + 1 :] == [
        "  moved: AST-002 wfpc2-omega-cen b: 0.1 → 0.15 pix",
        "  new failure: AST-002 wfpc2-omega-cen a: 0.15 → 0.25 pix",
    ]
    assert run("show").splitlines()[0] == "run       20260104T020000-abc123"
    assert "It told of no changes." in run("show", CHANNEL)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "19990101"], "neither a run nor a channel"),
        (["show", "2026"], "begins the names of several runs"),
        (["accept", "--channel", CHANNEL], "a baseline needs a reason"),
        (["accept", "--channel", CHANNEL, "--reason", "  "], "a baseline needs a reason"),
        (["accept", "--channel", CHANNEL, "--reason", "x", "--tolerance", "0"], "larger than 0"),
        (["export", "values.csv"], "ends in .parquet or .ecsv"),
        (["list", "--history", "/nowhere/at/all"], "holds no history yet"),
        (["list", "--history", "mysql://here"], "URL of a PostgreSQL database"),
    ],
)
def test_mistakes_get_one_line(place: Place, arguments: list[str], message: str) -> None:
    (line,) = run(*arguments, code=1).splitlines()
    assert line.startswith("Error: ")
    assert message in line


def test_compare_says_what_is_worse_and_why(place: Place) -> None:
    lines = run("compare", "20260102", "20260104").splitlines()
    assert lines[0] == (
        "20260102T020000-abc123 (nightly, 2026-01-02) and 20260104T020000-abc123 (nightly, 2026-01-04)"
    )
    assert lines[2].startswith("2 worse, 0 better, 1 moved by less than a tenth of their limits, 0 the same")
    start = lines.index("drizzlepac 3.11.0 → 3.12.0:")
    assert lines[start + 1 : start + 3] == [
        "  AST-002 wfpc2-omega-cen a: 0.15 → 0.25 pix, now rejected",
        "  AST-002 wfpc2-omega-cen b: 0.1 → 0.15 pix",
    ]
    # Of 0.10, 0.12 and 0.15: 1.4826 times the median departure, and percentiles between them.
    before, after = lines[-2:]
    assert before.split() == [
        "AST-002", "Title", "of", "AST-002", "WFPC2", "before", "3", "0.12", "0.02965", "0.102", "0.147",
        "0.0", "%", "pix",
    ]  # fmt: skip
    assert after.split() == ["after", "3", "0.15", "0.04433", "0.1231", "0.24", "33.3", "%", "pix"]


def test_compare_judges_both_values_by_the_later_bounds(place: Place) -> None:
    record(place, night(4, [judged("c", 0.1201, NEW), judged("b", 0.10, NEW, upper=0.11)], NEW, reused=True))
    lines = run("compare", "20260104", "20260105").splitlines()
    assert lines[2].startswith("0 worse, 1 better")
    assert "  AST-002 wfpc2-omega-cen b: 0.15 → 0.1 pix" in lines


def test_compare_backwards_is_better(place: Place) -> None:
    lines = run("compare", "20260104", "20260102").splitlines()
    assert lines[2].startswith("0 worse, 2 better")
    assert "  AST-002 wfpc2-omega-cen a: 0.25 → 0.15 pix, now accepted" in lines


def test_channels_are_compared_by_their_last_runs(place: Place) -> None:
    newest = replace(NEW, tools={"drizzlepac": "3.13.0"})
    record(place, night(5, [judged("a", 0.15, newest), judged("d", 0.1, newest)], newest), channel="newest")
    text = run("compare", CHANNEL, "newest", "--markdown")
    assert text.startswith(
        "# 20260104T020000-abc123 (nightly, 2026-01-04) and 20260106T020000-abc123 (newest"
    )
    assert "0 worse, 1 better" in text
    assert "**drizzlepac 3.12.0 → 3.13.0**" in text
    assert "## Only before\n\n- AST-002 wfpc2-omega-cen b\n- AST-002 wfpc2-omega-cen c\n" in text
    assert "## Only after\n\n- AST-002 wfpc2-omega-cen d\n" in text
    assert "| AST-002 Title of AST-002 | WFPC2 | before | 3 | 0.15 |" in text


def test_accept_makes_baselines_of_what_changed(place: Place) -> None:
    arguments = ["accept", "--channel", CHANNEL, "--cause", "drizzlepac"]
    dry = run(*arguments, "--dry-run").splitlines()
    assert dry == [
        "drizzlepac 3.11.0 → 3.12.0:",
        "  AST-002 wfpc2-omega-cen a: 0.15 → 0.25 ± 0.02 pix (accepted ≤ 0.2 pix; still rejected: a baseline "
        "changes no bounds)",
        "  AST-002 wfpc2-omega-cen b: 0.1 → 0.15 ± 0.02 pix (accepted ≤ 0.2 pix)",
        "2 values would be accepted",
    ]
    assert len(run("baseline", "--channel", CHANNEL).splitlines()) == 1
    done = run(*arguments, "--subject", "b", "--reason", "fits are better now", "--who", "Ann").splitlines()
    assert done[-1] == "1 value accepted"
    (row,) = run("baseline", "--channel", CHANNEL).splitlines()[1:]
    assert row.split()[:6] == ["AST-002", "wfpc2-omega-cen", "b", "0.15", "±", "0.02"]
    assert row.endswith("Ann  fits are better now")
    # What was accepted is not offered again.
    assert run(*arguments, "--dry-run").splitlines()[-1] == "1 value would be accepted"
    run("accept", "--channel", CHANNEL, "--cause", "IDCTAB", "--reason", "none of it")
    (line,) = (place.nights / CHANNEL / DECISIONS).read_text(encoding="utf-8").splitlines()
    decision = json.loads(line)
    assert (decision["value"], decision["who"], decision["run"]) == (0.15, "Ann", "20260104T020000-abc123")
    assert decision["product"] == judged("b", 0.15, NEW).key


def test_a_later_baseline_supersedes_one_and_both_survive_a_rebuild(place: Place) -> None:
    accept = ["accept", "--channel", CHANNEL, "--subject", "b", "--who", "Ann", "--reason"]
    run(*accept, "fits are better now")
    third = replace(NEW, tolerance=3.0)
    record(place, night(4, [judged("b", 0.19, third)], third))
    run(*accept, "a wider tolerance is right", "--tolerance", "0.05")
    before = [run("baseline", "--channel", CHANNEL, *more) for more in ([], ["--all"])]
    assert [len(text.splitlines()) for text in before] == [2, 3]
    assert "0.19 ± 0.05 pix" in before[0]
    assert run("rebuild") == "5 runs recorded\n"
    assert [run("baseline", "--channel", CHANNEL, *more) for more in ([], ["--all"])] == before


def test_values_are_exported(place: Place, tmp_path: Path) -> None:
    for name in ("values.parquet", "values.ecsv"):
        assert run("export", str(tmp_path / name)).startswith("12 values: ")
    columns = pyarrow.parquet.read_table(tmp_path / "values.parquet").to_pydict()
    table = Table.read(tmp_path / "values.ecsv")
    assert list(columns) == table.colnames
    for name in columns:
        assert columns[name] == table[name].tolist(), name
    assert columns["value"][:3] == [0.15, 0.10, 0.12]
    assert columns["status"] == ["pass"] * 6 + ["fail", "pass", "pass"] * 2
    assert columns["built"] == [True] * 3 + [False] * 3 + [True] * 3 + [False] * 3
    assert set(columns["instrument"]) == {"WFPC2"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["history", "values.ecsv", "values.parquet"]


def test_pruning_takes_runs_that_told_nothing(place: Place) -> None:
    arguments = ["prune", "--older-than", "1"]
    assert run(*arguments, "--dry-run").splitlines() == ["20260102T020000-abc123", "1 run would be removed"]
    assert len(list(nights(place.nights, CHANNEL))) == 4
    assert run(*arguments).splitlines()[-1] == "1 run removed"
    assert [path.parent.name for path in nights(place.nights, CHANNEL)] == [
        "2026-01-01", "2026-01-03", "2026-01-04",
    ]  # fmt: skip
    assert run(*arguments).splitlines() == ["0 runs removed"]
    assert run("record") == "0 runs recorded\n"
    assert len(run("list").splitlines()) == 4


def test_record_takes_reports_and_what_was_missed(place: Place, tmp_path: Path) -> None:
    later = night(8, [judged("a", 0.15, OLD)], OLD)
    path = tmp_path / "results.json"
    path.write_text(results_text(later), encoding="utf-8")
    assert run("record", "--channel", CHANNEL, str(path)) == f"{path}: 1 values, 3 changes\n"
    assert run("record", "--channel", CHANNEL, str(path)) == f"{path}: recorded before\n"
    assert "Error: " in run("record", str(place.file), code=1)


def test_a_damaged_database_is_set_aside_and_made_again(place: Place) -> None:
    before = run("list")
    assert place.file is not None
    place.file.write_bytes(b"no database at all" * 500)
    assert "file is not a database" in run("list", code=1)
    assert run("rebuild") == "4 runs recorded\n"
    assert run("list") == before
    assert place.file.with_name("history.sqlite.damaged").exists()

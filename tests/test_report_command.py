"""``hubble-qa report`` and ``--summary``: pages again, several machines' results in one, Markdown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hubble_qa.command.main import main
from hubble_qa.reports.collect.merge import MergeError, merge_results
from hubble_qa.reports.collect.results import Results, read_results
from hubble_qa.reports.pages.html import write_report
from hubble_qa.reports.pages.markdown import markdown_summary
from tests.report_sample import OMEGA, REAL, broken_results, sample_results, verdict


@pytest.fixture
def sample(tmp_path: Path) -> Results:
    return sample_results(tmp_path / "drawn")


def told(*words: object) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, words)])


def of(results: Results, name: str) -> Results:
    """The part of results on one dataset."""
    kept = {
        each: tuple(record for record in getattr(results, each) if record.dataset == name)
        for each in ("stages", "verdicts", "figures")
    }
    return replace(results, datasets=tuple(each for each in results.datasets if each.name == name), **kept)


def pages(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in directory.glob("*.html")}


def test_the_pages_are_made_again_from_results_alone(sample: Results, tmp_path: Path) -> None:
    first = write_report(sample, tmp_path / "report").parent
    made = told("build", first / "results.json", "--to", tmp_path / "again")
    assert made.exit_code == 0, made.output
    assert made.output == f"Report: {tmp_path / 'again' / 'index.html'}\n"
    assert pages(tmp_path / "again") == pages(first)
    assert sorted(path.name for path in (tmp_path / "again").rglob("*.png")) == sorted(
        path.name for path in first.rglob("*.png")
    )
    before = pages(first)
    assert told("build", first / "results.json").exit_code == 0
    assert pages(first) == before


def test_results_of_two_machines_are_one_report(sample: Results, tmp_path: Path) -> None:
    for name in (OMEGA, REAL):
        write_report(of(sample, name), tmp_path / name)
    merged = told(
        "merge", *(tmp_path / name / "results.json" for name in (OMEGA, REAL)), "--to", tmp_path / "all"
    )
    assert merged.exit_code == 0, merged.output
    found = read_results(tmp_path / "all" / "results.json")
    assert {each.test for each in found.verdicts} == {each.test for each in sample.verdicts}
    assert {each.id for each in found.criteria} == {each.id for each in sample.criteria}
    assert len(found.figures) == len(sample.figures)
    assert found.run.complete
    assert found.run.asked == found.run.available == len(sample.verdicts)


def test_the_latest_verdict_holds_and_parts_add_up(sample: Results) -> None:
    old, new = verdict("AST-002", "a", 0.5), verdict("AST-002", "a", 0.1)
    other = verdict("AST-002", "b", 0.1)
    (dataset,) = of(sample, OMEGA).datasets
    early = Results(
        replace(sample.run, started="2026-03-01T00:00:00Z", asked=1, available=2, complete=False),
        (replace(dataset, available=2),), (), (old,), (),
    )  # fmt: skip
    late = replace(
        early, run=replace(early.run, started="2026-03-02T00:00:00Z", exit_status=0), verdicts=(new,)
    )
    both = merge_results([late, early])
    assert both.verdicts == (new,)
    assert (old.accepted, early.run.exit_status, both.run.exit_status) == (False, 1, 0)
    assert not both.run.complete
    assert (both.run.asked, both.run.available) == (1, 2)
    assert merge_results([late, replace(early, verdicts=(other,))]).run.complete


def test_simulated_and_real_data_are_not_joined(sample: Results) -> None:
    simulated = replace(sample, run=replace(sample.run, archive="simulated", size="small"))
    with pytest.raises(MergeError, match="simulated and real data"):
        merge_results([sample, simulated])


def test_what_is_no_results_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("{}", encoding="utf-8")
    ended = told("build", tmp_path / "results.json", "--to", tmp_path / "out")
    assert ended.exit_code == 1
    assert ended.output.startswith(f"Error: {tmp_path / 'results.json'} does not hold results")
    assert ended.output.count("\n") == 1


def test_markdown_has_defects_rejections_and_what_was_not_told(sample: Results) -> None:
    known = replace(
        verdict("PHT-006", "WF3", 0.972), accepted=True, expected="WF3 is 2.8 % too faint",
        expected_remedy="multiply by 1.029",
    )  # fmt: skip
    lost = replace(verdict("AST-013", "b"), status="could not be told", reason="there is no match file")
    run = replace(sample.run, archive="simulated", size="small")
    text = markdown_summary(replace(sample, run=run, verdicts=(*sample.verdicts, known, lost)))
    assert text.startswith("# Hubble imaging QA: Not accepted: 1 failure\n\n**Simulated data, small size.**")
    assert "| PHT-006 drizzled / exposure flux | wfpc2-omega-cen | WF3 | 0.972 | ≥ 0.99 and ≤ 1.01 |" in text
    assert "WF3 is 2.8 % too faint; multiply by 1.029 |" in text
    assert "| fail | AST-002 fit RMS | wfpc2-omega-cen | u5jx010hr\\_c0m | 0.231 pix |" in text
    (rule,) = [each for each in sample.criteria if each.id == "AST-002"]
    (row,) = [line for line in text.splitlines() if line.startswith("| fail | AST-002")]
    assert row.endswith(f"{rule.remedy} |"), row
    (warned,) = [
        line for line in text.partition("## Warnings")[2].splitlines() if line.startswith("| DRZ-001")
    ]
    assert warned.endswith("| within bounds, but not ≥ 0.35 |")
    assert "- AST-013 on wfpc2-omega-cen (1): there is no match file" in text
    assert "## Stages that failed" in markdown_summary(broken_results(sample))


def test_markdown_takes_text_from_files_as_text(sample: Results) -> None:
    hostile = verdict("AST-002", "a|b <img src=x> [x](http://x)\n# big", 0.5)
    line = next(
        each for each in markdown_summary(replace(sample, verdicts=(hostile,))).splitlines() if "big" in each
    )
    assert "a\\|b \\<img src=x\\> \\[x\\](http://x)" in line
    assert line.startswith("| fail |")

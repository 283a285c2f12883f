"""The lines at the end of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hubble_qa.reports.collect.results import NOT_JUDGED_FACT, DatasetRecord, Results, VerdictRecord
from hubble_qa.reports.session.place import report_line
from hubble_qa.reports.session.terminal import summary_lines
from hubble_qa.reports.words.text import left_out_text
from tests.report_sample import OMEGA, broken_results, everywhere, sample_results, sample_run, verdict


@pytest.fixture
def sample(tmp_path: Path) -> Results:
    return sample_results(tmp_path / "figures")


def lines_of(*verdicts: VerdictRecord, exit_status: int = 1) -> list[str]:
    dataset = DatasetRecord(OMEGA, "", "", ())
    return summary_lines(Results(sample_run(exit_status), (dataset,), (), verdicts, ()))


def test_a_run_in_six_lines(sample: Results) -> None:
    lines = summary_lines(sample)
    assert lines[0] == "Not accepted: 1 failure"
    assert lines[1] == (
        "166 verdicts on 2 datasets: 1 failure, 1 warning, 1 known defect, 135 passes, 28 not applicable"
    )
    assert lines[2] == "stages: 9 built, 11 reused from the store; 47.8 s in all"
    assert lines[3] == "fail: AST-002 wfpc2-omega-cen u5jx010hr_c0m: 0.231 pix, accepted ≥ 0 and ≤ 0.2 pix"
    assert lines[4].startswith("warn: DRZ-001 wfpc2-omega-cen wfpc2_flt_drw: 0.3312, accepted ≥ 0.3 and ≤ 1")
    assert lines[5].startswith("known defect: CAL-002 wfpc2-omega-cen u5jx010hr: 0, accepted exactly 1: the ")
    assert len(lines) == 6


def test_a_failed_stage_shows_once_with_the_end_of_its_log(sample: Results) -> None:
    lines = summary_lines(broken_results(sample))
    stage = [number for number, line in enumerate(lines) if line.startswith("stage failed")]
    assert len(stage) == 1
    assert "align-flt of wfpc2-omega-cen: TweakReg found 3 sources" in lines[stage[0]]
    log = [line for line in lines if line.startswith("    | ")]
    assert log[-1] == "    | line 40 of TweakReg's log"
    assert lines[stage[0] + 1 : stage[0] + 1 + len(log)] == log


def test_verdicts_missing_for_one_reason_share_a_line(sample: Results) -> None:
    broken = broken_results(sample)
    missing = [each for each in broken.verdicts if each.status == "not measured"]
    lines = [line for line in summary_lines(broken) if line.startswith("not measured")]
    assert len(lines) == 1
    assert f"{len(missing)} verdicts on {OMEGA}: they need stage align-flt, which failed" in lines[0]
    assert "AST-002" in lines[0]
    assert "PHT-004" in lines[0]


def test_each_rejection_has_its_line_and_an_unexpected_pass_says_what_was_declared() -> None:
    stale = replace(verdict("CAL-002", "u5jx0108r", 1.0), expected="no IDCTAB", accepted=False)
    missing = replace(
        verdict("AST-002", "u5jx010hr", 0.1),
        status="not measured",
        accepted=False,
        value=None,
        reason="no row",
    )
    noted = verdict("AST-002", "u5jx010hr", 0.3, reason="XRMS is the larger")
    lines = lines_of(stale, missing, noted, verdict("PHT-001", "u5jx010hr", 0.0))
    assert lines[3:] == [
        "fail: AST-002 wfpc2-omega-cen u5jx010hr: 0.3 pix, accepted ≥ 0 and ≤ 0.2 pix (XRMS is the larger)",
        "unexpected pass: CAL-002 wfpc2-omega-cen u5jx0108r: 1, accepted exactly 1 "
        "(expected to be rejected: no IDCTAB)",
        "not measured: AST-002 wfpc2-omega-cen u5jx010hr: no value, accepted ≥ 0 and ≤ 0.2 pix (no row)",
    ]


def test_an_accepted_run_says_so_and_counts_what_was_expected() -> None:
    known = replace(verdict("CAL-002", "a", 0.0), expected="no IDCTAB", accepted=True)
    lines = lines_of(verdict("PHT-001", "a", 0.0), known, exit_status=0)
    assert lines[0] == "Accepted, with 1 known defect"
    assert lines[3:] == ["known defect: CAL-002 wfpc2-omega-cen a: 0, accepted exactly 1: no IDCTAB"]


def test_warnings_have_a_line_by_criterion() -> None:
    reason = "close: the limit is within one error (0.03 pix)"
    close = [
        replace(verdict("AST-002", name, 0.19, 0.03, reason=reason), status="warn") for name in ("a", "b")
    ]
    lines = lines_of(*close, exit_status=0)
    assert lines[0] == "Accepted, with 2 warnings"
    assert lines[3:] == [
        f"warn: AST-002 wfpc2-omega-cen a: 0.190 ± 0.030 pix, accepted ≥ 0 and ≤ 0.2 pix "
        f"({reason}), and 1 more"
    ]


def test_a_known_defect_says_what_to_do_once_for_all_that_it_concerns() -> None:
    known = [
        replace(
            verdict("PHT-006", chip, 0.972), accepted=True, expected="WF3 is 2.8 % too faint",
            expected_remedy="multiply by 1.029",
        )
        for chip in ("WF3", "SCI,3")
    ]  # fmt: skip
    lines = lines_of(*known, exit_status=0)
    assert lines[0] == "Accepted, with 2 known defects"
    assert lines[3:] == [
        "known defect: PHT-006 wfpc2-omega-cen SCI,3: 0.972, accepted ≥ 0.99 and ≤ 1.01, and 1 more: "
        "WF3 is 2.8 % too faint; multiply by 1.029"
    ]


def test_an_absent_dataset_and_an_interrupted_run_are_named() -> None:
    absent = DatasetRecord(OMEGA, "", "", (), absent="the archive has no u5jx0108r")
    lines = summary_lines(Results(sample_run(2), (absent,), (), (), ()))
    assert lines[0] == "Not accepted: the run was interrupted: only the verdicts until then are shown"
    assert lines[-1] == "absent: wfpc2-omega-cen: the archive has no u5jx0108r"


def test_hostile_text_cannot_drive_the_terminal(sample: Results) -> None:
    hostile = everywhere(
        broken_results(sample), lambda text: f"{text}\x1b[2J\x1b]0;owned\x07\r\nfail\x00\ud800" * 9
    )
    for line in summary_lines(hostile):
        line.encode("utf-8")
        assert line.isprintable(), line
        assert len(line) < 300


def test_finished_products_that_were_passed_over_show_once() -> None:
    names = [f"u5jx0108r_sci{chip}_crmask.fits" for chip in (1, 2, 3, 4)]
    fact = left_out_text({**dict.fromkeys(names, "it is intermediate"), "a.fits": "its name says nothing"})
    assert fact == (
        "u5jx0108r_sci1_crmask.fits, u5jx0108r_sci2_crmask.fits, u5jx0108r_sci3_crmask.fits, "
        "u5jx0108r_sci4_crmask.fits: "
        "it is intermediate; a.fits: its name says nothing"
    )
    datasets = tuple(DatasetRecord(name, "", "", (), {NOT_JUDGED_FACT: fact}) for name in ("acs", "wfc3"))
    lines = summary_lines(Results(sample_run(0), datasets, (), (), ()))
    assert [line for line in lines if line.startswith("not judged")] == [f"not judged: {fact}"]


def test_a_thousand_failures_have_their_first_lines_and_their_number() -> None:
    rejected = [verdict("PHT-001", f"u5jx{number:04}r_flt", 0.5) for number in range(1000)]
    lost = [
        verdict("PHT-001", f"lost {number}", status="not measured", accepted=False, reason=f"reason {number}")
        for number in range(1000)
    ]
    lines = lines_of(*rejected, *lost)
    assert len(lines) < 140
    assert sum(line.startswith("fail: PHT-001") for line in lines) == 12
    assert (
        any(line.startswith("not accepted: 988 more by PHT-001") for line in lines)
        or "more lines" in lines[-1]
    )
    assert "more lines like these: see the report" in lines[-1]


def test_what_commands_a_terminal_is_shown_and_not_sent() -> None:
    hostile = "\x1b]0;title\x07\x1b[2J" + "x" * 100_000
    lines = lines_of(verdict("PHT-001", "u5jx0108r_flt", 0.5, reason=hostile))
    assert not any("\x1b" in line or "\x07" in line for line in lines)
    assert max(map(len, lines)) < 2100


def test_a_part_of_a_run_and_simulated_data_are_said_first() -> None:
    simulated = replace(sample_run(0), archive="simulated", size="small", asked=1, available=120)
    dataset = DatasetRecord(OMEGA, "", "", (), available=20)
    results = Results(simulated, (dataset,), (), (verdict("PHT-001", "a", 0.0),), ())

    assert summary_lines(results)[0] == ("Simulated data, small size: 1 of 120 verdicts asked for: accepted")
    failed = replace(results, run=replace(simulated, exit_status=1), verdicts=(verdict("PHT-001", "a", 1.0),))
    assert summary_lines(failed)[0] == (
        "Simulated data, small size: Not accepted: 1 failure; 1 of 120 verdicts asked for"
    )


def test_the_last_line_tells_simulated_data_and_where_the_complete_report_is() -> None:
    page = Path("/data/qa-report/partial/index.html")
    run = replace(
        sample_run(0), archive="simulated", size="full", complete_report="2026-11-28T20:04:11+00:00"
    )

    lines = report_line(page, run).splitlines()

    assert lines == [
        "The complete report of 2026-11-28 20:04:11 UTC stays: /data/qa-report/index.html",
        "Report: /data/qa-report/partial/index.html (simulated data)",
    ]
    assert report_line(page, replace(run, archive="mast", complete_report="")) == f"Report: {page}"

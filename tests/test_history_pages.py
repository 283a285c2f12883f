"""What the pages of the history show: laid out from values, and written for a simulated season."""

import csv
import html
import re
from datetime import UTC, datetime, timedelta

import pytest

from hubble_qa.reports.history.cause import Cause, Kind
from hubble_qa.reports.history.database import reading
from hubble_qa.reports.history.errors import HistoryError
from hubble_qa.reports.history.view import (
    Baseline,
    ChangeView,
    HistoryView,
    LimitsView,
    NightView,
    Point,
    SeriesName,
    SeriesView,
    VersionMark,
)
from hubble_qa.reports.history.viewing import drift_states, history_view
from hubble_qa.reports.pages.calendar import calendars
from hubble_qa.reports.pages.history_pages import HistoryPages
from hubble_qa.reports.pages.html import write_report
from hubble_qa.reports.pages.sparklines import HEIGHT, WIDTH, sparkline
from hubble_qa.reports.pages.summary import State
from hubble_qa.reports.pages.trend import BOTTOM, LEFT, RIGHT, TOP, trend
from hubble_qa.reports.pages.trend import HEIGHT as TALL
from hubble_qa.reports.pages.trend import WIDTH as WIDE
from hubble_qa.reports.session.drifts import with_drifts
from tests.report_sample import sample_results
from tests.season import BOUNDS, DRIZZLEPAC, FIELD, LOST, NIGHTS, STANDARD, season
from tests.test_history_season import recorded

FIRST = datetime(2026, 3, 1, 2, tzinfo=UTC)
NAME = SeriesName("wfpc2-standard", "AST-002", "u40x010hm", "pix")


def points(values, *, rejected=(), repeated=(), error=None):
    return tuple(
        Point(FIRST + timedelta(days=n), value, error, n not in rejected, n in repeated)
        for n, value in enumerate(values)
    )


def places(path):
    return [tuple(map(float, each.split())) for each in re.findall(r"[ML]([\d.]+ [\d.]+)", path)]


def test_a_sparkline_goes_from_the_first_to_the_last_value_with_the_limit_near_them():
    line = sparkline(points([0.02, 0.04, 0.09], rejected={2}), 0.0, 0.1, "pix")
    (x0, low), _, (x2, high) = places(line.path)
    assert 0 < x0 < x2 < WIDTH
    assert 0 < high < low < HEIGHT
    assert len(line.limits) == 2
    assert line.rejected == (line.last,)
    assert line.last == pytest.approx((x2, high), abs=0.1)
    assert line.label == "last 3 runs: 0.02 to 0.09 pix"


def test_a_level_sparkline_is_short_and_a_missing_value_is_a_gap():
    level = sparkline(points([0.5] * 60), None, None, "")
    assert level.path.count("L") == 1
    assert level.drawn.count("<path") == 1
    assert level.label == "last 40 runs: 0.5"
    assert sparkline(points([1.0, None, 2.0, 3.0]), None, None, "").path.count("M") == 2


def test_values_within_their_errors_look_level():
    line = sparkline(points([0.04, 0.041, 0.04], error=0.02), None, None, "pix")
    heights = [y for _, y in places(line.path)]
    assert max(heights) - min(heights) < 0.5


@pytest.mark.parametrize("values", [[], [1.0], [None, None], [None, 2.0]])
def test_fewer_than_two_values_are_no_line(values):
    assert sparkline(points(values), None, None, "") is None


def night(day, rejected=0, *, complete=True, hour=2, **changes):
    when = datetime(2026, 2, day, hour, tzinfo=UTC)
    return NightView(when, f"run-{day}-{hour}", 100, rejected, complete, changes)


def test_a_day_of_the_calendar_is_in_the_worst_state_of_its_runs():
    nights = (night(1), night(2, 3, drift=1), night(2, hour=9), night(4, complete=False))
    (found,) = calendars({"nightly": nights, "release": ()})
    (month,) = found.months
    assert (month.name, len(month.days), found.nights) == ("2026-02", 28, 4)
    assert [each and each.state for each in month.days[:4]] == [
        State.PASS,
        State.FAIL,
        None,
        State.INCOMPLETE,
    ]
    assert month.days[1].count == 3
    assert month.days[1].said == (
        "2026-02-02: 3 of 100 verdicts not accepted, 1 drift; all of 100 verdicts accepted"
    )


def test_months_come_last_first():
    january = NightView(datetime(2026, 1, 31, tzinfo=UTC), "a", 1, 0)
    (found,) = calendars({"nightly": (january, night(1))})
    assert [month.name for month in found.months] == ["2026-02", "2026-01"]


def series(values, **others):
    return SeriesView(NAME, "Fit RMS", points(values), **others)


def test_a_trend_lies_within_its_frame_and_its_limits_have_dates():
    limits = (
        LimitsView(FIRST, None, 0.1, "< 0.1 pix"),
        LimitsView(FIRST + timedelta(days=5), None, 0.2, "< 0.2 pix"),
    )
    found = trend(series([0.05, 0.06, 0.09, 0.08, 0.11, 0.12, 0.15, 0.16], limits=limits))
    assert all(LEFT < dot.x < WIDE - RIGHT and TOP <= dot.y <= TALL - BOTTOM for dot in found.dots)
    first, second = found.limits
    assert (first.said, second.said) == ("0.1 since 2026-03-01", "0.2 since 2026-03-06")
    assert (first.x, first.end, second.end) == (LEFT, second.x, WIDE - RIGHT)
    assert first.y > second.y
    assert found.dots[0].said == "2026-03-01 02:00: 0.05 pix"


def test_a_wild_value_is_drawn_at_the_edge_and_the_others_stay_apart():
    found = trend(series([1.0, 1.1, 0.9, 1.05, 1e6, 0.95, 1.0, 1.02]))
    beyond = [dot.beyond for dot in found.dots]
    assert beyond == [0, 0, 0, 0, 1, 0, 0, 0]
    assert found.dots[4].y == TOP
    heights = [dot.y for dot in found.dots if not dot.beyond]
    assert max(heights) - min(heights) > 150


def test_a_step_of_distinct_products_has_two_levels():
    found = trend(series([1.0, 1.01, 0.99, 1.0, 1.01, 2.0, 2.01, 1.99, 2.0, 2.01]))
    assert [each.said for each in found.levels] == ["level 1", "level 2 from 2026-03-06"]
    again = SeriesView(NAME, "", points([1.0] * 5 + [2.0] * 5, repeated=set(range(1, 10)) - {5}))
    assert trend(again).levels == ()


def test_marks_name_versions_and_changes_without_covering_one_another():
    told = tuple(
        ChangeView(NAME, kind, FIRST + timedelta(days=day), FIRST, 1.0, 2.0)
        for day, kind in ((3, "new failure"), (3, "flaky"), (4, "fixed"))
    )
    versions = (VersionMark(FIRST + timedelta(days=3), "drizzlepac 3.11.0 → 3.12.0"),)
    found = trend(series([1.0] * 60, changes=told), versions)
    assert {(mark.text, mark.kind) for mark in found.marks} == {
        ("new failure, flaky", "told"),
        ("fixed", "told"),
        ("drizzlepac 3.11.0 → 3.12.0", "version"),
    }
    assert len({mark.row for mark in found.marks}) == 3


def test_an_accepted_baseline_is_drawn_with_its_tolerance():
    baseline = Baseline(1.0, 0.2, "me", FIRST, "new optics")
    found = trend(series([0.9, 1.0, 1.2], baseline=baseline))
    assert found.baseline.said == "accepted baseline 1"
    assert found.tolerance.y < found.baseline.y < found.tolerance.y + found.tolerance.height
    assert trend(series([])) is None


@pytest.mark.parametrize(
    ("seconds", "before"), [((0,), None), ((0, 0), 0), ((-60, 0), -60), ((-60, 0, 0, 5), 0), ((0, 5), None)]
)
def test_the_run_before_may_have_started_in_the_same_second(seconds, before):
    starts = [FIRST + timedelta(seconds=each) for each in seconds]
    nights = tuple(NightView(start, str(number), 7, 0) for number, start in enumerate(starts))
    found = HistoryView("nightly", FIRST, {"nightly": nights}).before
    assert found == (None if before is None else FIRST + timedelta(seconds=before))


def test_changes_are_gathered_by_cause_the_most_urgent_first():
    tool = Cause(Kind.TOOL, "drizzlepac", "3.11.0", "3.12.0", "align")
    code = Cause(Kind.CODE, "fetch", "a", "b", "fetch")
    changes = [
        ChangeView(NAME._replace(subject=str(n)), kind, FIRST, FIRST, 0.04, 0.0412, (cause,))
        for n, (kind, cause) in enumerate(
            [("moved", code), ("fixed", tool), ("new failure", tool), *[("moved", tool)] * 9]
        )
    ]
    view = HistoryView("nightly", FIRST, {"nightly": ()}, tuple(changes))
    first, second = HistoryPages(view, ()).groups
    assert first.causes == ("drizzlepac 3.11.0 → 3.12.0",)
    assert first.counts == {"new failure": 1, "fixed": 1, "moved": 9}
    assert (len(first.shown), len(first.more), second.causes) == (8, 3, ("code of stage fetch",))
    assert first.rows[0].values == "0.04 → 0.0412 pix"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("season"))


@pytest.fixture(scope="module")
def report(place, tmp_path_factory):
    """The report of the last night."""
    return written(place, NIGHTS - 1, tmp_path_factory.mktemp("report"))


def written(place, number, directory):
    with reading(place) as connection:
        view = history_view(connection, f"night-{number}")
    write_report(season()[number], directory / "qa-report", view)
    return directory / "qa-report"


def text(path):
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8")).split()))


def test_the_index_says_what_changed_by_cause(place, tmp_path):
    index = text(written(place, DRIZZLEPAC, tmp_path) / "index.html")
    assert "What changed since the run of 2026-01-30" in index
    cause = "drizzlepac 3.11.0 → 3.12.0 1 new failure, 1 moved"
    assert cause in index
    told = index[index.index(cause) :]
    assert "new failure AST-002 u40x010hm of wfpc2-standard 0.04 → 0.13 pix" in told


def test_the_run_is_compared_with_the_one_before(place, tmp_path):
    report = written(place, DRIZZLEPAC, tmp_path)
    assert 'href="compare.html"' in (report / "index.html").read_text(encoding="utf-8")
    said = text(report / "compare.html")
    assert "AST-002 u40x010hm of wfpc2-standard 0.04 → 0.13 pix ✗ not accepted now drizzlepac 3.11.0" in said
    assert "Nothing is better." in said
    before, after = said.split("Beyond its bounds AST-002 AST-002 (pix) before ")[1].split(" this run ")
    assert before.startswith("5 0.04 0 0.04 … 0.1")
    assert before.endswith("0.0 %")
    assert after.startswith(("5 0.1", "5 0.09"))
    assert "20.0 %" in after  # one of five


def test_a_night_without_news_says_so_and_what_lasts(report):
    index = text(report / "index.html")
    assert "Nothing: every series came to what it was." in index
    assert "Lasting: 1 drift" in index


def test_the_page_of_the_history_has_all_nights_and_links_that_lead_somewhere(report):
    page = (report / "history.html").read_text(encoding="utf-8")
    assert "2026-03-17: all of 14 verdicts accepted, 1 fixed" in page
    assert "2026-02-15: all of 15 verdicts accepted, only a part was run" in page
    for target in set(re.findall(r'href="([^"#]+)', page)):
        assert target.startswith("data:") or (report / target).exists()


def test_the_page_of_a_series_shows_limits_changes_and_versions(report):
    page = report / "history" / f"{STANDARD}-WCS-004-u40x010hm.html"
    said = text(page)
    assert "2026-03-17 ✓ fixed 0.03 0.03 bounds of WCS-004" in said
    assert "Accepted since 2026-03-17 > 0.0 and < 0.05" in said
    assert "drizzlepac 3.11.0 → 3.12.0" in said
    for target in set(re.findall(r'href="([^"]+)"', page.read_text(encoding="utf-8"))):
        file, _, anchor = target.partition("#")
        if not file or file.startswith("data:"):
            continue
        assert (page.parent / file).exists()
        assert not anchor or f'id="{anchor}"' in (page.parent / file).read_text(encoding="utf-8")


def test_verdicts_have_their_last_values_beside_them(report):
    page = (report / f"{FIELD}.html").read_text(encoding="utf-8")
    assert page.count('<svg class="spark') == 6
    assert f'<a class="lately" href="history/{FIELD}-AST-002-ibwb01xqq.html">' in page


def test_the_last_values_of_all_series_are_a_table(report):
    with (report / "history" / "values.csv").open(encoding="utf-8", newline="") as stream:
        head, *rows = csv.reader(stream)
    assert head[:4] == ["dataset", "criterion", "subject", "unit"]
    assert len(rows) == len(season()[-1].verdicts)
    assert len(head) == 4 + 40
    (row,) = [row for row in rows if row[:3] == [STANDARD, "WCS-004", "u40x010hm"]]
    assert row[-1] == "0.03"


def test_missing_series_have_a_page_while_they_are_told_of(place, tmp_path):
    page = written(place, LOST, tmp_path) / "history" / f"{STANDARD}-AST-003-u40x010im.html"
    assert "missing" in text(page)


def test_what_lasts_is_told_with_the_last_run_only(place):
    with reading(place) as connection:
        assert not any(history_view(connection, f"night-{BOUNDS}").lasting.values())
        assert any(history_view(connection, f"night-{NIGHTS - 1}").lasting.values())
        with pytest.raises(HistoryError, match="the history has no run night-999"):
            history_view(connection, "night-999")


def test_pages_ask_for_nothing_from_elsewhere(report):
    for page in [report / "history.html", *(report / "history").glob("*.html")]:
        content = page.read_text(encoding="utf-8")
        assert not re.search(r'(?:src|href)="https?:', content)
        assert " style=" not in content


def test_a_report_without_a_history_is_what_it_was(tmp_path):
    results = sample_results(tmp_path)
    write_report(results, tmp_path / "report")
    for page in (tmp_path / "report").glob("*.html"):
        content = page.read_text(encoding="utf-8")
        assert "history.html" not in content
        assert ".spark" not in content
    assert not (tmp_path / "report" / "history").exists()


def test_a_drift_is_a_verdict_of_the_run_and_the_others_are_judged_together(place, tmp_path):
    results = season()[-1]
    with reading(place) as connection:
        states = drift_states(connection, results.run.identifier)
        earlier = drift_states(connection, "night-30")
        view = history_view(connection, results.run.identifier)
    found = with_drifts(results, states)
    judged = {each.subject: each for each in found.verdicts if each.criterion == "REG-001"}
    assert list(judged) == ["AST-002 ibwb01xqq", "the other series"]
    assert [each.accepted for each in judged.values()] == [False, True]
    assert judged["AST-002 ibwb01xqq"].value == pytest.approx(1.25)
    assert (results.run.exit_status, found.run.exit_status) == (0, 1)
    assert with_drifts(results, earlier) == results
    page = write_report(found, tmp_path / "report", view)
    assert "REG-001 Drift from the baseline AST-002 ibwb01xqq 1.25" in text(page)

"""The pages of the history in a real browser: rules of accessibility, and texts that never run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from hubble_qa.reports.history.cause import Cause, Kind
from hubble_qa.reports.history.view import (
    Baseline,
    ChangeView,
    HistoryView,
    LimitsView,
    NightView,
    Point,
    SeriesView,
    VersionMark,
)
from hubble_qa.reports.pages.history_pages import series_of
from hubble_qa.reports.pages.html import write_report
from tests.report_sample import sample_results
from tests.test_report_browser import PAYLOAD, browser, opened, rules_broken

__all__ = ["browser"]

FIRST = datetime(2026, 3, 1, 2, tzinfo=UTC)
NIGHTS = 90


@pytest.fixture(scope="module")
def report(new_directory: Callable[[str], Path]) -> Path:
    """A report with a history whose every text tries to run."""
    directory = new_directory("history")
    results = sample_results(directory / "drawn")
    names = [series_of(each) for each in results.verdicts if each.value is not None][:12]
    days = [FIRST + timedelta(days=day) for day in range(NIGHTS)]
    points = tuple(
        Point(when, 0.05 + 0.01 * (day % 7) + 0.1 * (day > 60), 0.02, day < 61, day % 3 > 0)
        for day, when in enumerate(days)
    )
    cause = Cause(Kind.TOOL, f"drizzlepac{PAYLOAD}", "3.11.0", "3.12.0", "align")
    kinds = ("new failure", "fixed", "drift", "moved", "flaky", "missing", "chronic", "not reproducible")
    told = tuple(
        ChangeView(name, kind, days[-1], days[-9], 0.05, 0.15, (cause,))
        for name, kind in zip(names, kinds, strict=False)
    )
    limits = (LimitsView(days[0], None, 0.1, "< 0.1 pix", PAYLOAD), LimitsView(days[40], 0.0, 0.2, PAYLOAD))
    baseline = Baseline(0.05, 0.01, PAYLOAD, days[3], PAYLOAD)
    view = HistoryView(
        f"nightly{PAYLOAD}",
        days[-1],
        {
            f"nightly{PAYLOAD}": tuple(
                NightView(when, PAYLOAD, 100, day % 4, day % 9 > 0, {PAYLOAD: day % 2})
                for day, when in enumerate(days)
            )
        },
        changes=told,
        earlier=tuple(ChangeView(each.series, each.kind, days[4], days[4], 1.0, None) for each in told),
        lasting={names[0]: ("drift", "chronic")},
        recent=dict.fromkeys(names, points[-40:]),
        series=tuple(
            SeriesView(name, PAYLOAD, points, limits, told[:2], 90, 0.05, 0.01, 1.2, baseline)
            for name in names[:2]
        ),
        versions=(VersionMark(days[30], PAYLOAD),),
    )
    return write_report(results, directory / "report", view).parent


def pages(report: Path) -> list[Path]:
    return [report / "index.html", report / "history.html", *sorted((report / "history").glob("*.html"))]


@pytest.mark.parametrize(("scheme", "rules"), [("light", {}), ("dark", {"runOnly": ["color-contrast"]})])
def test_pages_are_accessible(
    browser: WebDriver, report: Path, scheme: str, rules: dict[str, list[str]]
) -> None:
    dataset = next(page for page in report.glob("wfpc2-*.html"))
    for page in [*pages(report), dataset]:
        for width in (320, 700, 1400):
            opened(browser, page, width, scheme)
            assert rules_broken(browser, rules) == [], (page.name, width)


def test_pages_open_from_disk_without_errors_or_overflow_and_no_text_runs(
    browser: WebDriver, report: Path
) -> None:
    assert len(pages(report)) == 4
    for page in pages(report):
        for width in (1400, 700, 320):
            opened(browser, page, width)
            assert browser.get_log("browser") == []
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width, page.name
        loaded = browser.execute_script(
            "return performance.getEntriesByType('resource').map(each => each.name)"
        )
        assert all(address.startswith("file:") for address in loaded)
        assert browser.execute_script("return window.hacked === undefined")
        assert browser.find_elements(By.CSS_SELECTOR, "img[src=x], svg[onload]") == []

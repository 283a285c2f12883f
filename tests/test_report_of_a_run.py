"""The report of a run in a real browser: how long its pages are, and rules of accessibility."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from tests.small_runs import small_run
from tests.test_report_browser import browser, opened, pages_in_print, rules_broken

pytestmark = pytest.mark.whole

__all__ = ["browser"]

DATASET = "wfpc2-omega-cen"
PAGES = ("index.html", "summary.html", "criteria.html", f"{DATASET}.html")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_run(DATASET, tmp_path_factory).report


def test_a_dataset_prints_on_ten_pages_and_the_summary_on_two(browser: WebDriver, report: Path) -> None:
    opened(browser, report / f"{DATASET}.html")
    assert pages_in_print(browser) <= 10
    for name in ("index.html", "summary.html"):
        opened(browser, report / name)
        assert pages_in_print(browser) <= 2, name


def test_figures_and_one_row_a_criterion_leave_the_page_short(browser: WebDriver, report: Path) -> None:
    """Below half of the 25,100 pixels that it had when each of its verdicts was a row."""
    opened(browser, report / f"{DATASET}.html")
    assert browser.execute_script("return document.documentElement.scrollHeight") <= 12_500
    rows = browser.find_elements(By.CSS_SELECTOR, "details.criterion > summary")
    verdicts = browser.find_elements(By.CSS_SELECTOR, "table.verdicts tr[data-state]")
    assert 50 < len(rows) < len(verdicts) / 5
    assert all(each.is_displayed() for each in rows)
    assert not any(each.is_displayed() for each in verdicts[:20])


@pytest.mark.parametrize("name", PAGES)
def test_pages_break_no_rule_of_accessibility_and_ask_nothing_elsewhere(
    browser: WebDriver, report: Path, name: str
) -> None:
    for width in (320, 700, 1400):
        opened(browser, report / name, width)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        assert rules_broken(browser) == [], width
    script = "return performance.getEntriesByType('resource').map(each => each.name)"
    assert all(each.startswith("file:") for each in browser.execute_script(script))
    opened(browser, report / name, 700, "dark")
    assert rules_broken(browser, {"runOnly": ["color-contrast"]}) == []

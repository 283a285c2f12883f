"""The report in a real browser, opened from disk."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from reports.html import write_report
from tests.report_sample import OMEGA, broken_results, everywhere, sample_results

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PAYLOAD = (
    '"\'><img src=x onerror="window.hacked=1"><script>window.hacked=1</script><svg onload=window.hacked=1>'
)
WIDTHS = (1400, 700)


@pytest.fixture(scope="module")
def browser() -> Iterator[WebDriver]:
    binary = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip(f"needs chromedriver and one of {', '.join(BROWSERS)} on PATH")
    options = Options()
    options.binary_location = binary
    for switch in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(driver))
    yield started
    started.quit()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sample")
    return write_report(sample_results(directory / "drawn"), directory / "report").parent


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("hostile")
    long = "x" * 3000
    results = broken_results(sample_results(directory / "drawn"))
    altered = everywhere(results, lambda text: f"{text}{PAYLOAD}\x1b[31m\x00\ud800{long}")
    return write_report(altered, directory / "report").parent


def opened(browser: WebDriver, path: Path, width: int = 1400, scheme: str = "light") -> WebDriver:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get(path.as_uri())
    return browser


def visible(browser: WebDriver) -> list[list[str]]:
    script = """return [...document.querySelectorAll('table.verdicts tbody tr')].filter(row => !row.hidden)
                .map(row => [...row.cells].map(cell => cell.innerText.trim()))"""
    rows: list[list[str]] = browser.execute_script(script)
    return rows


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", ["report", "hostile"])
def test_pages_open_from_disk_without_errors_or_overflow(
    browser: WebDriver, request: pytest.FixtureRequest, kind: str, width: int
) -> None:
    pages = sorted(request.getfixturevalue(kind).glob("*.html"))
    assert len(pages) == 3
    for page in pages:
        opened(browser, page, width)
        browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert browser.get_log("browser") == []
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width, page.name
        loaded = browser.execute_script(
            "return performance.getEntriesByType('resource').map(each => each.name)"
        )
        assert all(address.startswith("file:") for address in loaded)


def test_images_load_and_text_never_runs(browser: WebDriver, report: Path, hostile: Path) -> None:
    for page in [*report.glob("*.html"), *hostile.glob("*.html")]:
        opened(browser, page)
        assert browser.execute_script("return window.hacked === undefined")
        assert browser.find_elements(By.CSS_SELECTOR, "img[src=x], body script + script, svg[onload]") == []
    opened(browser, report / f"{OMEGA}.html")
    browser.execute_script("document.querySelectorAll('img').forEach(each => each.loading = 'eager')")
    script = """const done = arguments[0], images = [...document.querySelectorAll('figure img')];
                Promise.all(images.map(each => each.decode())).then(() => done(images.length), String)"""
    assert browser.execute_async_script(script) == 4


def test_filtering_by_words_and_by_state(browser: WebDriver, report: Path) -> None:
    opened(browser, report / f"{OMEGA}.html")
    everything = len(visible(browser))
    words = browser.find_element(By.NAME, "words")
    words.send_keys("ast-002 U5JX010HR")
    assert [(row[0], row[2]) for row in visible(browser)] == [
        ("✗ fail", "u5jx010hr_c0m"),
        ("✓ pass", "u5jx010hr_flt"),
    ]
    assert browser.find_element(By.CSS_SELECTOR, "form output").text == f"2 of {everything} shown"
    browser.find_element(By.CSS_SELECTOR, "input[value=pass]").click()
    assert [row[0] for row in visible(browser)] == ["✗ fail"]
    words.clear()
    words.send_keys("no such thing anywhere")
    assert visible(browser) == []


def test_sorting_by_a_column_from_the_keyboard(browser: WebDriver, report: Path) -> None:
    opened(browser, report / f"{OMEGA}.html")
    heading = browser.find_element(By.XPATH, "//th[normalize-space()='Value']")
    button = heading.find_element(By.TAG_NAME, "button")
    keys = """return [...document.querySelectorAll('table.verdicts tbody tr')]
              .map(row => row.cells[3].dataset.key)"""
    for direction in ("ascending", "descending"):
        button.send_keys(Keys.ENTER)
        assert heading.get_attribute("aria-sort") == direction
        found = browser.execute_script(keys)
        values = [float(each) for each in found if each is not None]
        assert len(values) == 119
        assert found[len(values) :] == [None] * 14, "rows without a value come last"
        assert values == sorted(values, reverse=direction == "descending")
    subject = browser.find_element(By.XPATH, "//th[normalize-space()='Subject']")
    subject.find_element(By.TAG_NAME, "button").click()
    stars = [row[2] for row in visible(browser) if row[2].startswith("star") and row[1].startswith("PHT-004")]
    assert stars == [f"star {number}" for number in range(1, 13)]
    assert heading.get_attribute("aria-sort") is None


def test_a_link_to_a_filtered_row_shows_it(browser: WebDriver, report: Path) -> None:
    opened(browser, report / f"{OMEGA}.html")
    browser.find_element(By.CSS_SELECTOR, "input[value=fail]").click()
    assert not browser.find_element(By.ID, "verdict-1").is_displayed()
    browser.find_element(By.CSS_SELECTOR, ".finding h3 a").click()
    assert browser.find_element(By.ID, "verdict-1").is_displayed()


def test_a_figure_enlarges_and_closes_from_the_keyboard(browser: WebDriver, report: Path) -> None:
    opened(browser, report / f"{OMEGA}.html")
    dialog = browser.find_element(By.ID, "lightbox")
    assert not dialog.is_displayed()
    browser.find_element(By.CSS_SELECTOR, "figure a.enlarge").send_keys(Keys.ENTER)
    assert dialog.is_displayed()
    assert "Residuals of the fit" in dialog.text
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not dialog.is_displayed()
    assert browser.current_url.endswith(f"{OMEGA}.html")


def luminance(colour: str) -> float:
    """Relative luminance of a CSS ``rgb()`` colour, as WCAG 2 defines it."""
    channels = [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: WebDriver, report: Path, scheme: str) -> None:
    opened(browser, report / "index.html", scheme=scheme)
    script = """
      const shown = document.querySelectorAll('h1, dd, caption, .badge, .counts li, .matrix td a, .cell');
      return [...shown].map(each => {
        let ground = each;
        while (getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)') ground = ground.parentElement;
        return [each.className, getComputedStyle(each).color, getComputedStyle(ground).backgroundColor]})"""
    found = browser.execute_script(script)
    assert len(found) > 50
    for name, ink, ground in found:
        light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, ink, ground)


def test_the_schemes_differ(browser: WebDriver, report: Path) -> None:
    script = "return getComputedStyle(document.documentElement).backgroundColor"
    grounds = [
        luminance(opened(browser, report / "index.html", scheme=scheme).execute_script(script))
        for scheme in ("light", "dark")
    ]
    assert grounds[0] > 0.9
    assert grounds[1] < 0.05

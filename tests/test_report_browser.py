"""The report in a real browser, opened from disk."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from hubble_qa.reports.figures.figure_data import Plot
from hubble_qa.reports.figures.offsets import Offsets, offset_points
from hubble_qa.reports.pages.html import write_report
from tests.report_sample import OMEGA, broken_results, everywhere, sample_plot, sample_results

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
def report(new_directory: Callable[[str], Path]) -> Path:
    directory = new_directory("sample")
    return write_report(sample_results(directory / "drawn"), directory / "report").parent


@pytest.fixture(scope="module")
def hostile(new_directory: Callable[[str], Path]) -> Path:
    directory = new_directory("hostile")
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


def plotted(browser: WebDriver, report: Path, width: int = 1400) -> WebElement:
    """The interactive figure of the sample, brought into view and drawn."""
    opened(browser, report / f"{OMEGA}.html", width)
    figure = browser.find_element(By.CSS_SELECTOR, "figure[data-plot]")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", figure)
    WebDriverWait(browser, 10).until(lambda _: figure.find_elements(By.CSS_SELECTOR, ".points"))
    return figure


def summary(figure: WebElement) -> str:
    return figure.find_element(By.TAG_NAME, "output").text


def in_view(figure: WebElement) -> str:
    return figure.find_element(By.CLASS_NAME, "help-of-plot").text.partition(".")[0]


def chosen(figure: WebElement) -> int:
    """Number of the source that is described, from 1."""
    found = re.search(r"source (\d+) ·", summary(figure))
    assert found is not None, summary(figure)
    return int(found[1])


def place(browser: WebDriver, figure: WebElement, source: int, panel: int = 0) -> tuple[float, float]:
    """Where a source is drawn, in pixels from the middle of the drawing, by the whole axes."""
    script = """const svg = arguments[0].querySelector('svg[role=application]').getBoundingClientRect();
                return [...arguments[0].querySelectorAll('.ground')].map(each => {
                  const {x, y, width, height} = each.getBoundingClientRect();
                  return [x - svg.x - svg.width / 2, y - svg.y - svg.height / 2, width, height]})"""
    left, top, wide, tall = browser.execute_script(script, figure)[panel]
    plot = sample_plot()
    shares = []
    for name in (plot.panels[panel].x, plot.panels[panel].y):
        axis, value = plot.axes[name], plot.columns[name].values[source - 1]
        assert value is not None
        shares.append((value - axis.low) / (axis.high - axis.low))
    return left + shares[0] * wide, top + (1 - shares[1]) * tall


def drag(
    browser: WebDriver, figure: WebElement, start: tuple[float, float], end: tuple[float, float]
) -> None:
    drawing = figure.find_element(By.CSS_SELECTOR, "svg[role=application]")
    actions = ActionChains(browser, duration=20)
    actions.move_to_element_with_offset(drawing, *map(round, start)).click_and_hold()
    actions.move_to_element_with_offset(drawing, *map(round, end)).release().perform()


@pytest.mark.parametrize("width", WIDTHS)
def test_pointing_at_a_source_tells_what_it_is(browser: WebDriver, report: Path, width: int) -> None:
    figure = plotted(browser, report, width)
    drawing = figure.find_element(By.CSS_SELECTOR, "svg[role=application]")
    plot = sample_plot()
    for source, panel in ((100, 0), (97, 1), (108, 3)):
        x, y = place(browser, figure, source, panel)
        ActionChains(browser, duration=20).move_to_element_with_offset(drawing, round(x), round(y)).perform()
        assert chosen(figure) == source
        group = plot.groups[plot.group[source - 1]].name
        dx = plot.columns["dx"].values[source - 1]
        assert summary(figure).startswith(f"{group} · source {source} · x ")
        assert f"residual dx {dx:.3f} pix".replace("-", "−") in summary(figure)
    rings = figure.find_elements(By.CLASS_NAME, "ring")
    assert len(rings) == 4, "the same source is ringed in every panel"
    assert drawing.size["width"] <= width
    assert browser.get_log("browser") == []


def test_dragging_enlarges_and_the_panels_follow(browser: WebDriver, report: Path) -> None:
    figure = plotted(browser, report)
    assert in_view(figure) == "112 sources"
    x, y = place(browser, figure, 100)
    drag(browser, figure, (x - 30, y - 12), (x + 30, y + 12))
    shown = re.fullmatch(r"(\d+) of 112 sources in view", in_view(figure))
    assert shown is not None
    assert 1 <= int(shown[1]) < 40
    texts = [each.text for each in figure.find_elements(By.CSS_SELECTOR, "svg[role=application] text")]
    assert texts.count("dx (pix)") == 2, "axes keep their labels"
    assert "800" not in texts[:5], "the first panel's ticks are of the part"
    figure.find_element(By.XPATH, ".//button[text()='Reset']").click()
    assert in_view(figure) == "112 sources"


def test_a_click_or_a_drag_of_a_few_pixels_does_not_enlarge(browser: WebDriver, report: Path) -> None:
    figure = plotted(browser, report)
    x, y = place(browser, figure, 50)
    drag(browser, figure, (x, y), (x + 3, y + 3))
    assert in_view(figure) == "112 sources"


def test_a_figure_is_used_from_the_keyboard(browser: WebDriver, report: Path) -> None:
    figure = plotted(browser, report)
    drawing = figure.find_element(By.CSS_SELECTOR, "svg[role=application]")
    assert "Arrow keys" in (drawing.get_attribute("aria-label") or "")
    along = sorted(range(112), key=lambda index: (sample_plot().columns["x"].values[index], index))
    drawing.send_keys(Keys.ARROW_RIGHT)
    assert chosen(figure) == along[0] + 1
    drawing.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert chosen(figure) == along[2] + 1
    drawing.send_keys(Keys.ARROW_LEFT)
    assert chosen(figure) == along[1] + 1
    drawing.send_keys("+", "+")
    assert "of 112 sources in view" in in_view(figure)
    assert chosen(figure) == along[1] + 1
    ring = figure.find_element(By.CLASS_NAME, "ring").rect
    ground = figure.find_element(By.CLASS_NAME, "ground").rect
    assert ground["x"] <= ring["x"] + 7 <= ground["x"] + ground["width"], "enlarged about the source"
    drawing.send_keys("0")
    assert in_view(figure) == "112 sources"
    drawing.send_keys("+", Keys.ESCAPE)
    assert in_view(figure) == "112 sources"


def test_the_image_is_a_button_away_and_prints(browser: WebDriver, report: Path) -> None:
    figure = plotted(browser, report)
    image, drawing = (figure.find_element(By.CSS_SELECTOR, each) for each in ("a.enlarge", ".plot"))
    assert (image.is_displayed(), drawing.is_displayed()) == (False, True)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert (image.is_displayed(), drawing.is_displayed()) == (True, False)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    swap = figure.find_element(By.CLASS_NAME, "swap")
    swap.send_keys(Keys.ENTER)
    assert (image.is_displayed(), drawing.is_displayed(), swap.text) == (True, False, "Interactive")
    swap.send_keys(Keys.ENTER)
    assert (image.is_displayed(), drawing.is_displayed(), swap.text) == (False, True, "Static image")


def test_without_scripts_the_image_stands(browser: WebDriver, report: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get((report / f"{OMEGA}.html").as_uri())
        figure = browser.find_element(By.CSS_SELECTOR, "figure[data-plot]")
        assert figure.find_element(By.CSS_SELECTOR, "a.enlarge").is_displayed()
        assert not figure.find_elements(By.CLASS_NAME, "plot")
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_few_points_are_large_and_have_names_errors_and_rings(browser: WebDriver, tmp_path: Path) -> None:
    results = sample_results(tmp_path / "drawn")
    table = sample_plot(12).model_dump()
    table["names"] = [f"frame{number}" for number in range(12)]
    table["axes"]["dx"]["error"] = "error"
    table["columns"]["error"] = {"label": "error", "values": [0.01] * 12}
    table["groups"][1]["ringed"] = True
    points = tmp_path / "drawn" / "residuals.json"
    points.write_text(Plot.model_validate(table).model_dump_json())
    figure = plotted(browser, write_report(results, tmp_path / "report").parent)
    parts = {
        kind: [
            (each.get_attribute("d") or "").count("M")
            for each in figure.find_elements(By.CSS_SELECTOR, f".inner .{kind}")
        ]
        for kind in ("few", "errors", "ringed")
    }
    # Two groups in four panels; two of the panels are of dx, one group has rings.
    assert parts == {"few": [6] * 8, "errors": [6] * 4, "ringed": [6] * 4}
    figure.find_element(By.CSS_SELECTOR, "svg[role=application]").send_keys(Keys.ARROW_RIGHT)
    assert re.match(r"frame\d+ · WF[23] · source \d+ · x ", summary(figure))
    assert browser.get_log("browser") == []


def test_offsets_are_drawn_east_to_the_left_with_their_bound_median_and_arrows(
    browser: WebDriver, tmp_path: Path
) -> None:
    offsets = np.random.default_rng(1).normal(0, 2, (40, 2))
    positions = np.random.default_rng(2).uniform(-80, 80, (40, 2))
    found = Offsets(positions, offsets, 10.0, "cloud", "field")
    results = sample_results(tmp_path / "drawn")
    points = tmp_path / "drawn" / "residuals.json"
    points.write_text(offset_points(found, iter(()), name="on the image").model_dump_json())
    figure = plotted(browser, write_report(results, tmp_path / "report").parent)
    ellipse, ground = (figure.find_element(By.CSS_SELECTOR, each) for each in ("ellipse.bound", ".ground"))
    assert float(ellipse.get_attribute("rx") or 0) == pytest.approx(
        float(ellipse.get_attribute("ry") or 0), abs=1
    )
    assert ground.size["width"] == pytest.approx(ground.size["height"], abs=1)
    medians = figure.find_elements(By.CSS_SELECTOR, ".median")
    arrows = figure.find_elements(By.CSS_SELECTOR, ".arrow")
    assert (len(medians), len(arrows)) == (1, len(found.arrows[0]) + 1)
    texts = [each.text for each in figure.find_elements(By.CSS_SELECTOR, "svg[role=application] text")]
    assert "10 mas" in texts
    below = ground.location["y"] + ground.size["height"]
    labels = figure.find_elements(By.CSS_SELECTOR, "svg[role=application] g:first-of-type text")
    placed = {each.text: each.location["x"] for each in labels if each.location["y"] > below}
    assert placed["5"] < placed["−5"]


def test_hostile_words_of_a_figure_are_shown_and_never_run(browser: WebDriver, hostile: Path) -> None:
    directory = hostile.parent
    altered = everywhere(sample_results(directory / "plotted"), lambda text: f"{text}{PAYLOAD}")
    (page,) = write_report(altered, directory / "plotted-report").parent.glob(f"{OMEGA}*.html")
    opened(browser, page)
    figure = browser.find_element(By.CSS_SELECTOR, "figure[data-plot]")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", figure)
    WebDriverWait(browser, 10).until(lambda _: figure.find_elements(By.CSS_SELECTOR, ".points"))
    figure.find_element(By.CSS_SELECTOR, "svg[role=application]").send_keys(Keys.ARROW_RIGHT)
    assert PAYLOAD[:20] in summary(figure)
    assert browser.execute_script("return window.hacked === undefined")
    assert browser.find_elements(By.CSS_SELECTOR, "img[src=x], body script + script, svg[onload]") == []
    assert browser.get_log("browser") == []


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

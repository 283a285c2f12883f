"""The report in a real browser, opened from disk."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import resources
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from hubble_qa.reports.figures.figure_data import (
    Plot,
    PlotAxis,
    PlotColumn,
    PlotGroup,
    PlotLine,
    PlotPanel,
)
from hubble_qa.reports.figures.offsets import Offsets, offset_points
from hubble_qa.reports.figures.stretch import Adjustable, AdjustableImage, write_images
from hubble_qa.reports.pages.html import write_report
from tests.report_sample import (
    OMEGA,
    broken_results,
    everywhere,
    many_results,
    sample_plot,
    sample_results,
    verdict,
)

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PAYLOAD = (
    '"\'><img src=x onerror="window.hacked=1"><script>window.hacked=1</script><svg onload=window.hacked=1>'
)
WIDTHS = (1400, 700)
# What of a page is like other parts is left four times: rules take minutes of thousands of elements.
FEW_ALIKE = """const seen = {};
               document.querySelectorAll('tbody').forEach(body =>
                 [...body.rows].slice(4).forEach(row => row.remove()));
               document.querySelectorAll('details.criterion, section.entry').forEach(each => {
                 seen[each.className] = (seen[each.className] || 0) + 1;
                 if (seen[each.className] > 4) each.remove();
               })"""


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


@pytest.fixture(scope="module")
def ten_thousand(new_directory: Callable[[str], Path]) -> Path:
    directory = new_directory("many")
    many = tuple(
        verdict(criterion, f"u5jx{number:05}r_flt", 0.0)
        for criterion in ("PHT-001", "PHT-003", "WCS-002", "DRZ-004", "AST-013")
        for number in range(2000)
    )
    results = replace(sample_results(directory / "drawn"), verdicts=many, figures=())
    return write_report(results, directory / "report").with_name(f"{OMEGA}.html")


@pytest.fixture(scope="module")
def many_datasets(new_directory: Callable[[str], Path]) -> Path:
    directory = new_directory("datasets")
    return write_report(many_results(sample_results(directory / "drawn"), 90), directory / "report")


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
    """Verdicts that the filter lets through: status, criterion, subject; those of folded criteria too."""
    script = """return [...document.querySelectorAll('details.criterion:not([hidden])')].flatMap(criterion =>
                [...criterion.querySelectorAll('tr[data-state]')].filter(row => !row.hidden).map(row =>
                [row.cells[0].textContent.trim(), criterion.querySelector('.what').textContent.trim(),
                 row.cells[1].textContent.trim()]))"""
    rows: list[list[str]] = browser.execute_script(script)
    return rows


def pages_in_print(browser: WebDriver) -> int:
    """Pages of A4 that the page takes."""
    asked = {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": True}
    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", asked)["data"])
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", ["report", "hostile"])
def test_pages_open_from_disk_without_errors_or_overflow(
    browser: WebDriver, request: pytest.FixtureRequest, kind: str, width: int
) -> None:
    pages = sorted(request.getfixturevalue(kind).glob("*.html"))
    assert len(pages) == 5
    for page in pages:
        opened(browser, page, width)
        browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert browser.get_log("browser") == []
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width, page.name
        loaded = browser.execute_script(
            "return performance.getEntriesByType('resource').map(each => each.name)"
        )
        assert all(address.startswith("file:") for address in loaded)


def rules_broken(
    browser: WebDriver, rules: dict[str, list[str]] | None = None, *, whole: bool = False
) -> list[list[str]]:
    """Rules of accessibility that the open page breaks, each with the first element that does.

    Unless the page is asked as a `whole`, the rest of what is alike is taken from it.
    """
    axe = resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    asked = """const [rules, done] = arguments;
               axe.run(document, {resultTypes: ['violations'], ...rules}).then(found =>
               done(found.violations.map(each => [each.id, each.nodes[0].html])), String)"""
    browser.set_script_timeout(120)
    if not whole:
        browser.execute_script(FEW_ALIKE)
    # By the debugger: the page's policy lets no other script run.
    browser.execute_cdp_cmd("Runtime.evaluate", {"expression": axe})
    browser.execute_script("document.querySelectorAll('details').forEach((each, at) => each.open = at < 4)")
    found: list[list[str]] = browser.execute_async_script(asked, rules or {})
    return found


# In the dark only colours are others.
@pytest.mark.whole
@pytest.mark.parametrize(
    ("scheme", "rules", "whole"),
    [
        ("light", {}, False),
        pytest.param("light", {}, True, marks=pytest.mark.slow),
        pytest.param("dark", {"runOnly": ["color-contrast"]}, True, marks=pytest.mark.slow),
    ],
    ids=["light", "light-whole", "dark-whole"],
)
def test_pages_are_accessible(
    browser: WebDriver,
    report: Path,
    many_datasets: Path,
    scheme: str,
    rules: dict[str, list[str]],
    whole: bool,
) -> None:
    for page in (*sorted(report.glob("*.html")), many_datasets):
        for width in (320, *WIDTHS):
            opened(browser, page, width, scheme)
            assert rules_broken(browser, rules, whole=whole) == [], (page.name, width)


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
    assert browser.find_element(By.ID, "AST-002-u5jx010hr-flt").is_displayed(), "a few are laid open"
    assert browser.find_element(By.CSS_SELECTOR, "form output").text == f"2 of {everything} shown"
    browser.find_element(By.CSS_SELECTOR, "input[value=pass]").click()
    assert [row[0] for row in visible(browser)] == ["✗ fail"]
    words.clear()
    words.send_keys("no such thing anywhere")
    assert visible(browser) == []


def test_a_filter_stands_in_the_address_and_is_found_again(browser: WebDriver, report: Path) -> None:
    opened(browser, report / f"{OMEGA}.html")
    browser.find_element(By.NAME, "words").send_keys("ast-002")
    browser.find_element(By.CSS_SELECTOR, "input[value=pass]").click()
    found, address = visible(browser), browser.current_url
    assert address.endswith(f"{OMEGA}.html?words=ast-002&without=pass")
    browser.get("about:blank")
    browser.get(address)
    assert visible(browser) == found
    assert {row[0] for row in found} == {"✗ fail", "– not applicable"}
    browser.find_element(By.CSS_SELECTOR, "input[value=pass]").click()
    browser.find_element(By.NAME, "words").clear()
    browser.find_element(By.NAME, "words").send_keys(" ", Keys.BACKSPACE)
    assert browser.current_url.endswith(f"{OMEGA}.html")
    assert browser.get_log("browser") == []


@pytest.mark.parametrize(
    ("words", "shown"), [("00017", 5), ("pht-001 r_flt", 2000), ("zzz", 0), ("", 10_000)]
)
def test_ten_thousand_verdicts_are_filtered(
    words: str, shown: int, browser: WebDriver, ten_thousand: Path
) -> None:
    opened(browser, ten_thousand)
    script = """const field = document.querySelector('input[name=words]');
                field.value = arguments[0];
                field.dispatchEvent(new Event('input', {bubbles: true}))"""
    browser.execute_script(script, words)
    assert len(visible(browser)) == shown


def test_many_datasets_are_filtered_on_the_index_from_the_keyboard(
    browser: WebDriver, many_datasets: Path
) -> None:
    def shown() -> list[str]:
        script = """return [...document.querySelectorAll('#all-datasets tbody tr')].filter(row => !row.hidden)
                    .map(row => row.cells[0].textContent)"""
        names: list[str] = browser.execute_script(script)
        return names

    opened(browser, many_datasets)
    assert len(shown()) == 90
    assert browser.execute_script("return document.documentElement.scrollWidth") <= WIDTHS[0]
    words = browser.find_element(By.NAME, "words")
    words.send_keys("ast-002")
    assert len(shown()) == 15
    assert browser.find_element(By.CSS_SELECTOR, "form output").text == "15 of 90 shown"
    words.send_keys(" 0030")
    assert shown() == ["dataset-0030"]
    words.clear()
    words.send_keys(Keys.TAB, Keys.SPACE)
    assert len(shown()) == 60, "without those that failed"
    address = browser.current_url
    assert address.endswith("index.html?without=fail")
    browser.get("about:blank")
    browser.get(address)
    assert len(shown()) == 60
    assert browser.get_log("browser") == []


def test_a_cell_of_the_matrix_says_what_it_is_when_pointed_at(browser: WebDriver, report: Path) -> None:
    opened(browser, report / "index.html")
    cell = browser.find_element(By.CSS_SELECTOR, ".matrix td a[aria-label^='AST-002']")
    ActionChains(browser, duration=20).move_to_element(cell).perform()
    assert cell.get_attribute("title") == "AST-002 fail (1 of 4): fit RMS"


def test_criteria_are_folded_and_open_into_their_subjects(browser: WebDriver, report: Path) -> None:
    opened(browser, report / f"{OMEGA}.html")
    order = """return [...document.querySelectorAll('h2')].map(each => [each.id, each.offsetTop])"""
    tops = dict(browser.execute_script(order))
    assert tops["findings"] < tops["figures"] < tops["verdicts"] < tops["stages"] < tops["provenance"]
    row, criterion = (browser.find_element(By.ID, each) for each in ("AST-002-u5jx010hr-c0m", "AST-002"))
    assert not row.is_displayed()
    criterion.find_element(By.TAG_NAME, "summary").send_keys(Keys.ENTER)
    assert row.is_displayed()
    browser.find_element(By.NAME, "all").click()
    assert browser.find_element(By.ID, "PHT-004-star-12").is_displayed()
    browser.find_element(By.NAME, "all").click()
    assert not row.is_displayed()


@pytest.mark.whole
def test_in_print_tables_stay_tables_and_two_figures_fit_a_page(browser: WebDriver, tmp_path: Path) -> None:
    results = sample_results(tmp_path / "drawn", (1200, 1000))
    report = write_report(results, tmp_path / "report").parent
    opened(browser, report / f"{OMEGA}.html", 700)
    assert pages_in_print(browser) <= 5, "four figures, and the verdicts of 25 criteria"
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    shown = "return getComputedStyle(document.querySelector(arguments[0])).display"
    assert browser.execute_script(shown, "table.verdicts tbody tr") == "table-row"
    figure = browser.find_element(By.TAG_NAME, "figure")
    assert figure.size["height"] < (297 - 26) / 2 / 25.4 * 96
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    opened(browser, report / "index.html")
    assert pages_in_print(browser) <= 2


def test_the_summary_of_eight_datasets_prints_on_two_pages(browser: WebDriver, tmp_path: Path) -> None:
    sample = sample_results(tmp_path / "drawn")
    names = [f"dataset-{number}" for number in range(8)]
    own = [each for each in sample.verdicts if each.dataset == OMEGA]
    (record,) = (each for each in sample.datasets if each.name == OMEGA)
    eight = replace(
        sample,
        datasets=tuple(replace(record, name=name) for name in names),
        verdicts=tuple(
            replace(each, dataset=name, topic="relative astrometry") for name in names for each in own
        ),
        figures=(),
        stages=(),
    )
    opened(browser, write_report(eight, tmp_path / "report").with_name("summary.html"))
    assert len(browser.find_elements(By.CSS_SELECTOR, ".overview tbody tr")) == 8
    assert len(browser.find_elements(By.CSS_SELECTOR, "section.of-summary li")) >= 16
    assert pages_in_print(browser) <= 2
    assert browser.get_log("browser") == []


def test_no_row_of_the_criteria_is_cut_in_print(browser: WebDriver, report: Path) -> None:
    opened(browser, report / "criteria.html")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    page = {"width": 695, "height": 1000, "deviceScaleFactor": 1, "mobile": False}  # A4 less its margins
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", page)
    browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    script = """return [...document.querySelectorAll('td, th, dd')].filter(cell => cell.offsetParent &&
                (cell.scrollWidth > cell.clientWidth + 1 ||
                 cell.getBoundingClientRect().right > innerWidth + 1))
                .map(cell => cell.textContent.trim().slice(0, 60))"""
    assert browser.execute_script(script) == []
    breaks = "return getComputedStyle(document.querySelector('.values tr')).breakInside"
    assert browser.execute_script(breaks) == "avoid"
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_sources_far_off_are_ringed_and_said_to_be(browser: WebDriver, tmp_path: Path) -> None:
    results = sample_results(tmp_path / "drawn")
    table = sample_plot(12).model_dump() | {"outliers": [2, 5], "outlying": "beyond 3 × the fit RMS"}
    (tmp_path / "drawn" / "residuals.json").write_text(Plot.model_validate(table).model_dump_json())
    figure = plotted(browser, write_report(results, tmp_path / "report").parent)
    lines = figure.find_elements(By.CSS_SELECTOR, ".inner .outlying")
    rings = [each.get_attribute("d") or "" for each in lines]
    assert [each.count("M") for each in rings] == [2] * 4
    assert "beyond 3 × the fit RMS (2)" in figure.find_element(By.CLASS_NAME, "legend-of-plot").text
    drawing = figure.find_element(By.CSS_SELECTOR, "svg[role=application]")
    told = []
    for _ in range(12):
        drawing.send_keys(Keys.ARROW_RIGHT)
        told.append((chosen(figure), "beyond 3 ×" in summary(figure)))
    assert sorted(number for number, far in told if far) == [3, 6]


def test_sorting_by_a_column_from_the_keyboard(browser: WebDriver, report: Path) -> None:
    opened(browser, report / f"{OMEGA}.html")
    browser.execute_script("location.hash = 'PHT-004-star-1'")
    criterion = browser.find_element(By.ID, "PHT-004")
    value, subject = (
        criterion.find_element(By.XPATH, f".//th[normalize-space()='{each}']")
        for each in ("Value", "Subject")
    )
    keys = (
        """return [...arguments[0].querySelectorAll('tr[data-state]')].map(row => row.cells[2].dataset.key)"""
    )
    for direction in ("ascending", "descending"):
        value.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
        assert value.get_attribute("aria-sort") == direction
        values = [float(each) for each in browser.execute_script(keys, criterion)]
        assert len(values) == 12
        assert values == sorted(values, reverse=direction == "descending")
    subject.find_element(By.TAG_NAME, "button").click()
    stars = [row[2] for row in visible(browser) if row[1].startswith("PHT-004")]
    assert stars == [f"star {number}" for number in range(1, 13)]
    assert value.get_attribute("aria-sort") is None


def test_a_link_to_a_filtered_row_shows_it(browser: WebDriver, report: Path) -> None:
    opened(browser, report / f"{OMEGA}.html")
    browser.find_element(By.CSS_SELECTOR, "input[value=fail]").click()
    row = browser.find_element(By.ID, "AST-002-u5jx010hr-c0m")
    assert not row.is_displayed()
    browser.find_element(By.CSS_SELECTOR, ".finding h3 a").click()
    assert row.is_displayed()


def test_a_figure_enlarges_and_closes_from_the_keyboard(browser: WebDriver, report: Path) -> None:
    opened(browser, report / f"{OMEGA}.html")
    dialog = browser.find_element(By.ID, "lightbox")
    assert not dialog.is_displayed()
    browser.find_element(By.CSS_SELECTOR, "figure:not([data-plot]) a.enlarge").send_keys(Keys.ENTER)
    assert dialog.is_displayed()
    assert "FLT / C0M, single drizzled" in dialog.text
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


def test_the_bound_is_named_and_the_judged_value_stands_above(browser: WebDriver, report: Path) -> None:
    figure = plotted(browser, report)
    texts = {
        kind: [each.text for each in figure.find_elements(By.CSS_SELECTOR, f"svg text.{kind}")]
        for kind in ("name", "note")
    }
    assert texts == {"name": ["bound"], "note": ["Fit RMS: 0.150 pix"]}


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


def test_a_logarithmic_axis_has_equal_ratios_and_stays_one_when_zoomed(
    browser: WebDriver, tmp_path: Path
) -> None:
    rates = [10.0, 100.0, 1000.0]
    table = Plot(
        noun="frame",
        across=1,
        axes={
            "warmth": PlotAxis(label="warmth", low=0, high=4),
            "rate": PlotAxis(label="rate", low=5, high=2000, log=True),
        },
        panels=(PlotPanel(x="warmth", y="rate"),),
        groups=(PlotGroup(name="frames", colour="#0072b2"),),
        group=(0, 0, 0),
        columns={
            "warmth": PlotColumn(label="warmth", values=(1, 2, 3)),
            "rate": PlotColumn(label="rate", values=tuple(rates)),
        },
        lines=(PlotLine(axis="warmth", value=2.5, label="limit"),),
    )
    results = sample_results(tmp_path / "drawn")
    (tmp_path / "drawn" / "residuals.json").write_text(table.model_dump_json())
    figure = plotted(browser, write_report(results, tmp_path / "report").parent)
    drawing = figure.find_element(By.CSS_SELECTOR, "svg[role=application]")

    def heights() -> list[float]:
        places = []
        for _ in rates:
            drawing.send_keys(Keys.ARROW_UP)
            places.append(float(figure.find_element(By.CLASS_NAME, "ring").get_attribute("cy") or 0))
        return places

    first, second, third = heights()
    assert first - second == pytest.approx(second - third, abs=0.5), "10, 100 and 1000 are equally far"
    texts = [each.text for each in figure.find_elements(By.CSS_SELECTOR, "svg[role=application] text")]
    assert {"10", "100", "1000"} <= set(texts)
    assert texts.count("limit") == 1
    drawing.send_keys("+")
    rings = [float(figure.find_element(By.CLASS_NAME, "ring").get_attribute("cy") or 0)]
    assert rings[0] == pytest.approx(third, abs=3 + 0.25 * (second - third)), "zoomed about the chosen frame"
    drawing.send_keys("0")
    assert in_view(figure) == "3 frames"
    assert browser.get_log("browser") == []


@pytest.fixture
def stretched(browser: WebDriver, tmp_path: Path) -> WebElement:
    """A figure of two images of known values, opened for its stretch to be changed."""
    results = sample_results(tmp_path / "drawn")
    sky = np.random.default_rng(1).normal(10.0, 1.0, (60, 80))
    sky[:10, :40], sky[:10, 40:] = np.nan, 1000.0
    pictures = Adjustable(
        (AdjustableImage("first", sky, (5.0, 20.0)), AdjustableImage("second", 2 * sky, (5.0, 20.0))),
        "counts",
    )
    written = write_images(pictures, "ratio", tmp_path / "drawn")
    data = tmp_path / "drawn" / "ratio.json"
    data.write_text(written.model_dump_json())
    figures = tuple(
        replace(each, data=str(data)) if each.figure == "ratio" else each for each in results.figures
    )
    page = write_report(replace(results, figures=figures), tmp_path / "report").with_name(f"{OMEGA}.html")
    opened(browser, page)
    return browser.find_element(By.CSS_SELECTOR, "figure[data-images]")


def greys(browser: WebDriver, figure: WebElement, number: int = 0) -> np.ndarray:
    """What a panel looks like: a screenshot of its picture, its first row at the top."""
    image = figure.find_elements(By.CSS_SELECTOR, ".images-of-figure img")[number]
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", image)
    return np.asarray(Image.open(BytesIO(image.screenshot_as_png)).convert("RGB")).astype(int)


def test_the_stretch_of_images_is_changed_from_the_keyboard(
    browser: WebDriver, stretched: WebElement
) -> None:
    figure = stretched
    swap = figure.find_element(By.CLASS_NAME, "swap")
    assert figure.find_element(By.CSS_SELECTOR, "a.enlarge").is_displayed()
    swap.send_keys(Keys.ENTER)
    assert not figure.find_element(By.CSS_SELECTOR, "a.enlarge").is_displayed()
    assert [each.text for each in figure.find_elements(By.CSS_SELECTOR, ".images-of-figure p")] == [
        *("first", "second")
    ]
    stretch, limits = map(Select, figure.find_elements(By.TAG_NAME, "select"))
    assert (stretch.first_selected_option.text, limits.first_selected_option.text) == ("asinh", "as printed")
    assert figure.find_element(By.TAG_NAME, "output").text == "5 to 20 counts"

    figure.find_elements(By.TAG_NAME, "select")[0].send_keys("lin")
    assert stretch.first_selected_option.text == "linear"
    seen = greys(browser, figure)
    rows, columns = seen.shape[:2]
    bright = seen[round(0.92 * rows), round(0.75 * columns)]
    blank = seen[round(0.92 * rows), round(0.25 * columns)]
    sky = seen[round(0.1 * rows) : round(0.7 * rows)].mean()
    assert bright.max() <= 2, "beyond the upper limit is black, at the bottom, where the image has it"
    assert blank == pytest.approx([219, 230, 243], abs=3), "where there is no pixel"
    assert sky == pytest.approx(255 * (1 - (10 - 5) / 15), abs=4), "the sky between the limits"
    second = greys(browser, figure, 1)[round(0.1 * rows) : round(0.7 * rows)].mean()
    assert second == pytest.approx(255 * (1 - 15 / 15), abs=16), "twice as bright"

    figure.find_elements(By.TAG_NAME, "select")[1].send_keys("all")
    assert re.fullmatch(r".* to 1000; .* to 2000 counts", figure.find_element(By.TAG_NAME, "output").text)
    assert greys(browser, figure)[round(0.1 * rows) : round(0.7 * rows)].mean() > 245
    figure.find_elements(By.TAG_NAME, "select")[0].send_keys("log")
    assert greys(browser, figure)[round(0.1 * rows) : round(0.7 * rows)].mean() < 210
    swap.send_keys(Keys.ENTER)
    assert figure.find_element(By.CSS_SELECTOR, "a.enlarge").is_displayed()
    assert browser.get_log("browser") == []


def test_a_stretched_image_prints_as_it_was_drawn(browser: WebDriver, stretched: WebElement) -> None:
    stretched.find_element(By.CLASS_NAME, "swap").click()
    image, box = (
        stretched.find_element(By.CSS_SELECTOR, each) for each in ("a.enlarge", ".images-of-figure")
    )
    assert (image.is_displayed(), box.is_displayed()) == (False, True)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert (image.is_displayed(), box.is_displayed()) == (True, False)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


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

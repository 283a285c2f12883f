"""The pages of the report, read as a browser without scripts would read them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote
from xml.etree.ElementTree import Element

import html5lib
import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hubble_qa.reports.collect.results import (
    NOT_JUDGED_FACT,
    DatasetRecord,
    FigureRecord,
    Results,
    read_results,
    results_schema,
)
from hubble_qa.reports.figures.figure_data import Plot
from hubble_qa.reports.pages.html import ReportError, write_report
from hubble_qa.reports.pages.summary import State
from hubble_qa.reports.pages.wording import SYMBOLS
from tests.report_sample import (
    OMEGA,
    REAL,
    broken_results,
    everywhere,
    sample_plot,
    sample_results,
    sample_run,
    verdict,
)

PAYLOAD = '"\'><img src=x onerror="window.hacked=1"><script>window.hacked=1</script></style></svg>{{7*7}}&lt;'


class Page:
    """A page, parsed strictly: any error in its HTML fails the test."""

    def __init__(self, path: Path) -> None:
        parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
        self.source = path.read_text(encoding="utf-8")
        self.root: Element = parser.parse(self.source)
        self.path = path

    def all(self, tag: str, css_class: str = "") -> list[Element]:
        found = (each for each in self.root.iter() if str(each.tag).rpartition("}")[2] == tag)
        return [each for each in found if not css_class or css_class in (each.get("class") or "").split()]

    def text(self) -> str:
        return text_of(next(each for each in self.root.iter("body")))

    def rows(self) -> list[list[str]]:
        (table,) = self.all("table", "verdicts")
        return [[text_of(cell) for cell in row] for row in table.iter("tr") if row.get("data-state")]


def text_of(element: Element) -> str:
    """The text that is shown of an element, with single spaces."""
    hidden = {"script", "style", "title"}

    def pieces(node: Element) -> Iterator[str]:
        if str(node.tag).rpartition("}")[2] not in hidden:
            yield node.text or ""
            for child in node:
                yield from pieces(child)
                yield child.tail or ""

    return " ".join("".join(pieces(element)).split())


@pytest.fixture
def sample(tmp_path: Path) -> Results:
    return sample_results(tmp_path / "drawn")


def written(results: Results, tmp_path: Path) -> dict[str, Page]:
    index = write_report(results, tmp_path / "report")
    assert index == tmp_path / "report" / "index.html"
    return {path.stem: Page(path) for path in index.parent.glob("*.html")}


def test_the_index_says_what_the_run_was_and_what_it_came_to(sample: Results, tmp_path: Path) -> None:
    pages = written(sample, tmp_path)
    assert set(pages) == {"index", OMEGA, REAL}
    index = pages["index"]
    assert text_of(index.all("h1")[0]) == "✗ Not accepted: 1 failure"
    shown = index.text()
    for fact in (
        "directory: ../archive", "pytest qa/ --archive ../archive -n 2", "2026-03-01 21:04:11 UTC", "47.8 s",
        "9 built, 11 reused from the store", "hst_0729.pmap", "drizzlepac 3.11.0", "✗ 1 fail", "✓ 135 pass",
        "⊘ 1 rejected, as expected", "– 28 not applicable",
    ):  # fmt: skip
        assert fact in shown, fact
    assert "AST-002 fit RMS u5jx010hr_c0m 0.231 pix accepted ≥ 0 and ≤ 0.2 pix" in shown


def test_the_matrix_puts_the_worst_first_and_says_states_in_words(sample: Results, tmp_path: Path) -> None:
    index = written(sample, tmp_path)["index"]
    (matrix,) = index.all("table", "matrix")
    head, *body = matrix.iter("tr")
    assert [text_of(cell) for cell in head][:5] == ["Dataset", "stages", "AST-002", "DRZ-001", "CAL-002"]
    names = [text_of(row[0]) for row in body]
    assert [name.split()[0] for name in names] == [OMEGA, REAL]
    cell = body[0][2][0]
    assert (cell.get("aria-label"), text_of(cell)) == ("AST-002 fit RMS: fail (1 of 4)", "✗")
    for row in body:
        for cell in row[1:]:
            assert cell[0].get("aria-label"), text_of(cell)
            assert text_of(cell), "a cell must hold a symbol, not a colour alone"


def test_each_workflow_has_a_matrix_of_its_own_criteria(sample: Results, tmp_path: Path) -> None:
    datasets = tuple(
        replace(each, workflow="sbc-dark-rate") if each.name == REAL else each for each in sample.datasets
    )
    verdicts = tuple(
        replace(each, criterion="DRK-002") if each.dataset == REAL else each for each in sample.verdicts
    )
    index = written(replace(sample, datasets=datasets, verdicts=verdicts), tmp_path)["index"]
    first, second = index.all("table", "matrix")
    assert [text_of(cell) for cell in next(second.iter("tr"))] == ["Dataset", "stages", "DRK-002"]
    assert "DRK-002" not in [text_of(cell) for cell in next(first.iter("tr"))]
    assert text_of(next(second.iter("caption"))) == "sbc-dark-rate"


def test_the_verdict_table_holds_every_verdict_with_its_numbers(sample: Results, tmp_path: Path) -> None:
    rows = written(sample, tmp_path)[OMEGA].rows()
    assert len(rows) == sum(each.dataset == OMEGA for each in sample.verdicts)
    status, criterion, subject, value, bounds, margin, reason = rows[0]
    assert (status, criterion, subject) == ("✗ fail", "AST-002 fit RMS", "u5jx010hr_c0m")
    assert (value, bounds, margin) == ("0.231 pix", "≥ 0 and ≤ 0.2 pix override", "-0.031")
    assert "zero is never a good fit" in reason
    assert "stated requirement" in reason
    assert "undersampled stars" in reason
    assert "qa/test_wfpc2_chip_normalization.py::test_fit_rms" in reason
    assert [row[0] for row in rows[:4]] == ["✗ fail", "▲ warn", "⊘ rejected, as expected", "✓ pass"]
    assert "Known defect: the context asks for IDCTAB ta81040lu" in rows[2][6]
    assert rows[-1][0] == "– not applicable"
    assert any(row[3] == "(3.4390 ± 0.0012)e-18 erg / (s cm2 Angstrom)" for row in rows)


def test_the_bar_says_in_words_where_the_value_lies(sample: Results, tmp_path: Path) -> None:
    bars = written(sample, tmp_path)[OMEGA].all("svg", "bar")
    assert bars[0].get("aria-label") == "1.2 × the limit"
    assert {bar.get("role") for bar in bars} == {"img"}
    assert all(bar.get("aria-label") for bar in bars)


def test_links_lead_somewhere(sample: Results, tmp_path: Path) -> None:
    for results in (sample, broken_results(sample)):
        pages = written(results, tmp_path)
        anchors = {
            name: [each.get("id") for each in page.root.iter() if each.get("id")]
            for name, page in pages.items()
        }
        for name, page in pages.items():
            assert len(set(anchors[name])) == len(anchors[name]), "anchors must be unique"
            targets = [each.get("href") for each in page.all("a")] + [
                each.get("src") for each in page.all("img")
            ]
            for target in filter(None, targets):
                file, _, anchor = unquote(target).partition("#")
                assert not file or (page.path.parent / file).is_file(), target
                assert not anchor or anchor in anchors[Path(file).stem if file else name], target


def test_figures_are_copied_and_linked_from_what_they_explain(sample: Results, tmp_path: Path) -> None:
    page = written(sample, tmp_path)[OMEGA]
    images = [each for each in sample.figures if each.kind == "image"]
    for record in images:
        copied = tmp_path / "report" / "figures" / OMEGA / Path(record.file).name
        assert copied.read_bytes() == Path(record.file).read_bytes()
    figures = page.all("figure")
    assert [figure.get("id") for figure in figures] == [f"figure-{each.figure}" for each in images]
    assert "See verdicts AST-002, AST-003, AST-004, AST-008." in text_of(figures[0])
    image = next(figures[0].iter("img"))
    assert (image.get("width"), image.get("height")) == ("60", "40")
    assert image.get("alt") == "Star field standing for: Residuals of the fit"
    links = [each.get("href") for each in page.all("a", "to-figure")]
    assert "#figure-residuals" in links


def test_points_stand_with_their_figure_and_its_image_stays(sample: Results, tmp_path: Path) -> None:
    page = written(sample, tmp_path)[OMEGA]
    plotted = [figure for figure in page.all("figure") if figure.get("data-plot")]
    assert [figure.get("id") for figure in plotted] == ["figure-residuals"]
    assert Plot.model_validate_json(plotted[0].get("data-plot") or "") == sample_plot()
    assert next(plotted[0].iter("img")).get("src")


def test_a_table_has_a_section_of_its_own_before_the_verdicts(sample: Results, tmp_path: Path) -> None:
    page = written(sample, tmp_path)[OMEGA]
    headings = [text_of(each) for each in page.all("h2")]
    assert headings.index("Solutions") < headings.index("Verdicts")
    (table,) = page.all("table", "tabulation")
    rows = [[text_of(cell) for cell in row] for row in table.iter("tr")]
    assert rows == [
        ["Solution", "dx (pix)", "matches"],
        ["u5jx010hr carries the fit"],
        ["archive", "–", "442"],
        ["✓ fit", "+0.005", "157"],
    ]
    assert "Shifts are relative to the archive's." in page.text()
    assert any(each.get("href") == "#figure-solutions" for each in page.all("a"))


def test_a_verdict_leads_to_the_figure_of_its_subject(sample: Results, tmp_path: Path) -> None:
    first = sample.figures[0]
    figures = tuple(
        replace(first, subject=subject, title=subject) for subject in ("u5jx010hr_c0m", "u5jx010hr_flt")
    )
    page = written(replace(sample, figures=figures), tmp_path)[OMEGA]
    (table,) = page.all("table", "verdicts")
    leads = {
        text_of(row[2]): link.get("href")
        for row in table.iter("tr")
        if row.get("data-state") and text_of(row[1]).startswith("AST-002")
        for link in row[6].iter("a")
    }
    assert leads["u5jx010hr_c0m"] == "#figure-residuals"
    assert leads["u5jx010hr_flt"] == "#figure-residuals--2"
    assert leads["u5jx0108r_flt"] == "#figure-residuals", "none of its own: the first"
    rows = {row.get("id"): text_of(row[2]) for row in table.iter("tr") if row.get("data-state")}
    explained = page.all("figure")[1]
    links = [each.get("href") or "" for each in explained.iter("a") if text_of(each).startswith("AST-")]
    assert {rows[link.lstrip("#")] for link in links} == {"u5jx010hr_flt"}


@pytest.mark.parametrize("content", ["", "[]", '{"kind": "points"}', '{"kind": "table", "rows": 1}', "\x00"])
def test_data_of_another_form_leave_the_image_and_say_that_a_table_is_missing(
    sample: Results, tmp_path: Path, content: str
) -> None:
    for each in sample.figures:
        if each.data:
            Path(each.data).write_text(content)
    page = written(sample, tmp_path)[OMEGA]
    assert not [figure for figure in page.all("figure") if figure.get("data-plot")]
    assert len(page.all("figure")) == 4
    assert "solutions.json is missing" in page.text()
    assert not list((tmp_path / "report").rglob("figures/*/*.json"))


def test_the_plan_is_drawn_and_listed(sample: Results, tmp_path: Path) -> None:
    page = written(sample, tmp_path)[OMEGA]
    drawing = next(svg for svg in page.all("svg") if "bar" not in (svg.get("class") or ""))
    tags = [str(each.tag).rpartition("}")[2] for each in drawing.iter()]
    upstream = sum(len(each.upstream) for each in sample.stages if each.dataset == OMEGA)
    assert (tags.count("rect"), tags.count("path")) == (10, upstream)
    (table,) = page.all("table", "stages")
    rows = [[text_of(cell) for cell in row] for row in table.iter("tr")]
    keys = {each.node: each.key[:12] for each in sample.stages if each.dataset == OMEGA}
    assert rows[1][:6] == ["fetch", "✓ complete reused", "0.90 s", "0.85 s", "84 MB", keys["fetch"]]
    assert rows[6][:6] == ["align-c0m", "✓ complete built", "9.1 s", "8.6 s", "412 MB", keys["align-c0m"]]
    assert "imagefind.conv_width 3.0" in rows[6][6]
    codes = {each.node: each.code[:12] for each in sample.stages if each.dataset == OMEGA}
    assert f"code {codes['align-c0m']}" in rows[6][6]


def test_a_failed_stage_shows_once_on_its_page_with_its_log(sample: Results, tmp_path: Path) -> None:
    pages = written(broken_results(sample), tmp_path)
    shown = pages[OMEGA].text()
    assert shown.count("line 40 of TweakReg's log") == 1
    assert "TweakReg found 3 sources in u5jx010hr_flt.fits, fewer than minobj = 7" in shown
    assert text_of(pages[OMEGA].all("h1")[0]).startswith("■ Not accepted: 1 stage failed;")
    index = pages["index"].text()
    assert index.count("TweakReg found 3 sources") == 1
    missing = re.search(r"\? (\d+) not measured stage align-flt failed", shown)
    assert missing is not None, "what could not be measured for one reason stands together"
    assert int(missing[1]) > 20


def test_an_unexpected_pass_says_what_to_look_at(tmp_path: Path) -> None:
    stale = replace(
        verdict("CAL-002", "u5jx0108r", 1.0), expected="the cache lacks ta81040lu", accepted=False
    )
    page = written(Results(sample_run(), (), (), (stale,), ()), tmp_path)[OMEGA]
    assert "Expected to be rejected: the cache lacks ta81040lu" in page.text()
    assert "the expectation in the dataset file is out of date" in page.text()


def test_empty_states_say_what_is_missing_and_why(tmp_path: Path) -> None:
    nothing = written(Results(sample_run(5), (), (), (), ()), tmp_path)["index"].text()
    assert "No dataset took part in this run" in nothing
    assert "No test was selected, so nothing was judged" in nothing
    absent = DatasetRecord(REAL, "", "", (), absent="the archive holds no u40x010hm")
    pages = written(Results(sample_run(0), (absent,), (), (), ()), tmp_path)
    assert "Absent from the archive" in pages["index"].text()
    for page in pages.values():
        assert "the archive holds no u40x010hm" in page.text()
    bare = pages[REAL].text()
    for text in ("No criterion was applied", "No figures were made", "No stage of this dataset was needed"):
        assert text in bare


def test_finished_products_have_no_archive_and_no_stages(tmp_path: Path) -> None:
    facts = {NOT_JUDGED_FACT: "notes.txt: it is no FITS file"}
    dataset = DatasetRecord(OMEGA, "Finished products", "finished-products", (), facts=facts)
    run = replace(sample_run(), archive="products", archive_location="/data/mine")
    pages = written(Results(run, (dataset,), (), (verdict("AST-002", "a_flt", 0.05),), ()), tmp_path)
    for page in pages.values():
        shown = page.text()
        assert "Finished products" in shown
        assert "notes.txt: it is no FITS file" in shown
        for other in ("Archive", "Stages", "stages", "CRDS context", "Figures"):
            assert other not in shown


def test_a_figure_that_cannot_be_shown_is_named_as_missing(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<script>alert(1)</script>")
    lost = FigureRecord(OMEGA, "residuals", "Residuals", "", "", str(tmp_path / "none.png"))
    page_file = replace(lost, file=str(tmp_path / "page.html"))
    null = replace(lost, file="a\x00.png")
    pages = written(Results(sample_run(0), (), (), (), (lost, page_file, null)), tmp_path)
    assert pages[OMEGA].text().count("is missing") == 3
    assert not list((tmp_path / "report").rglob("page.html"))


def test_figures_of_one_name_do_not_meet(tmp_path: Path) -> None:
    for folder in ("flt", "c0m"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "fit.png").write_bytes(folder.encode())
    records = tuple(
        FigureRecord(OMEGA, "residuals", form, "", "", str(tmp_path / form / "fit.png"))
        for form in ("flt", "c0m")
    )
    page = written(Results(sample_run(0), (), (), (), records), tmp_path)[OMEGA]
    images = [each.get("src") for each in page.all("img") if each.get("src")]
    assert [(page.path.parent / str(each)).read_bytes() for each in images] == [b"flt", b"c0m"]
    assert [each.get("id") for each in page.all("figure")] == ["figure-residuals", "figure-residuals--2"]


def test_results_beside_the_pages_conform_and_point_into_the_report(sample: Results, tmp_path: Path) -> None:
    written(sample, tmp_path)
    report = tmp_path / "report"
    found = read_results(report / "results.json")
    assert replace(found, figures=sample.figures) == sample
    assert [each.kind for each in found.figures].count("table") == 1
    paths = [path for each in found.figures for path in (each.file, each.data) if path]
    assert len(paths) == len(found.figures) + 1, "an image each, points of one, and a table's rows"
    assert all((report / path).is_file() and not Path(path).is_absolute() for path in paths)
    before = {path: path.read_bytes() for path in report.rglob("*.*")}
    write_report(found, report)
    assert {path: path.read_bytes() for path in report.rglob("*.*")} == before, (
        "made again from its own results"
    )


def test_a_directory_of_something_else_is_refused(sample: Results, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("three years")
    with pytest.raises(ReportError, match="holds no report"):
        write_report(sample, tmp_path)


def test_nothing_comes_from_elsewhere_and_the_policy_names_the_pages_own_script(
    sample: Results, tmp_path: Path
) -> None:
    for page in written(sample, tmp_path).values():
        (policy,) = [each.get("content") or "" for each in page.all("meta") if each.get("http-equiv")]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        for tag in ("script", "style"):
            (element,) = page.all(tag)
            digest = base64.b64encode(hashlib.sha256((element.text or "").encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy
        for each in page.root.iter():
            for name, value in each.attrib.items():
                assert not str(name).startswith("on"), "no event handlers in attributes"
                assert name != "style", "the policy forbids styles in attributes"
                if name in ("src", "href"):
                    assert "://" not in value
                    assert not value.startswith("//")


def test_tables_have_captions_and_scopes(sample: Results, tmp_path: Path) -> None:
    for page in written(sample, tmp_path).values():
        for table in page.all("table"):
            assert next(table.iter("caption")).text
            assert all(cell.get("scope") in ("col", "row", "rowgroup") for cell in table.iter("th"))
        assert page.root.get("lang") == "en"
        assert len(page.all("h1")) == 1


def test_every_state_has_a_symbol_of_its_own() -> None:
    assert set(SYMBOLS) == set(State)
    assert len(set(SYMBOLS.values())) == len(State)


def assert_harmless(page: Page) -> None:
    assert len(page.all("script")) == 1
    assert {each.get("src") for each in page.all("img") if each.get("src") == "x"} == set()
    assert not [name for each in page.root.iter() for name in each.attrib if str(name).startswith("on")]


def test_markup_in_any_text_is_shown_and_never_obeyed(sample: Results, tmp_path: Path) -> None:
    for results in (sample, broken_results(sample)):
        hostile = everywhere(results, lambda text: text + PAYLOAD)
        pages = written(hostile, tmp_path)
        for page in pages.values():
            assert_harmless(page)
            assert PAYLOAD in page.text()
        jsonschema.validate(json.loads((tmp_path / "report" / "results.json").read_text()), results_schema())


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(noise=st.text(st.characters(), max_size=30))
def test_any_characters_make_well_formed_pages(sample: Results, tmp_path: Path, noise: str) -> None:
    few = replace(sample, verdicts=sample.verdicts[::12], stages=sample.stages[::4])
    for page in written(everywhere(few, lambda text: text + noise), tmp_path).values():
        assert_harmless(page)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", page.source)


def test_very_long_text_is_cut(sample: Results, tmp_path: Path) -> None:
    few = replace(sample, verdicts=sample.verdicts[:3], stages=sample.stages[:2])
    pages = written(everywhere(few, lambda text: text + "x" * 100_000), tmp_path)
    assert all(len(page.source) < 120_000 for page in pages.values())
    assert "more characters" in pages["index"].text()


def test_templates_cost_nothing_until_a_report_is_written() -> None:
    reports = "hubble_qa.reports"
    code = f"import sys, {reports}.pages.html, {reports}.session.terminal; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_very_many_verdicts_do_not_make_a_page_of_any_size(tmp_path: Path) -> None:
    many = tuple(verdict("PHT-001", f"u5jx{number:05}r_flt", 0.5) for number in range(5000))
    results = replace(sample_results(tmp_path / "figures"), verdicts=many, figures=())
    page = write_report(results, tmp_path / "report").with_name(f"{OMEGA}.html")
    text = page.read_text(encoding="utf-8")
    assert len(text) < 8_000_000
    assert "3000 more verdicts, none of them worse, are in results.json." in text

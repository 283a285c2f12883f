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
from astropy.table import Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.ma import masked

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.reports.collect.results import (
    DRAWN_FACT,
    NOT_JUDGED_FACT,
    UNUSABLE_FACT,
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
    RULES,
    broken_results,
    everywhere,
    many_results,
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
        """Verdicts: status, criterion with its title, subject, value, bounds, margin, reason."""
        found = []
        for criterion in self.all("details", "criterion"):
            (title,) = (each for each in criterion.iter("span") if each.get("class") == "what")
            for row in criterion.iter("tr"):
                if row.get("data-state"):
                    status, *others = map(text_of, row)
                    found.append([status, text_of(title), *others])
        return found

    def leads(self) -> dict[str, list[str | None]]:
        """Where the links of each verdict lead, by its anchor."""
        rows = [row for table in self.all("table", "verdicts") for row in table.iter("tr")]
        return {
            row.get("id") or "": [link.get("href") for link in row.iter("a")]
            for row in rows
            if row.get("data-state")
        }


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
    assert set(pages) == {"index", "criteria", "summary", OMEGA, REAL}
    index = pages["index"]
    assert text_of(index.all("h1")[0]) == "✗ Not accepted: 1 failure"
    shown = index.text()
    for fact in (
        "directory: ../archive", "pytest qa/ --archive ../archive -n 2", "2026-03-01 21:04:11 UTC", "47.8 s",
        "9 built, 11 reused from the store", "hst_0729.pmap", "drizzlepac 3.11.0", "✗ 1 fail", "✓ 135 pass",
        "⊘ 1 known defect", "– 28 not applicable",
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
    assert (cell.get("aria-label"), text_of(cell)) == ("AST-002 fail (1 of 4)", "✗")
    for row in body:
        for cell in row[1:]:
            if len(cell):
                assert cell[0].get("aria-label"), text_of(cell)
                assert text_of(cell), "a cell must hold a symbol, not a colour alone"
    # Of what was not judged the style has symbol and words: there are hundreds of such cells.
    assert any(len(cell) == 0 for row in body for cell in row[1:])
    style = "".join(each.text or "" for each in index.all("style"))
    assert '.matrix td:empty::before { content: "·"; content: "·" / "not judged"' in style


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
    page = written(sample, tmp_path)[OMEGA]
    rows = page.rows()
    assert len(rows) == sum(each.dataset == OMEGA for each in sample.verdicts)
    status, criterion, subject, value, bounds, margin, reason = rows[0]
    assert (status, criterion, subject) == ("✗ fail", "AST-002 fit RMS", "u5jx010hr_c0m")
    assert (value, bounds, margin) == ("0.231 pix", "≥ 0 and ≤ 0.2 pix override", "-0.031")
    assert "undersampled stars" in reason
    assert "qa/test_wfpc2_chip_normalization.py::test_fit_rms" in reason
    assert "Known defect: the context asks for IDCTAB ta81040lu" in next(
        row[6] for row in rows if row[0].startswith("⊘")
    )
    assert any(row[3] == "(3.4390 ± 0.0012)e-18 erg / (s cm2 Angstrom)" for row in rows)


def test_a_criterion_is_one_row_that_opens_into_its_subjects(sample: Results, tmp_path: Path) -> None:
    page = written(sample, tmp_path)[OMEGA]
    criteria = page.all("details", "criterion")
    shown = [text_of(next(each.iter("summary"))) for each in criteria]
    mine = [each for each in sample.verdicts if each.dataset == OMEGA]
    assert len(shown) == len({each.criterion for each in mine})
    assert [line.split()[0] for line in shown[:4]] == ["✗", "▲", "⊘", "✓"], "worst first"
    assert shown[0].startswith("✗ fail AST-002 fit RMS ✗ 1 fail ✓ 1 pass – 2 not applicable 0.231 pix ≥ 0")
    first = criteria[0]
    assert first.get("id") == "AST-002"
    assert first.get("open") is None
    why = text_of(next(each for each in first.iter("div") if each.get("class") == "why"))
    assert "zero is never a good fit" in why
    assert "stated requirement" in why


def test_where_no_problem_was_counted_there_is_a_tick_and_no_bar(tmp_path: Path) -> None:
    counted = replace(verdict("FIL-001", "a_flt", 1.0), value=0.0, lower=None, upper=0.0, bounds="≤ 0")
    others = tuple(replace(counted, subject=each, test=each) for each in ("b_flt", "c_flt"))
    page = written(Results(sample_run(0), (), (), (counted, *others), ()), tmp_path)[OMEGA]
    (criterion,) = page.all("details", "criterion")
    assert text_of(next(criterion.iter("summary"))) == "✓ pass FIL-001 FITS verifies ✓ 3 pass no problem"
    assert page.all("svg", "bar") == []


def test_anchors_are_the_same_whatever_else_is_judged(sample: Results, tmp_path: Path) -> None:
    page = written(sample, tmp_path)[OMEGA]
    assert {"AST-002-u5jx010hr-c0m", "PHT-004-star-3", "AST-013-u5jx010hr-dx"} <= set(page.leads())
    record = verdict("AST-002", "a_flt", 0.05)
    alike = [replace(record, subject=each, test=each) for each in ("a_flt", "a flt", "")]
    for verdicts in (alike, alike[::-1]):
        again = written(Results(sample_run(0), (), (), tuple(verdicts), ()), tmp_path)[OMEGA]
        subjects = {
            row.get("id"): text_of(row[1]) for row in again.all("tr") if row.get("data-state") is not None
        }
        assert subjects == {"AST-002-a-flt": "a flt", "AST-002-a-flt--2": "a_flt", "AST-002-all": ""}


def test_figures_of_one_exposure_stand_together_before_the_verdicts(sample: Results, tmp_path: Path) -> None:
    first = sample.figures[0]
    words = "Fit RMS: 0.1 pix (accepted: < 0.2 pix); Scale: 1. Shift 1.5 pix. Good: one cloud. Bad: a slope."
    figures = tuple(
        replace(first, figure=figure, subject=subject, title=f"{figure} {subject}", caption=words)
        for subject in ("align/shifts u5jx010hr_flt", "u5jx0108r_flt", "u5jx010hr_c0m SCI,1", "")
        for figure in ("residual-vectors", "residuals", "matched-sources")
    )
    page = written(replace(sample, figures=figures), tmp_path)[OMEGA]
    headings = [text_of(each) for each in page.all("h2")]
    assert headings.index("Figures") < headings.index("Verdicts") < headings.index("Stages")
    assert [text_of(each) for each in page.all("h3", "of-exposure")] == [
        "u5jx010hr", "u5jx0108r", "Several exposures",
    ]  # fmt: skip
    galleries = [
        [text_of(next(each.iter("b"))) for each in box.iter("figure")] for box in page.all("div", "gallery")
    ]
    assert [[title.split()[0] for title in titles] for titles in galleries] == [
        ["matched-sources"] * 2 + ["residuals"] * 2 + ["residual-vectors"] * 2,
        ["matched-sources", "residuals", "residual-vectors"],
        ["matched-sources", "residuals", "residual-vectors"],
    ]
    readings = [text_of(each) for each in page.all("details", "reading")]
    assert [each.count("Good: one cloud. Bad: a slope.") for each in readings] == [1, 1, 1], "one text each"
    for caption in page.all("figcaption"):
        (numbers,) = caption.iter("details")
        assert text_of(numbers) == "Numbers Fit RMS: 0.1 pix (accepted: < 0.2 pix); Scale: 1."
        said = text_of(caption).removesuffix(text_of(numbers))
        assert ". Shift 1.5 pix." in said
        assert not re.search("Good|accepted", said)


def test_verdicts_are_tables_that_other_programs_read(sample: Results, tmp_path: Path) -> None:
    lost = replace(sample.verdicts[0], reason='a "b",\n=c\x1b[31m', subject="", value=None, margin=None)
    written(replace(sample, verdicts=(*sample.verdicts, lost)), tmp_path)
    table = Table.read(tmp_path / "report" / "verdicts.ecsv", format="ascii.ecsv")
    assert len(table) == len(sample.verdicts) + 1
    assert (table["value"].dtype.kind, table["accepted"].dtype.kind) == ("f", "b")
    for row, record in zip(table, sample.verdicts, strict=False):
        assert (row["criterion"], row["subject"]) == (record.criterion, record.subject)
        assert bool(row["accepted"]) is record.accepted
        value = None if row["value"] is masked else float(row["value"])
        assert value == record.value
    assert table["reason"][-1].startswith('a "b", =c')
    plain = (tmp_path / "report" / "verdicts.csv").read_text().splitlines()
    assert plain[0].startswith("dataset,criterion,title,subject,status,accepted,value,")
    assert len(plain) == len(table) + 1


def test_sources_are_a_region_file(sample: Results, tmp_path: Path) -> None:
    points = sample_plot(3).model_dump()
    points["columns"]["ra"] = {"label": "RA", "values": [201.5, 201.6, None]}
    points["columns"]["dec"] = {"label": "Dec", "values": [-47.5, -47.25, -47.0]}
    points["groups"][0]["name"] = "WF2 (2)}\ncircle"
    (tmp_path / "drawn" / "residuals.json").write_text(Plot.model_validate(points).model_dump_json())
    page = written(sample, tmp_path)[OMEGA]
    (link,) = [each.get("href") or "" for each in page.all("a") if text_of(each) == "DS9 regions"]
    assert (page.path.parent / link).read_text().splitlines() == [
        "# Region file format: DS9 version 4.1",
        "icrs",
        'circle(201.5000000,-47.5000000,0.5") # color=#0072b2 text={1} tag={WF2}',
        'circle(201.6000000,-47.2500000,0.5") # color=#9a6a00 text={2} tag={WF3}',
    ]


def test_sources_far_off_are_a_region_file_of_their_own(sample: Results, tmp_path: Path) -> None:
    points = sample_plot(3).model_dump() | {"outliers": [1, 2], "outlying": "beyond 3 × the fit RMS"}
    points["columns"]["ra"] = {"label": "RA", "values": [201.5, 201.6, None]}
    points["columns"]["dec"] = {"label": "Dec", "values": [-47.5, -47.25, -47.0]}
    (tmp_path / "drawn" / "residuals.json").write_text(Plot.model_validate(points).model_dump_json())
    page = written(sample, tmp_path)[OMEGA]
    (link,) = [each for each in page.all("a") if text_of(each) == "of outliers"]
    assert link.get("title") == "sources beyond 3 × the fit RMS"
    assert (page.path.parent / (link.get("href") or "")).read_text().splitlines()[2:] == [
        'circle(201.6000000,-47.2500000,1.0") # color=red text={2} tag={WF3}',
    ]
    with pytest.raises(ValueError, match="an outlier is no point"):
        Plot.model_validate(points | {"outliers": [3]})


def test_an_instruments_limits_are_no_override(tmp_path: Path) -> None:
    own = verdict("AST-002", "u5jx010hr_flt", 0.15, bounds_reason="undersampled stars")
    changed = verdict("AST-002", "u5jx010hr_c0m", 0.15, bounds_reason="three stars only in the PC")
    results = replace(sample_results(tmp_path / "drawn"), verdicts=(own, changed), figures=())
    pages = written(results, tmp_path)
    for page in (pages[OMEGA], pages["criteria"]):
        told = [(text_of(each), each.get("title")) for each in page.all("span", "own")]
        assert told == [("for WFPC2", "undersampled stars")]
        told = [(text_of(each), each.get("title")) for each in page.all("span", "override")]
        assert told == [("override", "three stars only in the PC")]


def test_judged_files_are_listed_with_their_paths(sample: Results, tmp_path: Path) -> None:
    files = {"u5jx010hr_flt": "/data/omega cen/u5jx010hr_flt.fits", "shifts": "relative/shifts.txt"}
    datasets = tuple(replace(each, files=files) for each in sample.datasets)
    page = written(replace(sample, datasets=datasets), tmp_path)[OMEGA]
    (table,) = page.all("table", "files-of-dataset")
    assert [[text_of(cell) for cell in row] for row in table.iter("tr")][1:] == [
        [*each] for each in files.items()
    ]
    assert [each.get("href") for each in table.iter("a")] == [
        "file:///data/omega%20cen/u5jx010hr_flt.fits", "",
    ]  # fmt: skip


def test_verdicts_that_say_the_same_are_told_once(tmp_path: Path) -> None:
    reason = "there is no BUNIT; set it to 'COUNTS'"
    chips = [f"u40x010hm_c0m SCI,{chip}" for chip in range(1, 12)]
    alike = tuple(verdict("PHT-001", chip, 2.0, reason=reason) for chip in chips)
    other = verdict("PHT-001", "u5jx010hr_flt", 3.0, reason="another")
    results = replace(sample_results(tmp_path / "drawn"), verdicts=(*alike, other), figures=())
    page = written(results, tmp_path)[OMEGA]
    (finding,) = page.all("article", "finding")
    told = [text_of(each) for each in finding.iter("li")]
    assert len(told) == 2
    (together,) = (each for each in told if "SCI,1" in each)
    named = ", ".join(f"SCI,{chip}" for chip in range(1, 9))
    assert together.startswith(f"u40x010hm_c0m {named} and 3 more 2 ")
    assert together.count("BUNIT") == 1
    assert "more among" not in text_of(finding)
    assert "What to do: Look at the figure of PHOTFLAM spread." in text_of(finding)


def test_the_index_begins_with_the_result_and_ends_with_the_run(sample: Results, tmp_path: Path) -> None:
    index = written(sample, tmp_path)["index"]
    headings = [text_of(each) for each in index.root.iter() if each.tag.endswith("h2")]
    assert headings[0] == "Datasets and criteria"
    assert headings[-1] == "The run"
    assert "directory: ../archive, 2026-03-01 21:04" in text_of(index.all("p", "lead")[0])


BOUNDED = [name for name, rule in RULES.items() if rule.upper is not None]
"""Criteria that reject a value that is too large."""


def test_the_summary_tells_each_finding_in_a_line(sample: Results, tmp_path: Path) -> None:
    pages = written(sample, tmp_path)
    brief, index = pages["summary"], pages["index"]
    assert any(each.get("href") == "summary.html" for each in index.all("a"))
    (table,) = brief.all("table", "overview")
    assert [text_of(next(row.iter("a"))) for row in table.iter("tr") if row.find("td") is not None] == [
        OMEGA, REAL,
    ]  # fmt: skip
    lines = [text_of(each) for part in brief.all("section", "of-summary") for each in part.iter("li")]
    assert lines[0].startswith(
        "✗ fail: AST-002 fit RMS: u5jx010hr_c0m 0.231 pix (accepted ≥ 0 and ≤ 0.2 pix), "
    )
    assert any("CAL-002" in line and "known defect" in line for line in lines)
    assert [line.partition(" ")[2][:15] for line in lines if "▲" in line] == ["warn: DRZ-001 c"]
    many = tuple(verdict(name, f"subject {number}", 9e9) for name in BOUNDED for number in range(3))
    full = written(replace(sample, verdicts=many), tmp_path)["summary"]
    lines = [text_of(each) for part in full.all("section", "of-summary") for each in part.iter("li")]
    assert len(lines) == 8
    assert all("; 2 more." in line for line in lines)
    assert any(text_of(each).startswith("And ") for each in full.all("p"))


def test_datasets_have_pictures_and_lead_to_their_neighbours(sample: Results, tmp_path: Path) -> None:
    pages = written(sample, tmp_path)
    pictures = [next(each.iter("img"), None) for each in pages["index"].all("td", "glance")]
    assert [each is not None and each.get("src") for each in pictures] == [
        f"figures/{OMEGA}/residuals.png", False,
    ]  # fmt: skip
    links = {
        name: {each.get("rel"): each.get("href") for each in page.all("a") if each.get("rel")}
        for name, page in pages.items()
    }
    assert links[OMEGA] == {"next": f"{REAL}.html"}
    assert links[REAL] == {"prev": f"{OMEGA}.html"}


def test_the_bar_says_in_words_where_the_value_lies(sample: Results, tmp_path: Path) -> None:
    bars = written(sample, tmp_path)[OMEGA].all("svg", "bar")
    assert bars[0].get("aria-label") == "1.2 × the limit"
    assert {bar.get("role") for bar in bars} == {"img"}
    assert all(bar.get("aria-label") for bar in bars)


def test_a_count_is_told_as_problems_and_a_cell_says_how_many_are_so(tmp_path: Path) -> None:
    record = verdict("PHT-004", "star 1", 2.0)
    problems = replace(
        record, lower=None, upper=0.0, bounds="≤ 0", status="fail", accepted=False, margin=-2.0,
        relative_margin=-2.0, reason="2 problems: SCI,1 is missing; SCI,2 is missing",
    )  # fmt: skip
    none = [replace(problems, test=f"t{n}", subject=f"star {n}", value=0.0, status="pass", accepted=True,
                    margin=0.0, relative_margin=0.0, reason="") for n in (2, 3, 4)]  # fmt: skip
    pages = written(Results(sample_run(1), (), (), (problems, *none), ()), tmp_path)
    index, page = pages["index"], pages[OMEGA]
    assert page.rows()[0][5] == "2 problems"
    assert page.all("svg", "bar") == []
    shown = text_of(page.all("article", "finding")[0])
    assert "star 1 2 problems SCI,1 is missing" in shown
    assert "% of" not in shown
    cells = [each.get("aria-label") for each in index.all("a") if "PHT-004" in (each.get("aria-label") or "")]
    assert cells == ["PHT-004 fail (1 of 4)"]
    accepted = written(Results(sample_run(), (), (), tuple(none), ()), tmp_path)["index"]
    assert any(each.get("aria-label") == "PHT-004 pass" for each in accepted.all("a")), "of all three"


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


def test_the_page_says_how_many_of_many_files_are_drawn(sample: Results, tmp_path: Path) -> None:
    omitted = "40 of 57 drizzled images"
    datasets = tuple(replace(each, facts={**each.facts, DRAWN_FACT: omitted}) for each in sample.datasets)
    page = written(replace(sample, datasets=datasets), tmp_path)[OMEGA]
    assert f"Of many files the first are drawn: {omitted}." in page.text()


def test_a_verdict_on_a_part_leads_to_the_figure_of_the_whole(sample: Results, tmp_path: Path) -> None:
    first = sample.figures[0]
    whole, listing = "u5jx010hr_c0m", "a b c"
    figures = (
        replace(first, subject="", title="others", caption=listing),
        replace(first, subject=whole, title=whole),
        replace(first, subject="", title="all", caption="Fit RMS: u5jx0108r_flt 0.05 pix."),
    )
    verdict = replace(sample.verdicts[0], figure=first.figure, dataset=OMEGA)
    verdicts = tuple(
        replace(verdict, subject=subject, test=subject) for subject in (f"{whole} SCI,1", "u5jx0108r_flt")
    )
    page = written(replace(sample, figures=figures, verdicts=verdicts), tmp_path)[OMEGA]
    leads = page.leads()
    assert leads["AST-001-u5jx010hr-c0m-SCI-1"] == ["#figure-residuals--2"]
    assert leads["AST-001-u5jx0108r-flt"] == ["#figure-residuals--3"]


def test_a_verdict_leads_to_the_figure_of_its_subject(sample: Results, tmp_path: Path) -> None:
    first = sample.figures[0]
    figures = tuple(
        replace(first, subject=subject, title=subject) for subject in ("u5jx010hr_c0m", "u5jx010hr_flt")
    )
    page = written(replace(sample, figures=figures), tmp_path)[OMEGA]
    leads = page.leads()
    assert leads["AST-002-u5jx010hr-c0m"] == ["#figure-residuals"]
    assert leads["AST-002-u5jx010hr-flt"] == ["#figure-residuals--2"]
    assert leads["AST-002-u5jx0108r-flt"] == ["#figure-residuals"], "none of its own: the first"
    rows = {row.get("id"): text_of(row[1]) for row in page.all("tr") if row.get("data-state")}
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
    for page in (pages["index"], pages[REAL]):
        assert "the archive holds no u40x010hm" in page.text()
    assert "No criterion was applied in this run" in pages["criteria"].text()
    bare = pages[REAL].text()
    for text in ("No criterion was applied", "No figures were made", "No stage of this dataset was needed"):
        assert text in bare


def test_finished_products_have_no_archive_and_no_stages(tmp_path: Path) -> None:
    facts = {NOT_JUDGED_FACT: "notes.txt: it is no FITS file"}
    dataset = DatasetRecord(OMEGA, "Finished products", "finished-products", (), facts=facts)
    run = replace(sample_run(), archive="products", archive_location="/data/mine")
    pages = written(Results(run, (dataset,), (), (verdict("AST-002", "a_flt", 0.05),), ()), tmp_path)
    for page in (pages["index"], pages[OMEGA]):
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
    own = [re.sub("(?s)<(style|script)>.*?</\\1>", "", page.source) for page in pages.values()]
    assert max(map(len, own)) < 72_000
    assert "more characters" in pages["index"].text()


def test_templates_cost_nothing_until_a_report_is_written() -> None:
    reports = "hubble_qa.reports"
    code = f"import sys, {reports}.pages.html, {reports}.session.terminal; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_very_many_verdicts_do_not_make_a_page_of_any_size(tmp_path: Path) -> None:
    many = tuple(verdict("PHT-001", f"u5jx{number:05}r_flt", 0.5) for number in range(12_000))
    results = replace(sample_results(tmp_path / "figures"), verdicts=many, figures=())
    page = write_report(results, tmp_path / "report").with_name(f"{OMEGA}.html")
    text = page.read_text(encoding="utf-8")
    assert len(text) < 16_000_000
    assert "2000 more verdicts, none of them worse, are in results.json." in text


def test_simulated_data_are_marked_wherever_they_are_shown(sample: Results, tmp_path: Path) -> None:
    simulated = replace(sample, run=replace(sample.run, archive="simulated", size="small"))
    for page in written(simulated, tmp_path).values():
        assert "simulated data, small size" in text_of(page.all("h1")[0])
        assert "simulated data, small size" in next(page.root.iter("title")).text
        assert text_of(page.all("p", "printed")[0]) == "simulated data, small size"
        captions = page.all("figcaption")
        assert all(text_of(each).startswith("simulated data, small size ") for each in captions)
    assert captions or page.path.stem != OMEGA
    real = written(replace(sample, run=replace(sample.run, archive="mast")), tmp_path)
    assert not any("simulated data" in page.text() for page in real.values())


def test_known_defects_stand_above_the_verdicts_with_value_figure_and_remedy(
    sample: Results, tmp_path: Path
) -> None:
    known = replace(
        verdict("PHT-006", "WF3", 0.972), accepted=True, expected="WF3 is 2.8 % too faint", figure="stars",
        expected_range="≥ 0.969 and ≤ 0.975", expected_remedy="multiply its fluxes by 1.029",
    )  # fmt: skip
    beyond = replace(known, subject="WF2", test="another", value=0.95, accepted=False)
    kept = tuple(each for each in sample.verdicts if each.expected is None)
    pages = written(replace(sample, verdicts=(*kept, known, beyond)), tmp_path)
    for page in (pages[OMEGA], pages["index"]):
        (card,) = page.all("article", "s-known-defect")
        said = text_of(card)
        for words in (
            "PHT-006 drizzled / exposure flux", "WF3 0.972 accepted ≥ 0.99 and ≤ 1.01",
            "Known range: ≥ 0.969 and ≤ 0.975.", "Why: WF3 is 2.8 % too faint.",
            "What to do: multiply its fluxes by 1.029.",
        ):  # fmt: skip
            assert words in said, said
        assert len(list(card.iter("img"))) == 1
        failed = [text_of(each) for each in page.all("article", "s-fail")]
        assert any("PHT-006" in each and "WF2 0.95" in each for each in failed)
    headings = [each.get("id") for each in pages[OMEGA].all("h2")]
    assert headings.index("known-defects") < headings.index("verdicts")


def test_warnings_stand_above_the_verdicts_and_lead_to_them(sample: Results, tmp_path: Path) -> None:
    pages = written(sample, tmp_path)
    for name, home in (("index", f"{OMEGA}.html"), (OMEGA, "")):
        page = pages[name]
        (section,) = (
            each for each in page.all("section") if "warnings" in (each.get("aria-labelledby") or "")
        )
        (warning,) = section.iter("li")
        assert text_of(warning).startswith("▲ DRZ-001 covered fraction wfpc2_flt_drw 0.331")
        assert "within bounds, but not ≥ 0.35" in text_of(warning)
        assert next(warning.iter("a")).get("href") == f"{home}#DRZ-001-wfpc2-flt-drw"
    page = pages[OMEGA]
    headings = [each.get("id") for each in page.all("h2")]
    assert headings.index("known-defects") < headings.index("warnings") < headings.index("figures")


def test_a_part_of_a_run_is_told_first_and_is_not_shown_as_accepted(sample: Results, tmp_path: Path) -> None:
    passed = tuple(each for each in sample.verdicts if each.accepted)
    datasets = tuple(
        replace(each, available=80 if each.name == OMEGA else len(passed)) for each in sample.datasets
    )
    run = replace(
        sample.run, asked=len(passed), available=300, exit_status=0, complete=False,
        complete_report="2026-02-28T21:00:00+00:00",
    )  # fmt: skip
    pages = written(replace(sample, run=run, datasets=datasets, verdicts=passed), tmp_path)
    heading = text_of(pages["index"].all("h1")[0])
    assert heading.startswith(f"… {len(passed)} of 300 verdicts asked for: accepted")
    for page in pages.values():
        (notice,) = page.all("p", "notice")
        assert "asked for a part of the tests" in text_of(notice)
        assert "complete report is of 2026-02-28 21:00:00 UTC" in text_of(notice)
        assert [link.get("href") for link in notice.iter("a")] == ["../index.html"]


def test_the_index_of_many_datasets_has_a_light_row_of_each_and_the_worst_in_full(
    sample: Results, tmp_path: Path
) -> None:
    pages = written(many_results(sample, 90), tmp_path)
    index = pages["index"]
    (listed,) = (table for table in index.all("table") if table.get("id") == "all-datasets")
    rows = [list(map(text_of, row)) for row in listed.iter("tr")][1:]
    states = [row[1] for row in rows]
    assert len(rows) == 90
    assert states == ["✗ Not accepted: 1 failure"] * 30 + ["✓ Accepted"] * 60, "worst first"
    assert {row[2] for row in rows[:30]} == {"AST-002", "PHT-001"}
    assert {row[2] for row in rows[30:]} == {""}
    matrix = [row for table in index.all("table", "matrix") for row in table.iter("tr")]
    assert len(matrix) - 1 == 24
    assert "The worst 24 of 90 datasets" in index.text()
    (causes,) = (
        table for table in index.all("table", "stacked") if "By criterion" in text_of(next(iter(table)))
    )
    found = [list(map(text_of, row)) for row in causes.iter("tr")][1:]
    assert [row[2:4] for row in found] == [["15", "15"], ["15", "15"]]
    assert len(index.all("article", "finding")) == 6


def test_a_row_of_the_index_takes_less_than_a_kilobyte(sample: Results, tmp_path: Path) -> None:
    sizes = []
    for number in (90, 190):
        written_at = write_report(many_results(sample, number), tmp_path / f"report-{number}")
        sizes.append(written_at.stat().st_size)
    few, more = sizes
    assert few + (more - few) / 100 * 910 < 1_000_000, "of a thousand datasets"


def test_the_index_of_ten_datasets_by_65_criteria_is_small(sample: Results, tmp_path: Path) -> None:
    """Datasets of five workflows, each with the mosaic, known defects and names of real ones."""
    (record,) = (each for each in sample.datasets if each.name == OMEGA)
    names = [f"{OMEGA}-{number}" for number in range(10)]
    criteria = list(load_criteria().values())[:65]
    states = ["pass", "pass", "pass", "not applicable", "could not be told"]
    judged = [
        replace(
            verdict("PHT-003", f"u5jx01{part:02}r_flt"), dataset=name, criterion=each.id, title=each.title,
            quantity=each.quantity, status=states[place % 5], accepted=True, rationale=each.rationale,
        )
        for name in names for place, each in enumerate(criteria) for part in range(2)
    ]  # fmt: skip
    defects = [
        replace(
            verdict("PHT-006", f"image {number}", 0.97, dataset=name), status="fail", accepted=True,
            expected="AstroDrizzle multiplies each chip by its own gain and divides the image by the last's",
            expected_remedy="divide fluxes on WF3 by 0.972", expected_range="≥ 0.965 and ≤ 0.98",
        )
        for name in names[:6] for number in range(3)
    ]  # fmt: skip
    datasets = [replace(record, name=name, workflow=f"w{place % 5}") for place, name in enumerate(names)]
    figures = [replace(each, dataset=name) for name in names for each in sample.figures]
    results = replace(
        sample, datasets=tuple(datasets), verdicts=(*judged, *defects), figures=tuple(figures), stages=()
    )
    index = write_report(results, tmp_path / "report")
    assert len(Page(index).all("td")) > 10 * 65
    assert index.stat().st_size <= 150_000


def test_very_many_unusable_files_are_counted_on_the_index(sample: Results, tmp_path: Path) -> None:
    broken = tuple(
        DatasetRecord(f"d{number:02}", "", "", (), {UNUSABLE_FACT: f"d{number:02}.toml: name: is required"})
        for number in range(50)
    )
    index = written(replace(sample, datasets=(*sample.datasets, *broken)), tmp_path)["index"]
    assert "d19.toml" in index.text()
    assert "d20.toml" not in index.text()
    assert "30 more of this kind are in results.json" in index.text()

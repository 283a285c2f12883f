"""The page of criteria: what each is, and all its values, from every verdict one link away."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import html5lib
import pytest

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.reports.collect.records import criterion_record
from hubble_qa.reports.collect.results import Results
from hubble_qa.reports.pages.html import write_report
from tests.report_sample import OMEGA, RULES, criterion, sample_results, sample_run, verdict


def written(results: Results, directory: Path) -> Path:
    return write_report(results, directory / "report").with_name("criteria.html")


def sections(page: Path) -> dict[str, str]:
    """The text of each criterion's section, by its anchor."""
    root = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page.read_text("utf-8"))
    found = (each for each in root.iter("section") if each.get("class") == "entry")
    return {each.get("id"): " ".join("".join(each.itertext()).split()) for each in found}


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return written(sample_results(tmp_path / "drawn"), tmp_path)


def test_each_criterion_says_what_it_is_and_what_to_do(page: Path) -> None:
    found = sections(page)
    assert list(found) == sorted(RULES)
    for name, shown in found.items():
        record = criterion(name)
        for text in (record.applies_to, record.method, record.rationale, record.source, record.remedy):
            assert text in shown, (name, text)
    assert "RMS / sqrt(2 (n - 1))" in found["AST-002"]
    assert "a stated requirement" in found["AST-002"]
    assert "The lower bound only tells what is no measurement at all" in found["AST-002"]
    assert "Accepted for WFPC2 ≤ 0.4 pix: undersampled stars" in found["AST-002"].replace("\u00a0", " ")
    assert "none is given: it is a count, follows from headers, or is not known" in found["FIL-001"]


def test_each_value_of_the_run_is_there_and_leads_to_its_verdict(tmp_path: Path) -> None:
    results = sample_results(tmp_path / "drawn")
    page = written(results, tmp_path)
    shown = sections(page)
    assert "All its values: 5 verdicts, 2 values" in shown["AST-002"]
    for record in results.verdicts:
        assert record.subject in shown[record.criterion]
    text = page.read_text("utf-8")
    row = text.split('id="AST-002"')[1].split("<tbody>")[1].split("</tr>")[0]
    (anchor,) = re.findall(rf'href="{OMEGA}\.html#([^"]+)"', row)
    assert f'<tr id="{anchor}"' in page.with_name(f"{OMEGA}.html").read_text("utf-8")
    assert "u5jx010hr_c0m" in row
    assert f'href="{OMEGA}.html#figure-residuals"' in text.split('id="AST-002"')[1].split("<details")[0]


def test_a_close_value_is_marked(tmp_path: Path) -> None:
    near, far = verdict("AST-004", "near", 0.0495, 0.001), verdict("AST-004", "far", 0.01, 0.001)
    near = replace(near, status="warn")
    results = Results(sample_run(), (), (), (near, far), (), criteria=(criterion("AST-004"),))
    shown = sections(written(results, tmp_path))["AST-004"]
    assert "2 with an error, 1 close to a limit" in shown
    assert "near ▲ warn close" in shown
    assert "far ✓ pass 0.0100" in shown


def test_of_very_many_values_the_worst_are_shown(tmp_path: Path) -> None:
    many = tuple(verdict("AST-002", f"exposure {n}", 0.1 + n * 1e-4) for n in range(300))
    results = Results(sample_run(), (), (), many, (), criteria=(criterion("AST-002"),))
    shown = sections(written(results, tmp_path))["AST-002"]
    assert "exposure 299 " in shown
    assert "exposure 99 " not in shown
    assert "100 more, none of them worse, are in results.json" in shown


def test_results_without_records_of_criteria_say_what_their_verdicts_say(tmp_path: Path) -> None:
    results = replace(sample_results(tmp_path / "drawn"), criteria=())
    found = sections(written(results, tmp_path))
    assert set(found) == set(RULES)
    assert "a large RMS smears every star" in found["AST-002"]


def test_the_catalogue_says_how_it_measures_and_what_to_do() -> None:
    records = {name: criterion_record(each) for name, each in load_criteria().items()}
    assert records["AST-002"].instruments == {"WFPC2": "> 0 and < 0.2 pix"}
    for name, record in records.items():
        assert record.remedy.endswith("."), name
        assert record.remedy[0].isupper(), name
        assert record.method[0].islower() or record.method.split()[0].isupper(), name
        assert record.method not in record.applies_to, name


def test_a_dataset_may_have_the_name_of_the_page(tmp_path: Path) -> None:
    record = replace(verdict("AST-002", "a", 0.1), dataset="criteria")
    page = written(Results(sample_run(), (), (), (record,), (), criteria=(criterion("AST-002"),)), tmp_path)
    assert set(sections(page)) == {"AST-002"}
    of_the_report = {"index.html", "summary.html", "criteria.html"}
    (name,) = {each.name for each in page.parent.glob("*.html")} - of_the_report
    assert name.startswith("criteria-")

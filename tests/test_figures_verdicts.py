"""Figures say what was judged, and no other number for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from matplotlib.quiver import QuiverKey
from matplotlib.text import Text

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.reports.figures.captions import caption, listed
from hubble_qa.reports.figures.catalog_epochs import epoch_table
from hubble_qa.reports.figures.catalog_solutions import fits_to_catalogs, solution_table
from hubble_qa.reports.figures.exposure_offsets import exposure_offset_figures
from hubble_qa.reports.figures.fits import fitted_exposures, residual_figures
from hubble_qa.reports.figures.illustration import Illustration, Tabulation
from hubble_qa.reports.figures.matched_figures import matched_figure
from hubble_qa.reports.figures.verdicts import Verdicts
from hubble_qa.reports.figures.wfpc2_drizzled import drizzle_figures
from hubble_qa.reports.figures.wfpc2_ratio import ratio_figures
from hubble_qa.reports.figures.wfpc2_stars import star_figures
from tests import catalog_alignment_samples as catalog
from tests import wfpc2_figure_samples as wfpc2
from tests.verdict_samples import handed, shown

Shown = Sequence[Illustration | Tabulation]
Draw = Callable[[Inputs, Verdicts], Iterator[Illustration | Tabulation]]

# Like no number of the products.
MADE_UP = 12.345
WFPC2: Mapping[str, Draw] = {
    "alignment": lambda inputs, verdicts: wfpc2_fits(inputs, verdicts),
    "drizzled": lambda inputs, verdicts: drizzle_figures(inputs, wfpc2.EXPOSURES, verdicts),
    "ratio": lambda inputs, verdicts: ratio_figures(
        inputs, wfpc2.EXPOSURES, flt="wfpc2_flt", c0m="wfpc2_c0m", verdicts=verdicts
    ),
    "stars": lambda inputs, verdicts: star_figures(
        inputs, flt="wfpc2_flt", c0m="wfpc2_c0m", verdicts=verdicts
    ),
}


def wfpc2_fits(inputs: Inputs, verdicts: Verdicts) -> Iterator[Illustration]:
    for suffix, product in (("flt", "exposures"), ("c0m", "c0m")):
        directory = inputs.products[product]
        files = {name: directory / f"{name}_{suffix}.fits" for name in wfpc2.EXPOSURES}
        label = f"align-{suffix}/shifts"
        found = fitted_exposures(
            directory / "shifts.txt", files, label=label, title="{name}", file=f"{{name}}-{suffix}"
        )
        for fitted, frame in found:
            yield from residual_figures(fitted, frame, verdicts, relative=True)


EXPOSURES, SERVICES = catalog.EXPOSURES, catalog.SERVICES


def served(inputs: Inputs) -> dict[str, Path]:
    return {name: inputs.products["exposures"] / f"{name}_flc.fits" for name in EXPOSURES}


def fit_figures(inputs: Inputs, verdicts: Verdicts) -> Iterator[Illustration]:
    shifts, label = inputs.products["fit-gaia"] / "shifts.txt", "align-gaia/shifts"
    found = fitted_exposures(shifts, served(inputs), label=label, title="{name}", file="{name}")
    for fitted, frame in found:
        yield from residual_figures(fitted, frame, verdicts, relative=False)
        yield matched_figure(fitted, served(inputs)[fitted.name], verdicts)


def tables(inputs: Inputs, verdicts: Verdicts) -> Iterator[Tabulation]:
    fits = fits_to_catalogs(inputs, {name: f"align-{name}/shifts" for name in SERVICES})
    names = {"gaia": "Gaia", "sdss": "SDSS"}
    yield solution_table(inputs, EXPOSURES, suffix="flc", wcsnames=names, fits=fits, verdicts=verdicts)
    yield epoch_table(inputs, EXPOSURES, suffix="flc", fits=fits, verdicts=verdicts)


CATALOG: Mapping[str, Draw] = {
    "fits": lambda inputs, verdicts: fit_figures(inputs, verdicts),
    "offsets": lambda inputs, verdicts: exposure_offset_figures(served(inputs), EXPOSURES, verdicts),
    "tables": lambda inputs, verdicts: tables(inputs, verdicts),
}
# What the sample products amount to, as figures would tell it that measured it themselves: scatter of the
# residuals, weights, a star's ratio, fluxes of the chips; scatter, median offset.
MEASURED = {
    "alignment": (r"RMS [^1\s]*0\.\d", r"\b60 sources"),
    "drizzled": (r"76\.6", r"16\.0", r"4\.7[0-8]"),
    "ratio": (r"WF3\n1\.0000",),
    "stars": (r"1\.0019", r"0\.972", r"1\.002\b", r"± 0\.0065"),
    "fits": (r"0\.05\d* pix", r"0\.06\d* pix", r"N = 120"),
    "offsets": (r"distance \d+\.\d ±",),
    "tables": (r"0\.06", r"0\.52", r"0\.101"),
}
# The made-up value on other scales: RMS in mas, by the plate scales of the samples' frames.
RESTATED = {f"{MADE_UP * 1000 * scale:.1f}" for scale in (wfpc2.SCALE, catalog.SCALE)}
# The chips' gains, which explain a flux that is not conserved.
GAINS = {"6.90", "7.10"}
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w])")


def made_up(verdicts: Verdicts) -> Verdicts:
    """Verdicts of one value on the same subjects."""
    return handed(
        {criterion: dict.fromkeys(subjects, MADE_UP) for criterion, subjects in verdicts.shown.items()}
    )


@pytest.fixture(scope="module")
def reduced(new_directory) -> dict[str, Inputs]:
    """Products of both reductions, by family of figures."""
    ours, theirs = wfpc2.products(new_directory("wfpc2")), catalog.products(new_directory("catalog"))
    return {**dict.fromkeys(WFPC2, ours), **dict.fromkeys(CATALOG, theirs)}


@pytest.fixture(scope="module")
def handed_to() -> dict[str, Verdicts]:
    """Made-up verdicts, by family of figures."""
    ours, theirs = made_up(wfpc2.judged()), made_up(catalog.judged())
    return {**dict.fromkeys(WFPC2, ours), **dict.fromkeys(CATALOG, theirs)}


@pytest.fixture(scope="module")
def drawn(reduced, handed_to) -> dict[str, Shown]:
    """The figures with made-up verdicts, by family."""
    return {name: [*draw(reduced[name], handed_to[name])] for name, draw in (WFPC2 | CATALOG).items()}


@pytest.fixture(scope="module")
def unjudged(reduced) -> dict[str, Shown]:
    """The figures of a partial run, in which nothing was judged."""
    return {name: [*draw(reduced[name], Verdicts())] for name, draw in (WFPC2 | CATALOG).items()}


def text_below(each: Illustration | Tabulation) -> str:
    """What a reader reads below a figure: its caption, or a table's words and cells."""
    if isinstance(each, Illustration):
        return each.caption
    table = each.table
    rows = [
        column.text(cell)
        for group in table.groups
        for row in group.rows
        for column, cell in zip(table.columns, row.cells, strict=True)
    ]
    return "\n".join([each.caption, *table.notes, *(group.statement for group in table.groups), *rows])


def words(each: Illustration | Tabulation) -> str:
    """All that is written: in the figure, of its points, and about it."""
    found = [each.title, text_below(each)]
    if isinstance(each, Illustration):
        texts = [*each.drawing.findobj(Text), *(key.text for key in each.drawing.findobj(QuiverKey))]
        # A number alone is one of an axis.
        written = [text.get_text() for text in texts]
        found += [text for text in written if not NUMBER.fullmatch(text.lstrip("−-"))]
        found.append(each.alt)
        if each.points is not None:
            marks = (*each.points.lines, *each.points.circles, *each.points.marks)
            found += [mark.label for mark in marks]
    return "\n".join(found)


def numbers(shown_figures: Shown, verdicts: Verdicts) -> set[str]:
    """The numbers that are written, but for those in the names of subjects, in titles and in bounds."""
    written = "\n".join(words(each) for each in shown_figures)
    for criterion, by_subject in verdicts.shown.items():
        written = written.replace(load_criteria()[criterion].title, "")
        for subject in by_subject:
            written = written.replace(subject, "")
    return set(NUMBER.findall(re.sub(r"SCI,\d|[A-Z]{3}-\d{3}", "", written)))


def limits(verdicts: Verdicts) -> set[str]:
    """The numbers with which bounds are written, and those of bands about 1."""
    bounds = [each.bounds for by_subject in verdicts.shown.values() for each in by_subject.values()]
    texts = [bound.text() for bound in bounds] + [f"{each:g}" for b in bounds for each in (b.upper,) if each]
    return {*NUMBER.findall(" ".join(texts)), "0.02", "0.01", "1"}


@pytest.mark.parametrize("family", [*WFPC2, *CATALOG])
def test_a_made_up_value_is_told_and_no_other(family, drawn, unjudged, handed_to):
    verdicts = handed_to[family]
    added = numbers(drawn[family], verdicts) - numbers(unjudged[family], verdicts)
    assert str(MADE_UP) in added
    counts = {f"{len(by_subject)}" for by_subject in verdicts.shown.values()}
    assert added - limits(verdicts) - RESTATED - GAINS - counts == {str(MADE_UP)}


@pytest.mark.parametrize("family", [*WFPC2, *CATALOG])
@pytest.mark.parametrize("judged", [True, False])
def test_nothing_that_is_judged_is_measured_again(family, judged, drawn, unjudged):
    written = "\n".join(words(each) for each in (drawn if judged else unjudged)[family])
    for pattern in MEASURED[family]:
        assert not re.search(pattern, written), pattern


@pytest.mark.parametrize("family", [*WFPC2, *CATALOG])
def test_a_figure_without_verdicts_names_no_criterion_and_no_bound(family, unjudged):
    for each in unjudged[family]:
        caption = each.caption if isinstance(each, Illustration) else ""
        assert "accepted: " not in caption
        assert "largest accepted" not in words(each)
        assert not any(f"{one.title}: " in caption for one in load_criteria().values())


@pytest.mark.parametrize(
    ("families", "verdicts"), [(WFPC2, wfpc2.judged()), (CATALOG, catalog.judged())], ids=["wfpc2", "catalog"]
)
def test_every_verdict_stands_with_the_figure_that_its_criterion_names(families, verdicts, reduced):
    figures = [each for name, draw in families.items() for each in draw(reduced[name], verdicts)]
    for criterion, by_subject in verdicts.shown.items():
        rule = load_criteria()[criterion]
        for subject, verdict in by_subject.items():
            if families is CATALOG and "align-sdss" in subject and rule.figure not in ("solutions", "epochs"):
                continue  # drawn by another node
            own = [each for each in figures if each.figure in (rule.figure, *rule.other_figures)]
            own = [each for each in own if each.subject == subject] or own
            assert any(verdict.number in text_below(each) for each in own), (criterion, subject)


def test_figures_of_one_subject_carry_it(drawn):
    subjects = {(each.figure, each.subject) for family in drawn.values() for each in family if each.subject}
    fits = [*(wfpc2.fit_of(suffix) for suffix in ("flt", "c0m")), *(map(catalog.fit_of, EXPOSURES))]
    assert {("residuals", fit) for fit in fits} <= subjects
    assert {("exposure-offsets", each) for each in EXPOSURES} <= subjects


# Captions


def test_verdicts_on_several_subjects_are_told_together():
    verdicts = Verdicts(
        shown={
            "PHT-003": {
                "u1_flt SCI,1": shown("PHT-003", 3e-8),
                "u1_flt SCI,2": shown("PHT-003", 0.02),
                "u2_flt SCI,1": shown("PHT-003", None),
            }
        }
    )
    assert listed(verdicts, "PHT-003") == (
        "FLT/C0M pixel ratio: u1_flt SCI,1 3e-08, SCI,2 0.02, u2_flt SCI,1 not measured (accepted: ≤ 0.0001)."
    )
    assert listed(verdicts, "PHT-003", ["u3_flt SCI,1"]) == ""
    assert listed(verdicts, "PHT-002") == ""


def test_of_many_verdicts_the_ends_and_those_not_accepted_are_told():
    values = {f"u{number}": 0.99 + 0.001 * number for number in range(9)}
    given = {subject: shown("PHT-007", value) for subject, value in values.items()}
    given |= {"bad": shown("PHT-007", 1.2), "lost": shown("PHT-007", None)}
    text = listed(Verdicts(shown={"PHT-007": given}), "PHT-007")
    assert text.endswith(
        ": 0.99 (u0) to 1.2 (bad) on 11 subjects; not accepted: bad 1.2, lost not measured "
        "(accepted: ≥ 0.95 and ≤ 1.05)."
    )
    worse = {f"u{number}": shown("PHT-007", 2.0 + number) for number in range(8)}
    text = listed(Verdicts(shown={"PHT-007": worse}), "PHT-007")
    assert "not accepted: u0 2, u1 3, u2 4, u3 5 and 4 more" in text
    same = {f"u{number}": shown("PHT-007", 1.0) for number in range(8)}
    assert ": 1 on 8 subjects (" in listed(Verdicts(shown={"PHT-007": same}), "PHT-007")


def test_a_caption_of_many_subjects_names_each_criterion_once():
    names = [f"u{number}" for number in range(9)]
    verdicts = handed({criterion: dict.fromkeys(names, 1.0) for criterion in ("PHT-006", "PHT-007")})
    few = caption(verdicts, names[:3], ("PHT-006", "PHT-007"), "Words.")
    many = caption(verdicts, names, ("PHT-006", "PHT-007"), "Words.")
    titles = [load_criteria()[each].title for each in ("PHT-006", "PHT-007")]
    assert [few.count(title) for title in titles] == [3, 3]
    assert [many.count(title) for title in titles] == [1, 1]
    assert many.endswith("Words.")


def test_bounds_that_differ_are_told_with_each_number():
    other = shown("PHT-007", 1.2).model_copy(update={"bounds": shown("PHT-006", 1.0).bounds})
    verdicts = Verdicts(shown={"PHT-007": {"u1": shown("PHT-007", 0.99), "u2": other}})
    assert listed(verdicts, "PHT-007").endswith(
        ": u1 0.99 (accepted: ≥ 0.95 and ≤ 1.05), u2 1.2 (accepted: ≥ 0.99 and ≤ 1.01)."
    )

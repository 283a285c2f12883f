"""Tables of the solutions that exposures could have, the one that they carry, and what epochs cost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hubble_qa.checks.astrometry.solutions import catalog_of_fit
from hubble_qa.checks.evidence.exposures import exposure_in
from hubble_qa.checks.evidence.fits import Fit, fits_in, pixel_of_fit
from hubble_qa.checks.measurement import json_number
from hubble_qa.checks.readers import Exposure, ShiftRow
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.reduction.alignment.fit_decision import ARCHIVE_CRITERIA, FIT_CRITERIA
from hubble_qa.fixtures.reduction.alignment.parameters import SHIFT_FILE
from hubble_qa.fixtures.reduction.alignment.unaligned import read_unaligned
from hubble_qa.fixtures.stages.accept import DECISIONS
from hubble_qa.reports.figures.captions import is_rejected, joined, number_of
from hubble_qa.reports.figures.catalog_names import CATALOG_NAMES
from hubble_qa.reports.figures.figure_data import Cell, Table, TableColumn, TableGroup, TableRow
from hubble_qa.reports.figures.illustration import Tabulation
from hubble_qa.reports.figures.verdicts import Shown, Verdicts

__all__ = ["fits_to_catalogs", "solution_table"]

_COLUMNS = (
    TableColumn(label="Solution"),
    TableColumn(label="WCSNAME"),
    TableColumn(label="Matches"),
    TableColumn(label="dx", unit="pix", decimals=3, signed=True),
    TableColumn(label="dy", unit="pix", decimals=3, signed=True),
    TableColumn(label="Rotation"),
    TableColumn(label="Scale − 1"),
    TableColumn(label="RMS"),
    TableColumn(label="RMS", unit="mas", decimals=1),
    TableColumn(label="Judged"),
)
# By which solutions are judged: as the archive served them, and as they are now.
_SOLUTION = (*ARCHIVE_CRITERIA, "AST-016", "AST-019")
_CAPTION = (
    "Which solution the files carry now, and why: the archive's own, and the fits of this reduction. "
    "Marked: the one that is kept."
)
_NOTE = (
    "dx, dy, rotation and scale are relative to the archive's solution. The archive states its scatter in "
    "RA and in Dec; that of a fit is the larger of x and y of TweakReg's frame. Good: the marked row has "
    "the smallest scatter of those accepted, and many matches. Bad: nan, a scatter of 0, a rotation or "
    "scale that its neighbours do not have, a kept solution that is not accepted. AST-011 judges the "
    "archive's larger RMS, in pixels of the detector, AST-026 its matches."
)


def solution_table(
    inputs: Inputs,
    exposures: Sequence[str],
    *,
    suffix: str,
    wcsnames: Mapping[str, str],
    fits: Mapping[str, Mapping[str, Fit]],
    verdicts: Verdicts,
) -> Tabulation:
    """Tabulate the archive's solution of each exposure, its fits, and which was kept.

    Parameters
    ----------
    inputs : Inputs
        With products ``exposures`` and ``accepted``.
    exposures : sequence of str
        Rootnames.
    suffix : str
        Suffix of their files.
    wcsnames : mapping of str to str
        WCSNAME of the solutions of each catalogue's fits, where they are kept; the preferred one first.
    fits : mapping of str to mapping of str to Fit
        As of `fits_to_catalogs`.
    verdicts : Verdicts
        On the fits, by ``"align-<catalog>/shifts <rootname>_<suffix>"``, and on the solutions, by rootname.
    """
    directory = inputs.products["accepted"]
    decisions = json.loads((directory / DECISIONS).read_text(encoding="utf-8"))
    groups = []
    for name in exposures:
        served = exposure_in(inputs.products["exposures"] / f"{name}_{suffix}.fits")
        decision = decisions[name]
        kept = decision["catalog"] if decision["kept"] == "fit" else ""
        judged = {each: verdicts.get(each, name) for each in ARCHIVE_CRITERIA}
        rows = [_archive_row(served, judged, chosen=not kept)]
        for catalog, wcsname in wcsnames.items():
            fit = fits[catalog].get(f"{name}_{suffix}")
            if fit is not None:
                rows.append(_fit_row(fit, verdicts, catalog, wcsname, chosen=catalog == kept))
        final = exposure_in(directory / f"{name}_{suffix}.fits")
        statement = _statement(final, decision, _named(kept))
        outcome = (verdicts.sentence(each, _SOLUTION) for each in (name, f"{name}_{suffix}"))
        groups.append(TableGroup(heading=name, statement=joined(f"{statement}.", *outcome), rows=tuple(rows)))
    first, *others = map(_named, wcsnames)
    rule = f"The fit to {first} replaces the archive's solution if it is accepted and better"
    later = f"; that to {' or '.join(others)} where the one before is rejected." if others else "."
    table = Table(columns=_COLUMNS, groups=tuple(groups), notes=(rule + later, _NOTE))
    return Tabulation("solutions", "solutions", "Solutions", _CAPTION, table)


def fits_to_catalogs(inputs: Inputs, labels: Mapping[str, str]) -> Mapping[str, Mapping[str, Fit]]:
    """The fits of exposures to each catalogue, by their files without endings; none where there are no fits.

    Parameters
    ----------
    inputs : Inputs
        With products ``fit-<catalog>``.
    labels : mapping of str to str
        What verdicts call the shift file of each catalogue.
    """
    directories = {catalog: inputs.products[f"fit-{catalog}"] for catalog in labels}
    return {
        catalog: {} if read_unaligned(path) else fits_in(path / SHIFT_FILE, labels[catalog])
        for catalog, path in directories.items()
    }


def _named(catalog: str) -> str:
    return CATALOG_NAMES.get(catalog, catalog)


def _fit_row(fit: Fit, verdicts: Verdicts, catalog: str, wcsname: str, *, chosen: bool) -> TableRow:
    """A catalogue's fit of an exposure: where it moved it, and what was judged of it."""
    subject = fit.shifts.subject(fit.exposure)
    judged = {name: verdicts.get(name, subject) for name in FIT_CRITERIA}
    rms = judged["AST-002"]
    value = rms.value if rms is not None else None
    pixel = pixel_of_fit(fit)
    matches, rotation, scale = (number_of(judged[name]) for name in ("AST-003", "AST-004", "AST-005"))
    cells: tuple[Cell, ...] = (
        *(f"fit to {_named(catalog)}", wcsname, matches),
        *_shift_cells(fit.shifts.row(fit.exposure)),
        *(
            rotation,
            scale,
            number_of(rms),
            None if value is None or pixel is None else json_number(1000.0 * pixel * value),
        ),
        _judged(judged, chosen=chosen),
    )
    return TableRow(cells=cells, chosen=chosen)


def _judged(verdicts: Mapping[str, Shown | None], *, chosen: bool) -> str | None:
    """Whether a solution is kept, and which criteria reject it; nothing where it was not judged."""
    known = [shown for shown in verdicts.values() if shown is not None]
    rejected = [name for name, shown in verdicts.items() if is_rejected(shown)]
    outcome = f"rejected: {', '.join(rejected)}" if rejected else "accepted" if known else ""
    return ", ".join(each for each in ("kept" if chosen else "", outcome) if each) or None


def _shift_cells(row: ShiftRow | None) -> tuple[Cell, Cell]:
    return (None, None) if row is None else (json_number(row.dx), json_number(row.dy))


def _archive_row(served: Exposure, judged: Mapping[str, Shown | None], *, chosen: bool) -> TableRow:
    """The archive's solution, with the scatter that its header states if it is a fit to a catalogue."""
    headers = [*served.science_headers().values()]
    names = " | ".join(sorted({str(header.get("WCSNAME", "")) for header in headers}))
    fitted = bool(headers) and all(catalog_of_fit(header) for header in headers)
    matches = headers[0].get("NMATCHES") if fitted else None
    stated = [headers[0][key] for key in ("RMS_RA", "RMS_DEC") if fitted and key in headers[0]]
    scatter = " and ".join(f"{float(each):.1f}" for each in stated) or None
    cells: tuple[Cell, ...] = (
        *("archive's", names, None if matches is None else str(matches)),
        *(None, None, None, None, None, scatter, _judged(judged, chosen=chosen)),
    )
    return TableRow(cells=cells, chosen=chosen)


def _statement(final: Exposure, decision: Mapping[str, Any], catalog: str) -> str:
    """What an exposure carries by its own header, and why."""
    names = sorted({str(header.get("WCSNAME", "")) for header in final.science_headers().values()})
    carried = " and ".join(names)
    which = f"the fit to {catalog}" if decision["kept"] == "fit" else "the archive's solution"
    if names != [decision["wcsname"]]:
        meant = f"{which} (WCSNAME {decision['wcsname']})"
        return f"carries WCSNAME {carried}, though {meant} was to be kept: {decision['reason']}"
    return f"carries {which} (WCSNAME {carried}): {decision['reason']}"

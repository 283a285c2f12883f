"""Tables of the solutions that exposures could have, the one that they carry, and what epochs cost."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from hubble_qa.checks.astrometry.solutions import archive_fit_error
from hubble_qa.checks.bounds import Bounds
from hubble_qa.checks.readers import (
    Exposure,
    MatchFile,
    ShiftFile,
    ShiftRow,
    match_path,
    read_exposure,
    read_match_file,
    read_shift_file,
)
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.reduction.alignment.fit_decision import ARCHIVE_CRITERION, Decision, decide
from hubble_qa.fixtures.stages.accept import DECISIONS
from hubble_qa.fixtures.stages.align import SHIFT_FILE
from hubble_qa.reports.figures.catalog_fits import CATALOG_NAMES
from hubble_qa.reports.figures.figure_data import Cell, Table, TableColumn, TableGroup, TableRow
from hubble_qa.reports.figures.illustration import Tabulation

__all__ = ["solution_table"]

_COLUMNS = (
    TableColumn(label="Solution"),
    TableColumn(label="WCSNAME"),
    TableColumn(label="Matches", decimals=0),
    TableColumn(label="dx", unit="pix", decimals=3, signed=True),
    TableColumn(label="dy", unit="pix", decimals=3, signed=True),
    TableColumn(label="Rotation", unit="deg", decimals=4, signed=True),
    TableColumn(label="Scale − 1", unit="1e-6", decimals=0, signed=True),
    TableColumn(label="RMS in RA or x", unit="mas", decimals=1),
    TableColumn(label="in Dec or y", unit="mas", decimals=1),
    TableColumn(label="RMS in RA or x", unit="pix", decimals=3),
    TableColumn(label="in Dec or y", unit="pix", decimals=3),
    TableColumn(label="Judged"),
)
_CAPTION = (
    "Which solution the files carry now, and why: the archive's own, and the fits of this reduction. "
    "Marked: the one that is kept."
)
_NOTE = (
    "dx, dy, rotation and scale are relative to the archive's solution; the archive states its scatter in RA "
    "and Dec, TweakReg in x and y of its frame. Good: the marked row has the smallest scatter of those "
    "accepted, and many matches. Bad: nan, a scatter of 0, a rotation or scale that its neighbours do not "
    "have, a kept solution that is not accepted. AST-011 is the archive's larger RMS over 0.1 pix, and 1 or "
    "more where it has few matches."
)


def solution_table(
    inputs: Inputs,
    exposures: Sequence[str],
    *,
    suffix: str,
    wcsname: str,
    plate_scale: float,
    accepted: str,
    catalogs: Sequence[str],
    bounds: Mapping[str, Mapping[str, Bounds]],
) -> Tabulation:
    """Tabulate the archive's solution of each exposure, its fits, and which was kept.

    Parameters
    ----------
    inputs : Inputs
        With products ``exposures``, ``accepted`` and, for each catalogue, ``fit-<catalog>``.
    exposures : sequence of str
        Rootnames.
    suffix : str
        Suffix of their files.
    wcsname : str
        WCSNAME of the fits' solution, where it is kept.
    plate_scale : float
        Of the frame of the fits, arcsec per pixel.
    accepted : str
        The catalogue whose fit may replace the archive's solution.
    catalogs : sequence of str
        All catalogues, as verdicts name them.
    bounds : mapping of str to mapping of str to Bounds
        What each criterion accepts of a fit, by ``"<rootname> <catalog>"`` and criterion.
    """
    directory = inputs.products["accepted"]
    decisions = json.loads((directory / DECISIONS).read_text(encoding="utf-8"))
    groups = []
    for name in exposures:
        served = read_exposure(inputs.products["exposures"] / f"{name}_{suffix}.fits")
        fits = {each: _Fit(inputs, served, each, suffix, bounds[f"{name} {each}"]) for each in catalogs}
        decision = decisions[name]
        kept = accepted if decision["kept"] == "fit" else ""
        rows = [_archive_row(served, fits[accepted].decision, chosen=not kept)]
        for catalog, fit in fits.items():
            named = wcsname if catalog == accepted else ""
            rows.append(fit.row(named, plate_scale, chosen=catalog == kept))
        final = read_exposure(directory / f"{name}_{suffix}.fits")
        statement = _statement(final, decision, CATALOG_NAMES.get(accepted, accepted))
        groups.append(TableGroup(heading=name, statement=statement, rows=tuple(rows)))
    others = " and ".join(CATALOG_NAMES.get(each, each) for each in catalogs if each != accepted)
    only = f"Only the fit to {CATALOG_NAMES.get(accepted, accepted)} may replace the archive's solution"
    notes = (f"{only}; that to {others} is for comparison." if others else f"{only}.", _NOTE)
    table = Table(columns=_COLUMNS, groups=tuple(groups), notes=notes)
    return Tabulation("solutions", "solutions", "Solutions", _CAPTION, table)


class _Fit:
    """A catalogue's fit of an exposure, judged as the decision judges it."""

    def __init__(
        self, inputs: Inputs, served: Exposure, catalog: str, suffix: str, bounds: Mapping[str, Bounds]
    ) -> None:
        directory = inputs.products[f"fit-{catalog}"]
        shifts: ShiftFile = read_shift_file(directory / SHIFT_FILE, relative=False)
        path = match_path(directory, served.name, suffix)
        match: MatchFile | None = read_match_file(path) if path.exists() else None
        self.name = CATALOG_NAMES.get(catalog, catalog)
        self.shift = shifts.row(served.name)
        self.decision = decide(served, shifts, match, bounds)

    def row(self, wcsname: str, plate_scale: float, *, chosen: bool) -> TableRow:
        rejected = [name for name, verdict in self.decision.fit.items() if not verdict.accepted]
        judged = f"rejected: {', '.join(rejected)}" if rejected else "accepted"
        matches = self.decision.fit["AST-003"].measurement.value
        cells = (f"fit to {self.name}", wcsname or None, matches, *_shift_cells(self.shift, plate_scale))
        return TableRow(cells=(*cells, f"kept, {judged}" if chosen else judged), chosen=chosen)


def _shift_cells(row: ShiftRow | None, plate_scale: float) -> tuple[Cell, ...]:
    """dx, dy, rotation, scale, and RMS in mas and in pixels."""
    if row is None:
        return (None,) * 8
    mas = 1000.0 * plate_scale
    numbers = (row.dx, row.dy, row.rotation, 1e6 * (row.scale - 1.0))
    return tuple(map(_cell, (*numbers, mas * row.xrms, mas * row.yrms, row.xrms, row.yrms)))


def _cell(number: float) -> Cell:
    return number if math.isfinite(number) else "nan"


def _archive_row(served: Exposure, decision: Decision, *, chosen: bool) -> TableRow:
    """The archive's solution, as `archive_fit_error` read it."""
    context: Mapping[str, Any] = archive_fit_error(served).context
    rms = [float(each) for each in context.get("rms_pix", ())]
    scale = 1000.0 * float(context.get("plate_scale_arcsec", math.nan))
    scatter: tuple[Cell, ...] = (*(scale * each for each in rms), *rms) if rms else (None,) * 4
    accepted = decision.archive.accepted
    judged = "accepted" if accepted else f"rejected: {ARCHIVE_CRITERION}"
    cells: tuple[Cell, ...] = ("archive's", decision.archive_name, context.get("nmatches"))
    cells = (*cells, None, None, None, None, *scatter, f"kept, {judged}" if chosen else judged)
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

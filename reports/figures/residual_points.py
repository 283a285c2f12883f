"""Residuals of an alignment fit as points of an interactive figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.measurement import finite
from hubble_qa.checks.readers import MatchFile
from hubble_qa.reports.figures.figure_data import (
    Plot,
    PlotAxis,
    PlotColumn,
    PlotGroup,
    PlotLine,
    PlotPanel,
    PlotTrend,
)
from hubble_qa.reports.figures.residuals import FitResiduals, residual_limit, rms_text, running_mean
from hubble_qa.reports.figures.style import chip_style
from hubble_qa.reports.figures.verdicts import Shown

__all__ = ["marker_name", "residual_points", "values"]

# Times the RMS of a fit: of 370 sources one is beyond by chance in either axis.
_OUTLYING = 3.0

Marker = Literal["circle", "square", "triangle", "diamond"]
_MARKERS: Mapping[str, Marker] = {"s": "square", "o": "circle", "^": "triangle", "D": "diamond"}


def residual_points(match: MatchFile, fit: FitResiduals, *, rms: Shown | None) -> Plot:
    """Residuals of a match file's sources as `residual_scatter` draws them, with what each source is.

    Parameters
    ----------
    match : MatchFile
        The match file.
    fit : FitResiduals
        All its sources, in its order.
    rms : Shown, optional
        The fit's RMS as it was judged, pixels; its bound is drawn at either side of zero.
    """
    bound = None if rms is None else rms.bounds.upper
    good = np.asarray(np.isfinite(np.column_stack([fit.positions, fit.residuals])).all(axis=1))
    fit = fit.finite()
    chips = [int(chip) for chip in np.unique(fit.chips)]
    limit = residual_limit(fit, bound)
    text = f"± {bound:g} pix: largest accepted RMS" if bound is not None else ""
    sides = () if bound is None else (-bound, bound)
    return Plot(
        axes={
            **{name: _along(fit, column, name) for column, name in enumerate("xy")},
            **{f"d{name}": PlotAxis(label=f"d{name} (pix)", low=-limit, high=limit) for name in "xy"},
        },
        panels=tuple(
            PlotPanel(x=along, y=f"d{name}", note=rms_text(rms, fit.pixel_scale) if first else "")
            for name in "xy"
            for along in "xy"
            for first in [name + along == "xx"]
        ),
        groups=tuple(_group(fit, chip) for chip in chips),
        group=tuple(chips.index(int(chip)) for chip in fit.chips),
        columns=dict(_columns(match, fit, good)),
        lines=tuple(PlotLine(axis=f"d{name}", value=side, label=text) for name in "xy" for side in sides),
        trends=tuple(_trends(fit)),
        outliers=_outliers(fit, rms),
        outlying=f"beyond {_OUTLYING:g} × the fit RMS",
    )


def _outliers(fit: FitResiduals, rms: Shown | None) -> tuple[int, ...]:
    """Sources whose residual in x or y is beyond some times the RMS as it was judged; none without it."""
    if rms is None or not rms.value:
        return ()
    far = (np.abs(fit.residuals) > _OUTLYING * rms.value).any(axis=1)
    return tuple(int(number) for number in np.flatnonzero(far))


def _along(fit: FitResiduals, column: int, name: str) -> PlotAxis:
    places = fit.positions[:, column]
    low, high = (float(places.min()), float(places.max())) if len(places) else (0.0, 1.0)
    room = 0.04 * (high - low) or 1.0
    return PlotAxis(label=f"{name} in the reference frame (pix)", low=low - room, high=high + room)


def marker_name(marker: str) -> Marker:
    """What matplotlib's marker is called here."""
    return _MARKERS[marker]


def _group(fit: FitResiduals, chip: int) -> PlotGroup:
    style = chip_style(chip)
    name = f"{fit.name(chip)} ({np.count_nonzero(fit.chips == chip)})"
    return PlotGroup(name=name, colour=style.colour, marker=marker_name(style.marker))


def _columns(
    match: MatchFile, fit: FitResiduals, good: NDArray[np.bool_]
) -> Iterator[tuple[str, PlotColumn]]:
    """What is told of a source, in this order."""
    scale = 1000.0 * fit.pixel_scale
    columns = (
        ("row", "source", "", 0, np.arange(1, len(match) + 1)[good]),
        ("input_id", "TweakReg's number", "", 0, match.input_id[good]),
        ("reference_id", "reference", "", 0, match.reference_id[good]),
        ("chip_x", "on the chip x", "", 2, match.original_input_xy[good, 0]),
        ("chip_y", "y", "", 2, match.original_input_xy[good, 1]),
        ("ra", "RA", "deg", 6, match.radec[good, 0]),
        ("dec", "Dec", "deg", 6, match.radec[good, 1]),
        ("x", "in the frame x", "", 1, fit.positions[:, 0]),
        ("y", "y", "", 1, fit.positions[:, 1]),
        ("dx", "residual dx", "pix", 4, fit.residuals[:, 0]),
        ("dy", "dy", "pix", 4, fit.residuals[:, 1]),
        ("dx_mas", "dx", "mas", 2, scale * fit.residuals[:, 0]),
        ("dy_mas", "dy", "mas", 2, scale * fit.residuals[:, 1]),
    )
    for name, label, unit, decimals, numbers in columns:
        rounded = values(numbers, decimals)
        yield name, PlotColumn(label=label, unit=unit, decimals=decimals, values=rounded)


def values(numbers: NDArray[np.generic], decimals: int) -> tuple[float | None, ...]:
    """Numbers as a file holds them: with the decimals that are told, and None where one is not finite."""
    rounded = np.round(np.asarray(numbers, dtype=np.float64), decimals)
    return tuple(map(finite, rounded))


def _trends(fit: FitResiduals) -> Iterator[PlotTrend]:
    for panel, (row, column) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        centres, means, errors = running_mean(fit.positions[:, column], fit.residuals[:, row])
        if len(centres):
            yield PlotTrend(panel=panel, x=tuple(centres), y=tuple(means), error=tuple(errors))

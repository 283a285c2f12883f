"""Figures of bias structure: a section of an image raw and calibrated, and the levels of all columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hubble_qa.checks.detectors.bias_structure import column_levels, judged_pixels
from hubble_qa.checks.readers import Exposure, read_exposure
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.reports.figures.captions import caption
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.images import Window, brightness_limits
from hubble_qa.reports.figures.style import (
    BAND,
    FAINT,
    IMAGE_COLOURS,
    INK,
    SOFT,
    WIDTH,
    annotate_empty,
    image_panels,
    new_figure,
    place,
    styled,
)
from hubble_qa.reports.figures.verdicts import Shown, Verdicts

__all__ = ["ChipColumns", "calibration_figures", "column_profile", "raw_and_calibrated", "striking_window"]

_CRITERIA = ("CAL-004", "CAL-006")

_WIDTH, _HEIGHT = 320, 220
"""Pixels of the section that is shown."""
_STRIKING = 6.0
"""Standard deviations from which a raw column strikes the eye."""
_BRIGHT = 60.0
"""Standard deviations from which one is as bright as another."""
_NAMES = {1: "WFC2", 2: "WFC1"}
"""Chips by EXTVER."""
_LINEAR = 5.0
"""Standard deviations up to which the axis of the profiles is linear."""
_TICKS = (-5, 0, 5, 10, 30, 100, 300)

_SECTION = (
    "Where raw columns stand out most. Good: hot columns (dark) and the step of the bias are gone, stars and "
    "cosmic rays are where they were. Bad: the same columns in both (no bias frame, or a stale one), light "
    "columns where dark ones were (subtracted twice), a step between the halves (an amplifier's gain)."
)
_PROFILE = (
    "Each column's level against its neighbours, in units of its noise, in the band of rows where it departs "
    "most. Good: the calibrated columns (black) lie within the noise, which of thousands reaches to 4 or 5, "
    "and their root mean square within the tinted range; "
    "a trend with crowding is stars. Bad: black spikes where the raw ones (grey) are."
)

Pixels = NDArray[np.floating]


class ChipColumns(NamedTuple):
    """A chip raw and calibrated, the raw one without overscan, with the departures of their columns.

    Attributes
    ----------
    name, subject : str
        The chip, and what verdicts call it.
    raw, calibrated : ndarray, shape (ny, nx)
        DN; electrons.
    raw_pulls, pulls : ndarray, shape (bands, nx)
        Departure of each column from its neighbours over its noise.
    """

    name: str
    subject: str
    raw: Pixels
    calibrated: Pixels
    raw_pulls: Pixels
    pulls: Pixels


def calibration_figures(
    inputs: Inputs, exposures: Sequence[str], suffix: str, verdicts: Verdicts
) -> Iterator[Illustration]:
    """Draw each exposure's most striking section, and the profiles of its chips.

    Parameters
    ----------
    inputs : Inputs
        With products ``raw`` and ``calibrated``.
    exposures : sequence of str
        Rootnames.
    suffix : str
        Suffix of the calibrated files.
    verdicts : Verdicts
        On the scatter of columns and on the level, by chip.
    """
    for name in exposures:
        raw = read_exposure(inputs.products["raw"] / f"{name}_raw.fits")
        calibrated = read_exposure(inputs.products["calibrated"] / f"{name}_{suffix}.fits")
        chips = [_columns(raw, calibrated, version) for version in calibrated.chips]
        which = max(chips, key=lambda chip: _strikes(chip.raw_pulls).sum())
        yield Illustration(
            figure="bias-structure",
            name=f"raw-{suffix}-{name}",
            title=f"{name} raw and calibrated: a section of {which.name}",
            caption=caption(verdicts, (which.subject,), _CRITERIA, _SECTION),
            alt=f"A section of {which.name} of {name} in grey, raw in DN and calibrated in electrons.",
            drawing=raw_and_calibrated(which, suffix=suffix.upper()),
            subject=which.subject,
        )
        for chip in chips:
            yield _columns_of(name, chip, verdicts)


def _columns_of(exposure: str, chip: ChipColumns, verdicts: Verdicts) -> Illustration:
    scatter = verdicts.sentence(chip.subject, ("CAL-004",))
    shows = f"Departure of each column of {chip.name} of {exposure} from its neighbours, raw and calibrated."
    return Illustration(
        figure="bias-structure",
        name=f"columns-{exposure}-{chip.name.lower().replace(',', '-')}",
        title=f"Columns of {chip.name} of {exposure}, raw and calibrated",
        caption=caption(verdicts, (chip.subject,), _CRITERIA, _PROFILE),
        alt=f"{shows} {scatter}".strip(),
        drawing=column_profile(chip, verdicts.get("CAL-004", chip.subject)),
        subject=chip.subject,
    )


def _columns(raw: Exposure, calibrated: Exposure, version: int) -> ChipColumns:
    science = calibrated.array("SCI", version)
    judged = judged_pixels(calibrated.array("DQ", version))
    header = raw.header("SCI", version)
    left, below = (round(float(header.get(f"LTV{axis}", 0.0))) for axis in (1, 2))
    rows, columns = science.shape
    pixels = raw.array("SCI", version)[below : below + rows, left : left + columns].astype(np.float32)
    return ChipColumns(
        _NAMES.get(version, f"SCI,{version}"),
        calibrated.chip_label(version),
        pixels,
        science,
        column_levels(pixels, judged).pulls,
        column_levels(science, judged).pulls,
    )


def _strikes(pulls: Pixels) -> NDArray[np.float64]:
    """How much each column of each band strikes the eye; many faint columns do as one bright one does."""
    height = np.nan_to_num(np.abs(pulls))
    return np.where(height > _STRIKING, np.minimum(height, _BRIGHT), 0.0)


def striking_window(pulls: Pixels, shape: tuple[int, ...]) -> Window:
    """The section of an image where columns stand out most.

    Parameters
    ----------
    pulls : ndarray, shape (bands, nx)
        Departures of the columns by band of rows.
    shape : tuple of int
        Rows and columns of the image.
    """
    width, height = min(_WIDTH, shape[1]), min(_HEIGHT, shape[0])
    many = np.array([np.convolve(row, np.ones(width), mode="valid") for row in _strikes(pulls)])
    band, left = (int(index) for index in np.unravel_index(np.argmax(many), many.shape))
    middle = (band + 0.5) * shape[0] / len(pulls)
    bottom = int(np.clip(middle - height / 2, 0, shape[0] - height))
    return Window(left, left + width, bottom, bottom + height)


@styled
def raw_and_calibrated(chip: ChipColumns, *, suffix: str) -> Figure:
    """Draw one section of a chip raw and calibrated, side by side."""
    window = striking_window(chip.raw_pulls, chip.raw.shape)
    panels = image_panels([window.aspect] * 2, bar_each=True)
    shown = (("RAW", chip.raw, "DN"), (suffix, chip.calibrated, "electrons"))
    for axes, bar, (title, pixels, unit) in zip(panels.images, panels.bars, shown, strict=True):
        section = pixels[window.slices]
        lower, _, noise = brightness_limits(section)
        image = axes.imshow(
            section,
            cmap=IMAGE_COLOURS,
            vmin=lower,
            vmax=lower + 8.0 * noise,
            origin="lower",
            extent=window.extent,
            interpolation="nearest",
        )
        axes.set_title(f"{chip.name} {title}")
        axes.set_xlabel("x (pix)")
        panels.figure.colorbar(image, cax=bar, orientation="horizontal", extend="both").set_label(unit)
    panels.images[0].set_ylabel("y (pix)")
    return panels.figure


@styled
def column_profile(chip: ChipColumns, scatter: Shown | None) -> Figure:
    """Draw the departures of all columns of a chip, raw behind calibrated.

    Parameters
    ----------
    chip : ChipColumns
        The chip.
    scatter : Shown or None
        The verdict on the scatter of its calibrated columns.
    """
    height = 1.75
    figure = new_figure(height + 0.88)
    axes = place(figure, 0.75, 0.58, WIDTH - 0.95, height)
    columns = np.arange(chip.pulls.shape[1]) + 1
    axes.set_title(chip.name if scatter is None else f"{chip.name}: scatter / noise {scatter.number}")
    axes.set_xlabel("column (pix)")
    axes.set_ylabel("departure / noise")
    axes.set_yscale("symlog", linthresh=_LINEAR)
    axes.set_xlim(0.5, columns[-1] + 0.5)
    axes.set_yticks(_TICKS, labels=[f"{tick:g}".replace("-", "−") for tick in _TICKS])
    axes.minorticks_off()
    if not np.isfinite(chip.pulls).any():
        annotate_empty(axes, "no column has a level")
        return figure
    _limit(axes, scatter)
    axes.plot(*_bars(columns, _largest(chip.raw_pulls)), color=FAINT, linewidth=0.7, label="raw")
    axes.plot(columns, _largest(chip.pulls), ".", color=INK, markersize=1.5, label="calibrated")
    axes.axhline(0, color=SOFT, linewidth=0.6)
    axes.set_ylim(-1.1 * _LINEAR, max(1.2 * np.nanmax(np.abs(chip.raw_pulls)), 2.0 * _LINEAR))
    axes.legend(loc="lower right", bbox_to_anchor=(1.01, 0.98), ncols=2, markerscale=4)
    return figure


def _bars(places: NDArray[Any], heights: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Lines from zero, as one path: of thousands of paths each would be placed for itself, for seconds."""
    gap = np.full(len(places), np.nan)
    ends = np.column_stack([np.zeros(len(places)), heights, gap])
    return np.column_stack([places, places, gap]).ravel(), ends.ravel()


def _limit(axes: Axes, scatter: Shown | None) -> None:
    """Tint what columns may scatter by: a root mean square, beyond which single columns may lie."""
    upper = scatter.bounds.upper if scatter is not None else None
    if upper is not None:
        axes.axhspan(-upper, upper, color=BAND, linewidth=0, zorder=0)


def _largest(pulls: Pixels) -> NDArray[np.float64]:
    """The largest departure of each column over the bands, with its sign."""
    known = np.nan_to_num(pulls)
    return np.asarray(known[np.abs(known).argmax(axis=0), np.arange(known.shape[1])], dtype=float)

"""Figures of an association's dark: science image and master dark, and the dark's part of the light."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from hubble_qa.checks.evidence.darks import photometry_in
from hubble_qa.checks.evidence.exposures import wcs_in
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.reduction.dark_rate.apertures import Ellipse
from hubble_qa.fixtures.reduction.dark_rate.frames import read_association
from hubble_qa.fixtures.stages.dark_photometry import APERTURES, PHOTOMETRY
from hubble_qa.reports.figures.captions import caption
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.images import Window, block_mean
from hubble_qa.reports.figures.products import drizzled_image
from hubble_qa.reports.figures.sky_marks import SkyFrame, draw_compass, draw_scale_bar, empty_places
from hubble_qa.reports.figures.style import (
    ACCENT,
    BAND,
    BLANK,
    IMAGE_COLOURS,
    INK,
    LIMIT,
    SOFT,
    annotate_empty,
    chip_style,
    image_panels,
    new_figure,
    styled,
)
from hubble_qa.reports.figures.style import place as place_axes
from hubble_qa.reports.figures.verdicts import Shown, Verdicts

__all__ = [
    "ApertureImage",
    "ApertureRates",
    "dark_budget",
    "dark_figures",
    "positive_stretch",
    "science_and_dark",
    "smoothed",
]

_IMAGES = (
    "The combined image and the master dark on one grid and one logarithmic stretch, smoothed by 6 pixels; "
    "red: the apertures on the target and on blank sky; black: the box in which dark "
    "rates are compared, where the first exposure has it. Good: the same glow on both, the target on "
    "the left alone. Bad: a glow that the dark lacks or exceeds (another night's dark), a dark turned or "
    "mirrored against the detector's features, an aperture beside its target."
)
_BUDGET = (
    "Left: rates in the two apertures, with Poisson errors, of the science image, the master dark and their "
    "difference. On blank sky nothing should be left beyond the tinted range. Right: the dark's part of the "
    "light in the target's aperture, with an error that includes that of the match; the tinted "
    "range is accepted. Bad: a remainder "
    "on blank sky beyond its error, which is in the target too; a fraction near 0 where the detector was "
    "warm. Rates are sums over drizzled pixels, about 1.6 times the detector's counts: its pixels have 1.6 "
    "times the area of those of the distortion table's nominal scale. The fraction is the same in either."
)
_COLUMNS, _BLUR = 480, 6.0


class ApertureImage(NamedTuple):
    """An image with apertures: its title, science and weight image, and their outlines."""

    title: str
    science: NDArray[Any]
    weight: NDArray[Any]
    ellipses: Sequence[Ellipse]


class ApertureRates(NamedTuple):
    """Rates in an aperture, counts per second, each with its Poisson error."""

    name: str
    ellipse: Ellipse
    science: tuple[float, float]
    dark: tuple[float, float]
    net: tuple[float, float]


def dark_figures(
    inputs: Inputs,
    association: str,
    *,
    science_root: str,
    dark_root: str,
    rows: tuple[int, int],
    columns: tuple[int, int],
    verdicts: Verdicts,
) -> Iterator[Illustration]:
    """Draw the images and the rates of an association.

    Parameters
    ----------
    inputs : Inputs
        With products ``exposures``, ``science``, ``dark`` and ``photometry``.
    association : str
        The association.
    science_root, dark_root : str
        Roots of the drizzled images.
    rows, columns : tuple of int
        The box in which dark rates are compared, first and one past the last, counted from 0.
    verdicts : Verdicts
        On the dark fraction, on what is left on blank sky, and on the hot pixels of the exposures' darks.
    """
    science = drizzled_image(inputs, "science", f"{science_root}_dr?")
    dark = drizzled_image(inputs, "dark", f"{dark_root}_dr?")
    rates = [_rates(inputs.products["photometry"] / PHOTOMETRY, name) for name in APERTURES]
    exposures = inputs.products["exposures"]
    members = read_association(exposures / f"{association}_asn.fits")
    box = _box_corners(wcs_in(exposures / f"{members[0]}_flt.fits", 1), science.wcs, rows, columns)
    yield Illustration(
        figure="dark-images",
        name="dark-images",
        title=f"Science and master dark of {association}",
        caption=caption(verdicts, (association, *members), ("DRK-004", "DRK-006"), _IMAGES),
        alt="The drizzled science image and the drizzled dark, with two ellipses and a square on each.",
        drawing=science_and_dark(
            [
                ApertureImage(title, image.science, image.weight, [each.ellipse for each in rates])
                for title, image in (("science", science), ("master dark", dark))
            ],
            science.frame,
            box,
        ),
        subject=association,
    )
    fraction = verdicts.get("DRK-002", association)
    yield Illustration(
        figure="dark-fraction",
        name="dark-fraction",
        title=f"The dark in the light of {association}",
        caption=caption(verdicts, (association,), ("DRK-002",), _BUDGET),
        alt="Rates in the apertures" + ("." if fraction is None else f"; dark fraction {fraction.number}."),
        drawing=dark_budget(rates, fraction, verdicts.get("DRK-004", association)),
        subject=association,
    )


def _rates(path: Path, aperture: str) -> ApertureRates:
    row = photometry_in(path, aperture)
    shape = {key: float(row[key]) for key in ("x", "y", "a", "b", "angle")}
    science, dark, net = ((float(row[key]), float(row[f"{key}_error"])) for key in ("science", "dark", "net"))
    return ApertureRates(aperture, Ellipse(**shape), science, dark, net)


def _box_corners(
    exposure: Any, drizzled: Any, rows: tuple[int, int], columns: tuple[int, int]
) -> NDArray[np.float64]:
    """Corners of the box on the drizzled image, where an exposure has it; both by their `astropy.wcs.WCS`."""
    (bottom, top), (left, right) = rows, columns
    corners = np.array([(left, bottom), (right, bottom), (right, top), (left, top)]) - 0.5
    return np.asarray(drizzled.all_world2pix(exposure.all_pix2world(corners, 0), 0), dtype=np.float64)


@styled
def science_and_dark(
    images: Sequence[ApertureImage], frame: SkyFrame, box: NDArray[np.float64] | None = None
) -> Figure:
    """Draw a science image and a dark side by side, on one stretch.

    Parameters
    ----------
    images : sequence of ApertureImage
        The images.
    frame : SkyFrame
        Where the first is.
    box : ndarray, shape (4, 2), optional
        Corners of the box in which dark rates are compared, x and y counted from 0.
    """
    windows = [Window.whole(each.science.shape) for each in images]
    panels = image_panels([window.aspect for window in windows])
    smooth = [smoothed(each.science, each.weight > 0) for each in images]
    norm = positive_stretch(smooth[0])
    for axes, image, window, each in zip(panels.images, smooth, windows, images, strict=True):
        axes.set_facecolor(BLANK)
        shown = axes.imshow(
            image,
            norm=norm,
            cmap=IMAGE_COLOURS,
            origin="lower",
            extent=window.extent,
            interpolation="nearest",
        )
        axes.set_title(each.title)
        axes.set_xlabel("x (pix)")
        if box is not None:
            axes.add_patch(Polygon(box, closed=True, fill=False, edgecolor=INK, linewidth=1.0))
        for ellipse in each.ellipses:
            axes.plot(*ellipse.outline(), color=ACCENT, linewidth=1.2)
    bar = panels.figure.colorbar(shown, cax=panels.bars[0], orientation="horizontal", extend="both")
    bar.set_label("counts / s per pixel")
    left = panels.images[0]
    left.set_ylabel("y (pix)")
    left.set_xlim(windows[0].extent[:2])
    first, second, *_ = empty_places(left, np.isfinite(smooth[0]))
    draw_compass(left, frame.matrix, at=first)
    draw_scale_bar(left, frame.pixel_scale, at=second)
    return panels.figure


def smoothed(values: NDArray[Any], covered: NDArray[np.bool_]) -> NDArray[np.float32]:
    """An image smoothed where it is covered, and made small; NaN elsewhere."""
    filled = gaussian_filter(np.where(covered, values, 0.0).astype(np.float64), _BLUR)
    share = gaussian_filter(covered.astype(np.float64), _BLUR)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(covered, filled / share, np.nan)
    return block_mean(mean, _COLUMNS, covered)


def positive_stretch(image: NDArray[Any]) -> LogNorm:
    """A logarithmic stretch of an image's positive pixels, from its faint parts to the brightest."""
    finite = image[np.isfinite(image) & (image > 0)]
    if not finite.size:
        return LogNorm(1e-6, 1e-3)
    low, high = (float(value) for value in np.percentile(finite, (10.0, 99.9)))
    return LogNorm(low, max(high, 10.0 * low), clip=True)


@styled
def dark_budget(rates: Sequence[ApertureRates], fraction: Shown | None, residual: Shown | None) -> Figure:
    """Draw the rates in each aperture, and what was judged of them.

    Parameters
    ----------
    rates : sequence of ApertureRates
        Of the apertures ``"target"`` and ``"blank"``, or of the target's alone.
    fraction : Shown or None
        The verdict on the dark fraction of the target.
    residual : Shown or None
        The verdict on what is left on blank sky, in standard deviations.
    """
    figure = new_figure(2.9)
    across = 2.0
    for number, each in enumerate(rates):
        axes = place_axes(figure, 0.72 + number * (across + 0.55), 0.55, across - 0.15, 1.95)
        _draw_rates(axes, each)
        axes.set_ylabel("" if number else "counts / s")
        if each.name == "blank" and residual is not None:
            _draw_residual(axes, each, residual)
    if fraction is not None:
        _draw_fraction(place_axes(figure, 0.9 + len(rates) * (across + 0.55), 0.55, 0.8, 1.95), fraction)
    return figure


def _draw_rates(axes: Axes, each: ApertureRates) -> None:
    pairs = (each.science, each.dark, each.net)
    colours = (INK, chip_style(2).colour, ACCENT)
    for position, ((rate, error), colour) in enumerate(zip(pairs, colours, strict=True)):
        axes.errorbar(position, rate, yerr=error, marker="o", markersize=5, color=colour, capsize=3)
        axes.annotate(
            f"{rate:.3f}\n± {error:.3f}",
            (position, rate + error),
            xytext=(0, 5),
            textcoords="offset points",
            ha="center",
            fontsize=7.5,
        )
    axes.axhline(0.0, color=SOFT, linewidth=0.8)
    axes.set_xlim(-0.6, 2.6)
    top = max(rate + error for rate, error in pairs)
    bottom = min(0.0, *(rate - error for rate, error in pairs))
    axes.set_ylim(bottom - 0.06 * top, 1.35 * top)
    axes.set_xticks(range(3), ["science", "dark", "difference"])
    axes.set_title(each.name)


def _draw_residual(axes: Axes, blank: ApertureRates, residual: Shown) -> None:
    """Name what is left on blank sky, and tint the differences that are accepted."""
    axes.set_title(f"{blank.name}: {residual.number} σ left" if residual.value is not None else blank.name)
    if residual.bounds.upper is not None:
        reach = residual.bounds.upper * blank.net[1]
        axes.fill_between([1.6, 2.4], -reach, reach, color=BAND, linewidth=0, zorder=0)


def _draw_fraction(axes: Axes, fraction: Shown) -> None:
    lower, upper = fraction.bounds.lower or 0.0, fraction.bounds.upper or 1.0
    axes.axhspan(lower, upper, color=BAND)
    axes.axhline(upper, color=LIMIT, linewidth=0.9)
    axes.set_xlim(-1.0, 1.0)
    axes.set_xticks([])
    axes.set_title("dark fraction")
    if fraction.value is None:
        axes.set_ylim(0.0, 1.3 * upper)
        annotate_empty(axes, fraction.number)
        return
    value, error = fraction.value, fraction.uncertainty or 0.0
    axes.errorbar(0.0, value, yerr=error, marker="o", markersize=5, color=INK, capsize=3)
    axes.annotate(
        fraction.number.replace(" ± ", "\n± "),
        (0.0, value - error),
        xytext=(0, -24),
        textcoords="offset points",
        ha="center",
        fontsize=7.5,
    )
    axes.set_ylim(0.0, max(1.3 * upper, 1.15 * (value + error)))

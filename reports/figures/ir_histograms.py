"""Figures of infrared backgrounds, as the archive calibrated them and calibrated anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from hubble_qa.checks.bounds import Bounds
from hubble_qa.checks.detectors.background import Level, background_level
from hubble_qa.checks.evidence.backgrounds import Background, rate_under
from hubble_qa.checks.evidence.drizzled import combined_image, covered, drizzled_in
from hubble_qa.checks.evidence.exposures import exposure_in
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.reports.figures.captions import caption
from hubble_qa.reports.figures.illustration import Illustration, batches
from hubble_qa.reports.figures.ir_images import middle
from hubble_qa.reports.figures.style import (
    ACCENT,
    BAND,
    FAINT,
    IMAGE_COLOURS,
    INK,
    SOFT,
    WIDTH,
    image_panels,
    new_figure,
    place,
    styled,
)
from hubble_qa.reports.figures.verdicts import Shown, Verdicts

__all__ = [
    "combined_figures",
    "combined_histogram",
    "exposure_histograms",
    "histogram_figure",
    "histogram_figures",
    "two_sections",
]

Pixels = NDArray[np.float32]

_OF_EXPOSURES = ("TVB-002", "TVB-006", "TVB-003", "CAL-006")
_OF_COMBINED = ("TVB-004", "TVB-005")
_BEFORE, _AFTER = "original", "reprocessed"
_REACH = 8.0
"""Widths of the background that a histogram shows on either side of it."""
_BINS = 160
_COUNTED = "pixels (10³)"
_BOTH = "Unflagged pixels of the FLT as the archive served it and as calibrated anew."
_ONE = "Unflagged pixels of the FLT."
_HISTOGRAMS = (
    "Good: one peak, as wide as its noise, at the rate that the last read tells (dotted line), within the "
    "tinted range. Bad: several peaks, a shoulder, a peak beside that rate. Cosmic rays make a tail to the "
    "right where there was no ramp fit."
)
_COMBINED = (
    "Background of the combined images, each about its own median; tinted: the width (±) that is accepted of "
    "the reprocessed one. Good: the reprocessed one (red) is narrower. "
    "Bad: as wide as the original, or with a tail to the right: cosmic rays that were left."
)
_IMAGES = (
    "A section of both combined images about their medians, on one scale. Good: the same stars on a finer "
    "background. Bad: specks of one or two pixels in the reprocessed one (cosmic rays), stars that are "
    "missing there."
)


def histogram_figures(inputs: Inputs, exposures: Sequence[str], verdicts: Verdicts) -> Iterator[Illustration]:
    """Draw the histograms of each exposure.

    Parameters
    ----------
    inputs : Inputs
        With products ``fetched`` and ``calibrated``.
    exposures : sequence of str
        Rootnames.
    verdicts : Verdicts
        On the background's shape, rate and level, by FLT.
    """
    for ending, some in batches(exposures):
        subjects = {name: f"{name}_flt" for name in some}
        pixels = {
            name: (_pixels(inputs, "fetched", name), _pixels(inputs, "calibrated", name)) for name in some
        }
        rates = {name: _rate(inputs, name) for name in some}
        yield histogram_figure(pixels, rates, subjects, verdicts, ending=ending)


def histogram_figure(
    pixels: Mapping[str, Sequence[Pixels]],
    rates: Mapping[str, float],
    subjects: Mapping[str, str],
    verdicts: Verdicts,
    *,
    ending: str,
) -> Illustration:
    """Draw the histograms of some exposures in one figure.

    Parameters
    ----------
    pixels : mapping of str to sequence of ndarray
        Unflagged pixels of each exposure: of the original and of the reprocessed one, or of the only one.
    rates : mapping of str to float
        The rate that the last read tells, of those with reads.
    subjects : mapping of str to str
        What verdicts call each.
    verdicts : Verdicts
        On the background's shape, rate and level.
    ending : str
        End of the name of the figure's file.
    """
    bounds = {name: verdicts.bounds("TVB-003", subject) for name, subject in subjects.items()}
    names = ", ".join(subjects)
    both = all(len(each) > 1 for each in pixels.values())
    return Illustration(
        figure="background-histograms",
        name=f"background-histograms{ending}",
        title=f"Background of {names}" + (", original and reprocessed" if both else ""),
        caption=caption(
            verdicts, (*subjects.values(),), _OF_EXPOSURES, f"{_BOTH if both else _ONE} {_HISTOGRAMS}"
        ),
        alt=f"Histograms of {names}"
        + (", as the archive calibrated them and calibrated anew." if both else "."),
        drawing=exposure_histograms(
            pixels, rates, {name: each for name, each in bounds.items() if each is not None}
        ),
        subject=next(iter(subjects.values())) if len(subjects) == 1 else "",
    )


def combined_figures(
    inputs: Inputs, association: str, root: str, verdicts: Verdicts
) -> Iterator[Illustration]:
    """Draw the combined images and their histograms.

    Parameters
    ----------
    inputs : Inputs
        With products ``archived`` and ``drizzled``.
    association : str
        Rootname of the association.
    root : str
        Root of the combined image.
    verdicts : Verdicts
        On the width of the combined background and on cosmic rays that are left.
    """
    before = drizzled_in(inputs.products["archived"] / f"{association}_drz.fits")
    images = {
        _BEFORE: covered(before),
        _AFTER: covered(combined_image(inputs.products["drizzled"], root)),
    }
    change = verdicts.sentence(association, ("TVB-004",))
    yield Illustration(
        figure="combined-background",
        name="combined-histogram",
        title=f"Background of {association}, original and reprocessed",
        caption=caption(verdicts, (association,), _OF_COMBINED, _COMBINED),
        alt=f"Histograms of both combined images. {change}".strip(),
        drawing=combined_histogram(images, verdicts.get("TVB-004", association)),
        subject=association,
    )
    yield Illustration(
        figure="combined-background",
        name="combined-sections",
        title=f"A section of {association}, original and reprocessed",
        caption=caption(verdicts, (association,), _OF_COMBINED, _IMAGES),
        alt="The same section of the original and the reprocessed combined image in grey.",
        drawing=two_sections(images),
        subject=association,
    )


def _pixels(inputs: Inputs, product: str, rootname: str) -> Pixels:
    return Background.of(exposure_in(inputs.products[product] / f"{rootname}_flt.fits")).pixels


def _rate(inputs: Inputs, rootname: str) -> float:
    calibrated = exposure_in(inputs.products["calibrated"] / f"{rootname}_flt.fits")
    return rate_under(calibrated, exposure_in(inputs.products["fetched"] / f"{rootname}_ima.fits"))


@styled
def exposure_histograms(
    pixels: Mapping[str, Sequence[Pixels]], rates: Mapping[str, float], bounds: Mapping[str, Bounds]
) -> Figure:
    """Draw histograms of exposures, two in a row: original and reprocessed, or one of each of two exposures.

    Parameters
    ----------
    pixels : mapping of str to sequence of ndarray
        Unflagged pixels of the original and of the reprocessed exposure, or of the only one, electrons per
        second.
    rates : mapping of str to float
        The rate that the last read tells, which is marked, of those with reads.
    bounds : mapping of str to Bounds
        Accepted deviation of the last background from that rate, as a fraction of it.
    """
    height, gap, left, between, below = 1.15, 0.5, 0.62, 0.5, 0.55
    width = (WIDTH - left - 0.15 - between) / 2.0
    panels = [(name, number, len(each)) for name, each in pixels.items() for number in range(len(each))]
    rows = -(-len(panels) // 2)
    figure = new_figure(below + rows * (height + gap) - gap + 0.3)
    limits = {name: _limits([background_level(one) for one in each]) for name, each in pixels.items()}
    for place_number, (name, number, versions) in enumerate(panels):
        row, column = divmod(place_number, 2)
        bottom = below + (rows - 1 - row) * (height + gap)
        axes = place(figure, left + column * (width + between), bottom, width, height)
        last = number == versions - 1
        _histogram(axes, pixels[name][number], limits[name], ACCENT if last else SOFT)
        if last and name in bounds and name in rates:
            _accepted(axes, rates[name], bounds[name])
        if name in rates:
            axes.axvline(rates[name], color=INK, linewidth=0.9, linestyle=":")
        words = f"{name} {(_BEFORE, _AFTER)[number]}" if versions > 1 else name
        axes.set_title(words, fontsize=9)
        if column == 0:
            axes.set_ylabel(_COUNTED)
        if place_number + 2 >= len(panels):
            axes.set_xlabel("background (e⁻/s)")
    return figure


def _accepted(axes: Axes, rate: float, bounds: Bounds) -> None:
    """Tint the levels that are accepted."""
    low, high = axes.get_xlim()
    left = low if bounds.lower is None else rate * (1.0 + bounds.lower)
    right = high if bounds.upper is None else rate * (1.0 + bounds.upper)
    axes.axvspan(left, right, color=BAND, linewidth=0, zorder=0)


def _limits(levels: Sequence[Level]) -> tuple[float, float]:
    low = min(level.median - _REACH * level.width for level in levels)
    return low, max(level.median + _REACH * level.width for level in levels)


def _histogram(axes: Axes, pixels: Pixels, limits: tuple[float, float], colour: str) -> None:
    counts, edges = np.histogram(pixels, bins=_BINS, range=limits)
    axes.stairs(counts, edges, fill=True, color=colour, alpha=0.75)
    axes.set_xlim(*limits)
    axes.set_ylim(0, 1.08 * max(int(counts.max()), 1))
    _count_in_thousands(axes)
    axes.xaxis.set_major_locator(MaxNLocator(5))


def _count_in_thousands(axes: Axes) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.yaxis.set_major_formatter(lambda count, _: f"{count / 1000:g}")


@styled
def combined_histogram(images: Mapping[str, Pixels], change: Shown | None) -> Figure:
    """Draw the background of two combined images about their medians, original behind reprocessed.

    Parameters
    ----------
    images : mapping of str to ndarray
        The original and the reprocessed image, electrons per second, NaN where they have no weight.
    change : Shown or None
        The verdict on the width of the reprocessed background over that of the original.
    """
    figure = new_figure(3.0)
    axes = place(figure, 0.62, 0.55, WIDTH - 0.82, 2.1)
    levels = {name: background_level(each) for name, each in images.items()}
    reach = _REACH * max(level.width for level in levels.values())
    if change is not None:
        axes.set_title(f"width reprocessed / original: {change.number}")
        widest = (change.bounds.upper or 0.0) * levels[_BEFORE].width
        axes.axvspan(-widest, widest, color=BAND, linewidth=0, zorder=0)
    for name, colour in ((_BEFORE, FAINT), (_AFTER, ACCENT)):
        centred = images[name][np.isfinite(images[name])] - levels[name].median
        counts, edges = np.histogram(centred, bins=_BINS, range=(-reach, reach))
        axes.stairs(counts, edges, color=colour, linewidth=1.6, label=f"{name}, ± {levels[name].width:.4f}")
    axes.set_xlim(-reach, reach)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(_COUNTED)
    _count_in_thousands(axes)
    axes.set_xlabel("rate above the median (e⁻/s)")
    axes.legend(loc="upper right")
    return figure


@styled
def two_sections(images: Mapping[str, Pixels]) -> Figure:
    """Draw the middle of two combined images side by side, each about its median, on one scale."""
    panels = image_panels([1.0, 1.0], bar_each=True)
    levels = {name: background_level(image) for name, image in images.items()}
    width = max(level.width for level in levels.values())
    for axes, bar, (name, image) in zip(panels.images, panels.bars, images.items(), strict=True):
        window, level = middle(image.shape), levels[name]
        shown = axes.imshow(
            image[window.slices],
            cmap=IMAGE_COLOURS,
            vmin=level.median - 3.0 * width,
            vmax=level.median + 5.0 * width,
            origin="lower",
            extent=window.extent,
            interpolation="nearest",
        )
        axes.set_title(name)
        axes.set_xlabel("x (pix)")
        panels.figure.colorbar(shown, cax=bar, orientation="horizontal", extend="both").set_label("e⁻/s")
    panels.images[0].set_ylabel("y (pix)")
    return panels.figure

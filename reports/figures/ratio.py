"""Maps of the FLT/C0M ratio: what the chip normalisation did to the pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hubble_qa.checks.images.photometry import combined_chip_factor
from hubble_qa.reports.figures.footprints import Footprint, Region, draw_outlines, regions
from hubble_qa.reports.figures.images import WeightedImage, Window, block_ratio, covered_window
from hubble_qa.reports.figures.region_labels import label_region
from hubble_qa.reports.figures.style import BLANK, IMAGE_COLOURS, annotate_empty, image_panels, styled
from hubble_qa.reports.figures.verdicts import Shown

__all__ = ["LOOK_FOR", "RATIO_COLUMNS", "Deviations", "RatioMap", "ratio_map", "ratio_maps"]

Factors = Mapping[tuple[str, int], float]
Deviations = Mapping[tuple[str, int], Shown]

LOOK_FOR = (
    "On the chips: in parentheses PHOTFLAM(chip)/PHOTFLAM(WF3) of the C0M, and how far the pixels' ratio is "
    "off it. Good: each chip one flat grey, that of its factor, WF3 at 1. Bad: every chip at 1 (the headers "
    "were equalised, the pixels not), a factor applied twice or inverted, structure within a chip (FLT and "
    "C0M differ in more than a factor), black and white pairs at stars (they are shifted). Single specks are "
    "sky near zero."
)
"""What is good and what is bad on a map of the ratio of single exposures."""

# The range in which the notebook shows the ratio; factors beyond it widen it.
_HALF_RANGE = 0.03
RATIO_COLUMNS = 580


class RatioMap(NamedTuple):
    """The ratio of two drizzled images, made small.

    Attributes
    ----------
    title : str
        Which images.
    ratio : ndarray, shape (ny, nx)
        Ratio of the fluxes in each block; NaN where there is no pixel.
    window : Window
        The part of the drizzled images that it shows.
    footprints : tuple of Footprint
        Chips that were drizzled, in pixels of the drizzled images.
    """

    title: str
    ratio: NDArray[np.float32]
    window: Window
    footprints: tuple[Footprint, ...]


def ratio_map(
    title: str,
    flt: WeightedImage,
    c0m: WeightedImage,
    footprints: Sequence[Footprint],
) -> RatioMap | None:
    """Divide two drizzled images.

    Returns
    -------
    RatioMap or None
        None where the images are not on one grid.
    """
    if flt.science.shape != c0m.science.shape:
        return None
    covered = (flt.weight > 0) & (c0m.weight > 0)
    window = covered_window(covered)
    cut = window.slices
    ratio = block_ratio(flt.science[cut], c0m.science[cut], RATIO_COLUMNS, covered[cut])
    return RatioMap(title, ratio, window, tuple(footprints))


@styled
def ratio_maps(maps: Sequence[RatioMap], factors: Factors, deviations: Deviations | None = None) -> Figure:
    """Draw FLT/C0M ratios in grey, with the expected factor on each chip and how far its pixels are from it.

    Parameters
    ----------
    maps : sequence of RatioMap
        The ratios.
    factors : mapping of (str, int) to float
        Normalisation factor of each exposure's chip; see `photometry.expected_chip_factor`.
    deviations : mapping of (str, int) to Shown, optional
        By how much the pixels of each exposure's chip depart from it, as judged.
    """
    panels = image_panels([each.window.aspect for each in maps])
    finite = [abs(factor - 1) for factor in factors.values() if np.isfinite(factor)]
    half = max([_HALF_RANGE, *(1.2 * departure for departure in finite)])
    for axes, each in zip(panels.images, maps, strict=True):
        shown = axes.imshow(
            each.ratio,
            cmap=IMAGE_COLOURS,
            vmin=1 - half,
            vmax=1 + half,
            origin="lower",
            extent=each.window.extent,
            interpolation="nearest",
        )
        axes.set_facecolor(BLANK)
        axes.set_title(each.title)
        draw_outlines(axes, each.footprints)
        _label_regions(axes, each, factors, deviations or {})
        axes.set_xlabel("x (pix)")
        if not np.isfinite(each.ratio).any():
            annotate_empty(axes, "no pixels in both images")
    panels.images[0].set_ylabel("y (pix)")
    bar = panels.figure.colorbar(shown, cax=panels.bars[0], orientation="horizontal", extend="both")
    bar.set_label("FLT / C0M; on the parts: (expected)")
    return panels.figure


def _label_regions(axes: Axes, each: RatioMap, factors: Factors, deviations: Deviations) -> None:
    rows, columns = each.ratio.shape
    for region in regions(each.footprints, (rows, columns), each.window.extent):
        if np.isfinite(each.ratio[region.mask]).any():
            label_region(axes, region, _region_words(region, factors, deviations), each.footprints)


def _region_words(region: Region, factors: Factors, deviations: Deviations) -> str:
    expected = expected_factor(region.chips, factors)
    words = " + ".join(dict.fromkeys(chip.name for chip in region.chips))
    if np.isfinite(expected):
        words += f"\n({expected:.4f})"
    found = [deviations.get((chip.exposure, chip.chip)) for chip in region.chips]
    if len(found) == 1 and found[0] is not None:
        words += f"\noff by {found[0].number}"
    return words


def expected_factor(chips: Sequence[Footprint], factors: Factors) -> float:
    """FLT/C0M ratio where some chips were combined, each by its exposure time and pixel area."""
    weights = [chip.weight for chip in chips]
    if not sum(weights) > 0:
        return float("nan")
    known = [factors.get((chip.exposure, chip.chip), float("nan")) for chip in chips]
    return combined_chip_factor(known, weights)

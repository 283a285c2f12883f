"""Images of infrared exposures: as the archive calibrated them, and a section before and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hubble_qa.checks.detectors.background import background_level
from hubble_qa.checks.evidence.exposures import array_in
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.reports.figures.captions import caption, is_rejected, number_of
from hubble_qa.reports.figures.illustration import Illustration, batches
from hubble_qa.reports.figures.images import Window, block_mean
from hubble_qa.reports.figures.style import BLANK, IMAGE_COLOURS, ImagePanels, image_panels, styled
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = ["SECTION", "background_images", "image_figures", "middle", "section_pairs"]

Pixels = NDArray[np.float32]

SECTION = 200
"""Pixels of the side of a section that is shown."""

_COLUMNS = 580
# Widths of the background that are shown below and above it.
_BELOW, _ABOVE = 4.0, 10.0
_EXPOSURES = (
    "FLTs as the archive served them, each about its own background, all with one length of the stretch. "
    "Good: stars on one flat sky. Bad: a mottled sky or patches of another level, where the ramp fit took a "
    "rise of the background for cosmic rays; the histogram then has several peaks."
)
_SECTIONS = (
    "The middle of the FLT as the archive served it and as calibrated anew, each pair on one stretch. Good: "
    "the same stars, and a smooth sky in the reprocessed one. Bad: the same mottling in both (the ramp was "
    "fitted again), or another level than the reads tell. Single dark pixels in the reprocessed one are "
    "cosmic rays, which without a ramp fit only the combination of exposures removes."
)


def image_figures(inputs: Inputs, exposures: Sequence[str], verdicts: Verdicts) -> Iterator[Illustration]:
    """Draw all exposures, and a section of those whose background varied before and after.

    Parameters
    ----------
    inputs : Inputs
        With products ``fetched`` and ``calibrated``.
    exposures : sequence of str
        Rootnames.
    verdicts : Verdicts
        On the change of the background, by IMA, and on its shape, by FLT.
    """
    for ending, some in batches(exposures):
        names = ", ".join(some)
        numbers = {name: number_of(verdicts.get("TVB-001", f"{name}_ima")) for name in some}
        titles = {name: f"{name}: change {number}" if number else name for name, number in numbers.items()}
        yield Illustration(
            figure="background-images",
            name=f"background-images{ending}",
            title=f"Images of {names} as served",
            caption=_EXPOSURES,
            alt=f"The whole images of {names} in grey.",
            drawing=background_images({titles[name]: _flt(inputs, "fetched", name) for name in some}),
        )
    varied = [name for name in exposures if is_rejected(verdicts.get("TVB-001", f"{name}_ima"))]
    for ending, some in batches(varied):
        names = ", ".join(some)
        pairs = {name: (_flt(inputs, "fetched", name), _flt(inputs, "calibrated", name)) for name in some}
        subjects = [f"{name}_flt" for name in some]
        yield Illustration(
            figure="background-sections",
            name=f"background-sections{ending}",
            title=f"A section of {names}, original and reprocessed",
            caption=caption(verdicts, subjects, ("TVB-002",), _SECTIONS),
            alt=f"The middle of {names} in grey, as served and as calibrated anew.",
            drawing=section_pairs(pairs),
            subject=subjects[0] if len(subjects) == 1 else "",
        )


def _flt(inputs: Inputs, product: str, rootname: str) -> Pixels:
    return np.asarray(array_in(inputs.products[product] / f"{rootname}_flt.fits", "SCI", 1), np.float32)


def middle(shape: tuple[int, ...]) -> Window:
    """The section in the middle of an image."""
    size = min(SECTION, *shape)
    left, bottom = (shape[1] - size) // 2, (shape[0] - size) // 2
    return Window(left, left + size, bottom, bottom + size)


@styled
def background_images(images: Mapping[str, Pixels]) -> Figure:
    """Draw whole images, each about its own background and all with one length of the stretch.

    Parameters
    ----------
    images : mapping of str to ndarray
        Exposures by what is written above them, electrons per second.
    """
    windows = [Window.whole(image.shape) for image in images.values()]
    panels = image_panels([window.aspect for window in windows], bar_each=True)
    levels = [background_level(image[np.isfinite(image)]) for image in images.values()]
    width = max(level.width for level in levels)
    for number, (title, image) in enumerate(images.items()):
        small = block_mean(image, _COLUMNS)
        _show(panels, number, small, windows[number], title, (levels[number].median, width))
    _label(panels)
    return panels.figure


@styled
def section_pairs(pairs: Mapping[str, tuple[Pixels, Pixels]]) -> Figure:
    """Draw the middle of exposures, a row each: original and reprocessed, both on the stretch of the latter.

    Parameters
    ----------
    pairs : mapping of str to (ndarray, ndarray)
        The original and the reprocessed exposure by name, electrons per second.
    """
    panels = image_panels([1.0] * (2 * len(pairs)), bar_each=True)
    for row, (name, pair) in enumerate(pairs.items()):
        window = middle(pair[0].shape)
        cuts = [image[window.slices] for image in pair]
        levels = [background_level(cut[np.isfinite(cut)]) for cut in cuts]
        stretch = levels[1].median, max(level.width for level in levels)
        for column, (cut, version) in enumerate(zip(cuts, ("original", "reprocessed"), strict=True)):
            _show(panels, 2 * row + column, cut, window, f"{name} {version}", stretch)
    _label(panels)
    return panels.figure


def _show(
    panels: ImagePanels,
    number: int,
    image: Pixels,
    window: Window,
    title: str,
    stretch: tuple[float, float],
) -> None:
    """Draw an image between some widths of a background on either side of its level."""
    (level, width), axes = stretch, panels.images[number]
    axes.set_facecolor(BLANK)
    axes.set_title(title)
    shown = axes.imshow(
        image,
        cmap=IMAGE_COLOURS,
        vmin=level - _BELOW * width,
        vmax=level + _ABOVE * width,
        origin="lower",
        extent=window.extent,
        interpolation="nearest",
    )
    bar = panels.figure.colorbar(shown, cax=panels.bars[number], orientation="horizontal", extend="both")
    bar.set_label("e⁻/s")


def _label(panels: ImagePanels) -> None:
    for number, axes in enumerate(panels.images):
        axes.set_xlabel("x (pix)")
        if number % 2 == 0:
            axes.set_ylabel("y (pix)")

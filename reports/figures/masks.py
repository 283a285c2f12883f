"""What of an exposure is masked: its chips, with the outlines of the masks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hubble_qa.checks.evidence.exposures import array_in
from hubble_qa.checks.evidence.masks import masked_pixels
from hubble_qa.reports.figures.captions import joined, number_of
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.images import Window, block_mean, brightness_limits
from hubble_qa.reports.figures.style import ACCENT, BLANK, IMAGE_COLOURS, image_panels, styled
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = ["draw_masks", "mask_figure"]

_MASKED, _EMPTY = "CAL-014", "CAL-016"
_COLUMNS = 580
_WORDS = (
    "Outlined: what images do without. Good: the outline follows the trail or ghost, and nothing of it lies "
    "outside. Bad: stars and empty sky masked with it, a trail that goes on beyond its mask, or a mask where "
    "there is nothing to see."
)


def mask_figure(path: Path, companion: Path | None, label: str, verdicts: Verdicts) -> Illustration:
    """Draw an exposure with the outlines of what is masked.

    Parameters
    ----------
    path : Path
        The exposure.
    companion : Path or None
        C1M of a C0M.
    label : str
        What verdicts call it.
    verdicts : Verdicts
        On the fraction that is masked.
    """
    masks = masked_pixels(path, companion)
    images = {chip: array_in(path, "SCI", chip) for chip in masks}
    number = number_of(verdicts.get(_MASKED, label))
    return Illustration(
        figure="masks",
        name=f"masks-{label.replace('/', '-')}",
        title=f"What is masked of {label}" + (f": {number}" if number else ""),
        caption=joined(verdicts.sentence(label, (_MASKED, _EMPTY)), _WORDS),
        alt=f"The chips of {label} in grey, with the outlines of their masks.",
        drawing=draw_masks(images, masks, title=f"masked: {number}" if number else ""),
        subject=label,
    )


@styled
def draw_masks(
    images: Mapping[int, NDArray[Any]], masks: Mapping[int, NDArray[np.bool_]], *, title: str
) -> Figure:
    """Draw chips, each on a stretch of its own, with the outlines of their masks.

    Parameters
    ----------
    images : mapping of int to ndarray, shape (ny, nx)
        Science images by EXTVER.
    masks : mapping of int to ndarray of bool
        Which of their pixels are masked.
    title : str
        Written above the first chip, after its name.
    """
    windows = [Window.whole(image.shape) for image in images.values()]
    panels = image_panels([window.aspect for window in windows], bar_each=True)
    for number, (chip, image) in enumerate(images.items()):
        axes = panels.images[number]
        small = block_mean(image, _COLUMNS)
        low, high, _ = brightness_limits(small)
        axes.set_facecolor(BLANK)
        axes.set_title(", ".join(part for part in (f"SCI,{chip}", title if number == 0 else "") if part))
        shown = axes.imshow(
            small,
            cmap=IMAGE_COLOURS,
            vmin=low,
            vmax=high,
            origin="lower",
            extent=windows[number].extent,
            interpolation="nearest",
        )
        _outline(axes, masks[chip], windows[number])
        panels.figure.colorbar(shown, cax=panels.bars[number], orientation="horizontal", extend="both")
        axes.set_xlabel("x (pix)")
        if number % 2 == 0:
            axes.set_ylabel("y (pix)")
    return panels.figure


def _outline(axes: Axes, mask: NDArray[np.bool_], window: Window) -> None:
    """Draw the outline of a mask: a block counts where any of its pixels does, so that none is lost."""
    blocks = block_mean(mask.astype(np.float32), _COLUMNS) > 0
    if not blocks.any():
        return
    # A frame of what is not masked closes outlines at the edges of the chip.
    closed = np.pad(blocks.astype(np.float32), 1)
    rows, columns = blocks.shape
    left, right, bottom, top = window.extent
    x = left + (np.arange(columns + 2) - 0.5) * (right - left) / columns
    y = bottom + (np.arange(rows + 2) - 0.5) * (top - bottom) / rows
    axes.contour(x, y, closed, levels=[0.5], colors=[ACCENT], linewidths=1.0)

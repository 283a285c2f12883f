"""Images whose stretch the page can change: pictures of levels, from which a browser makes the greys."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import AsinhNorm, LogNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray
from PIL import Image

from hubble_qa.reports.figures.image_data import (
    MOST_LEVELS,
    MOST_PANELS,
    ImageLimits,
    ImagePanel,
    ImageSet,
    Stretch,
)
from hubble_qa.reports.figures.images import brightness_limits
from hubble_qa.reports.figures.style import COMPRESSION, IMAGE_COLOURS

__all__ = ["Adjustable", "AdjustableImage", "images_of", "write_images"]

_STRETCHES: Mapping[type, Stretch] = {AsinhNorm: "asinh", LogNorm: "log"}
# Pixels of a side: what is smaller is a close-up of a star.
_SMALLEST = 24

# Shares of the pixels that are within the limits to choose from, percent.
_SHARES = (99.9, 99.5, 98.0, 90.0)
# Levels to one standard deviation of the sky: steps that no eye tells apart, and small files.
_FINE = 8.0


class AdjustableImage(NamedTuple):
    """An image.

    Attributes
    ----------
    title : str
        What it is.
    pixels : ndarray, shape (ny, nx)
        From the bottom up; NaN where there is none.
    printed : (float, float)
        The limits between which it is printed.
    """

    title: str
    pixels: NDArray[Any]
    printed: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Adjustable:
    """The images of a figure.

    Attributes
    ----------
    images : tuple of AdjustableImage
        Row by row.
    unit : str
        Of their values.
    stretch : str
        How they are printed.
    alike : bool
        Whether they are compared, so that limits are those of all together.
    """

    images: tuple[AdjustableImage, ...]
    unit: str
    stretch: Stretch = "asinh"
    alike: bool = False


def images_of(figure: Figure) -> Adjustable | None:
    """The grey images that a figure shows; None where it shows none but close-ups, or too many."""
    shown = [
        (axes, image)
        for axes in figure.axes
        for image in axes.images
        if image.get_cmap().name == IMAGE_COLOURS and min(image.get_size()) >= _SMALLEST
    ]
    if not 0 < len(shown) <= MOST_PANELS:
        return None
    images = tuple(_image(axes, image) for axes, image in shown)
    bars = [image.colorbar.ax.get_xlabel() for _, image in shown if image.colorbar is not None]
    unit = re.split(r" \(|;", bars[0])[0] if bars else ""
    alike = len({each.printed for each in images}) == 1
    return Adjustable(images, unit, _STRETCHES.get(type(shown[0][1].norm), "linear"), alike)


def _image(axes: Axes, image: AxesImage) -> AdjustableImage:
    label = str(image.get_label())
    # Where several images share axes, each is labelled.
    title = axes.get_title("left") if label.startswith("_") else label
    pixels = np.ma.filled(np.ma.asarray(image.get_array(), dtype=np.float64), np.nan)
    low, high = (float(limit) for limit in image.get_clim())
    return AdjustableImage(title, pixels, (low, high))


def write_images(adjustable: Adjustable, name: str, output: Path) -> ImageSet:
    """Write the pictures of levels, ``<name>-levels-1.png`` and so on, and say what the levels are.

    Parameters
    ----------
    adjustable : Adjustable
        The images; those without any pixel have limits from 0 to 1.
    name : str
        Of the figure's files.
    output : Path
        Where they are written.
    """
    images = adjustable.images
    values = [_finite(each.pixels) for each in images]
    choices = [_limits(np.concatenate(values))] * len(images) if adjustable.alike else map(_limits, values)
    panels = []
    for number, (image, others) in enumerate(zip(images, choices, strict=True), start=1):
        file = f"{name}-levels-{number}.png"
        limits = (ImageLimits(name="as printed", low=image.printed[0], high=image.printed[1]), *others)
        panels.append(_write(image, file, limits, output))
    return ImageSet(panels=tuple(panels), unit=adjustable.unit, stretch=adjustable.stretch)


def _finite(pixels: NDArray[Any]) -> NDArray[np.float64]:
    values = np.asarray(pixels, dtype=np.float64)
    return values[np.isfinite(values)]


def _limits(values: NDArray[np.float64]) -> tuple[ImageLimits, ...]:
    rests = [(100.0 - share) / 2.0 for share in _SHARES]
    names = ("all pixels", *(f"{share:g} % of the pixels" for share in _SHARES))
    if not values.size:
        return tuple(_between(name, 0.0, 1.0) for name in names)
    ends = np.percentile(values, [0.0, *rests, 100.0, *(100.0 - rest for rest in rests)])
    return tuple(map(_between, names, *ends.reshape(2, -1)))


def _between(name: str, low: float, high: float) -> ImageLimits:
    low, high = float(low), float(high)
    if not low < high:
        high = low + (abs(low) or 1.0)
    return ImageLimits(name=name, low=low, high=high)


def _write(image: AdjustableImage, file: str, limits: tuple[ImageLimits, ...], output: Path) -> ImagePanel:
    pixels = np.asarray(image.pixels, dtype=np.float64)
    lower, _, noise = brightness_limits(pixels)
    zero = lower + 2.0 * noise  # the sky
    width = max(noise, 1e-12)
    known = np.isfinite(pixels)
    scaled = np.arcsinh((np.where(known, pixels, zero) - zero) / width)
    first, last = (float(end(scaled[known])) if known.any() else 0.0 for end in (np.min, np.max))
    if not first < last:
        last = first + 1.0
    levels = min(MOST_LEVELS, 2 + math.ceil(_FINE * (last - first)))
    number = np.rint((scaled - first) / (last - first) * (levels - 1)).clip(0, levels - 1)
    grey = np.stack([number, np.where(known, 255, 0)], axis=-1).astype(np.uint8)
    Image.fromarray(grey[::-1], mode="LA").save(output / file, compress_level=COMPRESSION)
    return ImagePanel(
        title=image.title,
        file=file,
        levels=levels,
        zero=zero,
        width=width,
        first=first,
        last=last,
        limits=limits,
    )

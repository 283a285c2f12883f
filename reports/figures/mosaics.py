"""Drizzled images: science and weight, weights of single exposures, and a zoom on two versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import AsinhNorm, Colormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Circle
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import NDArray

from hubble_qa.reports.figures.captions import number_of
from hubble_qa.reports.figures.footprints import Footprint, draw_outlines, regions
from hubble_qa.reports.figures.images import (
    WeightedImage,
    Window,
    block_mean,
    brightness_limits,
    covered_window,
)
from hubble_qa.reports.figures.region_labels import label_region
from hubble_qa.reports.figures.sky_marks import SkyFrame, draw_compass, draw_scale_bar, empty_places
from hubble_qa.reports.figures.style import (
    ACCENT,
    BLANK,
    FRAMED,
    WEIGHT_COLOURS,
    annotate_empty,
    image_colours,
    image_panels,
    styled,
)
from hubble_qa.reports.figures.verdicts import Shown

__all__ = [
    "MarkedStar",
    "WeightMap",
    "drizzled_pair",
    "overlap_zoom",
    "single_images",
    "weight_map",
    "weight_maps",
]

# Columns of an image that fills half of a figure's width.
_COLUMNS = 580
# As many greys as the eye tells apart in a star field; more would only make larger files.
_GREYS = 48
# Ticks of a bar whose labels have room beside one another, and from where labels are long.
_TICKS, _SHORT = 5, 0.01
_WEIGHT_UNIT = "weight (s × area out / in)"


class WeightMap(NamedTuple):
    """The weight image of one exposure, made small.

    Attributes
    ----------
    title : str
        Which exposure.
    weight : ndarray, shape (ny, nx)
        Mean weight of each block; NaN where there is none.
    window : Window
        The part of the drizzled image that it shows.
    footprints : tuple of Footprint
        The exposure's chips, in pixels of the drizzled image.
    ratio : Shown or None
        The planetary camera's weight over the others', over the ratio of the pixels' areas, as judged.
    """

    title: str
    weight: NDArray[np.float32]
    window: Window
    footprints: tuple[Footprint, ...]
    ratio: Shown | None = None


class MarkedStar(NamedTuple):
    """A star: its number, and its position in zero-based pixels."""

    number: int
    x: float
    y: float


@styled
def drizzled_pair(
    science: NDArray[Any],
    weight: NDArray[Any],
    frame: SkyFrame,
    *,
    unit: str = "counts / s",
    footprints: Sequence[Footprint] = (),
) -> Figure:
    """Draw a drizzled science image, its brightness compressed by asinh, and its weight image.

    Parameters
    ----------
    science, weight : ndarray, shape (ny, nx)
        Counts per second, and weights.
    frame : SkyFrame
        Where they are.
    unit : str
        What the science image counts.
    footprints : sequence of Footprint
        Chips of the exposures that it combines.
    """
    window = Window.whole(science.shape)
    panels = image_panels([window.aspect] * 2, bar_each=True)
    covered = weight > 0
    rates, weights = block_mean(science, _COLUMNS, covered), block_mean(weight, _COLUMNS, covered)
    (left, right), (left_bar, right_bar) = panels.images, panels.bars
    _rate_bar(panels.figure, _show_rates(left, rates, window, brightness_limits(rates)), left_bar, unit)
    _weight_bar(panels.figure, _show_weights(right, weights, window, _upper(weights)), right_bar)
    first, second, *_ = empty_places(left, np.isfinite(rates))
    draw_compass(left, frame.matrix, at=first)
    draw_scale_bar(left, frame.pixel_scale, at=second)
    for axes in panels.images:
        # An exposure that lies elsewhere by its coordinates must not make the image small.
        axes.set(xlim=window.extent[:2], ylim=window.extent[2:], autoscale_on=False)
        draw_outlines(axes, footprints)
    _titles(panels.images, ("SCI", "WHT"))
    return panels.figure


@styled
def single_images(
    images: Mapping[str, WeightedImage], footprints: Mapping[str, Sequence[Footprint]], *, unit: str
) -> Figure:
    """Draw the drizzled images of single exposures on the stretch of all together, cut to what they cover.

    Parameters
    ----------
    images : mapping of str to WeightedImage
        Images on one grid, by what is written above them.
    footprints : mapping of str to sequence of Footprint
        The chips of each.
    unit : str
        What the images count.
    """
    covered = {title: image.weight > 0 for title, image in images.items()}
    window = covered_window(np.logical_or.reduce([*covered.values()]))
    panels = image_panels([window.aspect] * len(images))
    cut = window.slices
    small = {
        title: block_mean(image.science[cut], _COLUMNS, covered[title][cut])
        for title, image in images.items()
    }
    limits = brightness_limits(np.concatenate([rates.ravel() for rates in small.values()]))
    for axes, (title, rates) in zip(panels.images, small.items(), strict=True):
        shown = _show_rates(axes, rates, window, limits)
        axes.set(xlim=window.extent[:2], ylim=window.extent[2:], autoscale_on=False)
        draw_outlines(axes, footprints.get(title, ()))
    _rate_bar(panels.figure, shown, panels.bars[0], unit)
    _titles(panels.images, [*images])
    return panels.figure


def weight_map(
    title: str, weight: NDArray[Any], footprints: Sequence[Footprint], ratio: Shown | None = None
) -> WeightMap:
    """Make the weight image of one exposure small, and cut it to what the exposure covers."""
    covered = weight > 0
    window = covered_window(covered)
    cut = window.slices
    return WeightMap(title, block_mean(weight[cut], _COLUMNS, covered[cut]), window, tuple(footprints), ratio)


@styled
def weight_maps(maps: Sequence[WeightMap], *, planetary: str, expected: float) -> Figure:
    """Draw weight images of single exposures, with the ratio of the chips' weights as it was judged.

    Parameters
    ----------
    maps : sequence of WeightMap
        The weights.
    planetary : str
        Name of the chip with the finer pixels, whose weight is compared with the others'.
    expected : float
        Ratio of pixel areas.
    """
    panels = image_panels([each.window.aspect for each in maps])
    upper = max(_upper(each.weight) for each in maps)
    for axes, each in zip(panels.images, maps, strict=True):
        shown = _show_weights(axes, each.weight, each.window, upper)
        draw_outlines(axes, each.footprints)
        _label_weights(axes, each, planetary, expected)
    _weight_bar(panels.figure, shown, panels.bars[0])
    _titles(panels.images, [each.title for each in maps])
    return panels.figure


def _label_weights(axes: Axes, each: WeightMap, planetary: str, expected: float) -> None:
    shape = each.weight.shape
    found = regions(each.footprints, (shape[0], shape[1]), each.window.extent)
    chips = {region.chips[0].name: region for region in found if len(region.chips) == 1}
    for name, region in chips.items():
        words = name
        if name == planetary and each.ratio is not None:
            words += f" / WF:\n{number_of(each.ratio)}\n× {expected:.2f}"
        label_region(axes, region, words, each.footprints)


@styled
def overlap_zoom(
    images: Sequence[WeightedImage],
    titles: Sequence[str],
    window: Window,
    stars: Sequence[MarkedStar],
    *,
    annulus: float,
) -> Figure:
    """Draw the same part of drizzled images with the stretch of the first, and mark stars.

    Parameters
    ----------
    images : sequence of WeightedImage
        Images on one grid, in counts per second.
    titles : sequence of str
        What each is.
    window : Window
        The part to show.
    stars : sequence of MarkedStar
        Stars to mark.
    annulus : float
        Outer radius of their background annulus, pixels: that of the circles.
    """
    for image in images:
        window = window.cut(image.science.shape)
    panels = image_panels([window.aspect] * len(images))
    cut = window.slices
    small = [block_mean(each.science[cut], _COLUMNS, each.weight[cut] > 0) for each in images]
    limits = brightness_limits(small[0])
    for axes, rates in zip(panels.images, small, strict=True):
        shown = _show_rates(axes, rates, window, limits)
        for star in stars:
            _mark(axes, star, annulus, window)
    _rate_bar(panels.figure, shown, panels.bars[0])
    _titles(panels.images, titles)
    return panels.figure


def _mark(axes: Axes, star: MarkedStar, radius: float, window: Window) -> None:
    axes.add_patch(Circle((star.x, star.y), radius, fill=False, edgecolor=ACCENT, linewidth=1.3, zorder=4))
    # The number stands to the right, or to the left where the image ends.
    end = window.right - 0.1 * (window.right - window.left)
    side = 1 if star.x + radius < end else -1
    axes.annotate(
        str(star.number),
        (star.x + side * radius, star.y),
        xytext=(3 * side, 0),
        textcoords="offset points",
        ha="left" if side > 0 else "right",
        va="center",
        color=ACCENT,
        fontsize=11,
        weight="bold",
        bbox={**FRAMED, "boxstyle": "round,pad=0.1"},
        zorder=5,
        clip_on=True,
    )


def _show_rates(
    axes: Axes, rates: NDArray[np.float32], window: Window, limits: tuple[float, float, float]
) -> AxesImage:
    lower, upper, noise = limits
    norm = AsinhNorm(linear_width=2 * noise, vmin=lower, vmax=upper)
    return _show(axes, rates, window, image_colours(_GREYS), norm)


def _show_weights(axes: Axes, weights: NDArray[np.float32], window: Window, upper: float) -> AxesImage:
    shown = _show(axes, weights, window, colormaps[WEIGHT_COLOURS], None)
    shown.set_clim(0.0, upper)
    return shown


def _show(
    axes: Axes, image: NDArray[np.float32], window: Window, colours: Colormap, norm: AsinhNorm | None
) -> AxesImage:
    axes.set_facecolor(BLANK)
    if not np.isfinite(image).any():
        annotate_empty(axes, "no pixels with weight")
    return axes.imshow(
        image, cmap=colours, norm=norm, origin="lower", extent=window.extent, interpolation="nearest"
    )


def _upper(weights: NDArray[np.float32]) -> float:
    finite = weights[np.isfinite(weights)]
    return float(np.percentile(finite, 99.5)) * 1.02 if finite.size else 1.0


def _rate_bar(figure: Figure, shown: AxesImage, axes: Axes, unit: str = "counts / s") -> None:
    lower, upper = shown.get_clim()
    decades = [sign * 10.0**power for power in range(-6, 7) for sign in (1, 3)]
    noise = shown.norm.linear_width if isinstance(shown.norm, AsinhNorm) else 0.0
    ticks = [value for value in decades if max(1.5 * noise, lower) < value <= upper]
    if len(ticks) > _TICKS or upper < _SHORT:  # their labels would overlap
        ticks = ticks[len(ticks) % 2 :: 2]
    bar = figure.colorbar(shown, cax=axes, orientation="horizontal", extend="both")
    bar.locator = FixedLocator([0.0, *ticks] if lower <= 0 else ticks)
    bar.minorlocator = NullLocator()
    bar.update_ticks()
    bar.ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    bar.set_label(f"{unit} per pixel (asinh)")


def _weight_bar(figure: Figure, shown: AxesImage, axes: Axes) -> None:
    figure.colorbar(shown, cax=axes, orientation="horizontal").set_label(_WEIGHT_UNIT)


def _titles(images: Sequence[Axes], titles: Sequence[str]) -> None:
    for axes, title in zip(images, titles, strict=True):
        axes.set_title(title)
        axes.set_xlabel("x (pix)")
    images[0].set_ylabel("y (pix)")

"""Where chips fall on an image: their outlines, and the regions that they and their overlaps make."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.world_coordinates import chip_polygon
from hubble_qa.checks.evidence.drizzled import FOOTPRINT_INSET
from hubble_qa.checks.evidence.exposures import chip_frames, exposure_in
from hubble_qa.reports.figures.style import FAINT, chip_style

__all__ = ["Footprint", "Region", "chip_name", "draw_outlines", "exposure_footprints", "on_frame", "regions"]

# Of the other cameras' chips all is seen.
_WHOLE = (0.0, 0.0)
_WFPC2_CHIPS = (1, 2, 3, 4)

# Columns of the grid on which regions are told apart.
_GRID = 160


@dataclass(frozen=True, slots=True, eq=False)
class Footprint:
    """A chip of an exposure on an image.

    Attributes
    ----------
    exposure : str
        Rootname.
    chip : int
        EXTVER of its SCI extension.
    name : str
        What the field calls it, e.g. ``"WF2"``.
    corners : ndarray, shape (4, 2)
        x and y of the corners of what it saw, in order around it, in zero-based pixels of the image.
    weight : float
        Weight of its pixels in a combination by exposure time, seconds times the number of its pixels
        to one of area 1 square arcsec.
    """

    exposure: str
    chip: int
    name: str
    corners: NDArray[np.float64]
    weight: float = 1.0

    @property
    def centre(self) -> tuple[float, float]:
        """Mean of its corners."""
        x, y = self.corners.mean(axis=0)
        return float(x), float(y)

    def holds(self, x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether it covers points of the image."""
        following = np.roll(self.corners, -1, axis=0)
        sides = [
            (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) >= 0
            for (x0, y0), (x1, y1) in zip(self.corners, following, strict=True)
        ]
        return np.asarray(np.all(sides, axis=0) | ~np.any(sides, axis=0))


def exposure_footprints(
    path: Path, frame: Any, chips: Collection[int] | None = None
) -> tuple[Footprint, ...]:
    """Footprints of an exposure's chips: of WFPC2's, the part by which weights are judged.

    Parameters
    ----------
    path : Path
        The exposure, with its distortion solution.
    frame : astropy.wcs.WCS
        World coordinates of the image.
    chips : collection of int, optional
        EXTVER of the chips that are wanted; by default all.
    """
    return tuple(_footprints(path, frame, chips))


def on_frame(footprints: Sequence[Footprint], frame: Any, other: Any) -> tuple[Footprint, ...]:
    """The same footprints on another image.

    Parameters
    ----------
    footprints : sequence of Footprint
        Chips on one image.
    frame, other : astropy.wcs.WCS
        World coordinates of that image and of the other.
    """

    def moved(corners: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(other.all_world2pix(frame.all_pix2world(corners, 0), 0), dtype=np.float64)

    return tuple(replace(each, corners=moved(each.corners)) for each in footprints)


def _footprints(path: Path, frame: Any, chips: Collection[int] | None) -> Iterator[Footprint]:
    exposure = exposure_in(path)
    seconds = float(exposure.primary.get("EXPTIME", 0.0))
    for chip, (wcs, shape) in chip_frames(path).items():
        if chips is None or chip in chips:
            header = exposure.header("SCI", chip)
            inset = FOOTPRINT_INSET if header.get("DETECTOR") in _WFPC2_CHIPS else _WHOLE
            corners = chip_polygon(wcs, shape, frame, inset=inset)
            scale = float(header.get("IDCSCALE", 1.0))
            name = chip_name(exposure.primary, header)
            yield Footprint(path.name.partition("_")[0], chip, name, corners, seconds / scale**2)


def chip_name(primary: Any, header: Any) -> str:
    """What the field calls a chip, e.g. ``"WF2"`` or ``"UVIS1"``, from its primary and SCI headers."""
    detector = header.get("DETECTOR")
    if detector in _WFPC2_CHIPS:
        return f"{'PC' if detector == 1 else 'WF'}{detector}"
    camera, chip = str(primary.get("DETECTOR", "")).strip(), header.get("CCDCHIP")
    return f"{camera}{chip}" if camera and chip in (1, 2) else f"SCI,{header.get('EXTVER', 1)}"


def draw_outlines(axes: Axes, footprints: Sequence[Footprint], *, dashed: bool = False) -> None:
    """Draw the outlines of chips, each in its colour; grey and dashed where asked."""
    for footprint in footprints:
        x, y = np.vstack([footprint.corners, footprint.corners[:1]]).T
        colour = FAINT if dashed else chip_style(footprint.chip).colour
        axes.plot(x, y, color=colour, linewidth=1.0, linestyle="--" if dashed else "-", zorder=3)


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """The part of an image that one set of chips covers.

    Attributes
    ----------
    chips : tuple of Footprint
        The chips that cover it.
    mask : ndarray of bool, shape (ny, nx)
        The part, on the image as it was given.
    x, y : float
        A point well within it, in zero-based pixels of the whole image.
    room : float
        Distance of that point from the region's edge, in the same pixels.
    """

    chips: tuple[Footprint, ...]
    mask: NDArray[np.bool_]
    x: float
    y: float
    room: float


def regions(
    footprints: Sequence[Footprint],
    shape: tuple[int, int],
    extent: tuple[float, float, float, float],
    *,
    smallest: float = 0.015,
) -> tuple[Region, ...]:
    """Tell apart the parts of an image by the chips that cover them.

    Parameters
    ----------
    footprints : sequence of Footprint
        Chips of any exposures.
    shape : (int, int)
        Rows and columns of the image, which may be a reduced one.
    extent : (float, float, float, float)
        Left, right, bottom and top edge of the image, in the footprints' pixels.
    smallest : float
        Parts with a smaller share of the image are left out.
    """
    x, y = _centres(shape, extent)
    codes = np.zeros(shape, dtype=np.int64)
    for number, footprint in enumerate(footprints):
        codes |= footprint.holds(x, y).astype(np.int64) << number
    return tuple(_found(footprints, codes, x[0], y[:, 0], smallest))


def _centres(
    shape: tuple[int, int], extent: tuple[float, float, float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows, columns = shape
    left, right, bottom, top = extent
    x = left + (right - left) * (np.arange(columns) + 0.5) / columns
    y = bottom + (top - bottom) * (np.arange(rows) + 0.5) / rows
    return x[np.newaxis, :], y[:, np.newaxis]


def _found(
    footprints: Sequence[Footprint],
    codes: NDArray[np.int64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    smallest: float,
) -> Iterator[Region]:
    from scipy.ndimage import distance_transform_edt

    step = max(1, codes.shape[1] // _GRID)
    coarse = codes[::step, ::step]
    pixel = step * float(x[1] - x[0]) if len(x) > 1 else 1.0
    for code in np.unique(coarse[coarse > 0]):
        inside = coarse == code
        if inside.mean() < smallest:
            continue
        depth = distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
        row, column = np.unravel_index(int(depth.argmax()), depth.shape)
        chips = tuple(each for number, each in enumerate(footprints) if code >> number & 1)
        room = float(depth.max()) * pixel
        yield Region(chips, codes == code, float(x[column * step]), float(y[row * step]), room)

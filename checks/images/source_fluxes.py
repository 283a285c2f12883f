"""Fluxes and widths of sources in a drizzled image and on the chips that it was made of."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.images.local_maxima import local_maxima

__all__ = ["ChipImage", "ChipSources", "Mosaic", "aperture_radius", "find_sources", "measure_sources"]

Array: TypeAlias = NDArray[np.float64]

# Radius of the aperture in pixels, of the drizzled image or of the chip, whichever are larger: some 85 per
# cent of a star's light with every camera, and little of what resampling moves. The background is the
# clipped median of a ring, in units of that radius.
RADIUS = 4.0
RING = (2.0, 3.0)

# Sources that are measured, and from how many times more of the brightest those with least light on the
# aperture's edge are chosen, which resampling moves in and out.
SOURCES = 60
CHOICE = 4
# Pixels on either side of an aperture's edge from which resampling moves light across: a star's core.
_EDGE = 1.5
# Peak above the sky, in units of its robust noise, from which on a source is measured.
_PEAK = 20.0
# A pixel that is so much brighter than the drizzled image's brightest near it, in units of its noise and
# as a part of that, was hit by a cosmic ray.
_HIT_SIGMAS, _HIT_PART = 5.0, 0.5
# Pixels from its centre to which a source's core reaches, whose peaks tell by how much the image is blurred.
_CORE = 1.5
# Most light that is taken from the drizzled image for pixels that are flagged or hit.
_REPLACED = 0.1
# Largest error of a source's flux on a chip.
_FLUX_ERROR = 0.1
# Points along either side of a pixel at which it is asked whether it lies in an aperture.
_POINTS = 5
# Passes: the ratio of the fluxes tells hits, and the offset of the chip where the aperture lies.
_PASSES = 4
# Standard deviation of the window under which second moments are taken, in units of the aperture's radius:
# without it the sky's noise far from the source decides.
_WINDOW = 0.5
# Pixels of a drizzled image up to so many times the chip's widen sources no more than drizzling itself does.
_ALIKE = 1.1
_FWHM = 2.0 * math.sqrt(2.0 * math.log(2.0))
# Standard deviation of a normal distribution over its median absolute deviation.
_OF_MAD = 1.482602218505602
# Steps of the golden ratio fill an interval evenly, however many they are.
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


class Mosaic(NamedTuple):
    """A drizzled image: pixels, NaN without weight; `astropy.wcs.WCS`; and scale, arcsec per pixel."""

    pixels: NDArray[Any]
    wcs: Any
    scale: float


@dataclass(frozen=True, slots=True)
class ChipImage:
    """A chip of an exposure that was drizzled.

    Attributes
    ----------
    pixels : ndarray, shape (ny, nx)
        Science image.
    flagged : ndarray of bool, shape (ny, nx)
        Pixels that are not good by the data quality.
    wcs : astropy.wcs.WCS
        Coordinates with all distortion terms.
    scale : float
        Nominal scale of the distortion model (IDCSCALE), arcsec per pixel.
    time : float
        By which pixels become rates: the exposure time, s; 1 where they are rates.
    electrons : float
        Electrons per unit of the pixels over the whole exposure: the gain, or the time of a rate.
    digit : float
        Step of the digitisation, in units of the pixels; 0 where there is none.
    """

    pixels: NDArray[Any]
    flagged: NDArray[np.bool_]
    wcs: Any
    scale: float
    time: float
    electrons: float = 1.0
    digit: float = 0.0


@dataclass(frozen=True, slots=True)
class ChipSources:
    """Sources seen on a chip and in the drizzled image.

    Attributes
    ----------
    places : ndarray, shape (n, 2)
        x and y in the drizzled image, as they were given.
    drizzled, chip : ndarray, shape (n,)
        Flux in an aperture of the drizzled image and, corrected for the area of the pixels, in the same
        aperture on the chip, in the units of the drizzled image.
    drizzled_width, chip_width : ndarray, shape (n,)
        FWHM by the second moments under a window, arcsec; NaN where these are of no source.
    offset : tuple of float
        Median offset of the sources on the chip from where the coordinates put them, pixels of the chip.
    alike : bool
        Whether the pixels of the drizzled image are not larger than the chip's by more than a tenth.
    """

    places: Array = field(default_factory=lambda: np.empty((0, 2)))
    drizzled: Array = field(default_factory=lambda: np.empty(0))
    chip: Array = field(default_factory=lambda: np.empty(0))
    drizzled_width: Array = field(default_factory=lambda: np.empty(0))
    chip_width: Array = field(default_factory=lambda: np.empty(0))
    offset: tuple[float, float] = (math.nan, math.nan)
    alike: bool = True

    def __len__(self) -> int:
        return len(self.chip)


def aperture_radius(mosaic: Mosaic, scale: float) -> float:
    """Radius of the aperture for a chip of some scale, pixels of the drizzled image."""
    return RADIUS * max(mosaic.scale, scale) / mosaic.scale


def find_sources(mosaic: Mosaic, radius: float) -> Array:
    """Find bright sources of a drizzled image that stand alone.

    Parameters
    ----------
    mosaic : Mosaic
        The image.
    radius : float
        Of the aperture, pixels.

    Returns
    -------
    ndarray, shape (n, 2)
        x and y of their centroids, pixels from 0, the brightest first.
    """
    image = np.nan_to_num(np.asarray(mosaic.pixels, dtype=np.float32))
    exposed = image[::3, ::2][np.isfinite(mosaic.pixels[::3, ::2])]
    if not exposed.size:
        return np.empty((0, 2))
    (level,), (noise,) = _clipped(exposed.astype(float)[None])
    bright = image > level + _PEAK * noise
    reach = math.ceil(RING[1] * radius) + 2
    bright[:reach], bright[-reach:], bright[:, :reach], bright[:, -reach:] = (False,) * 4
    y, x = local_maxima(image, bright, 2 * math.ceil(radius) + 1)
    order = np.argsort(-image[y, x], kind="stable")
    return np.column_stack([x, y])[order].astype(float)


def measure_sources(mosaic: Mosaic, chip: ChipImage, sources: Array) -> ChipSources:
    """Measure sources of a drizzled image there and on a chip.

    Of a chip's pixels those that are flagged or hit by a cosmic ray are replaced by what the drizzled image
    predicts, scaled by the ratio that all the other pixels have: a wrong scale of the image is not hidden.

    Parameters
    ----------
    mosaic : Mosaic
        The drizzled image.
    chip : ChipImage
        The chip.
    sources : ndarray, shape (n, 2)
        x and y, pixels of the drizzled image from 0, the brightest first; see `find_sources`.
    """
    radius = aperture_radius(mosaic, chip.scale)
    places = _places(mosaic, chip, sources, radius)
    offset, ratio = np.zeros(2), math.nan
    if len(places.sources) == 0:
        return ChipSources()
    drizzled = _Stamps.cut(mosaic.pixels, places.sources, None, radius, chip.digit / chip.time)
    standing = drizzled.choice()
    # Apertures in which the image has a pixel without value have no light.
    if not standing.size:
        return ChipSources()
    drizzled, places = drizzled.only(standing), places.only(standing)
    flux = drizzled.flux()
    area = np.abs(np.linalg.det(places.jacobian)) * (mosaic.scale / chip.scale) ** 2 / chip.time
    filled = np.nan_to_num(mosaic.pixels)
    for number in range(_PASSES):
        seen = _Stamps.cut(chip.pixels, places.pixels + offset, places.jacobian, radius, chip.digit)
        predicted = _predicted(filled, places, seen, drizzled.sky) / area[:, None, None]
        bad = seen.bad(chip.flagged)
        if number:
            bad |= seen.hit(ratio * predicted, chip.electrons)
        light = np.where(bad, (ratio if number else 1.0) * predicted, seen.light)
        replaced = _sum(seen.weight, np.where(bad, np.abs(predicted), 0.0)) / _sum(
            seen.weight, np.abs(predicted)
        )
        found = _sum(seen.weight, light) * area
        good = (
            (replaced < _REPLACED)
            & (seen.error(light, chip.electrons) < _FLUX_ERROR)
            & (flux > 0)
            & (found > 0)
        )
        if not good.any():
            return ChipSources()
        ratio = float(np.median(found[good] / flux[good]))
        offset = offset + _offset(seen, light, ratio * predicted, good)
    alike = mosaic.scale <= _ALIKE * chip.scale
    where = (float(offset[0]), float(offset[1]))
    broad, own = drizzled.widths(drizzled.light), seen.widths(light)
    return ChipSources(
        places.sources[good],
        flux[good],
        found[good],
        broad[good] * mosaic.scale,
        own[good] * mosaic.scale,
        where,
        alike,
    )


@dataclass(frozen=True, slots=True)
class _Places:
    """Sources on the mosaic and on a chip, and how its pixels step on the mosaic: shape (n, 2, 2)."""

    sources: Array
    pixels: Array
    jacobian: Array

    def only(self, rows: NDArray[np.int64]) -> _Places:
        return _Places(self.sources[rows], self.pixels[rows], self.jacobian[rows])


def _places(mosaic: Mosaic, chip: ChipImage, sources: Array, radius: float) -> _Places:
    """The brightest sources that lie on a chip with all of their surroundings."""
    rows, columns = chip.pixels.shape
    sky = np.asarray(mosaic.wcs.all_pix2world(sources, 0)) if len(sources) else np.empty((0, 2))
    # The inverse of the distortion diverges far from the chip, so only neighbours are solved.
    near = np.asarray(chip.wcs.wcs_world2pix(sky, 0)) if len(sky) else np.empty((0, 2))
    margin = 0.1 * np.array([columns, rows])
    close = ((near > -margin) & (near < np.array([columns, rows]) + margin)).all(axis=1)
    sky, sources = sky[close], sources[close]
    if not len(sky):
        return _Places(sources, sources, np.empty((0, 2, 2)))
    pixels = np.asarray(chip.wcs.all_world2pix(sky, 0, quiet=True))
    reach = RING[1] * radius * mosaic.scale / chip.scale * 1.1 + 3
    on = ((pixels > reach) & (pixels < np.array([columns, rows]) - 1 - reach)).all(axis=1)
    rows_kept = np.flatnonzero(on)[: SOURCES * CHOICE]
    sources, pixels = sources[rows_kept], pixels[rows_kept]
    if not len(pixels):
        return _Places(sources, pixels, np.empty((0, 2, 2)))
    steps = [
        np.asarray(mosaic.wcs.all_world2pix(chip.wcs.all_pix2world(pixels + step, 0), 0))
        - np.asarray(mosaic.wcs.all_world2pix(chip.wcs.all_pix2world(pixels - step, 0), 0))
        for step in (np.array([0.5, 0.0]), np.array([0.0, 0.5]))
    ]
    return _Places(sources, pixels, np.stack(steps, axis=2))


@dataclass(frozen=True, slots=True)
class _Stamps:
    """Surroundings of sources on an image.

    Attributes
    ----------
    row, column : ndarray of int, shape (n, size, size)
        Pixels of the image.
    values, light : ndarray, shape (n, size, size)
        The image, and the same without the sky.
    weight : ndarray, shape (n, size, size)
        Part of each pixel in the aperture.
    distance : ndarray, shape (n, size, size)
        Of the pixels from their source, in pixels of the mosaic.
    sky, noise : ndarray, shape (n,)
        Clipped median and scatter of the ring.
    centre : ndarray, shape (n, 2)
        Positions of the sources on the image.
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    values: Array
    light: Array
    weight: Array
    distance: Array
    sky: Array
    noise: Array
    centre: Array
    radius: float

    @classmethod
    def cut(
        cls, image: NDArray[Any], centre: Array, jacobian: Array | None, radius: float, digit: float
    ) -> _Stamps:
        """Cut stamps; `radius` and `jacobian` as of the mosaic, whose pixels are the image's without it.

        `digit` is the step of the image's digitisation.
        """
        if jacobian is None:
            jacobian = np.broadcast_to(np.eye(2), (len(centre), 2, 2))
        step = float(np.min(np.sqrt(np.abs(np.linalg.det(jacobian)))))
        reach = math.ceil(RING[1] * radius / step * 1.1)
        grid = np.arange(-reach, reach + 1)
        near = np.rint(centre).astype(np.int64)
        limit = np.array(image.shape)
        row = np.clip(near[:, 1, None, None] + grid[:, None], 0, limit[0] - 1)
        column = np.clip(near[:, 0, None, None] + grid[None, :], 0, limit[1] - 1)
        row, column = np.broadcast_arrays(row, column)
        values = np.asarray(image[row, column], dtype=float)
        distance = _distance(column, row, centre, jacobian)
        weight = _inside(column, row, centre, jacobian, distance, radius)
        ring = (distance > RING[0] * radius) & (distance < RING[1] * radius) & np.isfinite(values)
        sky, noise = _ring(values, ring, digit)
        light = values - sky[:, None, None]
        return cls(row, column, values, light, weight, distance, sky, noise, centre, radius)

    def only(self, rows: NDArray[np.int64]) -> _Stamps:
        arrays = {each.name: getattr(self, each.name)[rows] for each in fields(self) if each.name != "radius"}
        return replace(self, **arrays)

    def flux(self) -> Array:
        """Light in the aperture; NaN where a pixel of it is not finite."""
        return _sum(self.weight, np.where(self.weight > 0, self.light, 0.0))

    def choice(self) -> NDArray[np.int64]:
        """Sources with the least light on the aperture's edge, brightest first."""
        flux, edge = self.flux(), np.abs(self.distance - self.radius) <= _EDGE
        light = _sum(edge, np.abs(self.light)) / np.where(flux > 0, flux, np.nan)
        best = np.argsort(np.where(np.isfinite(light), light, np.inf), kind="stable")[:SOURCES]
        return np.sort(best[np.isfinite(light[best])])

    def bad(self, flagged: NDArray[np.bool_]) -> NDArray[np.bool_]:
        bad: NDArray[np.bool_] = flagged[self.row, self.column] | ~np.isfinite(self.values)
        return bad

    def hit(self, expected: Array, electrons: float) -> NDArray[np.bool_]:
        """Pixels far above what is expected of them and of their neighbours.

        The image may be blurred against the chip; by how much, the median of the peaks' ratios tells.
        """
        from scipy.ndimage import maximum_filter

        core = self.distance < _CORE
        peaks = [np.max(np.where(core, each, -np.inf), axis=(1, 2)) for each in (self.light, expected)]
        with np.errstate(divide="ignore", invalid="ignore"):
            sharper = max(float(np.nanmedian(peaks[0] / peaks[1])), 1.0)
        near = np.maximum(maximum_filter(expected, (1, 3, 3)), 0.0)
        noise = np.hypot(self.noise[:, None, None], np.sqrt(near / electrons))
        return np.asarray(self.light > (1.0 + _HIT_PART) * sharper * near + _HIT_SIGMAS * noise)

    def error(self, light: Array, electrons: float) -> Array:
        """Relative error of the flux of some light in the aperture by the ring's scatter and the photons."""
        light = np.maximum(_sum(self.weight, np.nan_to_num(light)), 1e-30)
        variance = self.noise**2 * self.weight.sum(axis=(1, 2)) + light / electrons
        return np.asarray(np.sqrt(variance) / light)

    def widths(self, light: Array) -> Array:
        """FWHM in pixels of the mosaic: of the second moment of the light under a round Gaussian window."""
        window = np.exp(-0.5 * (self.distance / (_WINDOW * self.radius)) ** 2) * (self.distance < self.radius)
        total = _sum(window, light)
        with np.errstate(divide="ignore", invalid="ignore"):
            # Half the second moment in both directions; a product of two Gaussians adds inverse variances.
            moment = _sum(window, light * self.distance**2) / total / 2.0
            variance = 1.0 / (1.0 / moment - 1.0 / (_WINDOW * self.radius) ** 2)
            return np.where((total > 0) & (moment > 0) & (variance > 0), _FWHM * np.sqrt(variance), np.nan)


def _distance(x: Array, y: Array, centre: Array, jacobian: Array) -> Array:
    dx, dy = x - centre[:, 0, None, None], y - centre[:, 1, None, None]
    j = jacobian[:, :, :, None, None]
    return np.hypot(j[:, 0, 0] * dx + j[:, 0, 1] * dy, j[:, 1, 0] * dx + j[:, 1, 1] * dy)


def _inside(
    x: NDArray[np.int64],
    y: NDArray[np.int64],
    centre: Array,
    jacobian: Array,
    distance: Array,
    radius: float,
) -> Array:
    """Part of each pixel that is within a radius; only those that the edge may cross are looked into."""
    half = 0.5 * np.abs(jacobian).sum(axis=(1, 2))[:, None, None]
    weight = np.where(distance <= radius, 1.0, 0.0)
    stamp, row, column = np.nonzero(np.abs(distance - radius) <= half)
    edge_x, edge_y = (each[stamp, row, column][:, None, None] for each in (x, y))
    points = (np.arange(_POINTS) + 0.5) / _POINTS - 0.5
    there = _distance(edge_x + points[None, :], edge_y + points[:, None], centre[stamp], jacobian[stamp])
    weight[stamp, row, column] = (there <= radius).mean(axis=(1, 2))
    return weight


def _predicted(filled: NDArray[Any], places: _Places, seen: _Stamps, sky: Array) -> Array:
    """The mosaic's light at a chip's pixels, in the units of the mosaic and per pixel of the chip.

    `filled` is the mosaic with 0 for pixels that are not finite.
    """
    from scipy.ndimage import map_coordinates

    dx = seen.column - seen.centre[:, 0, None, None]
    dy = seen.row - seen.centre[:, 1, None, None]
    j = places.jacobian[:, :, :, None, None]
    x = places.sources[:, 0, None, None] + j[:, 0, 0] * dx + j[:, 0, 1] * dy
    y = places.sources[:, 1, None, None] + j[:, 1, 0] * dx + j[:, 1, 1] * dy
    values = map_coordinates(filled, [y, x], order=1, mode="nearest")
    area = np.abs(np.linalg.det(places.jacobian))[:, None, None]
    return np.asarray((values - sky[:, None, None]) * area)


def _offset(seen: _Stamps, light: Array, expected: Array, good: NDArray[np.bool_]) -> Array:
    """Median displacement of the sources from where they are expected, pixels of the chip."""
    total = _sum(seen.weight, light)[good]
    moments = [
        _sum(seen.weight, (light - expected) * along)[good] / total for along in (seen.column, seen.row)
    ]
    centre = seen.centre[good]
    # The moments are taken about the pixels' origin; the aperture's own light carries its centre.
    missing = 1.0 - _sum(seen.weight, expected)[good] / total
    return np.array([np.median(moments[axis] - missing * centre[:, axis]) for axis in (0, 1)])


def _ring(values: Array, ring: NDArray[np.bool_], digit: float) -> tuple[Array, Array]:
    """Clipped median and scatter of each stamp's ring.

    A median of digitised values is one of the digits, off by up to half a step whatever the number of
    pixels. Each value is therefore put somewhere in its step, evenly and always at the same place.
    """
    rings = np.where(ring, values, np.nan).reshape(len(values), -1)
    return _clipped(rings + digit * (np.arange(rings.shape[1]) * _GOLDEN % 1.0 - 0.5))


def _clipped(values: Array) -> tuple[Array, Array]:
    """Median and robust scatter of each row, its NaN and far values left out; NaN of nothing."""
    kept = values
    for _ in range(3):
        level = _medians(kept)
        departure = np.abs(kept - level[:, None])
        noise = _OF_MAD * _medians(departure)
        limit = np.where(noise > 0, 3.0 * noise, np.inf)[:, None]
        kept = np.where(departure <= limit, kept, np.nan)
    return level, noise


def _medians(values: Array) -> Array:
    """Median of each row without its NaN; NaN of nothing."""
    ordered = np.sort(values, axis=1)  # NaN last
    number = np.count_nonzero(np.isfinite(ordered), axis=1)
    middle = np.stack([np.maximum(number - 1, 0) // 2, number // 2], axis=1)
    return np.asarray(np.take_along_axis(ordered, middle, axis=1).mean(axis=1))


def _sum(weight: NDArray[Any], values: Array) -> Array:
    """Weighted sum of each stamp; what has no weight does not matter."""
    return np.asarray(np.sum(np.where(weight > 0, weight * values, 0.0), axis=(1, 2)))

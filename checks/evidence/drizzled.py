"""Drizzled images, and the chips of exposures on them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry import world_coordinates
from hubble_qa.checks.astrometry.world_coordinates import plate_scale
from hubble_qa.checks.detectors.background import background_level
from hubble_qa.checks.evidence.exposures import chip_shape, exposure_in, wcs_in
from hubble_qa.checks.images.brightness_units import flux_unit, is_rate
from hubble_qa.checks.images.drizzled import median_weights
from hubble_qa.checks.readers import Drizzled, Exposure, ReaderError, read_drizzled
from hubble_qa.checks.readers.coordinates import is_number

__all__ = [
    "FOOTPRINT_INSET",
    "chip_polygons",
    "chip_weights",
    "combined_image",
    "covered",
    "covered_rates",
    "drizzled_in",
    "field_pixels",
    "in_flux",
    "seconds_in_a_pixel",
    "single_image",
    "single_rates",
]

# Pixels left out of a chip's footprint: the pyramid's shadow covers up to about 60 pixels on the sides
# next to pixel 1 (WFPC2 Instrument Handbook, section 3.8); the far sides only lose partial pixels.
FOOTPRINT_INSET = (80.0, 10.0)

Image = NDArray[np.float32]


@cache
def drizzled_in(path: Path, weight_path: Path | None = None, label: str = "") -> Drizzled:
    """Headers of a drizzled image, under the label that verdicts are to call it by."""
    return read_drizzled(path, weight_path, label=label)


def field_pixels(drizzled: Drizzled, exposures: Sequence[Exposure] = ()) -> float:
    """How many of an image's pixels one exposure's field of view has; infinite where that is not known.

    The largest of the fields of the exposures that are at hand, by the chips that were drizzled; without any,
    what the image's own header tells of them: camera, chips, subarray.

    Parameters
    ----------
    drizzled : Drizzled
        The image.
    exposures : sequence of Exposure
        Its inputs, those that are at hand.
    """
    try:
        scale = plate_scale(drizzled.header)
    except (KeyError, ValueError):
        return math.inf
    # Of coordinates that cannot be used WCS-005 tells.
    with suppress(ReaderError, KeyError, ValueError):
        if exposures and scale > 0:
            frame, combined = drizzled.wcs(), drizzled.combined(exposures)
            return max(_pixels_on(frame, *each) for each in combined)
    return _field_of_header(drizzled) / scale**2 if scale > 0 else math.inf


def _pixels_on(frame: Any, exposure: Exposure, chips: Sequence[int]) -> float:
    """How many pixels of an image an exposure's chips cover, those of WFPC2 without their shadowed edges."""
    inset = FOOTPRINT_INSET if exposure.instrument == "WFPC2" else (0.0, 0.0)
    return sum(
        _area(
            world_coordinates.chip_polygon(
                wcs_in(exposure.path, chip), chip_shape(exposure, chip), frame, inset=inset
            )
        )
        for chip in chips
    )


def _area(corners: NDArray[np.float64]) -> float:
    x, y = corners.T
    return float(0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))


def _field_of_header(drizzled: Drizzled) -> float:
    """Field of one exposure in arcsec2, by an image's header; infinite where that does not tell."""
    camera = drizzled.camera
    if camera is None or not camera.field:
        return math.inf
    field, sides = camera.field, [drizzled.keyword(key) for key in ("SIZAXIS1", "SIZAXIS2")]
    if drizzled.keyword("SUBARRAY") is True and all(map(is_number, sides)):
        # In pixels of the detector, binned or not.
        field = min(field, math.prod(map(float, sides)) * camera.plate_scale**2)
    areas = [(chip.plate_scale or camera.plate_scale) ** 2 for chip in camera.chips.values()]
    named = [areas[chip - 1] for chip in drizzled.chips_of_inputs if 1 <= chip <= len(areas)]
    return field * (sum(named) / sum(areas) if named and field == camera.field else 1.0)


def combined_image(directory: Path, root: str) -> Drizzled:
    """The combined drizzled image with a given root of its name.

    Raises
    ------
    FileNotFoundError
        If the directory holds none, or several.
    """
    found = sorted(directory.glob(f"{root}_dr?_sci.fits"))
    if len(found) != 1:
        raise FileNotFoundError(f"{directory}: {len(found)} files match {root}_dr?_sci.fits, need one")
    return drizzled_in(found[0])


def single_image(directory: Path, exposure: str, suffix: str) -> Drizzled:
    """The drizzled image of one exposure; AstroDrizzle leaves the suffix of FLTs out of its name."""
    stem = f"{exposure}_single" if suffix == "flt" else f"{exposure}_{suffix}_single"
    return drizzled_in(directory / f"{stem}_sci.fits", directory / f"{stem}_wht.fits")


def chip_polygons(exposure: Exposure, image: Drizzled) -> Mapping[int, NDArray[np.float64]]:
    """Footprints of an exposure's chips in the pixels of a drizzled image, clear of vignetted edges."""
    frame = image.wcs()
    return {
        chip: world_coordinates.chip_polygon(
            wcs_in(exposure.path, chip), chip_shape(exposure, chip), frame, inset=FOOTPRINT_INSET
        )
        for chip in exposure.chips
    }


def chip_weights(
    combined: Drizzled, singles: Path, exposures: Sequence[Path]
) -> Mapping[str, tuple[float, float]]:
    """Median weight under each chip of each exposure in the combined image, and in the exposure's own.

    Parameters
    ----------
    combined : Drizzled
        The combined image.
    singles : Path
        Directory of the singly drizzled images.
    exposures : sequence of Path
        The exposures that were combined.
    """
    weights: dict[str, tuple[float, float]] = {}
    for path in exposures:
        exposure = exposure_in(path)
        alone = single_image(singles, exposure.name, exposure.suffix)
        medians = [
            median_weights(image.weight(), chip_polygons(exposure, image)) for image in (combined, alone)
        ]
        weights |= {
            exposure.chip_label(chip): (medians[0][chip], medians[1][chip]) for chip in exposure.chips
        }
    return weights


def covered(image: Drizzled) -> Image:
    """A drizzled image, NaN where it has no weight.

    Raises
    ------
    ReaderError
        If its weight image has another shape.
    """
    science, weight = image.science(), image.weight()
    if science.shape != weight.shape:
        raise ReaderError(f"{image.path}: its weight image has another number of pixels; see DRZ-010")
    return np.where(weight > 0, science, np.nan).astype(np.float32)


def covered_rates(image: Drizzled) -> Image:
    """As `covered`, in counts per second, as its BUNIT says.

    Raises
    ------
    ReaderError
        If its weight image has another shape, or its pixels are flux densities.
    """
    pixels, seconds = covered(image), seconds_in_a_pixel(image)
    return pixels if seconds == 1.0 else pixels / np.float32(seconds)


def seconds_in_a_pixel(image: Drizzled) -> float:
    """By what a drizzled image's pixels are to be divided, to be counts per second: 1 s, or EXPTIME.

    AstroDrizzle calls WFPC2's rates counts, but notes them as ``cps`` in D001OUUN.

    Raises
    ------
    ReaderError
        If its pixels are flux densities.
    """
    if problem := in_flux(image):
        raise ReaderError(f"{image.path}: {problem}")
    rates = is_rate(image.keyword("BUNIT")) or image.keyword("D001OUUN") == "cps"
    return 1.0 if rates else float(image.keyword("EXPTIME"))


def in_flux(image: Drizzled) -> str:
    """That an image's pixels are no counts, by its BUNIT, so that exposures cannot be compared with it."""
    unit = image.keyword("BUNIT")
    return f"BUNIT is {unit!r}, a flux, and its exposures are in counts" if flux_unit(unit) else ""


def single_rates(images: Mapping[str, Drizzled]) -> Mapping[str, Image]:
    """Single drizzled images as rates without their backgrounds, NaN where they have no weight."""
    return {name: _rate(image) for name, image in images.items()}


def _rate(image: Drizzled) -> Image:
    pixels = covered(image)
    if "/S" not in str(image.keyword("BUNIT", "")).upper():
        pixels = pixels / np.float32(image.keyword("EXPTIME"))
    return pixels - np.float32(background_level(pixels).median)

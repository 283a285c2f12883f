"""Sources of a drizzled image, measured there and on the chips of the exposures that it combines."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from hubble_qa.checks.astrometry.world_coordinates import plate_scale
from hubble_qa.checks.evidence.drizzled import covered_rates, drizzled_in
from hubble_qa.checks.evidence.exposures import electrons_of, exposure_in, planes, wcs_in
from hubble_qa.checks.images.brightness_units import is_rate
from hubble_qa.checks.images.source_fluxes import (
    ChipImage,
    ChipSources,
    Mosaic,
    aperture_radius,
    find_sources,
    measure_sources,
)
from hubble_qa.checks.readers import Drizzled, Exposure

__all__ = ["Input", "sources_of"]

Input = tuple[Path, Path | None]
"""An exposure, and for C0M the C1M with its data quality."""


@cache
def sources_of(path: Path, inputs: tuple[Input, ...]) -> Mapping[str, ChipSources]:
    """Bright sources of a drizzled image on each chip that it combines, by the chips' labels.

    The image is taken in rates; see `drizzled.covered_rates`.

    Parameters
    ----------
    path : Path
        The image.
    inputs : tuple of (Path, Path or None)
        The exposures.
    """
    image, companions = drizzled_in(path), dict(inputs)
    mosaic = _mosaic(image)
    find = cache(lambda radius: find_sources(mosaic, radius))
    found: dict[str, ChipSources] = {}
    for exposure, chips in image.combined(map(exposure_in, companions)):
        for number in chips:
            chip = _chip(exposure, number, companions[exposure.path])
            radius = round(aperture_radius(mosaic, chip.scale), 1)
            found[exposure.chip_label(number)] = measure_sources(mosaic, chip, find(radius))
    return found


def _mosaic(image: Drizzled) -> Mosaic:
    return Mosaic(covered_rates(image), image.wcs(), plate_scale(image.header))


def _chip(exposure: Exposure, number: int, companion: Path | None) -> ChipImage:
    header = exposure.header("SCI", number)
    science, _, quality = planes(exposure.path, number, companion)
    time = float(exposure.primary["EXPTIME"])
    in_rates = is_rate(header.get("BUNIT"))
    return ChipImage(
        pixels=science,
        flagged=np.zeros(science.shape, dtype=bool) if quality is None else quality != 0,
        wcs=wcs_in(exposure.path, number),
        scale=float(header.get("IDCSCALE") or plate_scale(header)),
        time=1.0 if in_rates else time,
        electrons=electrons_of(exposure, number),
        digit=1.0 if exposure.instrument == "WFPC2" and not in_rates else 0.0,
    )

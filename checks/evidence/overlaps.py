"""What exposures share: pixels that others see too, and the cosmic rays that comparing them found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.astrometry.footprints import seen_by_others
from hubble_qa.checks.evidence.exposures import ChipFrame, chip_frames, exposure_in, planes
from hubble_qa.checks.readers import Drizzled, read_cosmic_ray_mask

__all__ = ["CRBIT", "CosmicRayMasks", "cosmic_ray_masks", "flagged_cosmic_rays", "overlapping"]

# AstroDrizzle's crbit: it flags what it rejects in the data quality of the exposures that it is given.
CRBIT = 4096

# Flag of cosmic rays that calibration rejects.
_REJECTED = 8192

# Exposures that share less than this hardly share stars.
_LEAST_OVERLAP = 0.05


class CosmicRayMasks(NamedTuple):
    """By chip: pixels flagged, and pixels that could be; and the exposure time, s."""

    flagged: Mapping[int, NDArray[np.bool_]]
    judged: Mapping[int, NDArray[np.bool_]]
    exposure_time: float


def overlapping(exposure: Path, others: Mapping[str, Path]) -> str | None:
    """The exposure that sees most of an exposure's pixels; None where none sees a twentieth of them.

    Parameters
    ----------
    exposure : Path
        The exposure.
    others : mapping of str to Path
        The exposures that may, by name.
    """
    own = chip_frames(exposure).values()
    shared = {
        name: float(np.mean([_fraction_seen(chip, chip_frames(path).values()) for chip in own]))
        for name, path in others.items()
    }
    best = max(shared, key=lambda name: shared[name], default=None)
    return best if best is not None and shared[best] >= _LEAST_OVERLAP else None


def _fraction_seen(chip: ChipFrame, others: Iterable[ChipFrame]) -> float:
    return float(seen_by_others(chip, list(others), block=128).mean())


def flagged_cosmic_rays(
    image: Drizzled, exposure: Path, others: Sequence[Path], companion: Path | None
) -> CosmicRayMasks | str:
    """The cosmic rays that AstroDrizzle flagged in the data quality of an exposure, or why there are none.

    Parameters
    ----------
    image : Drizzled
        The image, whose chips alone are judged.
    exposure : Path
        The exposure.
    others : sequence of Path
        The others that it was combined with.
    companion : Path or None
        C1M of a C0M.
    """
    drizzled = dict(_drizzled_frames(image, [exposure, *others]))
    own = drizzled.pop(exposure)
    seen = [frame for frames in drizzled.values() for frame in frames.values()]
    quality = {chip: planes(exposure, chip, companion).quality for chip in own}
    judged = {chip: seen_by_others(place, seen) & _usable(quality[chip]) for chip, place in own.items()}
    if not any(each.any() for each in judged.values()):
        return "no other exposure of the image overlaps it"
    flagged = {chip: each & CRBIT != 0 for chip, each in quality.items() if each is not None}
    if not any(each.any() for each in flagged.values()):
        return f"no pixel has DQ bit {CRBIT}: AstroDrizzle rejected nothing, or noted it in other files"
    time = float(exposure_in(exposure).primary["EXPTIME"])
    return CosmicRayMasks(flagged, {chip: judged[chip] for chip in flagged}, time)


def _drizzled_frames(
    image: Drizzled, exposures: Iterable[Path]
) -> Iterator[tuple[Path, Mapping[int, ChipFrame]]]:
    """Exposures, each with the frames of its chips that an image combines."""
    for exposure, chips in image.combined(map(exposure_in, exposures)):
        frames = chip_frames(exposure.path)
        yield exposure.path, {chip: frames[chip] for chip in chips}


def _usable(quality: NDArray[np.integer[Any]] | None) -> NDArray[np.bool_] | np.bool_:
    """Pixels without a flag but those of cosmic rays: of others, as vignetted ones, a mask says nothing."""
    return np.True_ if quality is None else np.asarray(quality & ~(CRBIT | _REJECTED) == 0)


def cosmic_ray_masks(masks: Path, exposure: Path, others: Iterable[Path]) -> CosmicRayMasks:
    """The masks that AstroDrizzle made of one of the exposures that it combined.

    Parameters
    ----------
    masks : Path
        Directory of the masks.
    exposure : Path
        The exposure.
    others : iterable of Path
        The others that it was combined with.
    """
    own = chip_frames(exposure)
    seen = [chip for other in others for chip in chip_frames(other).values()]
    name = exposure_in(exposure).name
    return CosmicRayMasks(
        flagged={chip: read_cosmic_ray_mask(masks / f"{name}_sci{chip}_crmask.fits") for chip in own},
        judged={
            chip: seen_by_others(place, seen) & _usable(planes(exposure, chip).quality)
            for chip, place in own.items()
        },
        exposure_time=float(exposure_in(exposure).primary["EXPTIME"]),
    )

"""Errors that a calibration states against the scatter of the pixels themselves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from astropy.stats import mad_std
from numpy.typing import NDArray

from hubble_qa.checks.detectors.sky_structure import BLOCK, away_from_sources, block_medians, local_level
from hubble_qa.checks.instruments import Camera
from hubble_qa.checks.measurement import Json, Measurement, not_applicable, not_told

__all__ = ["scatter_to_error"]

# Blocks show the sky if their errors are no larger than those of the least fifth by this factor: light adds
# to both.
_LEAST, _SKY = 20.0, 1.1
# Pairs of pixels that tell a scatter to one per cent.
_FEWEST = 10_000
# Pixels with photons, whose errors follow from their counts.
_FEWEST_PHOTONS = 100


def scatter_to_error(
    science: NDArray[Any],
    error: NDArray[Any] | None,
    good: NDArray[np.bool_],
    camera: Camera | None,
    *,
    subject: str,
) -> Measurement:
    """Scatter of a chip's sky from pixel to pixel over the error that its ERR array states.

    Differences of neighbours in a row, away from sources, over the root of two times the median ERR of their
    block of `BLOCK` pixels, have a robust width of 1: a slope of the sky does not change it.
    Of a detector that counts photons, most of whose pixels hold none, the scatter is the root of the counts:
    the median of its ratio to ERR, of pixels with photons.

    Parameters
    ----------
    science, error : ndarray, shape (ny, nx)
        The chip and its errors, in one unit; None where the file has none.
    good : ndarray of bool, shape (ny, nx)
        Pixels that are not flagged.
    camera : Camera or None
        The camera's record.
    subject : str
        The exposure and chip.
    """
    quantity = "scatter_to_error"
    if error is None or (camera is not None and camera.root_errors):
        return not_applicable(
            quantity, subject, "the file states no errors but the root of its counts, if any"
        )
    if camera is None:
        return not_told(quantity, subject, "the header names no camera that is known; see FIL-003")
    kept = good & np.isfinite(science) & np.isfinite(error) & (error > 0)
    if camera.counts_photons:
        return _of_photons(science[kept & (science > 0)], error[kept & (science > 0)], subject)
    stated = block_medians(np.where(kept, error, np.nan).astype(np.float32))
    if np.isfinite(stated).any():
        stated[~(stated <= _SKY * np.nanpercentile(stated, _LEAST))] = np.nan
    values = _sky(np.where(kept, science, np.nan).astype(np.float32))
    errors = np.repeat(np.repeat(stated, BLOCK, axis=0), BLOCK // 2, axis=1)
    pulls = (values[:, 1::2] - values[:, ::2]) / (math.sqrt(2.0) * errors)
    pulls = pulls[np.isfinite(pulls)]
    if pulls.size < _FEWEST:
        reason = f"only {pulls.size} pairs of neighbouring pixels show the sky; needs {_FEWEST}"
        return not_told(quantity, subject, reason)
    ratio = float(mad_std(pulls))
    context: dict[str, Json] = {"pairs": int(pulls.size), "stated_error": float(np.nanmedian(stated))}
    # Of the median absolute deviation of a Gaussian.
    uncertainty = 1.17 * ratio / math.sqrt(pulls.size)
    return Measurement(quantity, ratio, "", subject, uncertainty=uncertainty, context=context)


def _of_photons(counts: NDArray[Any], errors: NDArray[Any], subject: str) -> Measurement:
    """The root of the counts over ERR, but for the root of the flat field, which is near 1."""
    quantity = "scatter_to_error"
    if counts.size < _FEWEST_PHOTONS:
        reason = f"only {counts.size} pixels hold a photon; needs {_FEWEST_PHOTONS}"
        return not_told(quantity, subject, reason)
    ratios = np.sqrt(counts) / errors
    context: dict[str, Json] = {"pixels": int(counts.size), "stated_error": float(np.median(errors))}
    uncertainty = 1.25 * float(mad_std(ratios)) / math.sqrt(counts.size)
    value = float(np.median(ratios))
    return Measurement(quantity, value, "", subject, uncertainty=uncertainty, context=context)


def _sky(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """The image's whole blocks, NaN on and near sources."""
    medians = block_medians(image)
    rows, columns = (length * BLOCK for length in medians.shape)
    values = image[:rows, :columns]
    if not np.isfinite(medians).any():
        return values
    return np.where(away_from_sources(values - local_level(medians)), values, np.float32(np.nan))

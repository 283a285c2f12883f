"""Fluxes of the sources on one exposure against the same sources on the others."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hubble_qa.checks.images.flux_planes import clipped_mean, fitted_plane
from hubble_qa.checks.measurement import Json, Measurement, not_told

__all__ = ["SharedFluxes", "exposure_flux_deviation", "sensitivity_gradient"]

Array = NDArray[np.float64]

# Sources without which a mean or a slope is not judged: a blend or a cosmic ray must not decide.
_FEWEST, _FEWEST_OF_SLOPE = 10, 25
# Largest error of a source's ratio, and what apertures of a star on other pixels differ by besides noise.
_LARGEST_ERROR, _SAMPLING = 0.1, 0.01
# Standard deviations that are taken off what is judged: of some hundred chips that are judged in a run, none
# departs by chance.
SIGMAS = 4.0


class SharedFluxes(NamedTuple):
    """Sources on a chip that other exposures show as well: arrays of n sources.

    Attributes
    ----------
    ratio, core_ratio : ndarray, shape (n,)
        Flux on the chip over that on the other exposures, in a wide aperture and in a narrow one.
    error : ndarray, shape (n,)
        Relative standard deviation of `ratio` by photons and background.
    places : ndarray, shape (n, 2)
        x and y on the chip, from -0.5 to 0.5 of its width and height.
    others : tuple of str
        The exposures that it is compared with.
    """

    ratio: Array
    core_ratio: Array
    error: Array
    places: Array
    others: tuple[str, ...] = ()

    def usable(self) -> SharedFluxes:
        """Sources whose fluxes are there and certain enough."""
        with np.errstate(invalid="ignore"):
            kept = (self.error < _LARGEST_ERROR) & (self.ratio > 0) & (self.core_ratio > 0)
        return SharedFluxes(
            self.ratio[kept], self.core_ratio[kept], self.error[kept], self.places[kept], self.others
        )


def exposure_flux_deviation(shared: SharedFluxes | str, *, subject: str) -> Measurement:
    """Mean flux of a chip's sources over that on other exposures, less 1, as near to 0 as chance allows.

    The clipped mean of the logarithms, weighted by the errors. Taken off are `SIGMAS` of its standard
    deviations, and what another focus may explain: it moves more light out of a star's core than across
    the aperture's edge, so that the ratio differs between the two apertures by more than it departs from 1.

    Parameters
    ----------
    shared : SharedFluxes or str
        Sources that it shares with other exposures; or why there are none.
    subject : str
        The exposure and chip.
    """
    quantity = "exposure_flux_deviation"
    if isinstance(shared, str):
        return not_told(quantity, subject, shared)
    shared = shared.usable()
    if len(shared.ratio) < _FEWEST:
        return not_told(quantity, subject, _too_few(len(shared.ratio), _FEWEST))
    weight = _weights(shared)
    mean, error, kept = clipped_mean(np.log(shared.ratio), weight)
    core = np.log(shared.core_ratio / shared.ratio)
    focus = abs(float(np.average(core[kept], weights=weight[kept])))
    certain = math.copysign(max(abs(mean) - SIGMAS * error - focus, 0.0), mean)
    context: dict[str, Json] = {
        "deviation": math.expm1(mean),
        "change_of_focus": focus,
        "sources": int(np.count_nonzero(kept)),
        "compared_with": list(shared.others),
    }
    reason = ""
    if certain:
        reason = (
            f"its sources are {math.expm1(mean):+.2%} ± {error:.2%} of their flux on {shared.others[0]}"
            f"{_more(shared)}, of which {SIGMAS:g} sigma and {focus:.2%} for the focus are taken off: see "
            "its flat field, gain and exposure time"
        )
    return Measurement(
        quantity,
        math.expm1(certain),
        "",
        subject,
        uncertainty=error,
        context=context,
        reason=reason,
        beyond_error=True,
    )


def sensitivity_gradient(shared: SharedFluxes | str, *, subject: str) -> Measurement:
    """Change of the flux ratio of a chip's sources from one edge to the other, beyond what chance allows.

    A plane is fitted to the logarithms; the value is the slope along the axis that has the larger one, less
    `SIGMAS` standard deviations.

    Parameters
    ----------
    shared : SharedFluxes or str
        Sources that it shares with other exposures; or why there are none.
    subject : str
        The exposure and chip.
    """
    quantity = "sensitivity_gradient"
    if isinstance(shared, str):
        return not_told(quantity, subject, shared)
    shared = shared.usable()
    if len(shared.ratio) < _FEWEST_OF_SLOPE:
        return not_told(quantity, subject, _too_few(len(shared.ratio), _FEWEST_OF_SLOPE))
    slopes, errors, number = fitted_plane(np.log(shared.ratio), _weights(shared), shared.places)
    certain = np.maximum(np.abs(slopes) - SIGMAS * errors, 0.0)
    axis = int(np.lexsort((np.abs(slopes), certain))[-1])
    slope, error = float(slopes[axis]), float(errors[axis])
    context: dict[str, Json] = {
        "slopes": [float(each) for each in slopes],
        "errors": [float(each) for each in errors],
        "sources": number,
        "compared_with": list(shared.others),
    }
    reason = ""
    if certain[axis]:
        reason = (
            f"fluxes of its sources change by {slope:+.1%} ± {error:.1%} along {'xy'[axis]} against "
            f"{shared.others[0]}{_more(shared)}: see its flat field and its correction of charge transfer"
        )
    return Measurement(
        quantity,
        float(certain[axis]),
        "",
        subject,
        uncertainty=error,
        context=context,
        reason=reason,
        beyond_error=True,
    )


def _weights(shared: SharedFluxes) -> Array:
    return np.asarray(1.0 / (shared.error**2 + _SAMPLING**2))


def _too_few(number: int, needed: int) -> str:
    return f"other exposures show {number} of its sources well enough; needs {needed}"


def _more(shared: SharedFluxes) -> str:
    more = len(shared.others) - 1
    return f" and {more} more" if more else ""

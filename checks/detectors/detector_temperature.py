"""Temperature of a photon counter's detector: what headers state, and which exposures are warm."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from hubble_qa.checks.measurement import Json, Measurement, count_violations, not_measured

__all__ = ["WARM", "Temperature", "temperature_violations"]

# Above it the SBC's dark rate is elevated: ISR ACS 2017-04.
WARM = 25.0  # degrees C

# No detector in orbit is colder or hotter; telemetry that is lost is sometimes given as such a number.
_COLDEST, _HOTTEST = -40.0, 60.0  # degrees C

# Between exposures it may change so fast: the SBC warms by 7 degrees C an hour after it is switched on
# (programme 13961), and telemetry has steps of 0.24.
_DRIFT, _STEP = 12.0, 1.0  # degrees C per hour, degrees C


@dataclass(frozen=True, slots=True)
class Temperature:
    """Temperature at the beginning and at the end of an exposure, degrees C (MDECODT1, MDECODT2).

    Attributes
    ----------
    begin, end : float or None
        None where the header states none.
    started, exptime : float
        MJD of the beginning, and seconds; NaN where they are not known.
    """

    begin: float | None
    end: float | None
    started: float = math.nan
    exptime: float = math.nan

    @property
    def mean(self) -> float:
        """Their mean; NaN where one is missing, 0, which stands for missing telemetry, or impossible."""
        if not self.begin or not self.end:
            return math.nan
        if not all(_COLDEST < each < _HOTTEST for each in (self.begin, self.end)):
            return math.nan
        return (self.begin + self.end) / 2.0


def temperature_violations(
    temperatures: Mapping[str, Temperature],
    *,
    recognised: Collection[str],
    matched: Collection[str],
    subject: str,
    threshold: float = WARM,
) -> Measurement:
    """Count exposures that are taken to be warm or not, and are the other, or are warm without a dark.

    A detector's temperature does not jump: an exposure whose temperature is not that of the exposure
    before it, as far as so much time lets it change, counts as well. One of the two is mislabelled.

    Parameters
    ----------
    temperatures : mapping of str to Temperature
        By exposure, as its header states them.
    recognised : collection of str
        The exposures that the reduction took for warm.
    matched : collection of str
        The exposures for which it found dark frames.
    subject : str
        The dataset.
    threshold : float
        Degrees C.
    """
    if not temperatures:
        return not_measured("temperature_violations", subject, "no exposure was read")
    violations = []
    for name, temperature in temperatures.items():
        mean = temperature.mean
        if math.isnan(mean):
            violations.append(f"{name}: MDECODT1 is {temperature.begin}, MDECODT2 {temperature.end}")
        elif (mean > threshold) != (name in recognised):
            taken = "above" if name in recognised else "below"
            violations.append(f"{name}: {mean:.2f} deg C, but taken to be {taken} {threshold:g}")
        elif mean > threshold and name not in matched:
            violations.append(f"{name}: {mean:.2f} deg C, but matched with no dark frame")
    violations += [f"{name} is none of the exposures" for name in sorted({*recognised} - {*temperatures})]
    violations += _jumps(temperatures)
    context: dict[str, Json] = {
        "mean_temperatures": {name: each.mean for name, each in temperatures.items()},
        "threshold": threshold,
    }
    return count_violations("temperature_violations", subject, violations, context)


def _jumps(temperatures: Mapping[str, Temperature]) -> Iterator[str]:
    """Exposures whose temperature does not continue that of the one before."""
    known = {name: each for name, each in temperatures.items() if not math.isnan(each.mean + each.started)}
    order = sorted(known, key=lambda name: known[name].started)
    for before, after in itertools.pairwise(order):
        first, second = known[before], known[after]
        seconds = first.exptime if math.isfinite(first.exptime) else 0.0
        hours = max(0.0, 24.0 * (second.started - first.started) - seconds / 3600.0)
        began, ended = second.begin or math.nan, first.end or math.nan
        if abs(began - ended) > _STEP + _DRIFT * hours:
            yield (
                f"{after} begins at {began:.2f} deg C, but {before} ended at {ended:.2f} "
                f"{60.0 * hours:.0f} min before"
            )

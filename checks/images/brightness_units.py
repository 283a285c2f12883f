"""What the pixels of an image are by its unit: counts per second, or flux densities."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any

from hubble_qa.checks.readers.coordinates import is_number
from hubble_qa.checks.readers.drizzled import Drizzled
from hubble_qa.checks.readers.exposure import Exposure

__all__ = [
    "flux_unit",
    "is_rate",
    "jansky_per_unit",
    "known_as_rates",
    "photfnu_of",
    "said_of_units",
]

_RATE = re.compile(r"(/\s*(s|sec|second)s?|\bs(ec)?(\*\*|\^)?\(?-1\)?|^cps)$", re.IGNORECASE)
# Jy per erg / (s cm2 Angstrom), at a pivot wavelength of 1 Angstrom: its square over the speed of light.
_JY = 1e23 * 1e-8 / 2.99792458e10
# Keywords that grizli writes into the images that it drizzles itself, always from exposures in rates.
_GRIZLI = ("GRIZLIV", "PHOTSCAL")


def is_rate(unit: object) -> bool:
    """Whether a unit, such as ``"ELECTRONS/S"``, is one of counts in a time."""
    return isinstance(unit, str) and bool(_RATE.search(unit.strip()))


def flux_unit(unit: object) -> bool:
    """Whether a unit is one of flux density or of surface brightness: ``"nJy"``, ``"MJy/sr"``.

    Such images are multiplied by a sensitivity already.
    """
    return isinstance(unit, str) and _parsed(unit.strip())[0]


def jansky_per_unit(unit: object) -> float | None:
    """Jansky that a pixel of 1 has: 1e-8 of ``"10.0*nanoJansky"``; None of any other unit."""
    return _parsed(unit.strip())[1] if isinstance(unit, str) else None


@cache
def _parsed(text: str) -> tuple[bool, float | None]:
    """Whether a unit is one of flux density, and how many Jy; wrong units are none."""
    from astropy import units

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", units.UnitsWarning)
        try:
            unit = units.Unit(text)
        except (ValueError, TypeError):
            return False, None
    for area in (units.dimensionless_unscaled, units.pix):
        if (unit * area).is_equivalent(units.Jy):
            return True, float((unit * area).to(units.Jy))
    flux = units.erg / units.s / units.cm**2 / units.AA
    areas = (units.dimensionless_unscaled, units.pix, units.sr)
    return any((unit * area).is_equivalent(one) for area in areas for one in (units.Jy, flux)), None


def photfnu_of(drizzled: Drizzled) -> float | None:
    """Jansky that a pixel of 1 has by an image's sensitivity: PHOTFNU, or PHOTFLAM at PHOTPLAM; or None."""
    direct = drizzled.keyword("PHOTFNU")
    if is_number(direct) and direct > 0:
        return float(direct)
    photflam, pivot = drizzled.keyword("PHOTFLAM"), drizzled.keyword("PHOTPLAM")
    if all(is_number(each) and each > 0 for each in (photflam, pivot)):
        return float(photflam) * float(pivot) ** 2 * _JY
    return None


def known_as_rates(drizzled: Drizzled, inputs: Sequence[Exposure]) -> bool:
    """Whether an image without BUNIT is known to be in counts per second.

    AstroDrizzle leaves BUNIT out where its inputs have none, and takes their counts for rates, whatever
    it was asked for (D001OUUN): these tell, or that the camera's exposures are in rates anyway.

    Parameters
    ----------
    drizzled : Drizzled
        The image.
    inputs : sequence of Exposure
        Its inputs, those that are at hand.
    """
    if all(drizzled.keyword(each) is not None for each in _GRIZLI):
        return True
    if _text(drizzled.keyword("D001OUUN")) != "cps":
        return False
    camera = drizzled.camera
    units = [header.get("BUNIT") for each in inputs for header in each.science_headers().values()]
    return (camera is not None and is_rate(camera.unit)) or (bool(units) and all(map(_text, units)))


def said_of_units(drizzled: Drizzled, inputs: Sequence[Exposure]) -> tuple[list[str], list[str]]:
    """What is wrong with the unit of a drizzled image, and what deserves a look.

    Parameters
    ----------
    drizzled, inputs
        As for `known_as_rates`.

    Returns
    -------
    tuple of (list of str, list of str)
        Violations and warnings.
    """
    unit, asked = drizzled.keyword("BUNIT"), drizzled.keyword("D001OUUN")
    if flux_unit(unit):
        return _of_flux(drizzled)
    if is_rate(unit):
        # AstroDrizzle takes the /S from BUNIT where it is asked for counts.
        return ([f"BUNIT is {unit!r}, a rate, but {_asked(asked)}"] if asked == "counts" else []), []
    if not _text(unit) and known_as_rates(drizzled, inputs):
        return [], ["BUNIT is missing; the pixels are counts per second: write 'ELECTRONS/S' into it"]
    if not _text(unit) and asked != "counts":
        return [
            "BUNIT is missing, as AstroDrizzle leaves it where exposures have none, whose counts it takes "
            "for rates: compare a star with an exposure, then write 'ELECTRONS' or 'ELECTRONS/S'; "
            f"final_units (D001OUUN) is {_shown(asked)}"
        ], []
    return [f"BUNIT is {_shown(unit)}, not a rate; {_asked(asked)}"], []


def _of_flux(drizzled: Drizzled) -> tuple[list[str], list[str]]:
    """What is wrong with the keywords of an image in flux densities: its PHOTFNU must be what BUNIT says."""
    unit = drizzled.keyword("BUNIT")
    jansky, photfnu = jansky_per_unit(unit), photfnu_of(drizzled)
    if photfnu is None:
        return [], []
    stale = "write the sensitivity of these pixels into PHOTFNU and PHOTFLAM, or remove both"
    if jansky is None:
        return [], [f"BUNIT is {unit!r}, a flux: PHOTFLAM and PHOTFNU of counts do not apply; {stale}"]
    # BUNIT holds a number that was rounded.
    if math.isclose(jansky, photfnu, rel_tol=0.01):
        return [], []
    return [
        f"BUNIT is {unit!r}, of {jansky:.4g} Jy, but PHOTFNU or PHOTFLAM give a pixel of 1 {photfnu:.4g} Jy, "
        f"so that fluxes differ by a factor of {max(jansky / photfnu, photfnu / jansky):.4g}; {stale}"
    ], []


def _asked(units: object) -> str:
    """What the header says that AstroDrizzle was asked for, and what to do about a BUNIT that is no rate."""
    made = f"final_units (D001OUUN) is {_shown(units)}"
    if units == "cps":
        mend = "write so into BUNIT, or divide by EXPTIME what was multiplied by it"
        return f"{made}: they were drizzled as rates; {mend}"
    if units == "counts":
        again = "drizzle again with final_units = 'cps'"
        return f"{made}: the pixels are counts; {again}, or divide by EXPTIME and write both keywords anew"
    return made


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""

"""Time and exposure of a product: as its own keywords say, and as what contributed to it says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from hubble_qa.checks.hlsp.product import Contribution, Published

__all__ = ["DAY", "Span", "iso_date", "number", "span_of", "stated_time"]

DAY = 86400.0  # s
_MJD_OF_EPOCH = 40587.0  # 1970-01-01
# Scales of astropy for the time systems that have not UTC's seconds.
_SCALES: Mapping[str, str] = MappingProxyType(
    {
        "TAI": "tai",
        "IAT": "tai",
        "TT": "tt",
        "TDT": "tt",
        "ET": "tt",
        "TDB": "tdb",
        "TCB": "tcb",
        "TCG": "tcg",
    }
)
_GPS_BEHIND_TAI = 19.0  # s


@dataclass(frozen=True, slots=True)
class Span:
    """What the inputs together say.

    Attributes
    ----------
    exposure_time : float or None
        Sum of the exposure times, s.
    begin, end : float or None
        First EXPSTART and last EXPEND, modified Julian dates (UTC).
    source : str
        Whose values they are, for messages.
    """

    exposure_time: float | None
    begin: float | None
    end: float | None
    source: str


def span_of(product: Published, contributions: Sequence[Contribution]) -> Span:
    """Exposure time and time span by the inputs; what not all of them tell, by the product's own header."""
    source = f"its {len(contributions)} inputs" if contributions else "its own header"
    times = _all(each.exposure_time for each in contributions)
    begins, ends = _all(each.begin for each in contributions), _all(each.end for each in contributions)
    return Span(
        sum(times) if times else number(product.keyword("EXPTIME")),
        min(begins) if begins else number(product.keyword("EXPSTART")),
        max(ends) if ends else number(product.keyword("EXPEND")),
        source,
    )


def _all(values: Any) -> list[float]:
    """The values if all are known; else none."""
    found = list(values)
    return [] if None in found else found


def number(value: object) -> float | None:
    """A keyword's value where it is a finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def stated_time(product: Published, which: str) -> tuple[str, float] | str | None:
    """When a product says that it begins, ends or has its middle, as a modified Julian date (UTC).

    Parameters
    ----------
    product : Published
        The product; TIMESYS tells the time system.
    which : str
        ``"BEG"``, ``"END"``, ``"MID"`` or ``"AVG"``.

    Returns
    -------
    tuple of str and float, or str, or None
        The keyword and the time; what is wrong with it; None where there is none.
    """
    scale = str(product.keyword("TIMESYS") or "").strip().upper()
    for key in (f"MJD-{which}", f"DATE-{which}"):
        value = product.keyword(key)
        if value is None:
            continue
        mjd = number(value) if key.startswith("MJD") else _mjd(str(value))
        if mjd is None:
            return (
                f"{key} is {value!r}, which is no {'number' if key.startswith('MJD') else 'date of ISO 8601'}"
            )
        return key, _in_utc(mjd, scale)
    return None


def _mjd(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.timestamp() / DAY + _MJD_OF_EPOCH


def _in_utc(mjd: float, scale: str) -> float:
    if scale not in {*_SCALES, "GPS"}:
        return mjd
    from astropy.time import Time

    shift = _GPS_BEHIND_TAI / DAY if scale == "GPS" else 0.0
    return float(Time(mjd + shift, format="mjd", scale=_SCALES.get(scale, "tai")).utc.mjd)


def iso_date(mjd: float) -> str:
    """A modified Julian date as ISO 8601, to milliseconds."""
    moment = datetime.fromtimestamp(round((mjd - _MJD_OF_EPOCH) * DAY, 3), tz=UTC)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds")

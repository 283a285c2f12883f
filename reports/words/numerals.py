"""Numbers as astronomers read them: digits by uncertainty or bound, times and sizes by magnitude."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

__all__ = ["duration", "margin_text", "memory", "moment", "value_text"]

_SHORT = 7
"""Digits of a number that is shown whole: as many as headers give PHOTFLAM."""

_FINEST = 16
"""Digits after the leading one that a double can tell apart."""


def value_text(
    value: float | None, uncertainty: float | None = None, limits: Sequence[float | None] = ()
) -> str:
    """Render a value with as many digits as mean something.

    Two digits of the uncertainty where it is known. Else all digits of a short number, as a header
    holds, or two digits of the distance to the nearest limit; and never so few that the value seems
    to lie on the other side of a limit.

    Parameters
    ----------
    value : float or None
        The value; None gives an empty string.
    uncertainty : float or None
        Its standard deviation.
    limits : sequence of float or None
        The bounds it is judged by.
    """
    if value is None:
        return ""
    exact = Decimal(str(float(value)))
    bounds = [Decimal(str(float(limit))) for limit in limits if limit is not None]
    spread = Decimal(str(float(uncertainty))) if uncertainty else None
    if spread is None and _countable(exact, bounds):
        return f"{exact.normalize():f}" if exact else "0"
    if not exact and spread is None:
        return "0"
    short = exact.normalize()
    if spread is None and len(short.as_tuple().digits) <= _SHORT:
        whole = 0 < short.adjusted() < _SHORT and short == short.to_integral_value()
        return _rendered(short.quantize(Decimal(1)) if whole else short, None)
    rounded = _round(exact, _last_digit(exact, spread, bounds))
    return _rendered(rounded, spread)


def margin_text(margin: float | None) -> str:
    """Render the distance to a bound, with its sign and two digits."""
    if margin is None:
        return ""
    exact = Decimal(str(float(margin)))
    if _countable(exact, []):
        return f"{exact:+.0f}"
    rounded = _round(exact, exact.adjusted() - 1)
    return ("" if exact < 0 else "+") + _rendered(_round(rounded, rounded.adjusted() - 1), None)


def _countable(value: Decimal, bounds: Sequence[Decimal]) -> bool:
    return all(each == each.to_integral_value() and abs(each) < 10**9 for each in (value, *bounds))


def _last_digit(value: Decimal, spread: Decimal | None, bounds: Sequence[Decimal]) -> int:
    """Decimal exponent of the last digit to show."""
    leading = value.adjusted() if value else (spread or Decimal(1)).adjusted()
    distances = [abs(value - bound) for bound in bounds if value != bound]
    if spread is not None:
        last = max(spread.adjusted() - 1, leading - 9)
    elif distances:
        last = min(max(min(distances).adjusted() - 1, leading - 8), leading - 2)
    else:
        last = max(leading - 5, int(value.as_tuple().exponent))
    while last > leading - _FINEST and not _same_side(value, _round(value, last), bounds):
        last -= 1
    return last


def _same_side(value: Decimal, rounded: Decimal, bounds: Sequence[Decimal]) -> bool:
    return all(value.compare(bound) == rounded.compare(bound) for bound in bounds)


def _round(value: Decimal, last: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(last)) if value.adjusted() - last < 25 else value


def _rendered(value: Decimal, spread: Decimal | None) -> str:
    value = value or abs(value)  # nothing has no sign
    last = value.as_tuple().exponent
    assert isinstance(last, int)
    error = None if spread is None else _round(spread, max(last, spread.adjusted() - 1))
    leading = max((each.adjusted() for each in (value, error) if each), default=0)
    if -4 <= leading < 7 and last <= 0:
        return f"{value:f}" if error is None else f"{value:f} ± {error:f}"
    mantissa, power = value.scaleb(-leading), f"e{leading:+03d}"
    if error is None:
        return f"{mantissa:f}{power}"
    return f"({mantissa:f} ± {error.scaleb(-leading):f}){power}"


def duration(seconds: float) -> str:
    """Render a time span, e.g. ``"0.03 s"``, ``"9.1 s"``, ``"2 min 05 s"`` or ``"1 h 02 min"``."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def memory(size: int) -> str:
    """Render bytes, e.g. ``"312 MB"`` or ``"1.3 GB"``; nothing where none were recorded."""
    if size <= 0:
        return ""
    if size < 999_500_000:
        return f"{max(size / 1e6, 0.1):.3g} MB"
    return f"{size / 1e9:.1f} GB"


def moment(stamp: str) -> str:
    """Render an ISO 8601 time in UTC to the second; what is not one stays as it is."""
    try:
        parsed = datetime.fromisoformat(stamp)
    except ValueError:
        return stamp
    zoned = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return f"{zoned.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

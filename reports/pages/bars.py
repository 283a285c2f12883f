"""The bar that shows where a value lies, as SVG: made without a template, since there is one a verdict."""

from __future__ import annotations

from html import escape

from hubble_qa.reports.pages.rows import Row

__all__ = ["bar"]

# Pixels: where the bar begins, how long it is.
_LEFT, _LENGTH = 6.0, 108.0


def bar(row: Row) -> str:
    """Draw the accepted range of a verdict, its limits and the value with its error, as markup.

    Empty where the value has no place beside limits.
    """
    place = row.gauge
    if place is None:
        return ""
    words = escape(row.distance)
    state = str(row.state).replace(",", "").replace(" ", "-")
    start, end = (_LEFT + _LENGTH * each for each in (place.start, place.end))
    parts = [
        f'<svg class="bar s-{state}" viewBox="0 0 120 16" width="120" height="16" role="img" '
        f'aria-label="{words}"><title>{words}</title>',
        f'<rect class="track" x="{_LEFT:g}" y="6" width="{_LENGTH:g}" height="4"/>',
        f'<rect class="accepted" x="{start:.1f}" y="6" width="{end - start:.1f}" height="4"/>',
    ]
    limits = ((row.verdict.lower, start), (row.verdict.upper, end))
    parts += [
        f'<rect class="limit" x="{x - 0.5:.1f}" y="2" width="1.5" height="12"/>'
        for limit, x in limits
        if limit is not None
    ]
    if place.high > place.low:
        left, right = (_LEFT + _LENGTH * each for each in (place.low, place.high))
        parts.append(f'<rect class="error" x="{left:.1f}" y="7.25" width="{right - left:.1f}" height="1.5"/>')
    if place.clipped:
        d = "M112 2.5L119 8L112 13.5z" if place.clipped > 0 else "M8 2.5L1 8L8 13.5z"
        parts.append(f'<path class="mark" d="{d}"/></svg>')
    else:
        parts.append(f'<circle class="mark" cx="{_LEFT + _LENGTH * place.value:.1f}" cy="8" r="4"/></svg>')
    return "".join(parts)  # the words are escaped, all else is numbers

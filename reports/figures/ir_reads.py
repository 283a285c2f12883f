"""Figure of the background rate of infrared exposures, read by read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hubble_qa.checks.bounds import Bounds
from hubble_qa.checks.detectors.background import SHORTEST, background_rate_ratio
from hubble_qa.checks.detectors.read_rates import ReadRates
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.stages.read_statistics import read_rates
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.style import ACCENT, BAND, FAINT, INK, LIMIT, WIDTH, new_figure, place, styled

__all__ = ["draw_read_rates", "read_figures"]

_CAPTION = (
    "Median of each read over its time (pstat). Good: level, or within the shaded range of accepted ratios. "
    "Bad: a rise or fall beyond it, red: a ramp fit would take it for cosmic rays, and the "
    "exposure is calibrated without (CRCORR = OMIT). Grey: reads too early to tell."
)
_COLUMNS = 3
_HEIGHT, _GAP_X, _GAP_Y, _LEFT, _BELOW, _TOP = 1.5, 0.3, 0.62, 0.62, 0.55, 0.3


def read_figures(
    inputs: Inputs, exposures: Sequence[str], bounds: Mapping[str, Bounds]
) -> Iterator[Illustration]:
    """Draw the rates of all exposures in one figure.

    Parameters
    ----------
    inputs : Inputs
        With product ``reads``.
    exposures : sequence of str
        Rootnames.
    bounds : mapping of str to Bounds
        Accepted ratio of the largest to the smallest rate, by exposure.
    """
    rates = read_rates(inputs.products["reads"])
    some = {name: rates[name] for name in exposures}
    limits = {name: each.upper for name, each in bounds.items() if each.upper is not None}
    ratios = ", ".join(f"{name} {_ratio(each):.2f}" for name, each in some.items())
    yield Illustration(
        figure="read-rates",
        name="read-rates",
        title="Background rate, read by read",
        caption=f"{_CAPTION} Largest over smallest rate: {ratios}.",
        alt=f"Background rate against time for each exposure. Largest over smallest: {ratios}.",
        drawing=draw_read_rates(some, limits),
    )


def _ratio(rates: ReadRates) -> float:
    value = background_rate_ratio(rates.time, rates.rate, subject="").value
    return float("nan") if value is None else value


@styled
def draw_read_rates(rates: Mapping[str, ReadRates], limits: Mapping[str, float]) -> Figure:
    """Draw the rates of reads of several exposures, a panel each, on one scale.

    Parameters
    ----------
    rates : mapping of str to ReadRates
        By exposure.
    limits : mapping of str to float
        Largest accepted ratio to the smallest rate.
    """
    rows = -(-len(rates) // _COLUMNS)
    width = (WIDTH - _LEFT - 0.12 - _GAP_X * (_COLUMNS - 1)) / _COLUMNS
    figure = new_figure(_BELOW + rows * (_HEIGHT + _GAP_Y) - _GAP_Y + _TOP)
    highest = 1.12 * max(max(each.rate) for each in rates.values())
    for number, (name, each) in enumerate(rates.items()):
        row, column = divmod(number, _COLUMNS)
        left = _LEFT + column * (width + _GAP_X)
        bottom = _BELOW + (rows - 1 - row) * (_HEIGHT + _GAP_Y)
        axes = place(figure, left, bottom, width, _HEIGHT)
        _panel(axes, name, each, limits.get(name))
        axes.set_ylim(0.0, highest)
        if column:
            axes.set_yticklabels([])
        else:
            axes.set_ylabel("rate (e⁻/s)")
        if number + _COLUMNS >= len(rates):
            axes.set_xlabel("time since zeroth read (s)")
    return figure


def _panel(axes: Axes, name: str, rates: ReadRates, limit: float | None) -> None:
    judged = [(time, rate) for time, rate in zip(rates.time, rates.rate, strict=True) if time >= SHORTEST]
    early = [(time, rate) for time, rate in zip(rates.time, rates.rate, strict=True) if time < SHORTEST]
    ratio = _ratio(rates)
    affected = limit is not None and ratio > limit
    if limit is not None and judged:
        lowest = min(rate for _, rate in judged)
        axes.axhspan(lowest, limit * lowest, color=BAND, linewidth=0)
        axes.axhline(limit * lowest, color=LIMIT, linewidth=0.8)
    axes.plot(*zip(*judged, strict=True), "o", color=ACCENT if affected else INK, markersize=3.5)
    if early:
        axes.plot(*zip(*early, strict=True), "o", color=FAINT, markersize=3.5)
    axes.set_title(f"{name}: {ratio:.2f}" + (", OMIT" if affected else ""), fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(4))

"""Figure of the background rate of infrared exposures, read by read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hubble_qa.checks.detectors.background import SHORTEST
from hubble_qa.checks.detectors.read_rates import ReadRates
from hubble_qa.checks.evidence.backgrounds import rates_of_reads
from hubble_qa.checks.verdict import Status
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.reports.figures.captions import caption
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.style import ACCENT, BAND, FAINT, INK, LIMIT, WIDTH, new_figure, place, styled
from hubble_qa.reports.figures.verdicts import Shown, Verdicts

__all__ = ["draw_read_rates", "read_figure", "read_figures"]

_CAPTION = (
    "Median of each read of the IMA over its time. Good: level, or within the shaded range of accepted "
    "ratios. Bad: a rise or fall beyond it, red: a ramp fit takes it for cosmic rays, and the "
    "exposure is to be calibrated without (CRCORR = OMIT). Grey: reads too early to tell."
)
_COLUMNS = 3
_HEIGHT, _GAP_X, _GAP_Y, _LEFT, _BELOW, _TOP = 1.5, 0.3, 0.62, 0.62, 0.55, 0.3


def read_figures(inputs: Inputs, exposures: Sequence[str], verdicts: Verdicts) -> Iterator[Illustration]:
    """Draw the rates of all exposures in one figure.

    Parameters
    ----------
    inputs : Inputs
        With product ``fetched``.
    exposures : sequence of str
        Rootnames.
    verdicts : Verdicts
        On the change of the rate, by IMA.
    """
    files = {name: inputs.products["fetched"] / f"{name}_ima.fits" for name in exposures}
    yield read_figure(files, {name: f"{name}_ima" for name in exposures}, verdicts)


def read_figure(
    files: Mapping[str, Path], subjects: Mapping[str, str], verdicts: Verdicts, *, name: str = "read-rates"
) -> Illustration:
    """Draw the rates of some exposures in one figure.

    Parameters
    ----------
    files : mapping of str to Path
        IMAs, by what figures call them.
    subjects : mapping of str to str
        What verdicts call each.
    verdicts : Verdicts
        On the change of the rate.
    name : str
        Name of the figure's file.
    """
    rates = {each: rates_of_reads(path) for each, path in files.items()}
    judged = {each: verdicts.get("TVB-001", subject) for each, subject in subjects.items()}
    ratios = ", ".join(f"{each} {shown.number}" for each, shown in judged.items() if shown is not None)
    return Illustration(
        figure="read-rates",
        name=name,
        title="Background rate, read by read",
        caption=caption(verdicts, (*subjects.values(),), ("TVB-001",), _CAPTION),
        alt="Background rate against time for each exposure."
        + (f" Largest over smallest: {ratios}." if ratios else ""),
        drawing=draw_read_rates(rates, {each: shown for each, shown in judged.items() if shown is not None}),
        subject=next(iter(subjects.values())) if len(subjects) == 1 else "",
    )


@styled
def draw_read_rates(rates: Mapping[str, ReadRates], ratios: Mapping[str, Shown]) -> Figure:
    """Draw the rates of reads of several exposures, a panel each, on one scale.

    Parameters
    ----------
    rates : mapping of str to ReadRates
        By exposure.
    ratios : mapping of str to Shown
        Verdicts on the ratio of the largest to the smallest rate, by exposure.
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
        _panel(axes, name, each, ratios.get(name))
        axes.set_ylim(0.0, highest)
        if column:
            axes.set_yticklabels([])
        else:
            axes.set_ylabel("rate (e⁻/s)")
        if number + _COLUMNS >= len(rates):
            axes.set_xlabel("time since zeroth read (s)")
    return figure


def _panel(axes: Axes, name: str, rates: ReadRates, ratio: Shown | None) -> None:
    reads = [*zip(rates.time, rates.rate, strict=True)]
    judged = [(time, rate) for time, rate in reads if time >= SHORTEST]
    early = [(time, rate) for time, rate in reads if time < SHORTEST]
    affected = ratio is not None and ratio.status == Status.FAIL
    limit = ratio.bounds.upper if ratio is not None else None
    if limit is not None and judged:
        lowest = min(rate for _, rate in judged)
        axes.axhspan(lowest, limit * lowest, color=BAND, linewidth=0)
        axes.axhline(limit * lowest, color=LIMIT, linewidth=0.8)
    if judged:
        axes.plot(*zip(*judged, strict=True), "o", color=ACCENT if affected else INK, markersize=3.5)
    if early:
        axes.plot(*zip(*early, strict=True), "o", color=FAINT, markersize=3.5)
    title = name if ratio is None else f"{name}: {ratio.number}" + (", OMIT" if affected else "")
    axes.set_title(title, fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(4))

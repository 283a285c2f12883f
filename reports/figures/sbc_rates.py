"""Figures of the SBC's detector: its temperature over time, and its dark rate over temperature."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, ScalarFormatter

from hubble_qa.reports.figures.captions import caption
from hubble_qa.reports.figures.figure_data import Plot, PlotAxis, PlotColumn, PlotGroup, PlotLine, PlotPanel
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.sbc_frames import Frame
from hubble_qa.reports.figures.style import (
    ACCENT,
    BAND,
    FAINT,
    INK,
    SOFT,
    annotate_empty,
    new_figure,
    place,
    styled,
)
from hubble_qa.reports.figures.verdicts import Shown, Verdicts

__all__ = ["dark_rate_points", "dark_rates", "rate_figures", "temperature_course"]

# What verdicts on all exposures and on all dark frames call them.
_EXPOSURES, _DARKS = "exposures", "dark frames"
# Degrees C on either side of what is tinted.
_MARGIN = 0.15

_TEMPERATURES = (
    "Temperature of the detector at the beginning and at the end of each frame (MDECODT1, MDECODT2), joined "
    "by a line; red: frames whose mean exceeds the dashed limit, above which the dark rate is elevated. The "
    "detector warms from the moment it is switched on, so that the last exposures of a visit suffer. Good: "
    "one course without jumps. Bad: a frame far from its neighbours, whose telemetry is wrong."
)
_RATES = (
    "Counts in the box per 1000 s against the mean temperature, with Poisson errors: dark frames, ringed "
    "where one was chosen for an exposure, and the exposures. Good: rates that stay level when it is cool "
    "and rise above the dashed limit; each exposure at the height of the dark frames chosen for it. An "
    "exposure need not lie on the curve: the dark rate at one temperature varies from month to month, which "
    "is why darks are chosen by their counts; tinted: rates that are accepted for it. "
    "Bad: a warm frame below cooler ones (it is mislabelled), an "
    "exposure that no dark frame comes near."
)


def rate_figures(frames: Sequence[Frame], limit: float, verdicts: Verdicts) -> Iterator[Illustration]:
    """Draw temperatures and dark rates.

    Parameters
    ----------
    frames : sequence of Frame
        In the order of time.
    limit : float
        Degrees C.
    verdicts : Verdicts
        On temperatures, on the dark frames, and on their matches with exposures.
    """
    warm = [frame.name for frame in frames if frame.affected and frame.kind == "science"]
    named = ", ".join(warm) or "none"
    yield Illustration(
        figure="temperatures",
        name="temperatures",
        title="Temperature of the detector over time",
        caption=caption(verdicts, (_EXPOSURES,), ("DRK-001",), _TEMPERATURES),
        alt=f"Temperature against time, of exposures and of dark frames. Exposures above the limit: {named}.",
        drawing=temperature_course(frames, limit),
        subject=_EXPOSURES,
    )
    counted = [frame for frame in frames if math.isfinite(frame.rate)]
    matched = ", ".join(_named(frame) for frame in counted if frame.chosen)
    exposures = [frame.name for frame in counted if frame.kind == "science"]
    matches = {name: verdicts.get("DRK-003", name) for name in exposures}
    yield Illustration(
        figure="dark-rate",
        name="dark-rate",
        title="Dark rate against temperature",
        caption=caption(verdicts, (_DARKS, *exposures), ("DRK-005", "DRK-003"), _RATES),
        alt=f"Counts in the box per 1000 s against temperature. Chosen: {matched}.",
        drawing=dark_rates(
            counted, limit, {name: match for name, match in matches.items() if match is not None}
        ),
        points=dark_rate_points(counted, limit),
    )


@styled
def temperature_course(frames: Sequence[Frame], limit: float) -> Figure:
    """Draw temperatures over time: exposures on the left, dark frames on the right.

    Parameters
    ----------
    frames : sequence of Frame
        In the order of time.
    limit : float
        Degrees C.
    """
    figure = new_figure(3.5)
    panels = [place(figure, left, 0.55, 2.92, 2.6) for left in (0.62, 3.88)]
    kinds = (("science", "exposures"), ("dark", "dark frames"))
    everything = [value for frame in frames for value in (frame.begin, frame.end)] + [limit]
    for axes, (kind, words) in zip(panels, kinds, strict=True):
        axes.set_ylim(min(everything) - 1.0, max(everything) + 1.0)
        axes.axhline(limit, color=ACCENT, linestyle="--", linewidth=0.9)
        axes.set_title(words)
        axes.xaxis.set_major_locator(MaxNLocator(6))
        shown = [frame for frame in frames if frame.kind == kind]
        if shown:
            _course(axes, shown, named=kind == "science")
        else:
            annotate_empty(axes, "none")
    panels[0].set_ylabel("temperature (°C)")
    panels[1].tick_params(labelleft=False)
    panels[1].annotate(
        f"{limit:g} °C",
        (0.02, limit),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        color=ACCENT,
        fontsize=9,
    )
    return figure


def _course(axes: Axes, frames: Sequence[Frame], *, named: bool) -> None:
    origin = frames[0].start
    for number, frame in enumerate(frames):
        begin = 24.0 * (frame.start - origin)
        end = begin + frame.exptime / 3600.0
        colour = ACCENT if frame.affected else INK
        axes.plot(
            [begin, end], [frame.begin, frame.end], color=colour, marker="o", markersize=3.2, linewidth=1.6
        )
        if named:
            # Neighbours have their names on either side of the course.
            right = number % 2 == 0
            axes.annotate(
                f"{frame.name[-3:]} {frame.filter}",
                ((begin + end) / 2, frame.mean),
                xytext=(5, -8) if right else (-5, 4),
                textcoords="offset points",
                ha="left" if right else "right",
                fontsize=7.5,
                color=colour,
            )
    hours = 24.0 * (frames[-1].start - origin) + frames[-1].exptime / 3600.0
    axes.set_xlim(-0.35 * hours if named else -0.04 * hours, 1.3 * hours if named else 1.04 * hours)
    axes.set_xlabel(f"hours from MJD {origin:.2f}")


@styled
def dark_rates(frames: Sequence[Frame], limit: float, matches: Mapping[str, Shown]) -> Figure:
    """Draw counts in the box over temperature, on a logarithmic scale.

    Parameters
    ----------
    frames : sequence of Frame
        Frames that were counted.
    limit : float
        Degrees C.
    matches : mapping of str to Shown
        Verdicts on the ratio of the chosen darks' counts to the exposure's, by exposure.
    """
    figure = new_figure(4.3)
    axes = place(figure, 0.78, 0.55, 6.05, 3.5)
    darks = [frame for frame in frames if frame.kind == "dark"]
    science = [frame for frame in frames if frame.kind == "science"]
    axes.set_yscale("log")
    axes.axvline(limit, color=SOFT, linestyle="--", linewidth=0.9)
    _errors(axes, darks, INK, "o", "dark frame")
    _errors(axes, science, ACCENT, "D", "exposure")
    chosen = [frame for frame in darks if frame.chosen]
    _tint_accepted(axes, frames, matches)
    _mark_chosen(axes, chosen, science)
    _name_frames(axes, (*chosen, *science), matches)
    _label_rates(axes)
    return figure


def _tint_accepted(axes: Axes, frames: Sequence[Frame], matches: Mapping[str, Shown]) -> None:
    """Tint the rates that are accepted of each exposure's dark, from the one's temperature to the other's."""
    for frame in frames:
        bounds = matches[frame.name].bounds if frame.name in matches else None
        if bounds is None or bounds.lower is None or bounds.upper is None:
            continue
        means = [frame.mean, *(dark.mean for dark in frames if frame.name in dark.chosen)]
        axes.fill_between(
            [min(means) - _MARGIN, max(means) + _MARGIN],
            bounds.lower * frame.rate,
            bounds.upper * frame.rate,
            color=BAND,
            linewidth=0,
            zorder=0,
        )


def _mark_chosen(axes: Axes, chosen: Sequence[Frame], science: Sequence[Frame]) -> None:
    """Ring the dark frames that were chosen, and join each with the exposures that it is for."""
    axes.plot(
        [frame.mean for frame in chosen],
        [frame.rate for frame in chosen],
        linestyle="none",
        marker="o",
        markersize=12,
        markerfacecolor="none",
        markeredgecolor=ACCENT,
        markeredgewidth=1.3,
        label="chosen",
    )
    by_name = {frame.name: frame for frame in science}
    for frame in chosen:
        for name in frame.chosen:
            ends = by_name[name], frame
            means, rates = [each.mean for each in ends], [each.rate for each in ends]
            axes.plot(means, rates, color=FAINT, linewidth=0.9, zorder=0)


def _name_frames(axes: Axes, frames: Sequence[Frame], matches: Mapping[str, Shown]) -> None:
    middle = sum(axes.get_xlim()) / 2.0
    for frame in frames:
        dark, match = frame.kind == "dark", matches.get(frame.name)
        # Dark frames have their names on the right, where it is warm; exposures beside them on the left.
        left = not dark and frame.mean > middle
        axes.annotate(
            frame.name if match is None else f"{frame.name}\ndark / exposure {match.number}",
            (frame.mean, frame.rate),
            xytext=(9, -11) if dark else (-7 if left else 7, 7),
            textcoords="offset points",
            ha="right" if left else "left",
            fontsize=8,
            color=INK if dark else ACCENT,
        )


def _label_rates(axes: Axes) -> None:
    axes.set_xlabel("mean temperature (°C)")
    axes.set_ylabel("counts in the box per 1000 s")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0)))
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.yaxis.set_minor_formatter(NullFormatter())
    low, high = axes.get_xlim()
    axes.set_xlim(low, high + 0.06 * (high - low))
    axes.grid(True, which="both", axis="y")
    axes.legend(loc="upper left")


def _errors(axes: Axes, frames: Sequence[Frame], colour: str, marker: str, label: str) -> None:
    axes.errorbar(
        [frame.mean for frame in frames],
        [frame.rate for frame in frames],
        yerr=[frame.error for frame in frames],
        linestyle="none",
        marker=marker,
        markersize=4.5,
        color=colour,
        label=label,
    )


def _named(frame: Frame) -> str:
    return f"{frame.name} for {' and '.join(frame.chosen)}" if frame.chosen else frame.name


def dark_rate_points(frames: Sequence[Frame], limit: float) -> Plot:
    """The same to be asked: each frame with its name, its error, and what it was chosen for.

    Parameters
    ----------
    frames : sequence of Frame
        Frames that were counted.
    limit : float
        Degrees C.
    """
    means = [frame.mean for frame in frames]
    rates = [frame.rate for frame in frames]
    # A frame without a count has no place on a logarithmic axis.
    seen = [rate for rate in rates if rate > 0] or [1.0]
    groups = (
        PlotGroup(name="dark frame", colour=INK),
        PlotGroup(name="dark frame, chosen", colour=INK, ringed=True),
        PlotGroup(name="exposure", colour=ACCENT, marker="diamond"),
    )
    number = {"dark": 0, "science": 2}
    return Plot(
        noun="frame",
        across=1,
        axes={
            "temperature": PlotAxis(
                label="mean temperature (°C)", low=min(means) - 0.5, high=max(means) + 0.5
            ),
            "rate": PlotAxis(
                label="counts in the box per 1000 s",
                low=min(seen) / 1.25,
                high=max(seen) * 1.25,
                error="error",
                log=True,
            ),
        },
        panels=(PlotPanel(x="temperature", y="rate"),),
        groups=groups,
        group=tuple(1 if frame.chosen else number[frame.kind] for frame in frames),
        names=tuple(_named(frame) for frame in frames),
        columns={
            "temperature": PlotColumn(label="mean temperature", unit="°C", decimals=2, values=tuple(means)),
            "rate": PlotColumn(label="counts per 1000 s", decimals=1, values=tuple(rates)),
            "error": PlotColumn(
                label="Poisson error", decimals=1, values=tuple(frame.error for frame in frames)
            ),
        },
        lines=(PlotLine(axis="temperature", value=limit, label=f"{limit:g} °C"),),
    )

"""Runs, changes and comparisons of a history, as text for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hubble_qa.reports.history.cause import Cause, cause_text, grouped
from hubble_qa.reports.history.comparison import Comparison, Difference, Distribution
from hubble_qa.reports.history.decisions import Candidate
from hubble_qa.reports.history.runs import Listed, Told

__all__ = ["candidate_lines", "comparison_lines", "run_lines", "table_lines", "told_lines"]

_LONGEST_LIST = 40


def table_lines(
    heading: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool = False
) -> Iterator[str]:
    """A table: columns side by side, or as Markdown has them."""
    if markdown:
        yield _marked(heading)
        yield _marked(["---"] * len(heading))
        yield from map(_marked, rows)
        return
    widths = [max(len(row[place]) for row in (heading, *rows)) for place in range(len(heading))]
    for row in (heading, *rows):
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()


def _marked(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def run_lines(runs: Sequence[Listed]) -> Iterator[str]:
    """Runs, one a line."""
    rows = [
        (
            each.identifier,
            each.channel,
            each.started[:16].replace("T", " "),
            str(each.judged),
            str(each.rejected),
            str(each.built),
            ("" if each.complete else "partial; ") + (_counts(each) or "no changes"),
        )
        for each in runs
    ]
    yield from table_lines(("run", "channel", "started (UTC)", "values", "rejected", "built", "told"), rows)


def _counts(run: Listed) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in run.changes.items())


def told_lines(run: Listed, told: Sequence[Told]) -> Iterator[str]:
    """A run, and what it told by cause."""
    part = "" if run.complete else ", partial"
    data = f"simulated data, {run.size} size" if run.archive == "simulated" else run.archive
    yield f"run       {run.identifier}"
    yield f"channel   {run.channel}"
    yield f"started   {run.started}"
    yield f"command   {run.command}"
    yield f"data      {data}"
    yield f"values    {run.judged}{part}; {run.rejected} rejected; {run.built} products built"
    if not told:
        yield "It told of no changes."
    for causes, several in grouped((each.causes, each) for each in told):
        yield ""
        yield f"{_causes(causes)}:"
        for each in several[:_LONGEST_LIST]:
            since = (
                ""
                if each.kind in ("moved", "new failure", "fixed", "missing")
                else f" since {each.since[:10]}"
            )
            yield (
                f"  {each.kind}{since}: {each.criterion} {each.dataset} {each.subject}: "
                f"{_step(each.before, each.after, each.unit)}"
            )
        yield from _more(several)


def _causes(causes: Sequence[Cause]) -> str:
    return "; ".join(cause_text(each) for each in causes) or "Cause not known"


def _step(before: float | None, after: float | None, unit: str) -> str:
    return f"{_number(before)} → {_number(after)} {unit}".rstrip()


def _number(value: float | None) -> str:
    return "no value" if value is None else f"{value:.5g}"


def _more(several: Sequence[object]) -> Iterator[str]:
    if len(several) > _LONGEST_LIST:
        yield f"  … and {len(several) - _LONGEST_LIST} more"


def candidate_lines(chosen: Sequence[Candidate], tolerance: float | None) -> Iterator[str]:
    """Values that are accepted, by cause."""
    for causes, several in grouped((each.causes, each) for each in chosen):
        yield f"{_causes(causes)}:"
        for each in several:
            rejected = "" if each.accepted else "; still rejected: a baseline changes no bounds"
            within = f" ± {tolerance or each.tolerance:.3g}"
            yield (
                f"  {each.criterion} {each.dataset} {each.subject}: {_number(each.before)} → "
                f"{_number(each.value)}{within} {each.unit}".rstrip()
                + f" (accepted {each.bounds}{rejected})"
            )


def comparison_lines(compared: Comparison, *, markdown: bool = False) -> Iterator[str]:
    """Two runs compared: lists of what is worse and better by cause, and distributions."""
    heading = "## " if markdown else ""
    before, after = compared.before, compared.after
    yield f"{'# ' if markdown else ''}{_run_text(before)} and {_run_text(after)}"
    yield ""
    yield (
        f"{len(compared.worse)} worse, {len(compared.better)} better, {compared.small} moved by less than a "
        f"tenth of their limits, {compared.same} the same; {len(compared.gone)} only before, "
        f"{len(compared.new)} only after"
    )
    for title, several in (("Worse", compared.worse), ("Better", compared.better)):
        if several:
            yield ""
            yield f"{heading}{title}"
            yield from _difference_lines(several, markdown=markdown)
    for title, names in (("Only before", compared.gone), ("Only after", compared.new)):
        if names:
            yield ""
            yield f"{heading}{title}"
            if markdown:
                yield ""
            bullet = "- " if markdown else "  "
            yield from (f"{bullet}{name[1]} {name[0]} {name[2]}" for name in names[:_LONGEST_LIST])
            yield from _more(names)
    yield ""
    yield f"{heading}Distributions: before, and after where it differs"
    if markdown:
        yield ""
    yield from _group_lines(compared, markdown=markdown)


def _run_text(run: Listed) -> str:
    return f"{run.identifier} ({run.channel}, {run.started[:10]}{'' if run.complete else ', partial'})"


def _difference_lines(several: Sequence[Difference], *, markdown: bool) -> Iterator[str]:
    for causes, members in grouped((each.causes, each) for each in several):
        yield ""
        yield f"**{_causes(causes)}**" if markdown else f"{_causes(causes)}:"
        if markdown:
            yield ""
        bullet = "- " if markdown else "  "
        for each in members[:_LONGEST_LIST]:
            turned = {(True, False): ", now rejected", (False, True): ", now accepted"}
            verdict = turned.get((each.accepted_before, each.accepted_after), "")
            yield (
                f"{bullet}{each.criterion} {each.dataset} {each.subject}: "
                f"{_step(each.before, each.after, each.unit)}{verdict}"
            )
        yield from _more(members)


def _group_lines(compared: Comparison, *, markdown: bool) -> Iterator[str]:
    heading = ("criterion", "instrument", "", "n", "median", "width", "5 %", "95 %", "beyond", "unit")
    yield from table_lines(heading, list(_group_rows(compared)), markdown=markdown)


def _group_rows(compared: Comparison) -> Iterator[Sequence[str]]:
    for each in compared.groups:
        label = f"{each.criterion} {each.title}", each.instrument
        sides = (("before", each.before), ("after", each.after))
        shown = sides[:1] if each.before == each.after else sides
        for number, (side, found) in enumerate(shown):
            name = label if number == 0 else ("", "")
            yield (*name, "both" if len(shown) == 1 else side, *_cells(found), each.unit)


def _cells(found: Distribution | None) -> Iterable[str]:
    if found is None:
        return ("0", "", "", "", "", "")
    numbers = (f"{each:.4g}" for each in (found.median, found.width, found.low, found.high))
    return (str(found.number), *numbers, f"{100 * found.beyond:.1f} %")

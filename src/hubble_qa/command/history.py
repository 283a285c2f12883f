"""``hubble-qa history``: what former runs found, compared; baselines; and the history itself."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hubble_qa.checks.printable import one_line, shorten
from hubble_qa.reports.history.errors import HistoryError
from hubble_qa.reports.history.place import Place, place_of, valid_channel

if TYPE_CHECKING:
    from hubble_qa.reports.history.decisions import Candidate
    from hubble_qa.reports.history.keeping import Caught

__all__ = ["history"]

_LONGEST_LINE = 2000


class _Group(click.Group):
    """Tells a history's errors in one line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except HistoryError as error:
            raise click.ClickException(one_line(str(error), 1000)) from error


@click.group(cls=_Group)
def history() -> None:
    """List, show and compare recorded runs; accept values as baselines; export, prune, rebuild."""


def _of_history(command: Callable[..., None]) -> Callable[..., None]:
    """Give a subcommand the options that name the history."""
    command = click.option(
        "--nights",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="Directory of the runs' results; default: nights in the history, qa-nights for a server.",
    )(command)
    return click.option(
        "--history",
        "name",
        envvar="QA_HISTORY",
        show_envvar=True,
        required=True,
        metavar="DIR",
        help="The history: a directory, or the URL of a PostgreSQL database.",
    )(command)


_channel = click.option("--channel", metavar="NAME", default="", help="Only runs of one channel.")
_dry_run = click.option("--dry-run", is_flag=True, help="Only say what would be done.")


def _echo(line: str) -> None:
    click.echo(shorten(line, _LONGEST_LINE))


def _place(name: str, nights: Path | None) -> Place:
    return place_of(name, nights.absolute() if nights else None)


@history.command("list")
@_of_history
@_channel
@click.option("--last", type=int, default=20, show_default=True, metavar="N", help="How many; 0 for all.")
def _list(name: str, nights: Path | None, channel: str, last: int) -> None:
    """List runs by date, with what each told."""
    from hubble_qa.command.history_text import run_lines
    from hubble_qa.reports.history.database import reading
    from hubble_qa.reports.history.runs import listed_runs

    with reading(_place(name, nights)) as connection:
        found = listed_runs(connection, channel, last)
    for line in run_lines(found):
        _echo(line)


@history.command("show")
@_of_history
@click.argument("run", default="last")
def _show(name: str, nights: Path | None, run: str) -> None:
    """Show a run, and what it told by cause.

    RUN is the beginning of its name, a channel, for the last of it, or 'last'.
    """
    from hubble_qa.command.history_text import told_lines
    from hubble_qa.reports.history.database import reading
    from hubble_qa.reports.history.runs import find_run, told_in

    with reading(_place(name, nights)) as connection:
        found = find_run(connection, run)
        told = told_in(connection, found.id)
    for line in told_lines(found, told):
        _echo(line)


@history.command("compare")
@_of_history
@click.argument("before")
@click.argument("after")
@click.option("--markdown", is_flag=True, help="Write Markdown.")
def _compare(name: str, nights: Path | None, before: str, after: str, markdown: bool) -> None:
    """Compare two runs.

    BEFORE and AFTER are beginnings of their names, or channels, for the last complete run of each.
    """
    from hubble_qa.command.history_text import comparison_lines
    from hubble_qa.reports.history.comparison import compare_runs
    from hubble_qa.reports.history.database import reading
    from hubble_qa.reports.history.runs import find_run

    with reading(_place(name, nights)) as connection:
        compared = compare_runs(connection, find_run(connection, before), find_run(connection, after))
    for line in comparison_lines(compared, markdown=markdown):
        _echo(line)


@history.command("accept")
@_of_history
@click.option("--channel", metavar="NAME", required=True, help="The channel.")
@click.option("--criterion", metavar="ID", default="*", help="Only these criteria; * and ? are wild.")
@click.option("--dataset", metavar="NAME", default="*", help="Only these datasets.")
@click.option("--subject", metavar="NAME", default="*", help="Only these subjects.")
@click.option("--cause", metavar="TEXT", default="", help="Only what has this cause: a part of its words.")
@click.option("--reason", metavar="TEXT", default="", help="Why the values are right; one for all.")
@click.option("--tolerance", type=float, help="What they may depart by; default: a tenth of the limits.")
@click.option("--who", metavar="NAME", default="", help="Who says so; default: the user.")
@_dry_run
def _accept(
    name: str,
    nights: Path | None,
    channel: str,
    criterion: str,
    dataset: str,
    subject: str,
    cause: str,
    reason: str,
    tolerance: float | None,
    who: str,
    dry_run: bool,
) -> None:
    """Accept changed values as baselines.

    Those are the present values of series of which a change was told. Drift is judged from a series'
    baseline. The bounds of a criterion stay as they are.
    """
    from hubble_qa.command.history_text import candidate_lines
    from hubble_qa.reports.history.database import reading, writing
    from hubble_qa.reports.history.decisions import accept, candidates

    def wanted(each: Candidate) -> bool:
        words = "; ".join(one.text for one in each.causes)
        return (
            fnmatchcase(each.criterion, criterion)
            and fnmatchcase(each.dataset, dataset)
            and fnmatchcase(each.subject, subject)
            and cause.lower() in words.lower()
        )

    place = _place(name, nights)
    if not dry_run and not reason.strip():
        raise HistoryError("a baseline needs a reason: --reason 'why these values are right' (or --dry-run)")
    with (reading if dry_run else writing)(place) as connection:
        chosen = [each for each in candidates(connection, valid_channel(channel)) if wanted(each)]
        if chosen and not dry_run:
            accept(connection, place, channel, chosen, reason=reason, who=who, tolerance=tolerance)
    for line in candidate_lines(chosen, tolerance):
        _echo(line)
    count = f"{len(chosen)} value{'' if len(chosen) == 1 else 's'}"
    click.echo(f"{count} would be accepted" if dry_run else f"{count} accepted")


@history.command("baseline")
@_of_history
@click.option("--channel", metavar="NAME", required=True, help="The channel.")
@click.option("--all", "everything", is_flag=True, help="Also those that others have superseded.")
def _baseline(name: str, nights: Path | None, channel: str, everything: bool) -> None:
    """List the baselines of a channel.

    With value, tolerance, when, who and why.
    """
    from hubble_qa.command.history_text import table_lines
    from hubble_qa.reports.history.database import reading
    from hubble_qa.reports.history.decisions import in_force

    with reading(_place(name, nights)) as connection:
        rows = in_force(connection, channel, everything=everything)
    heading = ("criterion", "dataset", "subject", "baseline", "since", "by", "reason")
    for line in table_lines(heading, rows):
        _echo(line)


@history.command("prune")
@_of_history
@_channel
@click.option(
    "--older-than", type=float, required=True, metavar="DAYS", help="Only runs started before that."
)
@click.option("--all", "everything", is_flag=True, help="Also runs that built something or told of a change.")
@_dry_run
def _prune(
    name: str, nights: Path | None, channel: str, older_than: float, everything: bool, dry_run: bool
) -> None:
    """Remove old runs without news.

    They built nothing and told of nothing; their results are removed as well.
    """
    from hubble_qa.reports.history.database import reading, writing
    from hubble_qa.reports.history.pruning import prunable, prune, remove_results

    place = _place(name, nights)
    with (reading if dry_run else writing)(place) as connection:
        chosen = prunable(connection, older_than, channel, everything=everything)
        if not dry_run:
            prune(connection, chosen)
    if not dry_run:
        remove_results(place, chosen)
    for _, identifier, _ in chosen:
        _echo(identifier)
    count = f"{len(chosen)} run{'' if len(chosen) == 1 else 's'}"
    click.echo(f"{count} would be removed" if dry_run else f"{count} removed")


@history.command("export")
@_of_history
@_channel
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
def _export(name: str, nights: Path | None, channel: str, path: Path) -> None:
    """Write all values to a file.

    Its suffix says the format: .parquet or .ecsv.
    """
    from hubble_qa.reports.history.database import reading
    from hubble_qa.reports.history.export import export

    with reading(_place(name, nights)) as connection:
        count = export(connection, path, channel)
    click.echo(f"{count} values: {path}")


@history.command("record")
@_of_history
@click.option("--channel", metavar="NAME", default="local", show_default=True, help="Channel of RESULTS.")
@click.argument("paths", metavar="[RESULTS]...", nargs=-1, type=click.Path(path_type=Path, exists=True))
def _record(name: str, nights: Path | None, channel: str, paths: tuple[Path, ...]) -> None:
    """Record runs afterwards.

    RESULTS are reports' results.json; without, all runs that are kept and not recorded.
    """
    from hubble_qa.reports.collect.results import results_text
    from hubble_qa.reports.history.keeping import add, catch_up
    from hubble_qa.reports.history.nights import read_night

    place = _place(name, nights)
    for path in paths:
        results = read_night(path)
        found = add(results, results_text(results), place, valid_channel(channel))
        what = "recorded before" if found.already else f"{found.measurements} values, {found.changes} changes"
        click.echo(f"{path}: {what}")
    if not paths:
        _tell(catch_up(place))


@history.command("rebuild")
@_of_history
def _rebuild(name: str, nights: Path | None) -> None:
    """Make the database again from what is kept."""
    from hubble_qa.reports.history.keeping import rebuild

    _tell(rebuild(_place(name, nights)))


def _tell(caught: Caught) -> None:
    for problem in caught.problems:
        click.echo(f"Not recorded: {one_line(problem, 1000)}", err=True)
    click.echo(f"{caught.recorded} run{'' if caught.recorded == 1 else 's'} recorded")
    if caught.problems:
        raise click.exceptions.Exit(1)

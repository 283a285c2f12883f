"""``hubble-qa paper``: the data section of a paper, from what a run judged."""

from __future__ import annotations

from pathlib import Path

import click

from hubble_qa.checks.printable import one_line

__all__ = ["paper"]


@click.command()
@click.argument("path", metavar="RESULTS", type=click.Path(path_type=Path, dir_okay=False))
def paper(path: Path) -> None:
    """Write a data section, as Markdown, of what the run of RESULTS (a report's results.json) judged.

    Headers are read where the run found the files. What only the authors know stands in square brackets.
    """
    from hubble_qa.reports.collect.results import read_results
    from hubble_qa.reports.paper.observations import observations_of
    from hubble_qa.reports.paper.section import paper_section

    try:
        results = read_results(path)
    except (OSError, ValueError) as error:
        raise click.ClickException(one_line(str(error))) from error
    click.echo(paper_section(results, observations_of(results)), nl=False)

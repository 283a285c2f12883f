"""``hubble-qa dataset``: write dataset files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hubble_qa.checks.printable import one_line
from hubble_qa.fixtures.plans.catalog_services import services_text

if TYPE_CHECKING:
    from hubble_qa.fixtures.drafting.observed import Sighting

__all__ = ["dataset"]


@click.group()
def dataset() -> None:
    """Write a dataset file: which exposures, and how to reduce them."""


@dataset.command("new")
@click.argument("source", metavar="DIR_OR_PROGRAMME")
@click.option(
    "--catalog",
    "catalogs",
    multiple=True,
    metavar="NAME",
    help=f"What the exposures are aligned to, {services_text()} or a file; repeatable. "
    "Without one they are aligned to one another.",
)
@click.option("--name", default="", help="The dataset's name; by default of target and camera.")
@click.option("--camera", default="", metavar="NAME", help="Only this camera's exposures: 'ACS/WFC'.")
@click.option("--target", default="", metavar="NAME", help="Only exposures of this target, by TARGNAME.")
@click.option(
    "--filter", "filters", multiple=True, metavar="NAME", help="Only this filter; may be given again."
)
@click.option("--visit", "visits", multiple=True, metavar="SS", help="Only this visit; may be given again.")
def new(
    source: str,
    catalogs: tuple[str, ...],
    name: str,
    camera: str,
    target: str,
    filters: tuple[str, ...],
    visits: tuple[str, ...],
) -> None:
    """Write a dataset file of the exposures in a directory, or of a programme in MAST, to standard output.

    Exposures are known by their names, ROOTNAME_SUFFIX.fits, anywhere below the directory, and grouped by
    their headers. What the file does not say has its default.

        hubble-qa dataset new DIR --catalog gaia --name mine > qa/datasets/mine.toml

        pytest qa/ --archive DIR --dataset mine
    """
    from hubble_qa.fixtures.drafting.choice import DraftError, Wanted, choose
    from hubble_qa.fixtures.drafting.text import dataset_name, dataset_text, drafted
    from hubble_qa.fixtures.plans.stage import TransientError

    try:
        sighting, listed = _sighted(source)
        choice = choose(sighting, Wanted(camera, target, filters, visits))
        under = {listed.get(one.rootname, one.rootname): () for one in choice.exposures}
        own = set(under) == {one.rootname for one in choice.exposures}
        text = dataset_text(
            choice,
            name=name or dataset_name(choice),
            catalogs=catalogs,
            associations={} if own else under,
            left_out=sighting.left_out,
        )
        drafted(text, Path(source))
    except (DraftError, TransientError) as error:
        raise click.ClickException(one_line(str(error))) from error
    click.echo(text, nl=False)


def _sighted(source: str) -> tuple[Sighting, Mapping[str, str]]:
    """What is there, and under which names MAST lists it."""
    from hubble_qa.fixtures.drafting.observed import look_through
    from hubble_qa.fixtures.drafting.programme import look_up

    directory = Path(source)
    if directory.is_dir():
        return look_through(directory), {}
    if source.isdecimal():
        listing = look_up(int(source), os.environ.get("QA_MAST_SERVER", ""))
        return listing.sighting, listing.associations
    raise click.BadParameter(
        f"{source}: no such directory, and no programme's number; name one of the two",
        param_hint="DIR_OR_PROGRAMME",
    )

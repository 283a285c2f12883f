"""``hubble-qa hlsp``: make finished products ready for an archive of high-level science products."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from hubble_qa.checks.printable import shorten
from hubble_qa.checks.readers import ReaderError
from hubble_qa.fixtures.finished.publication import (
    Authors,
    Completed,
    PublicationError,
    complete,
    read_authors,
)
from hubble_qa.fixtures.finished.survey import FinishedError
from hubble_qa.fixtures.plans.dataset import DatasetError

__all__ = ["hlsp"]

_LONGEST_TEXT = 10_000
# Keywords that are text whatever stands in them: a version 1.0, a target 47.
_TEXTS = ("HLSP", "DOI", "LICEN", "FILEID", "REFERENC")


@click.group()
def hlsp() -> None:
    """Make finished products ready for an archive of high-level science products (HLSP)."""


@hlsp.command("complete")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--collection", default="", metavar="NAME", help="The collection's name (HLSPID).")
@click.option(
    "--authors",
    "path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="TOML file with what only the authors know: DOI, HLSPLEAD, HLSPTARG, HLSPVER …",
)
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="KEYWORD=VALUE",
    help="The same for one keyword; may be repeated.",
)
def _complete(
    directory: Path, target: Path, collection: str, path: Path | None, given: tuple[str, ...]
) -> None:
    """Copy the images and weights of DIR to OUT, with all keywords that follow from what is there.

    From the headers, their records of the inputs, and the exposures in DIR follow times, exposure time,
    filter, contributing observations and so on; WCSAXES comes first, each unit has CHECKSUM and DATASUM,
    and a manifest and previews are written. DIR is only read; OUT is new or empty. What is still missing
    is listed: the exit status is 1 then.
    """
    try:
        authors = read_authors(path) if path else Authors()
        keywords = {**authors.keywords, **_keywords(given)}
        identifier = collection or str(keywords.get("HLSPID", ""))
        known = Authors(keywords, authors.files, authors.readme)
        made = complete(directory, target, collection=identifier.lower(), authors=known)
    except (PublicationError, FinishedError, DatasetError, ReaderError, OSError) as error:
        raise click.ClickException(shorten(str(error), _LONGEST_TEXT)) from error
    for each in made:
        _report(each)
    count = f"{len(made)} file{'' if len(made) == 1 else 's'}"
    click.echo(f"{count} in {target}; judge them with --products {target} --profile hlsp")
    missing = [*dict.fromkeys(key for each in made for key in each.required)]
    if missing:
        click.echo(f"only the authors know: {', '.join(missing)}; give them by --authors FILE or --set")
        raise click.exceptions.Exit(1)


def _report(each: Completed) -> None:
    lines: Sequence[tuple[str, Sequence[str]]] = (
        ("filled in", each.filled),
        ("taken out", each.removed),
        ("missing, required", each.required),
        ("missing, recommended", each.recommended),
    )
    renamed = f" (was {each.source})" if each.name != each.source else ""
    click.echo(shorten(f"{each.name}{renamed}", _LONGEST_TEXT))
    for what, keywords in lines:
        if keywords:
            click.echo(shorten(f"  {what}: {', '.join(keywords)}", _LONGEST_TEXT))


def _keywords(given: Sequence[str]) -> dict[str, Any]:
    found = {}
    for text in given:
        key, separator, value = text.partition("=")
        if not separator or not 0 < len(key) <= 8:
            raise click.BadParameter(f"{text!r}: give KEYWORD=VALUE", param_hint="--set")
        name = key.strip().upper()
        found[name] = value.strip() if name.startswith(_TEXTS) else _value(value.strip())
    return found


def _value(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text

"""``hubble-qa``: which subcommands there are."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import NamedTuple

import click

__all__ = ["SUBCOMMANDS", "Subcommand", "main"]


class Subcommand(NamedTuple):
    """Where a subcommand is, ``"module:name"``, and what it does, in one line."""

    reference: str
    summary: str


SUBCOMMANDS: Mapping[str, Subcommand] = {
    "run": Subcommand(
        "hubble_qa.command.run:run",
        "Reduce and judge the datasets, or judge finished products: pytest with this suite.",
    ),
    "dataset": Subcommand(
        "hubble_qa.command.dataset:dataset",
        "Write a dataset file of the exposures in a directory, or of a programme in MAST.",
    ),
    "certificate": Subcommand(
        "hubble_qa.command.certificate:certificate",
        "Verify files by a certificate of accepted products; sign it; describe it as an RO-Crate.",
    ),
    "hlsp": Subcommand(
        "hubble_qa.command.hlsp:hlsp",
        "Copy finished products with the keywords and files that an archive asks for.",
    ),
    "paper": Subcommand(
        "hubble_qa.command.paper:paper",
        "Write the data section of a paper from what a run judged.",
    ),
    "history": Subcommand(
        "hubble_qa.command.history:history",
        "What former runs found: list, show and compare runs, accept values as baselines, export.",
    ),
    "report": Subcommand(
        "hubble_qa.command.report:report",
        "Make a report's pages again from its results, or one report of several machines' results.",
    ),
    "store": Subcommand(
        "hubble_qa.command.store:store",
        "List, show, prune and verify stored products; run a product's stage again.",
    ),
}
"""By name, in the order in which help lists them."""


class _Lazy(click.Group):
    """A group that imports a subcommand only to run it: its own help is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in SUBCOMMANDS:
            return None
        module, _, name = SUBCOMMANDS[cmd_name].reference.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.summary) for name, command in SUBCOMMANDS.items()])


def _tell_version(ctx: click.Context, _option: click.Parameter, asked: bool) -> None:
    if asked:
        from hubble_qa.reports.collect.versions import suite_version

        click.echo(f"hubble-qa {suite_version()}")
        ctx.exit()


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_tell_version,
    help="Show the version.",
)
def main() -> None:
    """Judge reduced Hubble images by acceptance criteria."""

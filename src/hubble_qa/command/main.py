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

"""``hubble-qa run``: pytest with this suite's tests, from wherever it is installed."""

from __future__ import annotations

import os
import sys

import click

from hubble_qa.fixtures.suite.entry import PLUGINS, SUITE

__all__ = ["run"]

# What pyproject.toml sets for runs in a clone; two plugins that other packages bring in cost seconds.
_AS_IN_A_CLONE = ("-p", "no:zarr", "-p", "no:hypothesispytest", "--strict-markers", "-W", "error")


@click.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PYTEST ARGUMENTS]...")
def run(arguments: tuple[str, ...]) -> None:
    """Run pytest with this suite; the exit status is pytest's."""
    plugins = [word for name in PLUGINS for word in ("-p", name)]
    options = [*_AS_IN_A_CLONE, *plugins, "--pyargs", SUITE, *arguments]
    # A process that has not imported the suite: pytest prepares its modules' asserts when they are imported.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "pytest", *options])

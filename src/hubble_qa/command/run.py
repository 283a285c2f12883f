"""``hubble-qa run``: pytest with this suite's tests, from wherever it is installed."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from hubble_qa.fixtures.suite.entry import PLUGINS, SUITE

__all__ = ["run", "tests_named"]

# What pyproject.toml sets for runs in a clone; two plugins that other packages bring in cost seconds.
_AS_IN_A_CLONE = ("-p", "no:zarr", "-p", "no:hypothesispytest", "--strict-markers", "-W", "error")

# A test as pytest and the report name it: "qa/test_files.py::test_keywords[…]".
_NODE_ID = re.compile(r"(?:qa/)?(?P<module>test_\w+)\.py(?P<test>::.+)?", re.DOTALL)
_TAKES_NODE_ID = ("--deselect",)
# The suite's directory as pytest names it in a clone; without the slash it may be another option's value.
_DIRECTORY = re.compile(r"(?:\./)?qa(?P<slash>/?)")
_WITHOUT_CACHE = frozenset({"no:cacheprovider", "-pno:cacheprovider"})


@click.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PYTEST ARGUMENTS]...")
def run(arguments: tuple[str, ...]) -> None:
    """Run pytest with this suite; the exit status is pytest's."""
    plugins = [word for name in PLUGINS for word in ("-p", name)]
    # Tests are named as in a clone; pytest's own choice is the products' directory, with its cache in it.
    root = ("--rootdir", str(Path(__file__).parents[1]))
    # Without its plugin nobody knows the setting.
    cache = () if _WITHOUT_CACHE & {*arguments} else ("-o", f"cache_dir={Path.cwd() / '.pytest_cache'}")
    options = [*_AS_IN_A_CLONE, *root, *cache, *plugins, "--pyargs", *tests_named(arguments)]
    # A process that has not imported the suite: pytest prepares its modules' asserts when they are imported.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "pytest", *options])


def tests_named(arguments: Sequence[str]) -> tuple[str, ...]:
    """Arguments with tests by the suite's import name, whichever way they name them; all if they name none.

    Parameters
    ----------
    arguments : sequence of str
        What stands after ``hubble-qa run``. Tests are named by their node ids
        (``qa/test_files.py::test_keywords``, the directory may be left out) or by the import name
        (``hubble_qa.qa.test_files::test_keywords``), all of them by the directory (``qa/``) as in a clone.

    Returns
    -------
    tuple of str
        What pytest takes after ``--pyargs``.
    """
    words = []
    for before, word in zip(("", *arguments), arguments, strict=False):
        node_id = _NODE_ID.fullmatch(word) if before not in _TAKES_NODE_ID else None
        directory = _DIRECTORY.fullmatch(word)
        if node_id:
            words.append(f"{SUITE}.{node_id['module']}{node_id['test'] or ''}")
        elif directory and (directory["slash"] or not before.startswith("-")):
            words.append(SUITE)
        else:
            words.append(word)
    named = any(word.startswith((f"{SUITE}.", f"{SUITE}::")) or word == SUITE for word in words)
    return tuple(words) if named else (SUITE, *words)

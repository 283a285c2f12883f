"""A stored product's stage run again on the terminal."""

from __future__ import annotations

import os
import shutil
import sys
import traceback
from pathlib import Path

import click

from hubble_qa.fixtures.engine.rerun import Rerun, RerunError
from hubble_qa.fixtures.plans.stage import StageError
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.store.store import Store

__all__ = ["rerun"]


def rerun(store: Store, product: Product, directory: Path, *, keep: bool, debug: bool) -> int:
    """Run a product's stage again and say how it ended.

    Parameters
    ----------
    store : Store
        The store, which is told that its products are in use.
    product : Product
        The product.
    directory : Path
        Where the stage works; removed at the end unless `keep`.
    keep : bool
        Whether the directory stays.
    debug : bool
        Whether the debugger is entered where the stage fails.

    Returns
    -------
    int
        Exit status: 0 if the stage ended well.
    """
    home = Path.cwd()
    try:
        with store.session():
            return _run(Rerun.of(store, product), directory, debug)
    except RerunError as error:
        raise click.ClickException(str(error)) from error
    finally:
        os.chdir(home)
        if keep:
            click.echo(f"scratch: {directory / 'scratch'}\noutput: {directory / 'files'}")
        else:
            shutil.rmtree(directory, ignore_errors=True)


def _run(again: Rerun, directory: Path, debug: bool) -> int:
    manifest = again.product.manifest
    click.echo(f"stage {manifest.stage} of {manifest.dataset}/{manifest.node} in {directory}")
    for name in again.changed:
        click.echo(f"changed since it was built: {name}")
    try:
        files = again.run(directory)
    except Exception as error:
        _report(error, debug)
        return 1
    differing = again.compare(files) if again.product.complete else ()
    for line in differing:
        click.echo(f"other than the stored product: {line}")
    same = again.product.complete and not differing
    click.echo("the stage ended well" + (", with the files of the stored product" if same else ""))
    return 0


def _report(error: Exception, debug: bool) -> None:
    if debug or not isinstance(error, StageError):
        traceback.print_exc()
    click.echo(f"the stage failed: {' '.join(str(error).split()) or type(error).__name__}", err=True)
    sys.stderr.flush()
    if debug:
        import pdb

        pdb.post_mortem(error.__traceback__)

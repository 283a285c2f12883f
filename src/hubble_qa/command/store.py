"""``hubble-qa store``: list, show, prune and verify the products of a store, and run a stage again."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click

from hubble_qa.checks.printable import shorten
from hubble_qa.command.entries import (
    DIGITS,
    HEADING,
    bytes_of,
    line_of,
    readable_size,
    to_remove,
    total,
)
from hubble_qa.fixtures.store.index import Role, entries
from hubble_qa.fixtures.store.measurements import measurements_in
from hubble_qa.fixtures.store.opening import CACHE_VARIABLE, default_cache, is_url, open_store
from hubble_qa.fixtures.store.product import Product
from hubble_qa.fixtures.store.store import Store, StoreError

__all__ = ["store"]

_UNKNOWN = "unknown"
_LONGEST_TEXT = 100_000
_NO_PRODUCT = "{root} has no product whose key starts with {prefix}; see hubble-qa store list"


class _Group(click.Group):
    """Tells a store's errors in one line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except StoreError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group)
def store() -> None:
    """List, show, prune and verify stored products; run a product's stage again."""


def _of_store(command: Callable[..., None]) -> Callable[..., None]:
    """Give a subcommand the options that name the store."""
    named = click.option(
        "--store",
        "root",
        envvar="QA_STORE",
        show_envvar=True,
        default="qa-store",
        show_default=True,
        metavar="WHERE",
        help="The store: a directory, or s3://BUCKET/PREFIX.",
    )
    cached = click.option(
        "--store-cache",
        "cache",
        type=click.Path(path_type=Path),
        envvar=CACHE_VARIABLE,
        show_envvar=True,
        metavar="DIR",
        help="The directory through which a store in a bucket is used; default: one below ~/.cache.",
    )

    @wraps(command)
    def of_store(root: str, cache: Path | None, **others: Any) -> None:
        directory = Path(root) if not is_url(root) else cache or default_cache(root)
        command(open_store(directory, root if is_url(root) else "", create=False), **others)

    return named(cached(of_store))


def _only(prefix: str, store: Store) -> Product:
    products = map(store.newest, store.names(prefix))
    found = [each for each in products if each is not None and each.manifest.key.startswith(prefix)]
    if not found:
        raise StoreError(_NO_PRODUCT.format(root=store.name, prefix=prefix))
    if len(found) > 1:
        raise StoreError(f"{prefix} starts the keys of {len(found)} products; give more digits")
    return found[0]


@store.command("list")
@_of_store
@click.option("--failed", is_flag=True, help="Only those that are not complete.")
@click.option("--stage", metavar="NAME", help="Only those of one stage.")
@click.option("--dataset", metavar="NAME", help="Only those that were built for one dataset.")
def _list(place: Store, failed: bool, stage: str | None, dataset: str | None) -> None:
    """List products, the last used first."""
    shown = [
        entry
        for entry in entries(place)
        if not (failed and entry.complete)
        and stage in (None, entry.stage)
        and dataset in (None, entry.dataset)
    ]
    # At once: of a hundred thousand lines, to write each takes longer than to find them all.
    click.echo("\n".join((HEADING, *(shorten(line_of(entry), _LONGEST_TEXT) for entry in shown))))
    click.echo(total(shown, f"in {place.name}"))


@store.command("show")
@_of_store
@click.argument("key")
@click.option("--lines", type=int, default=20, show_default=True, metavar="N", help="Lines of the log.")
def _show(place: Store, key: str, lines: int) -> None:
    """Show the product whose key starts with KEY: manifest, files, the end of its log."""
    product = _only(key, place)
    for name, text in _facts(product):
        _echo(f"{name:<9} {text}")
    manifest = product.manifest
    for title, table in (
        ("settings", manifest.settings),
        ("upstream", manifest.upstream),
        ("sources", {name: manifest.paths.get(name, digest) for name, digest in manifest.sources.items()}),
        ("tools", manifest.tools),
        ("modules", {name: digest[:DIGITS] for name, digest in manifest.modules.items()}),
        ("files", {name: _file(product, name) for name in manifest.files}),
    ):
        _print_table(title, ((name, str(value)) for name, value in table.items()))
    _echo("log")
    _echo(product.log_tail(lines))


def _facts(product: Product) -> Iterable[tuple[str, str]]:
    manifest = product.manifest
    yield "key", manifest.key
    yield "stage", f"{manifest.stage}, code {manifest.code[:DIGITS] or _UNKNOWN}"
    yield "dataset", manifest.dataset or _UNKNOWN
    yield "node", manifest.node or _UNKNOWN
    yield "outcome", f"{manifest.outcome}{': ' if manifest.error else ''}{manifest.error}"
    where = f" on {manifest.where}" if manifest.where else ""
    yield "built", f"{manifest.started} by run {manifest.run}{where}"
    memory = readable_size(manifest.peak_memory)
    yield "cost", f"{manifest.wall:.2f} s, CPU {manifest.cpu:.2f} s, peak {memory}"
    yield "path", str(product.path)


def _file(product: Product, name: str) -> str:
    path, size = product.files / name, "missing"
    if path.is_file():
        size = readable_size(path.stat().st_size)
    elif not product.files.is_dir():
        # In a bucket, from which it was not brought yet.
        size = readable_size(product.manifest.sizes.get(name, 0))
    return f"{size:>9}  {product.manifest.files[name][:DIGITS]}"


def _echo(text: str) -> None:
    """Write a line or a log, of which stages and headers wrote parts, without what commands a terminal."""
    click.echo(shorten(text, _LONGEST_TEXT))


def _print_table(title: str, rows: Iterable[tuple[str, str]]) -> None:
    _echo(title)
    for name, value in rows:
        _echo(f"  {name}: {value}")


def _amount(ctx: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and not 0 <= value < float("inf"):
        raise click.BadParameter(f"{value} is not a number from 0 up")
    return value


def _bytes(ctx: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    try:
        return None if value is None else bytes_of(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@store.command("prune")
@_of_store
@click.option(
    "--older-than", type=float, callback=_amount, metavar="DAYS", help="Those not used for so long."
)
@click.option("--failed", is_flag=True, help="Those that are not complete.")
@click.option(
    "--max-size", type=float, callback=_amount, metavar="GB", help="The longest unused, until the rest fits."
)
@click.option(
    "--keep",
    callback=_bytes,
    metavar="SIZE",
    help="How much stays, 500GB say: failed builds go first, then figures, what other products were made of, "
    "results, each the longest unused first.",
)
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice([str(role) for role in Role]),
    help="Only those that are figures, what other products were made of (intermediate), or results; may be "
    "given again.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def _prune(
    place: Store,
    older_than: float | None,
    failed: bool,
    max_size: float | None,
    keep: float | None,
    roles: tuple[str, ...],
    dry_run: bool,
) -> None:
    """Remove products that no run is using."""
    if not (failed or older_than is not None or max_size is not None or keep is not None or roles):
        raise StoreError("nothing to prune by; give --keep, --older-than, --role, --failed or --max-size")
    if not dry_run:
        place.clean()
        if place.second is not None:
            place.second.sweep()
    if failed:
        _prune_damaged(place, dry_run)
    removed = []
    chosen = to_remove(
        entries(place),
        failed=failed,
        older_than=older_than,
        max_size=max_size,
        keep=keep,
        roles=[Role(role) for role in roles],
    )
    for entry in chosen:
        if dry_run or place.remove(entry.name):
            _echo(line_of(entry))
            removed.append(entry)
        else:
            click.echo(f"{entry.name[:DIGITS]}  in use, kept")
    if not dry_run:
        measurements_in(place.root).drop([entry.name for entry in removed])
    click.echo(total(removed, "would be freed" if dry_run else "freed"))


def _prune_damaged(place: Store, dry_run: bool) -> None:
    """Remove what was found damaged and kept aside."""
    for path in sorted(place.damaged.iterdir()) if place.damaged.is_dir() else ():
        click.echo(f"{path.name[:DIGITS]}  damaged, kept as {path}")
        if not dry_run:
            place.delete(place.set_aside(path))


@store.command("verify")
@_of_store
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
    metavar="N",
    help="Products that are read at once; default: all cores.",
)
def _verify(place: Store, keys: tuple[str, ...], jobs: int) -> None:
    """Compute the digests of products' files again, and say which differ or are missing.

    All products, or those whose keys start with KEY. The exit status is 1 if any differs.
    """
    from concurrent.futures import ThreadPoolExecutor

    chosen = [name for name in place.names() if _is_selected(name, keys)]
    missing = [key for key in keys if not any(_is_selected(name, [key]) for name in chosen)]
    if missing:
        raise StoreError(_NO_PRODUCT.format(root=place.name, prefix=missing[0]))
    wrong = 0
    # Threads: digests and reading hold no lock of the interpreter's.
    with ThreadPoolExecutor(jobs) as pool:
        for name, lines in zip(chosen, pool.map(place.differences, chosen), strict=True):
            wrong += bool(lines)
            for line in lines:
                click.echo(f"{name[:DIGITS]}  {line}")
    click.echo(f"{len(chosen)} product{'' if len(chosen) == 1 else 's'} verified, {wrong} not as published")
    sys.exit(1 if wrong else 0)


def _is_selected(shelf: str, keys: Sequence[str]) -> bool:
    """Whether a shelf, which is named by its key's first digits, is among those asked for."""
    return not keys or any(shelf.startswith(key[: len(shelf)]) for key in keys)


@store.command("rerun")
@_of_store
@click.argument("key")
@click.option("--keep-scratch", is_flag=True, help="Keep the scratch directory and what the stage wrote.")
@click.option("--pdb", "debug", is_flag=True, help="Enter the debugger where the stage fails.")
def _rerun(place: Store, key: str, keep_scratch: bool, debug: bool) -> None:
    """Run the stage of the product whose key starts with KEY again, in a directory of its own.

    It reads the stored products that it read then and writes to the terminal; the stored product stays
    as it is. The exit status is 1 if the stage fails.
    """
    from hubble_qa.command.rerun import rerun
    from hubble_qa.fixtures.engine.builder import stage_environment

    product = _only(key, place)
    environment = stage_environment(place)
    if environment != dict(os.environ):
        # Some of it, such as the seed of hashing, counts only from a process's start.
        sys.stdout.flush()
        arguments = ["store", "rerun", "--store", place.name, "--store-cache", str(place.root)]
        arguments.append(product.manifest.key)
        flags = ["--keep-scratch"] * keep_scratch + ["--pdb"] * debug
        os.execve(sys.executable, [sys.executable, "-P", "-m", "hubble_qa", *arguments, *flags], environment)
    directory = Path(tempfile.mkdtemp(prefix=f"hubble-qa-{product.manifest.stage}-"))
    sys.exit(rerun(place, product, directory, keep=keep_scratch, debug=debug))

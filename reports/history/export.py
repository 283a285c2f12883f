"""A history as one table: Parquet, or ECSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from hubble_qa.reports.history.errors import HistoryError
from hubble_qa.reports.history.tables import STATUSES, measurement, origin, run, series

__all__ = ["FORMATS", "export"]

_COLUMNS = (
    "channel", "run", "started", "complete", "dataset", "instrument", "criterion", "quantity", "subject",
    "unit", "value", "uncertainty", "status", "accepted", "built", "node", "key",
)  # fmt: skip
_AT_ONCE = 50_000


def export(connection: Connection, path: Path, channel: str = "") -> int:
    """Write all values to a file, by date, and return how many.

    Parameters
    ----------
    connection : Connection
        Reads the history.
    path : Path
        The file; its suffix says the format, of `FORMATS`.
    channel : str
        Only values of a channel; of all by default.

    Raises
    ------
    HistoryError
        If the suffix is of no format, or the file cannot be written.
    """
    write = FORMATS.get(path.suffix)
    if write is None:
        raise HistoryError(f"{path}: give a name that ends in {' or '.join(FORMATS)}")
    columns = _read(connection, channel)
    partial = path.with_name(f".{path.name}.partial")
    try:
        write(columns, partial)
        partial.replace(path)
    except OSError as error:
        raise HistoryError(f"{path}: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return len(columns["run"])


def _read(connection: Connection, channel: str) -> Mapping[str, list[Any]]:
    m = measurement
    wanted = (
        select(run.c.channel, run.c.identifier, run.c.started, run.c.complete)
        .add_columns(series.c.dataset, series.c.instrument, series.c.criterion, series.c.quantity)
        .add_columns(series.c.subject, series.c.unit, m.c.value, m.c.uncertainty, m.c.status)
        .add_columns(m.c.accepted, m.c.built, origin.c.node, origin.c.key)
        .select_from(m)
        .join(run, run.c.id == m.c.run)
        .join(series, series.c.id == m.c.series)
        .join(origin, origin.c.id == m.c.origin)
        .order_by(run.c.started, run.c.id, m.c.series)
    )
    if channel:
        wanted = wanted.where(run.c.channel == channel)
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for rows in connection.execute(wanted).partitions(_AT_ONCE):
        for name, values in zip(_COLUMNS, zip(*rows, strict=True), strict=True):
            columns[name].extend(values)
    columns["status"] = [STATUSES[each] for each in columns["status"]]
    for name in ("complete", "accepted", "built"):
        columns[name] = [bool(each) for each in columns[name]]
    return columns


def _write_parquet(columns: Mapping[str, list[Any]], path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    text, number, truth = (
        pyarrow.dictionary(pyarrow.int32(), pyarrow.string()),
        pyarrow.float64(),
        pyarrow.bool_(),
    )
    kinds = {"value": number, "uncertainty": number, "complete": truth, "accepted": truth, "built": truth}
    arrays = {
        name: pyarrow.array(values, pyarrow.string()).dictionary_encode()
        if kinds.get(name, text) is text
        else pyarrow.array(values, kinds[name])
        for name, values in columns.items()
    }
    parquet.write_table(pyarrow.table(arrays), path, compression="zstd")


def _write_ecsv(columns: Mapping[str, list[Any]], path: Path) -> None:
    import numpy as np
    from astropy.table import MaskedColumn, Table

    table = Table()
    for name, values in columns.items():
        if name in ("value", "uncertainty"):
            mask = [each is None for each in values]
            table[name] = MaskedColumn(
                [np.nan if each is None else each for each in values], mask=mask, dtype=float
            )
        else:
            table[name] = np.array(values) if values else np.array([], dtype=str)
    table.write(path, format="ascii.ecsv", overwrite=True)


FORMATS: Mapping[str, Callable[[Mapping[str, list[Any]], Path], None]] = {
    ".parquet": _write_parquet,
    ".ecsv": _write_ecsv,
}
"""How values are written, by the suffix of the file's name."""

"""Reference catalogues from files: positions, epochs and magnitudes at their limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from hubble_qa.checks.readers.reference_catalog import Catalog, CatalogError, read_catalog


def write(directory: Path, meta: dict[str, Any] | None = None, **columns: Any) -> Path:
    """An ECSV file of two stars."""
    table = Table({"ra": [150.0, 150.1], "dec": [2.0, 2.1], "mag": [18.0, 19.0], **columns})
    for name, unit in {"ra": "deg", "dec": "deg", "mag": "mag"}.items():
        table[name].unit = unit
    for name in columns:
        if name not in ("ra", "dec", "mag"):
            table[name].unit = "yr"
    table.meta.update(meta or {})
    table.write(directory / "stars.ecsv")
    return directory / "stars.ecsv"


@pytest.mark.parametrize(
    ("ra", "dec", "right"),
    [
        *[(0.0, 0.0, True), (360.0, 0.0, True), (0.5, -90.0, True), (359.5, 90.0, True)],
        *[(-0.1, 0.0, False), (360.1, 0.0, False), (1.0, -90.1, False), (1.0, 90.1, False)],
        (-150.0, 0.0, False),
    ],
)
def test_positions_are_on_the_sky(tmp_path: Path, ra: float, dec: float, right: bool) -> None:
    path = write(tmp_path, ra=[150.0, ra], dec=[2.0, dec])
    if right:
        found = read_catalog(path)
        assert (found.ra[1], found.dec[1]) == (ra, dec)
    else:
        with pytest.raises(CatalogError, match=r"row 2 has ra .* no position in degrees"):
            read_catalog(path)


@pytest.mark.parametrize(
    ("stated", "epoch"),
    [
        *[(2016, 2016.0), (1850.0, 1850.0), (2100.0, 2100.0)],
        *[(1849.9, None), (2100.1, None), ("2016", None), (None, None)],
    ],
)
def test_the_epoch_before_motions_is_a_year(tmp_path: Path, stated: Any, epoch: float | None) -> None:
    meta = {"epoch": 2012.0, **({} if stated is None else {"catalog_epoch": stated})}
    found = read_catalog(write(tmp_path, meta))
    assert (found.epoch, found.original_epoch) == (2012.0, epoch)


@pytest.mark.parametrize(
    ("epoch", "right"), [(1850.0, True), (2100.0, True), (1849.0, False), (2101.0, False)]
)
def test_an_epoch_is_a_year(tmp_path: Path, epoch: float, right: bool) -> None:
    path = write(tmp_path, {"epoch": epoch})
    if right:
        assert read_catalog(path, ref_epoch=epoch).epoch == epoch
    else:
        with pytest.raises(CatalogError, match="is no decimal year"):
            read_catalog(path)


def test_an_epoch_may_be_a_column_that_says_nothing(tmp_path: Path) -> None:
    nothing = MaskedColumn([2016.0, 2016.0], mask=[True, True])
    path = write(tmp_path, ref_epoch=nothing)
    assert read_catalog(path).epoch is None
    assert read_catalog(path, ref_epoch=2015.5).epoch == 2015.5
    (tmp_path / "b").mkdir()
    half = MaskedColumn([2016.0, 2016.0], mask=[True, False])
    assert read_catalog(write(tmp_path / "b", ref_epoch=half)).epoch == 2016.0


def test_rows_are_in_the_order_of_right_ascension() -> None:
    ra, dec, mag = (
        np.array([3.0, 1.0, 1.0, 1.0]),
        np.array([0.0, 2.0, 1.0, 1.0]),
        np.array([9.0, 8.0, 7.0, 6.0]),
    )
    found = Catalog(ra, dec, mag, "g", pm_ra=np.arange(4.0)).by_position()
    assert found.mag.tolist() == [6.0, 7.0, 8.0, 9.0]
    assert found.pm_ra is not None
    assert found.pm_ra.tolist() == [3.0, 2.0, 1.0, 0.0]
    assert {name for name, _ in found.columns()} == {"ra", "dec", "mag", "pm_ra"}

"""Reference catalogues from a real TAP service, DaCHS, where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hubble_qa.fixtures.plans.stage import Inputs, StageError, TransientError
from hubble_qa.fixtures.reduction.catalogs import Cone
from hubble_qa.fixtures.reduction.catalogs.gaia import gaia_query, query_gaia
from hubble_qa.fixtures.reduction.catalogs.gaia_client import gaia_client
from hubble_qa.fixtures.stages.catalog import GaiaSettings, catalog_gaia
from tests import dachs_service, tap_server
from tests.catalog_samples import CENTRE, gaia_table

pytestmark = pytest.mark.skipif(bool(dachs_service.missing()), reason=dachs_service.missing())

SAMPLE = gaia_table()
CONE = Cone(ra=CENTRE[0], dec=CENTRE[1], radius=3.0)
WIDE = Cone(ra=CENTRE[0], dec=CENTRE[1], radius=10.0)
EMPTY = Cone(ra=1.0, dec=1.0, radius=1.0)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with dachs_service.serve(SAMPLE, maxrec=250) as address:
        yield address


def test_products_are_those_that_the_small_service_leads_to(address: str, tmp_path: Path) -> None:
    """What the other tests find out about the stage, they find out with a faithful service."""
    settings = GaiaSettings(cone=CONE, epoch=2011.8, brightest=14.0, faintest=20.5)
    with tap_server.serve(SAMPLE) as small:
        for name, server in (("dachs", address), ("small", small.address)):
            (tmp_path / name).mkdir()
            catalog_gaia.run(Inputs(locations={"gaia_server": server}), tmp_path / name, settings)
    for name in ("catalog.cat", "catalog_unpropagated.cat", "propagation.json"):
        assert (tmp_path / "dachs" / name).read_bytes() == (tmp_path / "small" / name).read_bytes()


@pytest.mark.parametrize(
    ("table", "cone", "row_limit", "kind", "message"),
    [
        ("gaiadr3.gaia_source", CONE, 50, StageError, "more rows than the limit of 50"),
        ("gaiadr3.gaia_source", WIDE, 1000, StageError, "more rows than the service gives out"),
        ("gaiadr3.gaia_source", EMPTY, 50, TransientError, "no source for SELECT"),
        ("gaiadr3.gaia_sauce", CONE, 50, TransientError, r"ended in ERROR .*gaia_sauce"),
    ],
    ids=["row limit", "limit of the service", "empty", "no such table"],
)
def test_what_cannot_be_had_is_told(
    address: str, table: str, cone: Cone, row_limit: int, kind: type[Exception], message: str
) -> None:
    query = gaia_query(table, cone, None, None, row_limit)
    with pytest.raises(kind, match=message), gaia_client(address) as client:
        query_gaia(client, query, row_limit)

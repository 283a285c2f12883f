"""Reference catalogues from SDSS: the real astroquery client against a SkyServer on loopback."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.table import Table

from hubble_qa.fixtures.archives.retry import RetryPolicy
from hubble_qa.fixtures.plans.stage import Inputs, StageError, TransientError
from hubble_qa.fixtures.reduction.catalogs import Catalog, Cone, read_catalog
from hubble_qa.fixtures.reduction.catalogs.sdss import query_sdss, sdss_client
from hubble_qa.fixtures.stages.catalog import SdssSettings, catalog_sdss
from tests.catalog_samples import CENTRE, sdss_table
from tests.sdss_server import Fault, SkyServer, serve

SAMPLE = sdss_table()
CONE = Cone(ra=CENTRE[0], dec=CENTRE[1], radius=5.0)
SETTINGS = SdssSettings(cone=CONE, epoch=2011.8)
EAGER = RetryPolicy(attempts=3, pause=0.01, connect=2.0, read=0.5)


@pytest.fixture
def sdss() -> Iterator[SkyServer]:
    with serve(SAMPLE) as server:
        yield server


def inside(table: Table, cone: Cone = CONE) -> Table:
    """Rows of a cone, by astropy."""
    stars = SkyCoord(table["ra"], table["dec"], unit="deg")
    return table[stars.separation(SkyCoord(cone.ra, cone.dec, unit="deg")) <= cone.radius * u.arcmin]


def run(sdss: SkyServer, output: Path, settings: SdssSettings = SETTINGS) -> Catalog:
    catalog_sdss.run(Inputs(locations={"sdss_server": sdss.address}), output, settings)
    return read_catalog(output / "catalog.ecsv")


def query(sdss: SkyServer, cone: Cone = CONE, row_limit: int = 500_000) -> Catalog:
    with sdss_client(sdss.address, EAGER) as client:
        catalog, _, _ = query_sdss(
            client,
            cone,
            band="g",
            data_release=17,
            row_limit=row_limit,
            primary=False,
            policy=EAGER,
        )
    return catalog


def test_stage_publishes_the_cones_sources_that_have_a_magnitude(sdss: SkyServer, tmp_path: Path) -> None:
    """The cone is wider than the 3 arcmin at which SkyServer's own cone search ends."""
    catalog = run(sdss, tmp_path)
    found = inside(SAMPLE)
    expected = found[found["g"] > -9999]
    assert 0 < len(expected) < len(found) < len(SAMPLE)
    expected.sort(["ra", "dec"])
    np.testing.assert_allclose(catalog.ra, expected["ra"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(catalog.dec, expected["dec"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(catalog.mag, expected["g"], atol=1e-5)
    rows = Table.read(tmp_path / "catalog.ecsv").meta["rows"]
    assert rows["dropped"]["without magnitude"] == len(found) - len(expected)
    assert rows["kept"] == len(expected)


def test_errors_are_in_mas_and_the_epoch_is_that_of_the_observations(sdss: SkyServer) -> None:
    catalog = query(sdss)
    assert catalog.ra_error is not None
    assert catalog.dec_error is not None
    np.testing.assert_allclose(catalog.ra_error, 50.0)
    np.testing.assert_allclose(catalog.dec_error, 40.0)
    assert catalog.epoch == pytest.approx(2000.0 + (54999 - 51544.5) / 365.25, abs=1e-3)


def test_nothing_is_propagated_and_the_product_says_so(sdss: SkyServer, tmp_path: Path) -> None:
    run(sdss, tmp_path)
    change = json.loads((tmp_path / "propagation.json").read_text())
    assert change["applied"] is False
    assert change["reason"] == "the catalogue has no proper motions"
    assert change["epoch_to"] == 2011.8
    assert change["largest_shift_mas"] is None
    plain = (tmp_path / "catalog.cat").read_bytes()
    assert plain == (tmp_path / "catalog_unpropagated.cat").read_bytes()


def test_repeated_detections_are_counted_and_can_be_dropped(sdss: SkyServer, tmp_path: Path) -> None:
    for name, primary in (("all", False), ("primary", True)):
        (tmp_path / name).mkdir()
        run(sdss, tmp_path / name, SETTINGS.model_copy(update={"primary": primary}))
    everything = Table.read(tmp_path / "all" / "catalog.ecsv")
    primary_only = Table.read(tmp_path / "primary" / "catalog.ecsv")
    kept = inside(SAMPLE)[inside(SAMPLE)["g"] > -9999]
    assert len(primary_only) == np.count_nonzero(kept["mode"] == 1) < len(everything)
    assert everything.meta["repeated_rows"] == {
        "within_arcsec": 0.3,
        "rows": 2 * np.count_nonzero(kept["mode"] == 2),
    }
    assert primary_only.meta["repeated_rows"]["rows"] == 0
    assert primary_only.meta["secondary_dropped"] > 0


def test_magnitude_limits(sdss: SkyServer, tmp_path: Path) -> None:
    catalog = run(sdss, tmp_path, SETTINGS.model_copy(update={"brightest": 16.0, "faintest": 20.0}))
    assert 16.0 <= catalog.mag.min() < 17.0
    assert 19.0 < catalog.mag.max() <= 20.0


@pytest.mark.parametrize(
    "cone",
    [
        Cone(ra=0.01, dec=10.0, radius=4.0),
        Cone(ra=359.99, dec=-10.0, radius=4.0),
        Cone(ra=120.0, dec=89.95, radius=6.0),
        Cone(ra=290.225, dec=80.0, radius=0.7),
    ],
    ids=["just after 0h", "just before 0h", "at the pole", "far north, small"],
)
def test_box_holds_all_of_the_cone(cone: Cone) -> None:
    """Also where astroquery rounds the edges of the box to a large part of its size."""
    centre = SkyCoord(cone.ra, cone.dec, unit="deg")
    rim = centre.directional_offset_by(np.arange(0, 360, 5) * u.deg, 0.9999 * cone.radius * u.arcmin)
    columns = {"raErr": 0.05, "decErr": 0.05, "g": 20.0, "mjd": 54999, "mode": 1}
    table = Table({"ra": rim.ra.deg, "dec": rim.dec.deg})
    for name, value in columns.items():
        table[name] = value
    with serve(table) as server:
        assert len(query(server, cone)) == len(rim)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("SQL", "status", times=2),
        Fault("SQL", "page", times=2),
        Fault("SQL", "truncated"),
        Fault("SQL", "hang up"),
        Fault("columns", "status"),
        Fault("columns", "page"),
    ],
    ids=lambda fault: f"{fault.of}-{fault.kind}".replace(" ", "-"),
)
def test_passing_failures_are_survived(sdss: SkyServer, fault: Fault) -> None:
    whole = query(sdss)
    sdss.faults.append(fault)
    assert len(query(sdss)) == len(whole) >= len(inside(SAMPLE))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault("SQL", "status", times=9), "does not answer properly .*503"),
        (Fault("SQL", "page", times=9), "no table but status 200: .*down for maintenance.* 3 times in a row"),
        (Fault("SQL", "truncated", times=9), "broke off .*IncompleteRead"),
        (Fault("SQL", "slow", times=9), "cannot be reached .*timed out"),
        (Fault("SQL", "silent", times=9), "cannot be reached .*timed out"),
    ],
    ids=lambda value: f"{value.of}-{value.kind}".replace(" ", "-") if isinstance(value, Fault) else None,
)
def test_lasting_failures_hold_for_this_run_only_and_take_one_line(
    sdss: SkyServer, fault: Fault, message: str
) -> None:
    sdss.faults.append(fault)
    with pytest.raises(TransientError, match=message) as raised:
        query(sdss)
    assert "\n" not in str(raised.value)


def test_refused_query_shows_what_the_server_says(sdss: SkyServer) -> None:
    sdss.table = SAMPLE["ra", "dec", "raErr", "decErr", "mjd", "mode"]
    with pytest.raises(TransientError, match=r"status 400: .*no such column: p\.g"):
        query(sdss)


def test_unreachable_server_is_named(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with (
            pytest.raises(TransientError, match=f"{address} cannot be reached .*refused"),
            sdss_client(address, EAGER) as client,
        ):
            query_sdss(client, CONE, band="g", data_release=17, row_limit=9, primary=False, policy=EAGER)


def test_answer_cut_at_the_row_limit_is_an_error() -> None:
    with serve(SAMPLE, row_limit=50) as server:
        with pytest.raises(StageError, match=r"cuts answers at 50 rows, .*make the cone smaller") as raised:
            query(server, row_limit=50)
        assert not isinstance(raised.value, TransientError)


def test_part_of_the_sky_without_sources_is_an_error(sdss: SkyServer) -> None:
    with pytest.raises(TransientError, match=r"no source for SELECT .*correct the centre"):
        query(sdss, Cone(ra=10.0, dec=-60.0, radius=3.0))


def test_box_whose_corners_alone_have_sources_leaves_nothing(sdss: SkyServer, tmp_path: Path) -> None:
    sdss.table = SAMPLE[np.isin(SAMPLE["ra"], inside(SAMPLE)["ra"], invert=True)]
    with pytest.raises(StageError, match=r"none of \d+ sources is left \(\d+ outside the cone\)"):
        run(sdss, tmp_path)


def test_nothing_is_left_in_a_home_directory(
    sdss: SkyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """astroquery would keep answers there, and take them for the server's for a week."""
    monkeypatch.setattr("astroquery.query.BaseQuery.cache_location", tmp_path / "cache")
    (tmp_path / "cache").mkdir()
    query(sdss)
    assert len(sdss.requests_of("SQL")) == 1
    query(sdss)
    assert len(sdss.requests_of("SQL")) == 2
    assert not list((tmp_path / "cache").iterdir())

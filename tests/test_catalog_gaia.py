"""Reference catalogues from Gaia: the real astroquery client against a TAP service on loopback."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.table import Table
from pydantic import ValidationError

from hubble_qa.fixtures.archives.retry import RetryPolicy
from hubble_qa.fixtures.plans.stage import Inputs, StageError, TransientError
from hubble_qa.fixtures.reduction.catalogs import Catalog, Cone, read_catalog
from hubble_qa.fixtures.reduction.catalogs.gaia import gaia_query, query_gaia
from hubble_qa.fixtures.reduction.catalogs.gaia_client import gaia_client
from hubble_qa.fixtures.stages.catalog import GaiaSettings, catalog_gaia
from tests.catalog_samples import CENTRE, gaia_table
from tests.tap_server import Fault, TapService, serve

SAMPLE = gaia_table()
CONE = Cone(ra=CENTRE[0], dec=CENTRE[1], radius=3.0)
SETTINGS = GaiaSettings(cone=CONE, epoch=2011.8)
EAGER = RetryPolicy(attempts=3, pause=0.01, connect=2.0, read=0.5)


@pytest.fixture
def gaia() -> Iterator[TapService]:
    with serve(SAMPLE) as service:
        yield service


def inside(table: Table, cone: Cone) -> Table:
    """Rows of a cone, by astropy."""
    stars = SkyCoord(table["ra"], table["dec"], unit="deg")
    return table[stars.separation(SkyCoord(cone.ra, cone.dec, unit="deg")) <= cone.radius * u.arcmin]


def run(gaia: TapService, output: Path, settings: GaiaSettings = SETTINGS) -> Catalog:
    catalog_gaia.run(Inputs(locations={"gaia_server": gaia.address}), output, settings)
    return read_catalog(output / "catalog.ecsv")


def query(gaia: TapService, row_limit: int = 1000, job_limit: float = 5.0) -> Catalog:
    adql = gaia_query("gaiadr3.gaia_source", CONE, None, None, row_limit)
    with gaia_client(gaia.address, EAGER) as client:
        return query_gaia(client, adql, row_limit, EAGER, job_limit)


def test_stage_publishes_the_sources_of_the_cone(gaia: TapService, tmp_path: Path) -> None:
    catalog = run(gaia, tmp_path, SETTINGS.model_copy(update={"epoch": "catalog"}))
    expected = inside(SAMPLE, CONE)
    expected = expected[~expected["phot_g_mean_mag"].mask]
    expected.sort("ra")
    np.testing.assert_allclose(catalog.ra, expected["ra"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(catalog.dec, expected["dec"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(catalog.mag, expected["phot_g_mean_mag"], atol=1e-5)
    assert catalog.ra_error is not None
    np.testing.assert_allclose(catalog.ra_error, expected["ra_error"], atol=1e-4)
    assert catalog.epoch == 2016.0
    assert catalog.band == "phot_g_mean_mag"


def test_products_say_where_they_come_from_and_not_when(gaia: TapService, tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        run(gaia, tmp_path / name)
    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes()
    meta = Table.read(tmp_path / "first" / "catalog.ecsv").meta
    assert meta["service"] == "Gaia"
    assert meta["server"] == gaia.address
    assert meta["query"] == gaia.jobs[next(iter(gaia.jobs))].query
    found = inside(SAMPLE, CONE)
    unknown = int(found["phot_g_mean_mag"].mask.sum())
    assert unknown > 0
    assert meta["rows"] == {
        "received": len(found),
        "kept": len(found) - unknown,
        "dropped": {"outside the cone": 0, "without magnitude": unknown},
    }
    assert meta["catalog_epoch"] == 2016.0
    assert meta["epoch"] == 2011.8


def test_positions_are_propagated_and_the_others_kept(gaia: TapService, tmp_path: Path) -> None:
    """Astropy's own space motion, which takes another way there, has the same positions."""
    catalog = run(gaia, tmp_path)
    expected = inside(SAMPLE, CONE)
    expected = expected[~expected["phot_g_mean_mag"].mask]
    expected.sort("ra")
    known = ~expected["pmra"].mask
    stars = SkyCoord(
        expected["ra"][known],
        expected["dec"][known],
        pm_ra_cosdec=expected["pmra"][known].filled(),
        pm_dec=expected["pmdec"][known].filled(),
        distance=4 * u.kpc,
        radial_velocity=0 * u.km / u.s,
    ).apply_space_motion(dt=(2011.8 - 2016.0) * u.yr)
    published = SkyCoord(catalog.ra[known], catalog.dec[known], unit="deg")
    assert published.separation(stars).to_value(u.mas).max() < 0.001
    unmoved = np.loadtxt(tmp_path / "catalog_unpropagated.cat")
    np.testing.assert_allclose(unmoved[:, 0], expected["ra"], rtol=0, atol=1e-10)
    change = json.loads((tmp_path / "propagation.json").read_text())
    assert change["applied"] is True
    assert (change["epoch_from"], change["epoch_to"]) == (2016.0, 2011.8)
    assert change["without_motion"] == np.count_nonzero(~known) > 0
    assert change["moved"] == np.count_nonzero(known)
    shifts = SkyCoord(unmoved[known, 0], unmoved[known, 1], unit="deg").separation(stars).to_value(u.mas)
    assert change["median_shift_mas"] == pytest.approx(np.median(shifts), abs=1e-3)
    assert change["largest_shift_mas"] == pytest.approx(shifts.max(), abs=1e-3)
    assert change["median_shift_dec_mas"] == pytest.approx(2.28 * 4.2, abs=0.5)


def test_sources_without_proper_motion_can_be_dropped(gaia: TapService, tmp_path: Path) -> None:
    catalog = run(gaia, tmp_path, SETTINGS.model_copy(update={"without_motion": "drop"}))
    assert catalog.pm_ra is not None
    assert np.isfinite(catalog.pm_ra).all()
    meta = Table.read(tmp_path / "catalog.ecsv").meta
    assert meta["rows"]["dropped"]["without proper motion"] > 0
    assert len(catalog) == len(np.loadtxt(tmp_path / "catalog_unpropagated.cat"))


def test_tweakregs_file_has_the_published_positions(gaia: TapService, tmp_path: Path) -> None:
    catalog = run(gaia, tmp_path)
    assert (tmp_path / "catalog.cat").read_text().startswith("# ra dec mag\n")
    columns = np.loadtxt(tmp_path / "catalog.cat", unpack=True)
    for column, expected in zip(columns, (catalog.ra, catalog.dec, catalog.mag), strict=True):
        np.testing.assert_allclose(column, expected, rtol=0, atol=2e-10)


def test_magnitude_limits_are_in_the_query(gaia: TapService, tmp_path: Path) -> None:
    catalog = run(gaia, tmp_path, SETTINGS.model_copy(update={"brightest": 15.0, "faintest": 19.0}))
    assert 15.0 <= catalog.mag.min() < 15.5
    assert 18.5 < catalog.mag.max() <= 19.0
    meta = Table.read(tmp_path / "catalog.ecsv").meta
    assert meta["rows"]["received"] == meta["rows"]["kept"]


def test_order_of_the_answer_does_not_matter(gaia: TapService) -> None:
    first = query(gaia)
    gaia.table = SAMPLE[::-1]
    np.testing.assert_array_equal(query(gaia).dec, first.dec)


def test_asynchronous_job_has_the_answer_of_a_synchronous_one(gaia: TapService) -> None:
    adql = gaia_query("gaiadr3.gaia_source", CONE, None, None, 1000)
    with gaia_client(gaia.address, EAGER) as client:
        at_once = client.launch_job(adql, output_format="votable").get_results()
    np.testing.assert_array_equal(query(gaia).dec, at_once[np.argsort(at_once["ra"])]["dec"])


@pytest.mark.parametrize(
    "fault",
    [
        Fault("POST async", "status"),
        Fault("POST async", "hang up"),
        Fault("GET phase", "status", times=2),
        Fault("GET result", "status", times=2),
        Fault("GET result", "truncated", times=2),
        Fault("GET result", "cut"),
        Fault("GET result", "page"),
        Fault("GET result", "hang up"),
        Fault("job", "redirect"),
        Fault("job", "pending"),
    ],
    ids=lambda fault: f"{fault.of}-{fault.kind}".replace(" ", "-"),
)
def test_passing_failures_are_survived(gaia: TapService, fault: Fault) -> None:
    whole = query(gaia)
    gaia.faults.append(fault)
    assert len(query(gaia)) == len(whole) == len(inside(SAMPLE, CONE))
    assert fault.times == 0


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault("POST async", "status", times=9), "Service Unavailable, 3 times in a row"),
        (Fault("GET result", "truncated", times=9), r"IncompleteRead.*, 3 times in a row"),
        (Fault("GET result", "cut", times=9), "no whole VOTable"),
        (Fault("GET result", "page", times=9), "no whole VOTable"),
        (Fault("GET result", "slow", times=9), "does not answer"),
        (Fault("POST async", "silent", times=9), "does not answer"),
        (Fault("job", "error", times=9), "statement timeout"),
        (Fault("job", "abort", times=9), "ended in ABORTED"),
        (Fault("job", "forever", times=9), "still EXECUTING"),
    ],
    ids=lambda value: f"{value.of}-{value.kind}".replace(" ", "-") if isinstance(value, Fault) else None,
)
def test_lasting_failures_hold_for_this_run_only_and_take_one_line(
    gaia: TapService, fault: Fault, message: str
) -> None:
    gaia.faults.append(fault)
    with pytest.raises(TransientError, match=message) as raised:
        query(gaia, job_limit=0.3)
    assert "\n" not in str(raised.value)


def test_unreachable_server_is_named(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(TransientError, match=f"{address} cannot be reached .*refused"):
            catalog_gaia.run(Inputs(locations={"gaia_server": address}), tmp_path, SETTINGS)


def test_row_limit_is_an_error_and_not_a_cut(gaia: TapService) -> None:
    there = len(inside(SAMPLE, CONE))
    assert len(query(gaia, row_limit=there)) == there
    with pytest.raises(StageError, match=f"more rows than the limit of {there - 1}; .*'row_limit'") as raised:
        query(gaia, row_limit=there - 1)
    assert not isinstance(raised.value, TransientError)


def test_limit_of_the_service_is_an_error() -> None:
    with (
        serve(SAMPLE, maxrec=20) as service,
        pytest.raises(StageError, match=r"more rows than the service gives out; .*'faintest'$"),
    ):
        query(service)


def test_empty_answer_is_an_error(gaia: TapService, tmp_path: Path) -> None:
    elsewhere = SETTINGS.model_copy(update={"cone": Cone(ra=10.0, dec=-30.0, radius=3.0)})
    with pytest.raises(TransientError, match=r"no source for SELECT .*CIRCLE.*correct centre"):
        run(gaia, tmp_path, elsewhere)
    assert not list(tmp_path.iterdir())


def test_table_that_does_not_exist_is_an_error(gaia: TapService, tmp_path: Path) -> None:
    with pytest.raises(TransientError, match=r"no such table: gaiadr3.gaia_sauce.*correct the table"):
        run(gaia, tmp_path, SETTINGS.model_copy(update={"table": "gaiadr3.gaia_sauce"}))


def test_cut_that_leaves_nothing_is_told_with_its_number(gaia: TapService, tmp_path: Path) -> None:
    gaia.table = SAMPLE[SAMPLE["pmra"].mask]
    settings = SETTINGS.model_copy(update={"without_motion": "drop"})
    with pytest.raises(StageError, match=r"none of \d+ sources is left \(\d+ without proper motion\)"):
        run(gaia, tmp_path, settings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"table": "gaia_source; DROP TABLE x"}, "pattern"),
        ({"brightest": 20.0, "faintest": 12.0}, "exchange them"),
        ({"epoch": 55854.0}, "no decimal year"),
        ({"epoch": "now"}, "exposures"),
        ({"cone": {"ra": 290.0, "dec": 37.0, "radius": 0.0}}, "radius"),
        ({"row_limit": 0}, "row_limit"),
    ],
)
def test_bad_settings_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        GaiaSettings.model_validate({**SETTINGS.model_dump(), **change})


def test_importing_the_client_asks_nobody(tmp_path: Path) -> None:
    """astroquery.gaia asks ESA for notices when imported; an answer that never comes would hang a stage."""
    program = (
        "import socket\n"
        "def refuse(*_, **__): raise SystemExit('the network was used')\n"
        "socket.create_connection = socket.getaddrinfo = refuse\n"
        "from hubble_qa.fixtures.reduction.catalogs.gaia_client import gaia_client\n"
        "with gaia_client('http://127.0.0.1:9') as client: print(type(client).__name__)\n"
    )
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout == "GaiaClass\n"

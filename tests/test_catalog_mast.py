"""Reference catalogues from MAST: the real astroquery client against PS1 and HSC on loopback."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.table import Table

from hubble_qa.fixtures.archives.retry import RetryPolicy
from hubble_qa.fixtures.plans.dataset import DatasetError, load_dataset
from hubble_qa.fixtures.plans.stage import Inputs, StageError, TransientError
from hubble_qa.fixtures.reduction.catalogs import Catalog, Cone, read_catalog
from hubble_qa.fixtures.reduction.catalogs.mast_catalogs import (
    HSC,
    PS1,
    Answer,
    mast_catalogs,
    query_hsc,
    query_ps1,
)
from hubble_qa.fixtures.stages.catalog import (
    HscSettings,
    Ps1Settings,
    catalog_file,
    catalog_hsc,
    catalog_ps1,
)
from hubble_qa.fixtures.supplies.supply_directory import open_directory
from hubble_qa.fixtures.supplies.supply_simulated import Simulated
from hubble_qa.fixtures.workflows import workflow_of
from tests.catalog_samples import CENTRE
from tests.crds_samples import empty_cache
from tests.mast_catalog_server import CatalogServer, Fault, hsc_table, ps1_table, serve
from tests.test_dataset_new import UVIS, put

EAGER = RetryPolicy(attempts=3, pause=0.01, connect=5.0, read=1.5)
CONE = Cone(ra=CENTRE[0], dec=CENTRE[1], radius=4.0)


def places(stars: int = 600) -> tuple[Any, Any, Any]:
    """Right ascensions and declinations in a box of 12 arcmin about the centre, and magnitudes."""
    random = np.random.default_rng(11)
    dec = CENTRE[1] + random.uniform(-0.1, 0.1, stars)
    ra = CENTRE[0] + random.uniform(-0.1, 0.1, stars) / np.cos(np.radians(CENTRE[1]))
    return ra, dec, random.uniform(15.0, 21.0, stars)


TABLES = {"ps1": ps1_table(*places()), "hsc": hsc_table(*places())}


@pytest.fixture
def mast() -> Iterator[CatalogServer]:
    with serve(TABLES["ps1"], TABLES["hsc"]) as server:
        yield server


def inside(table: Table, names: tuple[str, str]) -> Table:
    """Rows of the cone, by astropy."""
    stars = SkyCoord(table[names[0]], table[names[1]], unit="deg")
    return table[stars.separation(SkyCoord(*CENTRE, unit="deg")) <= CONE.radius * u.arcmin]


def ask_ps1(server: CatalogServer, cone: Cone = CONE) -> Answer:
    with mast_catalogs(PS1, server.address, EAGER) as client:
        return query_ps1(client, cone, band="i", policy=EAGER)


def ask_hsc(server: CatalogServer, cone: Cone = CONE, band: str = "") -> Answer:
    with mast_catalogs(HSC, server.address, EAGER) as client:
        return query_hsc(client, cone, band=band, policy=EAGER)


ASK: dict[str, Callable[..., Answer]] = {PS1: ask_ps1, HSC: ask_hsc}


def test_ps1_has_points_with_three_detections(mast: CatalogServer) -> None:
    answer, table = ask_ps1(mast), inside(TABLES["ps1"], ("raMean", "decMean"))
    detected = table[table["nDetections"] >= 3]
    known = detected["iMeanPSFMag"] > 0
    point = detected["iMeanPSFMag"] - detected["iMeanKronMag"] < 0.05
    expected = detected[known & point]
    expected.sort(["raMean", "decMean"])
    assert 100 < len(expected) < len(detected) < len(table)
    np.testing.assert_allclose(answer.catalog.ra, expected["raMean"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(answer.catalog.dec, expected["decMean"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(answer.catalog.mag, expected["iMeanPSFMag"], atol=1e-6)
    assert answer.dropped == {
        "without position": 0,
        "without i magnitude": int((~known).sum()),
        "extended": int((known & ~point).sum()),
    }


def test_ps1_has_errors_in_mas_an_epoch_and_no_proper_motion(mast: CatalogServer) -> None:
    catalog = ask_ps1(mast).catalog
    assert catalog.ra_error is not None
    assert catalog.dec_error is not None
    np.testing.assert_allclose(catalog.ra_error, 4.0)
    np.testing.assert_allclose(catalog.dec_error, 5.0)
    assert catalog.epoch == pytest.approx(2013.001, abs=0.001)  # MJD 56293.25 is 1 January 2013
    assert (catalog.pm_ra, catalog.band) == (None, "iMeanPSFMag")


def test_one_request_asks_ps1_and_none_the_names_of_columns(mast: CatalogServer) -> None:
    ask_ps1(mast)
    (request,) = mast.requests
    for part in ('"nDetections.gte": 3', '"pagesize": 50001', '"raMeanErr"', '"iMeanKronMag"'):
        assert part in request


def test_the_hubble_source_catalog_has_tied_sources_of_two_images(mast: CatalogServer) -> None:
    answer, table = ask_hsc(mast), inside(TABLES["hsc"], ("MatchRA", "MatchDec"))
    several = table[table["NumImages"] >= 2]
    expected = several[several["AbsCorr"] == "Y"]
    expected.sort(["MatchRA", "MatchDec"])
    assert 50 < len(expected) < len(several)
    np.testing.assert_allclose(answer.catalog.ra, expected["MatchRA"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(answer.catalog.mag, expected["A_F814W"], atol=1e-6)
    assert answer.catalog.band == "A_F814W", "of which most sources have a magnitude"
    assert answer.dropped == {"without absolute astrometry": len(several) - len(expected)}


def test_errors_of_the_hubble_source_catalog_are_those_of_means(mast: CatalogServer) -> None:
    """A scatter of 6 mas of nine images; observed from 2006 to 2012."""
    catalog = ask_hsc(mast).catalog
    assert catalog.ra_error is not None
    np.testing.assert_allclose(catalog.ra_error, 2.0)
    assert catalog.epoch == pytest.approx(2009.46, abs=0.01)  # MJD 55000 is 18 June 2009
    assert catalog.pm_ra is None


def test_a_band_can_be_chosen(mast: CatalogServer) -> None:
    catalog = ask_hsc(mast, band="A_F606W").catalog
    assert catalog.band == "A_F606W"
    assert 0 < np.isnan(catalog.mag).sum() < len(catalog) / 2
    with pytest.raises(StageError, match="no magnitudes 'W3_F999W' there; name one of A_F606W, A_F814W"):
        ask_hsc(mast, band="W3_F999W")


@pytest.mark.parametrize("service", [PS1, HSC])
def test_a_cut_answer_is_an_error(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = "hubble_qa.fixtures.reduction.catalogs.mast_catalogs"
    monkeypatch.setattr(f"{module}._PS1_ROWS", 50)
    monkeypatch.setattr(f"{module}._HSC_ROWS", 50)
    with serve(TABLES["ps1"], TABLES["hsc"]) as mast, pytest.raises(StageError) as raised:
        ASK[service](mast)
    assert str(raised.value) == f"{service} cuts answers at 50 rows; make the cone smaller"


@pytest.mark.parametrize("service", [PS1, HSC])
def test_an_empty_place_is_asked_again_another_time(service: str, mast: CatalogServer) -> None:
    with pytest.raises(TransientError, match=rf"{service} has no source for .*radius=0\.05 deg"):
        ASK[service](mast, Cone(ra=10.0, dec=-60.0, radius=3.0))


def test_ps1_has_no_wide_cones(mast: CatalogServer) -> None:
    with pytest.raises(StageError, match="answers cones of 30 arcmin at most, and this one has 45"):
        ask_ps1(mast, Cone(ra=CENTRE[0], dec=CENTRE[1], radius=45.0))
    assert mast.requests == []


@pytest.mark.parametrize("kind", ["page", "cut", "hang up", "status"])
@pytest.mark.parametrize(("service", "of"), [(PS1, "PS1"), (HSC, "HSC")])
def test_what_passes_is_tried_again(service: str, of: str, kind: str, mast: CatalogServer) -> None:
    mast.faults.append(Fault(of, kind, times=1))
    assert len(ASK[service](mast).catalog) > 50
    assert len(mast.requests_of(of)) == 2


@pytest.mark.parametrize("kind", ["page", "silent", "status", "hang up"])
@pytest.mark.parametrize(("service", "of"), [(PS1, "PS1"), (HSC, "HSC")])
def test_what_stays_is_one_line(service: str, of: str, kind: str, mast: CatalogServer) -> None:
    mast.faults.append(Fault(of, kind, times=99))
    with pytest.raises(TransientError) as raised:
        ASK[service](mast)
    assert "\n" not in str(raised.value)
    assert str(raised.value).startswith(service)
    assert "try again later" in str(raised.value)


@pytest.mark.parametrize("service", [PS1, HSC])
def test_a_server_that_is_not_there_is_one_line(service: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    nobody = CatalogServer(address=address)
    with pytest.raises(TransientError, match="cannot be reached") as raised:
        ASK[service](nobody)
    assert address in str(raised.value)
    assert "another --archive or --catalog" in str(raised.value)


@pytest.mark.parametrize(
    ("stage", "settings", "location", "service"),
    [
        (catalog_ps1, Ps1Settings(cone=CONE, epoch=2011.8, faintest=20.0), "ps1_server", "PS1"),
        (
            catalog_hsc,
            HscSettings(cone=CONE, epoch=2011.8, faintest=20.0),
            "hsc_server",
            "Hubble Source Catalog",
        ),
    ],
)
def test_stages_publish_and_tell_every_cut(
    stage: Any, settings: Any, location: str, service: str, mast: CatalogServer, tmp_path: Path
) -> None:
    stage.run(Inputs(locations={location: mast.address}), tmp_path, settings)
    catalog: Catalog = read_catalog(tmp_path / "catalog.ecsv")
    assert len(catalog) > 50
    assert catalog.mag.max() <= 20.0
    meta = Table.read(tmp_path / "catalog.ecsv").meta
    assert meta["service"] == service
    rows = meta["rows"]
    assert rows["received"] == rows["kept"] + sum(rows["dropped"].values())
    assert rows["kept"] == len(catalog)
    assert rows["dropped"]["fainter than 20"] > 0
    assert np.loadtxt(tmp_path / "catalog.cat").shape == (len(catalog), 3)


DATASETS = Path(__file__).resolve().parent.parent / "qa" / "datasets"
IMAGING = """
name = "mine"
workflow = "imaging"
instrument = "WFC3"
exposures = [{ rootname = "ibwb01xqq", visit = "01", filter = "F606W" }]
[stages.align]
catalogs = ["ps1", "hsc"]
"""


def test_a_directory_without_such_a_file_asks_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QA_PS1_SERVER", "http://127.0.0.1:9")
    archive = tmp_path / "archive"
    (archive / "catalogs").mkdir(parents=True)
    empty_cache(archive / "crds")
    (archive / "catalogs" / "hsc.ecsv").write_text("ra dec\n", encoding="utf-8")
    put(archive, "ibwb01xqq_flc.fits", **UVIS)
    (tmp_path / "mine.toml").write_text(IMAGING, encoding="utf-8")
    made = load_dataset(tmp_path / "mine.toml")
    directory = open_directory(archive, crds=None, context="hst_0001.pmap", digests=tmp_path / "digests")
    nodes = workflow_of(made).plan(made, directory).nodes
    assert (nodes["catalog-ps1"].stage, nodes["catalog-hsc"].stage) == (catalog_ps1, catalog_file)
    assert nodes["catalog-ps1"].locations == {"ps1_server": "http://127.0.0.1:9"}
    assert list(nodes["catalog-hsc"].sources) == ["hsc.ecsv"]


def test_the_simulated_archive_says_which_catalogues_it_has(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    simulated = (DATASETS / "uvis-two-filters.toml").read_text(encoding="utf-8")
    path.write_text(simulated.replace('catalogs = ["gaia"]', 'catalogs = ["ps1"]'), encoding="utf-8")
    made = load_dataset(path)
    with pytest.raises(DatasetError) as raised:
        workflow_of(made).plan(made, Simulated("small"))
    assert str(raised.value) == (
        f"{path}: stages.align.catalogs: no ps1 is simulated, only gaia and sdss; name one of these, or use "
        "--archive mast or a directory"
    )

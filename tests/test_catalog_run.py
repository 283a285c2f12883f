"""``pytest qa/`` on catalogue alignment, with the real tools."""

from __future__ import annotations

import json
import math
import shutil
import socket

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from hubble_qa.checks.readers import read_shift_file
from hubble_qa.fixtures.simulation.crds_cache import CONTEXT
from hubble_qa.fixtures.simulation.truth import read_truth
from hubble_qa.fixtures.workflows.catalog_fits import fit_subject
from tests import crds_server, mast_catalog_server, mast_server, sdss_server, tap_server
from tests.figure_numbers import missing_numbers
from tests.mast_server import Observation
from tests.qa_runs import ROOT, QaRun, collect, judge_products, run_qa
from tests.small_runs import place_of, small_run

pytestmark = pytest.mark.whole

EXPOSURES = ("ibwb01xqq", "ibwb01xrq", "ibwb01xxq")
DATASET = ("--dataset", "uvis-ngc6791")
# What judges a fit, without what comes after it.
OF_THE_FIT = "rms or matched or chance or rotation or scale or named or agrees_with_the_archives"


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return place_of("uvis-ngc6791", tmp_path_factory)


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> QaRun:
    """The published visit at small size."""
    return small_run("uvis-ngc6791", tmp_path_factory)


@pytest.fixture(scope="module")
def served(directory, small) -> QaRun:
    """The same exposures, references and catalogues from servers, by the archives' own clients."""
    archive = small.product("archive")
    observations = [
        Observation(
            obs_id=name,
            filters="F606W",
            proposal="12692",
            project="CALWF3",
            instrument="WFC3/UVIS",
            files={path.name: path.read_bytes() for path in sorted((archive / "HST" / name).glob("*.fits"))},
        )
        for name in EXPOSURES
    ]
    sdss = Table.read(archive / "catalogs" / "sdss.ecsv")
    sdss["raErr"], sdss["decErr"], sdss["mjd"], sdss["mode"] = 0.05, 0.05, 54999, 1
    with (
        mast_server.serve(*observations) as mast,
        crds_server.serve(archive / "crds", CONTEXT) as crds,
        tap_server.serve(Table.read(archive / "catalogs" / "gaia.ecsv")) as gaia,
        sdss_server.serve(sdss) as sky,
    ):
        return run_qa(
            directory,
            "served",
            *DATASET,
            *("--archive", "mast", "--context", CONTEXT, "-k", OF_THE_FIT, "-n", "0"),
            QA_MAST_SERVER=mast.address,
            CRDS_SERVER_URL=crds.address,
            QA_GAIA_SERVER=gaia.address,
            QA_SDSS_SERVER=sky.address,
        )


@pytest.fixture(scope="module")
def by_chance(directory, small) -> QaRun:
    """The same exposures and a catalogue of another, dense field, searched widely."""
    archive = directory / "archive"
    shutil.copytree(small.product("archive"), archive)
    (archive / "truth.json").unlink()
    path = archive / "catalogs" / "gaia.ecsv"
    catalog = Table.read(path)
    rng = np.random.default_rng(20)
    dense = catalog[rng.integers(0, len(catalog), 20_000)]
    dense["ra"][:] = 290.2248 + rng.uniform(-0.06, 0.06, len(dense))
    dense["dec"][:] = 37.8027 + rng.uniform(-0.045, 0.045, len(dense))
    dense.write(path, overwrite=True)
    text = (ROOT / "qa" / "datasets" / "uvis-ngc6791.toml").read_text(encoding="utf-8")
    text = text.replace("searchrad = 0.1, tolerance = 1.5", "searchrad = 3.0, tolerance = 2.5, minobj = 5")
    assert "minobj" in text
    datasets = directory / "datasets"
    datasets.mkdir()
    (datasets / "uvis-ngc6791.toml").write_text(text, encoding="utf-8")
    where = ("--archive", str(archive), "--datasets", str(datasets))
    return run_qa(directory, "by-chance", *where, *DATASET, "-k", OF_THE_FIT, "-n", "0")


def test_the_visit_is_green_and_sdss_is_rejected_as_expected(small):
    assert small.process.returncode == 0, small.process.stdout
    for name in EXPOSURES:
        assert small.verdict("AST-002", fit_subject(name, "gaia", "flc"))["status"] == "pass"
        assert small.verdict("AST-002", fit_subject(name, "gaia", "flc"))["value"] <= 0.06
        poor = small.verdict("AST-002", fit_subject(name, "sdss", "flc"))
        assert (poor["status"], poor["accepted"]) == ("fail", True)
        assert 0.3 <= poor["value"] <= 0.6


@pytest.mark.parametrize("name", EXPOSURES)
def test_shifts_agree_with_the_truth(small, name):
    truth = read_truth(small.product("archive") / "truth.json").exposures[name]
    row = read_shift_file(small.product("align-gaia") / "shifts.txt", relative=False).row(name)
    assert math.hypot(row.dx - truth.shift.dx, row.dy - truth.shift.dy) < 0.02
    assert abs(row.rotation - truth.shift.rotation) < 0.002


def test_every_exposure_has_a_decision_a_solution_and_its_headerlet(small):
    accepted = small.product("accept")
    decisions = json.loads((accepted / "decisions.json").read_text(encoding="utf-8"))
    assert set(decisions) == set(EXPOSURES)
    for name, decision in decisions.items():
        names = {fits.getval(accepted / f"{name}_flc.fits", "WCSNAME", ("SCI", chip)) for chip in (1, 2)}
        assert names == {decision["wcsname"]}
        assert fits.getval(accepted / f"{name}_hlet.fits", "WCSNAME") == decision["wcsname"]
        assert decision["reason"]


def test_skies_are_matched_as_asked(small):
    """AstroDrizzle goes on with skymethod "localmin" where it cannot, and says so in its log alone."""
    log = (small.product("drizzle-f606w").parent / "log.txt").read_text(encoding="utf-8")
    assert "skymethod" in log
    assert "Reverting sky computation" not in log


def test_accepted_headers_state_their_quality_in_the_units_of_their_keywords(small):
    """CRDER in degrees, RMS in mas; the scatter of either axis is that of the shift file, turned."""
    accepted = small.product("accept")
    decisions = json.loads((accepted / "decisions.json").read_text(encoding="utf-8"))
    fitted = [name for name in EXPOSURES if decisions[name]["kept"] == "fit"]
    assert fitted
    for name in fitted:
        row = read_shift_file(small.product("align-gaia") / "shifts.txt", relative=False).row(name)
        header = fits.getheader(accepted / f"{name}_flc.fits", "SCI", 1)
        expected = 39.6 * math.hypot(row.xrms, row.yrms)
        assert math.hypot(header["RMS_RA"], header["RMS_DEC"]) == pytest.approx(expected, rel=0.01)
        assert header["CRDER1"] * 3.6e6 == pytest.approx(header["RMS_RA"])
        headerlet = fits.getheader(accepted / f"{name}_hlet.fits")
        matches = small.verdict("AST-003", fit_subject(name, "gaia", "flc"))["value"]
        assert headerlet["NMATCH"] == header["NMATCHES"] == matches
        assert header["HDRNAME"] == headerlet["HDRNAME"] == f"{name}_FIT_GAIA"


@pytest.mark.slow
def test_catalogues_of_the_services_give_the_same_fits(small, served):
    assert served.results["run"]["archive"] == "mast"
    for name in EXPOSURES:
        for catalog in ("gaia", "sdss"):
            subject = fit_subject(name, catalog, "flc")
            values = [run.verdict("AST-002", subject)["value"] for run in (small, served)]
            assert values[0] == pytest.approx(values[1], abs=2e-3), subject


@pytest.mark.slow
def test_what_comes_by_chance_in_a_dense_field_is_caught_and_left_out_of_headers(by_chance):
    assert by_chance.process.returncode == 1, by_chance.process.stdout
    shifts = read_shift_file(by_chance.product("align-gaia") / "shifts.txt", relative=False)
    believed = [name for name in EXPOSURES if math.isfinite(shifts.row(name).dx)]
    assert believed
    for name in EXPOSURES:
        statuses = {
            verdict["criterion"]: verdict["status"]
            for verdict in by_chance.verdicts
            if verdict["subject"] == fit_subject(name, "gaia", "flc")
        }
        assert statuses["AST-002"] == "fail"
        assert statuses["AST-003"] != "pass"
        assert statuses["AST-014"] == ("fail" if name in believed else "not measured")
    decisions = json.loads((by_chance.product("accept") / "decisions.json").read_text(encoding="utf-8"))
    assert {decision["kept"] for decision in decisions.values()} == {"archive"}
    for name in EXPOSURES:
        served, final = (
            fits.getheader(by_chance.product(node) / f"{name}_flc.fits", "SCI", 1)
            for node in ("fetch", "accept")
        )
        assert all(final[key] == served[key] for key in ("WCSNAME", "CRVAL1", "CRVAL2", "CD1_1", "CD2_2"))


def test_finished_products_are_accepted_and_a_failed_fit_among_them_is_found(small, tmp_path):
    place = collect(small, tmp_path / "aligned", "accept", "align-gaia", "drizzle-f606w")
    sound = judge_products(tmp_path, place)
    assert sound.process.returncode == 0, sound.process.stdout
    assert {v["status"] for v in sound.verdicts if v["criterion"] == "AST-002"} == {"pass"}

    # What TweakReg leaves of a failed fit to a catalogue: the name that was asked for, and no fit.
    for name in EXPOSURES:
        with fits.open(place / f"{name}_flc.fits", mode="update") as hdus:
            for chip in (1, 2):
                header = hdus["SCI", chip].header
                header["WCSNAME"] = "MINE"
                header["WCSTYPE"] = "not aligned: reference" if name == EXPOSURES[0] else "user-defined"
    (place / "shifts.txt").unlink()
    failed = judge_products(tmp_path, place)
    assert ("AST-010", "MINE") in failed.rejected()
    assert EXPOSURES[0] in failed.verdict("AST-010", "MINE")["reason"]


def test_products_are_compared_with_a_catalogue_and_a_displaced_exposure_is_found(small, tmp_path):
    place = collect(small, tmp_path / "aligned", "accept", "drizzle-f606w")
    moved = place / f"{EXPOSURES[0]}_flc.fits"
    with fits.open(moved, mode="update") as hdus:
        for hdu in hdus:
            if hdu.name == "SCI":
                hdu.header["CRVAL2"] += 0.02 / 3600
    catalog = small.product("catalog-gaia") / "catalog.ecsv"
    run = judge_products(tmp_path, place, "--catalog", str(catalog))
    offsets = {v["subject"]: v["value"] for v in run.verdicts if v["criterion"] == "AST-012"}
    assert offsets.pop(moved.stem) == pytest.approx(20.0, abs=1.5)
    assert set(offsets) == {*(f"{name}_flc" for name in EXPOSURES[1:]), "f606w_drc_sci"}
    assert max(offsets.values()) < 2.0
    assert ("AST-012", moved.stem) in run.rejected()
    assert not any(criterion in ("AST-017", "AST-022", "AST-025") for criterion, _ in run.rejected())
    drawn = {each["subject"] for each in run.results["figures"] if each["figure"] == "catalog-offsets"}
    assert drawn == {moved.stem, *offsets}
    assert missing_numbers(run) == []


def test_without_a_catalogue_the_positions_could_not_be_told(small, tmp_path):
    place = collect(small, tmp_path / "aligned", "accept", "align-gaia")
    run = judge_products(tmp_path, place, "-k", "test_sky")
    assert {v["criterion"] for v in run.verdicts} == {f"AST-{n:03}" for n in (12, 14, 17, 18, 22, 25, 29)}
    assert {v["status"] for v in run.verdicts} == {"could not be told"}
    assert {v["reason"] for v in run.verdicts} == {"no catalogue is given (--catalog)"}
    assert "absolute astrometry (no catalogue is given (--catalog))" in run.process.stdout


def test_a_catalogue_of_half_the_field_is_rejected_and_a_fit_at_its_epoch_accepted(small, tmp_path):
    place = collect(small, tmp_path / "aligned", "accept", "align-gaia")
    catalog = Table.read(small.product("archive") / "catalogs" / "gaia.ecsv")
    catalog[catalog["ra"] < 290.2248].write(tmp_path / "half.ecsv")
    asked = "covers_it or fit_is_of_the_exposures_epoch or matches_are_not_by_chance"
    run = judge_products(tmp_path, place, "-k", asked, "--catalog", str(tmp_path / "half.ecsv"))
    assert run.rejected() == {("AST-029", f"{name}_flc") for name in EXPOSURES}
    assert "it does not cover the field" in run.verdict("AST-029", f"{EXPOSURES[0]}_flc")["reason"]


@pytest.mark.parametrize("wrong", ["hours", "no rows"])
def test_a_catalogue_of_none_of_the_fields_is_no_reason_to_accept(small, tmp_path, wrong):
    place = collect(small, tmp_path / "aligned", "accept")
    catalog = Table.read(small.product("archive") / "catalogs" / "gaia.ecsv")
    path = tmp_path / "stars.ecsv"
    if wrong == "hours":
        catalog["ra"] /= 15.0
    catalog[: len(catalog) if wrong == "hours" else 0].write(path)
    run = judge_products(tmp_path, place, "-k", "has_enough_sources", "--catalog", str(path))
    told = {"hours": "the nearest of its sources is 67.3 degrees from any exposure", "no rows": "has no rows"}
    assert {v["status"] for v in run.verdicts} == {"not measured"}
    (reason,) = {v["reason"] for v in run.verdicts}
    assert f"stars.ecsv: {told[wrong]}" in reason
    assert run.process.returncode == 1


def of_the_sky(run: QaRun) -> dict[str, set[str]]:
    """Statuses by criterion of what takes a catalogue."""
    found: dict[str, set[str]] = {}
    for verdict in run.verdicts:
        if verdict["criterion"] in {f"AST-{n:03}" for n in (12, 14, 17, 18, 22, 25)}:
            found.setdefault(verdict["criterion"], set()).add(verdict["status"])
    return found


@pytest.mark.parametrize("service", ["gaia", pytest.param("sdss", marks=pytest.mark.slow)])
def test_products_ask_a_service_for_their_field(small, tmp_path, service):
    place = collect(small, tmp_path / "aligned", "accept", "align-gaia")
    catalogs = small.product("archive") / "catalogs"
    sdss = Table.read(catalogs / "sdss.ecsv")
    sdss["raErr"], sdss["decErr"], sdss["mjd"], sdss["mode"] = 0.05, 0.05, 54999, 1
    with tap_server.serve(Table.read(catalogs / "gaia.ecsv")) as gaia, sdss_server.serve(sdss) as sky:
        servers = {"QA_GAIA_SERVER": gaia.address, "QA_SDSS_SERVER": sky.address}
        run = judge_products(tmp_path, place, "--catalog", service, "-k", "test_sky", **servers)
    assert run.process.returncode == 0, run.process.stdout
    # SDSS's positions share errors of 30 mas, have no proper motions, and are not what was fitted to.
    expected = "pass" if service == "gaia" else "could not be told"
    assert of_the_sky(run) == {
        "AST-022": {"pass"},
        **{f"AST-{n:03}": {expected} for n in (12, 14, 17, 18, 25)},
    }


@pytest.mark.parametrize("service", ["ps1", pytest.param("hsc", marks=pytest.mark.slow)])
def test_products_are_compared_with_catalogues_of_mast(small, tmp_path, service):
    """Neither has proper motions: the field's own, 2.3 mas/yr, is below 10 mas over the years between."""
    place = collect(small, tmp_path / "aligned", "accept", "align-gaia")
    gaia = Table.read(small.product("archive") / "catalogs" / "gaia.ecsv")
    years = 2013.0 - 2016.0
    dec = gaia["dec"] + np.ma.filled(gaia["pmdec"], 0.0) * years / 3.6e6
    ra = gaia["ra"] + np.ma.filled(gaia["pmra"], 0.0) * years / 3.6e6 / np.cos(np.radians(gaia["dec"]))
    stars = np.asarray(ra), np.asarray(dec), np.asarray(np.ma.filled(gaia["phot_g_mean_mag"], 20.0))
    tables = mast_catalog_server.ps1_table(*stars), mast_catalog_server.hsc_table(*stars)
    with mast_catalog_server.serve(*tables) as mast:
        servers = {"QA_PS1_SERVER": mast.address, "QA_HSC_SERVER": mast.address}
        run = judge_products(tmp_path, place, "--catalog", service, "-k", "test_sky", **servers)
    assert run.process.returncode == 0, run.process.stdout
    found = of_the_sky(run)
    assert (found["AST-012"], found["AST-022"]) == ({"pass"}, {"pass"})
    assert found["AST-025"] == {"could not be told"}


def test_a_service_that_is_down_costs_only_what_takes_it(small, tmp_path):
    place = collect(small, tmp_path / "aligned", "accept", "align-gaia")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        run = judge_products(
            tmp_path, place, "--catalog", "gaia", "-k", "test_sky or test_fits_form", QA_GAIA_SERVER=address
        )
    assert run.process.returncode == 0, run.process.stdout
    assert set().union(*of_the_sky(run).values()) == {"could not be told"}
    (reason,) = {v["reason"] for v in run.verdicts if v["status"] == "could not be told"}
    assert reason.startswith(f"Gaia at {address} cannot be reached")
    assert {v["status"] for v in run.verdicts if v["criterion"] == "FIL-001"} == {"pass"}
    assert "Not accepted" not in run.process.stdout


def test_a_catalogue_that_is_not_there_is_refused_in_one_line(tmp_path):
    (tmp_path / "products").mkdir()
    run = judge_products(tmp_path, tmp_path / "products", "--catalog", "stars.ecsv", "--collect-only")
    assert (
        "--catalog stars.ecsv: no such file; give 'gaia', 'sdss', 'ps1', 'hsc' or the path of a catalogue"
        in (run.process.stdout + run.process.stderr)
    )


def test_figures_print_the_numbers_of_the_verdicts(small):
    assert missing_numbers(small) == []

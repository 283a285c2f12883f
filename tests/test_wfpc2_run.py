"""``pytest qa/`` on WFPC2 chip normalisation, with the real tools."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from hubble_qa.checks.readers import read_shift_file
from hubble_qa.fixtures.simulation.truth import read_truth
from tests.figure_numbers import missing_numbers
from tests.qa_runs import ACCEPTED, SHARED, QaRun, collect, judge_products, run_qa
from tests.small_runs import place_of, small_run

DATASET = ("--dataset", "wfpc2-omega-cen")
SMALL = ("--size", "small")
# PHOTFLAM of the chips over WF3's, from the published table of the notebook's exposures.
FACTORS = {"PC1": 1.0127646, "WF2": 0.9874267, "WF3": 1.0, "WF4": 1.0196807}
# What can be said of the astrometry of one exposure.
ALONE = {
    ("AST-010", "pass"),
    ("AST-011", "not applicable"),
    ("AST-026", "not applicable"),
    ("AST-015", "pass"),
    ("AST-021", "not applicable"),
    ("AST-024", "not applicable"),
}
# The notebook combines without rejection of cosmic rays, which its dataset declares.
HITS = ("DRZ-006", "f555w_drw_sci")


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return place_of("wfpc2-omega-cen", tmp_path_factory)


@pytest.fixture(scope="module")
def reduced(tmp_path_factory) -> QaRun:
    """The main job on the notebook's dataset; at full size `test_full_size_run` does it."""
    return small_run("wfpc2-omega-cen", tmp_path_factory)


@pytest.fixture(scope="module")
def again(directory, reduced) -> QaRun:
    """The same again, with four workers and nothing changed."""
    return run_qa(directory, "again", *DATASET, *SMALL, "-n", "4")


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> QaRun:
    """The workflow's dataset of one exposure, with two workers."""
    return small_run("wfpc2-u40x010hm", tmp_path_factory)


@pytest.fixture(scope="module")
def real(directory) -> QaRun:
    """The real exposure."""
    if not (SHARED / "archive").is_dir():
        pytest.skip("the real exposures are not beside this repository (../shared/archive)")
    return run_qa(directory, "real", "--archive", str(SHARED / "archive"), "-n", "2")


def test_the_main_job_is_green(reduced):
    assert reduced.process.returncode == 0, reduced.process.stdout
    assert f"Report: {reduced.report / 'index.html'}" in reduced.process.stdout
    assert {v["status"] for v in reduced.verdicts if v["expected"] is None} <= ACCEPTED


@pytest.mark.parametrize("suffix", ["flt", "c0m"])
def test_shifts_agree_with_the_truth(reduced, suffix):
    truth = read_truth(reduced.product("archive") / "truth.json")
    row = read_shift_file(reduced.product("align" if suffix == "flt" else "align-c0m") / "shifts.txt").row(
        "u5jx010hr"
    )
    injected = truth.exposures["u5jx010hr"].shift
    assert math.hypot(row.dx - injected.dx, row.dy - injected.dy) < 0.05
    assert abs(row.rotation - injected.rotation) < 0.002
    # As published: 1.81 and -0.40 pix, 0.014 degrees.
    assert (row.dx, row.dy) == pytest.approx((1.81, -0.40), abs=0.05)
    assert row.rotation == pytest.approx(0.014, abs=0.002)


def test_photometric_ratios_agree_with_the_truth(reduced):
    truth = read_truth(reduced.product("archive") / "truth.json")
    chips = truth.exposures["u5jx010hr"].chips
    sightings = Table.read(reduced.product("photometry") / "sightings.ecsv", format="ascii.ecsv")
    for star in Table.read(reduced.product("photometry") / "stars.ecsv", format="ascii.ecsv"):
        seen = sightings[sightings["star"] == star["star"]]
        factors = np.array([chips[chip].factor for chip in seen["chip"]])
        expected = np.sum(seen["weight"]) / np.sum(seen["weight"] / factors)
        assert star["flt_sum"] / star["c0m_sum"] == pytest.approx(expected, abs=0.002)
        # Published for the overlap of WF2 and WF4: 1.0034, 1.0030, 1.0028.
        assert star["flt_sum"] / star["c0m_sum"] == pytest.approx(1.0031, abs=0.002)


@pytest.mark.parametrize("chip", FACTORS)
def test_chips_are_normalised_as_published(reduced, chip):
    name = "u5jx0108r"
    number = int(chip[-1])
    with fits.open(reduced.product("flt") / f"{name}_flt.fits") as flt:
        assert flt["SCI", number].header["PHOTFLAM"] == 3.439046e-18
        normalised = flt["SCI", number].data
    original = fits.getdata(reduced.product("fetch") / f"{name}_c0m.fits", ("SCI", number))
    bright = original > 50
    assert np.median(normalised[bright] / original[bright]) == pytest.approx(FACTORS[chip], abs=1e-5)


def test_the_gain_of_wf3_is_found_out(reduced):
    """AstroDrizzle 3.11 scales WF3 by its gain over WF4's, 6.90 / 7.10."""
    verdict = reduced.verdict("PHT-006", "WF3")
    assert verdict["status"] == "fail"
    assert verdict["value"] == pytest.approx(6.90 / 7.10, abs=0.003)
    assert verdict["accepted"]
    assert reduced.verdict("PHT-006", "WF4")["value"] == pytest.approx(1.0, abs=0.003)


def test_the_second_run_builds_nothing_and_judges_the_same(reduced, again):
    assert again.process.returncode == 0, again.process.stdout
    assert all(stage["reused"] for stage in again.results["stages"])
    assert [v["value"] for v in again.verdicts] == [v["value"] for v in reduced.verdicts]
    assert [v["status"] for v in again.verdicts] == [v["status"] for v in reduced.verdicts]


@pytest.mark.whole
def test_one_exposure_alone_is_green(alone):
    assert alone.process.returncode == 0, alone.process.stdout
    assert {dataset["name"] for dataset in alone.results["datasets"]} == {"wfpc2-u40x010hm"}


@pytest.mark.parametrize("run", ["reduced", pytest.param("alone", marks=pytest.mark.whole)])
def test_the_first_run_builds_everything(run, request):
    assert not any(stage["reused"] for stage in request.getfixturevalue(run).results["stages"])


@pytest.mark.whole
def test_one_exposure_has_no_alignment(alone):
    of_alignment = {(v["criterion"], v["status"]) for v in alone.verdicts if v["criterion"][:3] == "AST"}
    # Its chips carry one solution, which is no fit, and its image is as sharp as they are.
    assert of_alignment == ALONE


def test_every_figure_that_a_verdict_refers_to_is_in_the_report(reduced):
    figures = {
        figure["figure"]: reduced.report / figure["file"]
        for figure in reduced.results["figures"]
        if figure["kind"] == "image"
    }
    # The table of solutions is of exposures that were aligned to catalogues.
    assert {verdict["figure"] for verdict in reduced.verdicts} - {"", "solutions"} <= set(figures)
    assert all(path.is_file() for path in figures.values())


@pytest.mark.whole
def test_the_real_exposure_is_reduced_and_judged(real):
    assert real.process.returncode == 0, real.process.stdout
    with fits.open(real.product("flt") / "u40x010hm_flt.fits") as flt:
        assert [flt["SCI", chip].header["PHOTFLAM"] for chip in (1, 2, 3, 4)] == [3.439046e-18] * 4
    assert real.verdict("PHT-001", "u40x010hm_flt")["value"] == 0.0
    assert (real.product("drizzle-f555w") / "f555w_drw_sci.fits").is_file()


@pytest.mark.whole
@pytest.mark.parametrize("chip", FACTORS)
def test_the_real_pixels_are_normalised(real, chip):
    number = int(chip[-1])
    verdict = real.verdict("PHT-003", f"u40x010hm_flt SCI,{number}")
    assert verdict["status"] == "pass"
    normalised = fits.getdata(real.product("flt") / "u40x010hm_flt.fits", ("SCI", number))
    original = fits.getdata(SHARED / "archive/HST/u40x010hm/u40x010hm_c0m.fits", ("SCI", number))
    bright = original > 50
    assert np.median(normalised[bright] / original[bright]) == pytest.approx(FACTORS[chip], abs=1e-5)


@pytest.mark.whole
def test_the_missing_distortion_table_is_reported_and_expected(real):
    verdict = real.verdict("CAL-002", "u40x010hm_flt")
    assert verdict["status"] == "fail"
    assert verdict["accepted"]
    assert "ta81040lu_idc.fits" in verdict["reason"]
    assert "sad1946fu_idc.fits" in verdict["reason"]


@pytest.mark.whole
def test_what_one_exposure_cannot_give_is_not_applicable(real):
    alignment = {(v["criterion"], v["status"]) for v in real.verdicts if v["criterion"][:3] == "AST"}
    assert alignment == ALONE


@pytest.mark.whole
def test_absent_datasets_are_said_to_be_absent(real):
    absent = {dataset["name"]: dataset["absent"] for dataset in real.results["datasets"] if dataset["absent"]}
    assert "none of its exposures" in absent["wfpc2-omega-cen"]


# Finished products


@pytest.fixture(scope="module")
def finished(directory, reduced) -> QaRun:
    """What the notebook's workflow leaves: C0M and C1M, aligned FLT, shifts, the drizzled image."""
    products = collect(reduced, directory / "finished", "fetch", "align", "drizzle-f555w")
    return judge_products(directory, products)


def test_sound_products_are_accepted(finished):
    assert finished.rejected() == {HITS}, finished.process.stdout
    others = [v for v in finished.verdicts if v["expected"] is None and v["criterion"] != HITS[0]]
    assert {v["status"] for v in others} <= ACCEPTED
    # What AstroDrizzle always does is told with its remedy, and is no fault of the user's.
    assert {v["criterion"] for v in finished.verdicts if v["expected"]} == {"FIL-001", "PHT-006"}
    assert {stage["stage"] for stage in finished.results["stages"]} == {
        *("handed-in-chip-ratios", "handed-in-fits", "handed-in-image", "handed-in-widths"),
    }
    judged = {v["criterion"] for v in finished.verdicts if v["status"] == "pass"}
    assert judged >= {
        *(f"AST-{number:03}" for number in (1, 2, 3, 4, 5, 8, 9, 10, 15, 19, 20, 21, 24)),
        *(f"PHT-{number:03}" for number in (1, 2, 3, 6, 8, 10)),
        *(f"FIL-{number:03}" for number in (1, 2, 3, 5)),
        *(f"CAL-{number:03}" for number in (2, 3, 5)),
        *(f"DRZ-{number:03}" for number in (1, 7, 8, 9)),
        *(f"WCS-{number:03}" for number in (1, 2, 4, 5, 7)),
    }


def test_judging_leaves_products_as_they_are(directory, finished, reduced):
    for node in ("fetch", "align", "drizzle-f555w"):
        for path in reduced.product(node).iterdir():
            kept = (directory / "finished" / path.name).read_bytes()
            assert kept == path.read_bytes() or (node, path.suffix) == ("fetch", ".fits")


def test_spoilt_products_are_rejected(directory, reduced, finished):
    place = collect(reduced, directory / "spoilt", "fetch", "align", "drizzle-f555w")
    with fits.open(place / "u5jx0108r_flt.fits", mode="update") as hdus:
        hdus["SCI", 2].header["PHOTFLAM"] *= 1.013
        hdus["SCI", 4].data *= 1.02
        hdus["ERR", 1].data[:] = 0.0
        hdus["DQ", 1].data[:] = 0
    with fits.open(place / "f555w_drw_sci.fits", mode="update") as hdus:
        covered = fits.getdata(place / "f555w_drw_wht.fits") > 0
        hdus[0].data[covered & (np.cumsum(covered).reshape(covered.shape) <= 100)] = np.nan
    (place / "u5jx010hr_c1m.fits").write_bytes((place / "u5jx010hr_c1m.fits").read_bytes()[:-40_000])
    shifts = place / "shifts.txt"
    (fitted,) = (line for line in shifts.read_text().splitlines() if line.startswith("u5jx010hr"))
    failed = "u5jx010hr_flt.fits nan nan nan nan 0.000000 0.000000"
    shifts.write_text(shifts.read_text().replace(fitted, failed))

    spoilt = judge_products(directory, place)

    assert spoilt.process.returncode == 1, spoilt.process.stdout
    assert spoilt.rejected() >= {
        ("PHT-001", "u5jx0108r_flt"),
        ("PHT-003", "u5jx0108r_flt SCI,4"),
        ("PHT-008", "f555w_drw_sci"),
        ("CAL-013", "u5jx0108r_flt SCI,1"),
        ("DRZ-010", "f555w_drw_sci"),
        ("FIL-001", "u5jx010hr_c1m"),
        ("AST-001", "shifts u5jx010hr_flt"),
        ("AST-002", "shifts u5jx010hr_flt"),
    }
    assert not {subject for _, subject in spoilt.rejected() if subject.startswith("u5jx0108r_c0m")}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--archive", "mast"), "leave --archive out"),
        (("--dataset", "uvis-ngc6791"), "is of WFC3, of which"),
        (("--dataset", "none-such"), "no such dataset"),
    ],
)
def test_what_does_not_go_with_products_is_one_clear_line(directory, finished, arguments, words):
    run = judge_products(directory, directory / "finished", *arguments)
    assert run.process.returncode not in (0, 1)
    assert words in run.process.stdout + run.process.stderr


def test_products_have_the_figures_of_a_reduction(finished):
    drawn = {(figure["figure"], figure["subject"]) for figure in finished.results["figures"]}
    assert drawn >= {
        ("residuals", "shifts u5jx010hr_flt"),
        ("residual-vectors", "shifts u5jx010hr_flt"),
        ("matched-sources", "shifts u5jx010hr_flt"),
        ("flt-c0m-ratio", "u5jx0108r_flt"),
        ("flt-c0m-ratio", "u5jx010hr_flt"),
        ("star-widths", ""),
        ("drizzled", "f555w_drw_sci"),
    }
    (image,) = (figure for figure in finished.results["figures"] if figure["figure"] == "drizzled")
    assert "Outlines: the chips of its exposures" in image["caption"]


@pytest.mark.parametrize("run", ["reduced", pytest.param("alone", marks=pytest.mark.whole), "finished"])
def test_figures_print_the_numbers_of_the_verdicts(run, request):
    assert missing_numbers(request.getfixturevalue(run)) == []

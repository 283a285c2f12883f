"""``pytest qa/`` on WFC3/IR exposures with a background that varies, small, with the real tools."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.detectors.background import (
    background_deviation,
    background_level,
    background_rate_ratio,
    background_width,
)
from hubble_qa.checks.evidence.backgrounds import Background, grain_of
from hubble_qa.checks.evidence.raw_levels import IndependentRates, independent_rates
from hubble_qa.checks.images.cosmic_rays import cosmic_ray_rate
from hubble_qa.checks.readers import read_exposure
from hubble_qa.checks.verdict import Status, judge
from hubble_qa.fixtures.archives.reference_files import BEST_REFERENCES
from hubble_qa.fixtures.plans.stage import Inputs, StageError
from hubble_qa.fixtures.reduction.calibration.backends import choose_backend
from hubble_qa.fixtures.simulation.ir.detector import SAMPLES
from hubble_qa.fixtures.simulation.truth import read_truth
from hubble_qa.fixtures.stages.read_statistics import ReadStatisticsSettings, read_rates, read_statistics
from hubble_qa.fixtures.stages.references import REFERENCES
from hubble_qa.fixtures.store.product import read_product
from tests.figure_numbers import missing_numbers
from tests.qa_runs import ACCEPTED, QaRun, collect, judge_products
from tests.silent_failures import Change, altered, ir_failures
from tests.small_runs import small_run

pytestmark = pytest.mark.whole

EXPOSURES = [f"ibohbf{name}q" for name in ("b7", "b9", "be", "bg", "bi", "bk")]
AFFECTED = ["ibohbfb9q", "ibohbfbgq", "ibohbfbkq"]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> QaRun:
    return small_run("ir-ibohbf040", tmp_path_factory)


def test_run_is_green(run):
    assert run.process.returncode == 0, run.process.stdout
    assert {v["status"] for v in run.verdicts if v["expected"] is None} <= ACCEPTED
    rejected = [v["subject"] for v in run.verdicts if v["status"] == "fail"]
    assert sorted(rejected) == [f"{name}_ima" for name in AFFECTED]


def test_diagnosis_is_exact(run):
    switches = json.loads((run.product("diagnose") / "switches.json").read_text())
    assert switches == {name: {"CRCORR": "OMIT"} if name in AFFECTED else {} for name in EXPOSURES}
    for name in EXPOSURES:
        header = fits.getheader(run.product("calibrate") / f"{name}_flt.fits")
        assert header["CRCORR"] == ("OMIT" if name in AFFECTED else "COMPLETE")


def test_rates_rise_as_in_the_published_reduction(run):
    rates = read_rates(run.product("read-statistics"))
    for name, each in rates.items():
        assert each.time == pytest.approx(SAMPLES["SPARS100"][1:], abs=0.01)
        # From 0.5 to 1.5 electrons per second, or 0.5 throughout.
        assert each.rate[1] == pytest.approx(0.53, abs=0.06)
        assert each.rate[-1] == pytest.approx(1.41 if name in AFFECTED else 0.51, abs=0.11)


def test_read_statistics_are_the_medians_of_the_reads(run):
    with fits.open(run.product("fetch") / "ibohbfb9q_ima.fits") as hdus:
        medians = [np.median(hdus["SCI", version].data[5:-5, 5:-5]) for version in range(15, 0, -1)]
    assert read_rates(run.product("read-statistics"))["ibohbfb9q"].rate == pytest.approx(medians, rel=1e-6)


def test_what_the_archive_served_is_rejected(run):
    """The ramp fit that the archive's files were made with fails in the three ways that are judged."""
    rates = read_rates(run.product("read-statistics"))
    for name in EXPOSURES:
        exposure, last = read_exposure(run.product("fetch") / f"{name}_flt.fits"), rates[name]
        sky = Background.of(exposure)
        measured = {
            "TVB-001": background_rate_ratio(last.time, last.rate, subject=name),
            "TVB-002": background_width(grain_of(exposure), noise=sky.noise, subject=name),
            "TVB-003": background_deviation(sky.pixels, rate=last.rate[-1], subject=name),
        }
        expected = Status.FAIL if name in AFFECTED else Status.PASS
        assert {judge(load_criteria()[key], each).status for key, each in measured.items()} == {expected}


def test_background_is_the_simulated_one(run):
    truth = read_truth(run.product("archive") / "truth.json")
    for name in EXPOSURES:
        header = fits.getheader(run.product("calibrate") / f"{name}_flt.fits")
        science, quality = (
            fits.getdata(run.product("calibrate") / f"{name}_flt.fits", plane) for plane in ("SCI", "DQ")
        )
        rate, charge = (
            fits.getdata(run.product("archive") / "truth" / f"{name}_truth.fits", plane)
            for plane in ("RATE", "CHARGE")
        )
        difference = background_level((science - rate)[(quality == 0) & (charge == 0)]).median
        assert difference / np.median(rate) == pytest.approx(0.0, abs=0.002)
        sky = truth.exposures[name].chips[1].sky / header["EXPTIME"]
        assert background_level(science).median == pytest.approx(sky, rel=0.02)


def test_manifest_says_what_calibrated(run):
    product = read_product(run.product("calibrate").parent)
    backend = choose_backend("auto", "WFC3", "IR")
    assert product.manifest.settings["backend"] == backend.model_dump()
    assert (backend.name == "hstcal") == (shutil.which("calwf3.e") is not None)
    assert str(backend) in product.log_tail(1000)
    (dataset,) = run.results["datasets"]
    assert dataset["facts"]["Calibrated by"] == f"{backend.tool} {backend.version} ({backend.name} backend)"
    # All six exposures have the same references, which are told once.
    assert [name for name in dataset["facts"] if name.startswith("References")] == [
        f"References of {', '.join(EXPOSURES)}"
    ]


def test_raw_is_what_the_archive_serves(run):
    with fits.open(run.product("fetch") / "ibohbfb7q_raw.fits") as hdus:
        names = [(hdu.name, hdu.ver) for hdu in hdus[1:]]
        assert names == [
            (plane, version) for version in range(1, 17) for plane in ("SCI", "ERR", "DQ", "SAMP", "TIME")
        ]
        times = [hdus["SCI", version].header["SAMPTIME"] for version in range(16, 0, -1)]
        assert times == pytest.approx(SAMPLES["SPARS100"])
        assert hdus["SCI", 1].data.dtype == np.uint16
        assert hdus["TIME", 1].data is None
        assert hdus["TIME", 1].header["PIXVALUE"] == pytest.approx(1402.9367, abs=1e-3)
        inner, border = hdus["SCI", 1].data[5:-5, 5:-5], hdus["SCI", 1].data[:, :5]
        # Light gathers, and reference pixels only wander.
        assert np.median(inner) - np.median(hdus["SCI", 16].data[5:-5, 5:-5]) > 250
        assert abs(np.median(border) - np.median(hdus["SCI", 16].data[:, :5])) < 25
    members = fits.getdata(run.product("fetch") / "ibohbf040_asn.fits", "ASN")
    assert [row["MEMNAME"].strip().lower() for row in members] == [*EXPOSURES, "ibohbf040"]


def test_figures_are_those_that_the_criteria_name(run):
    drawn = ("read-figures", "background-images", "background-histograms", "combination-figures")
    entries = [
        entry for node in drawn for entry in json.loads((run.product(node) / "figures.json").read_text())
    ]
    named = {load_criteria()[f"TVB-{number:03}"].figure for number in range(1, 6)}
    # Whole exposures and sections are there to be looked at, as in the notebook; no number is judged in them.
    assert {entry["figure"] for entry in entries} - {"background-images", "background-sections"} == named
    assert all(entry["caption"] and entry["alt"] for entry in entries)


def test_drizzled_image_is_of_all_exposures(run):
    header = fits.getheader(run.product("drizzle-f105w") / "f105w_drz_sci.fits")
    assert header["NDRIZIM"] == 6
    assert header["BUNIT"] == "ELECTRONS/S"
    names = {path.name[:9] for path in run.product("drizzle-f105w").glob("*_single_sci.fits")}
    assert names == set(EXPOSURES)


# What goes wrong silently


def pixels(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    def altering(hdus):
        hdus["SCI", 1].data[:] = change(hdus["SCI", 1].data)

    return altering


def flat_field(run: QaRun) -> np.ndarray:
    (flat,) = (run.product("references") / "references").glob("*_pfl.fits")
    return fits.getdata(flat, "SCI")[5:-5, 5:-5]


def brighten_quadrant(hdus) -> None:
    hdus["SCI", 1].data[:200, :200] += 0.01


def lose_flags(hdus) -> None:
    hdus["DQ", 1].data[:] = 0


def name_another_dark(hdus) -> None:
    hdus[0].header["DARKFILE"] = "iref$old_drk.fits"


@pytest.mark.parametrize(
    ("change", "criterion", "reason"),
    [
        (lambda hdus: None, "", ""),
        (pixels(lambda image: image * 1402.9), "CAL-006", ""),
        (pixels(lambda image: image / 2.35), "TVB-003", ""),
        (brighten_quadrant, "CAL-006", "columns and rows ["),
        (lose_flags, "CAL-013", "the flags were lost"),
        (name_another_dark, "CAL-002", "DARKFILE: old_drk.fits is used"),
        (lambda hdus: hdus["SCI", 1].header.update(BUNIT="ELECTRONS"), "CAL-005", "BUNIT is 'ELECTRONS'"),
    ],
    ids=["nothing", "electrons", "data numbers", "one quadrant", "flags lost", "another dark", "unit"],
)
def test_silent_failure_is_found(run, tmp_path, change, criterion, reason):
    failures = failures_of(run, EXPOSURES[0], tmp_path, change)
    assert reason in failures.get(criterion, "")
    assert (criterion in failures) == bool(failures)


def failures_of(run: QaRun, name: str, directory: Path, change: Change) -> dict[str, str]:
    products = [read_product(run.product(node).parent) for node in ("fetch", "references")]
    return ir_failures(
        altered(run.product("calibrate") / f"{name}_flt.fits", directory / "altered", change), *products
    )


def by_arithmetic(run: QaRun, name: str) -> IndependentRates:
    references = run.product("references")
    raw = run.product("fetch") / f"{name}_raw.fits"
    flt = run.product("calibrate") / f"{name}_flt.fits"
    return independent_rates(raw, flt, references / BEST_REFERENCES, references / REFERENCES)


@pytest.mark.parametrize("name", [EXPOSURES[0], AFFECTED[0]])
def test_steps_that_were_not_done_leave_their_pattern(run, tmp_path, name):
    dark = by_arithmetic(run, name).patterns["DARKFILE"]
    changes = {"DARKFILE": lambda image: image + dark, "PFLTFILE": lambda image: image * flat_field(run)}
    for kind, change in changes.items():
        failures = failures_of(run, name, tmp_path / kind, pixels(change))
        assert f"of the pattern of {kind} is in the image" in failures["CAL-007"]


def test_ramp_fit_that_left_cosmic_rays_in(run):
    """The header says COMPLETE, the pixels are those of the last read less the first."""
    exposure = read_exposure(run.product("calibrate") / f"{EXPOSURES[0]}_flt.fits")
    image = by_arithmetic(run, EXPOSURES[0]).image
    noise = Background.of(exposure).noise
    for left, expected in ((exposure.array("SCI", 1), Status.PASS), (image, Status.FAIL)):
        mask = image - left > 5.0 * np.hypot(noise, exposure.array("ERR", 1))
        rate = cosmic_ray_rate({1: mask}, exposure_time=1402.9, subject=EXPOSURES[0])
        assert judge(load_criteria()["DRZ-002"], rate).status is expected


def test_reads_in_order_of_time_are_refused(run, tmp_path, monkeypatch):
    served = tmp_path / "fetched"
    served.mkdir()
    monkeypatch.chdir(tmp_path)
    with fits.open(run.product("fetch") / f"{EXPOSURES[0]}_ima.fits") as hdus:
        for hdu in hdus[1:]:
            hdu.ver = 17 - hdu.ver
        hdus.writeto(served / f"{EXPOSURES[0]}_ima.fits")
    with pytest.raises(StageError, match="SAMPTIME does not fall from read to read; fetch it again"):
        read_statistics.run(
            Inputs({"exposures": served}), tmp_path, ReadStatisticsSettings(exposures=(EXPOSURES[0],))
        )


def test_finished_products_of_the_archive_are_rejected_where_the_background_varies(run, tmp_path):
    served = judge_products(tmp_path, collect(run, tmp_path / "served", "fetch", "fetch-ibohbf040"))
    assert served.rejected() == {
        *(("TVB-001", f"{name}_ima") for name in AFFECTED),
        *(("TVB-002", f"{name}_flt") for name in AFFECTED),
        *(("TVB-003", f"{name}_flt") for name in AFFECTED),
        # What the failed fits did to noise and fluxes, and to the image that was made of them.
        *(("CAL-009", f"{name}_flt SCI,1") for name in AFFECTED),
        ("PHT-006", "ibohbf040_drz SCI,1"),
        ("PHT-010", "ibohbf040_drz"),
    }
    drawn = {figure["figure"] for figure in served.results["figures"]}
    assert drawn >= {"read-rates", "background-histograms", "star-widths", "drizzled"}
    assert missing_numbers(served) == []


def test_finished_products_without_ramp_fit_are_accepted(run, tmp_path):
    nodes = ("fetch", "fetch-ibohbf040", "update-wcs", "drizzle-f105w")
    made = judge_products(tmp_path, collect(run, tmp_path / "made", *nodes))
    # The archive's image of the failed fits is among the files: fainter, and noisier than its exposures.
    image = {("PHT-006", "ibohbf040_drz SCI,1"), ("DRZ-012", "ibohbf040_drz")}
    assert made.rejected() == image, made.process.stdout
    assert {made.verdict("TVB-001", f"{name}_ima")["status"] for name in AFFECTED} == {"not applicable"}
    assert {made.verdict("TVB-003", f"{name}_flt")["status"] for name in EXPOSURES} == {"pass"}
    assert {made.verdict("CAL-001", f"{name}_flt")["status"] for name in EXPOSURES} == {"pass"}
    assert "intermediate file of the tools" in made.process.stdout


def test_figures_print_the_numbers_of_the_verdicts(run):
    assert missing_numbers(run) == []

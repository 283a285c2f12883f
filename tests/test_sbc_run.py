"""``pytest qa/`` on the SBC dark rate, with the real tools; and darks that are wrong in every way."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.detectors.dark_rate import dark_match_ratio, hot_pixel_agreement
from hubble_qa.checks.images.photometry import drizzled_flux_ratio
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.verdict import Status, judge
from hubble_qa.fixtures.plans.dataset import Dataset, DatasetError, load_dataset
from hubble_qa.fixtures.plans.stage import Inputs, StageError
from hubble_qa.fixtures.simulation.crds_cache import CONTEXT
from hubble_qa.fixtures.stages.dark_frames import DarkFrameSettings, dark_frames
from hubble_qa.fixtures.stages.dark_photometry import PHOTOMETRY, DarkPhotometrySettings, dark_photometry
from hubble_qa.fixtures.stages.drizzle import DrizzleSettings, drizzle
from hubble_qa.fixtures.stages.match_darks import BOXES, MATCHES, MatchSettings, match
from hubble_qa.fixtures.stages.temperatures import TEMPERATURES, TemperatureSettings, temperatures
from hubble_qa.fixtures.supplies.supply import FetchRequest
from hubble_qa.fixtures.supplies.supply_directory import open_directory
from hubble_qa.fixtures.supplies.supply_simulated import Simulated
from hubble_qa.fixtures.workflows.workflow import load_workflow
from tests import crds_server, mast_server
from tests.dark_rate_samples import DARKS, dark
from tests.figure_numbers import missing_numbers
from tests.mast_server import Observation
from tests.qa_runs import ACCEPTED, SHARED, QaRun, run_qa
from tests.sbc_scenes import COLD, DATASETS, TARGET, WARM, expected_fraction, settings
from tests.small_runs import place_of, small_run

pytestmark = [pytest.mark.whole, pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")]
# AstroDrizzle in this process imports what is deprecated, shortens comments and leaves files open.
drizzles = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning:stregion",
    "ignore::astropy.io.fits.verify.VerifyWarning",
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)

ASSOCIATION = "jcmc11010"
BLANK = TARGET.model_copy(update={"x": 200.0, "y": 200.0})
real_frames = pytest.mark.skipif(
    not (SHARED / "archive" / "HST" / "jcrx01iiq").is_dir(),
    reason="the real dark frames are not beside this repository (../shared/archive)",
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory) -> Path:
    return place_of("sbc-jcmc11", tmp_path_factory)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory) -> QaRun:
    """The dataset with simulated dark frames."""
    return small_run("sbc-jcmc11", tmp_path_factory)


@pytest.fixture(scope="module")
def real(directory) -> QaRun:
    """The dataset with the real dark frames and association tables."""
    return run_qa(directory, "real", "--dataset", "sbc-jcmc11-real-darks", "-n", "0")


def wanted(dataset: Dataset) -> FetchRequest:
    return load_workflow(dataset.workflow).settings(dataset).fetch


def rates(run: QaRun, aperture: str) -> Table.Row:
    table = Table.read(run.product(f"photometry-{ASSOCIATION}") / PHOTOMETRY, format="ascii.ecsv")
    return table[table["aperture"] == aperture][0]


# The two datasets


def test_simulated_dataset_is_green(simulated):
    assert simulated.process.returncode == 0, simulated.process.stdout
    assert {v["status"] for v in simulated.verdicts} <= ACCEPTED
    judged = {v["criterion"] for v in simulated.verdicts}
    assert judged >= {f"DRK-{number:03}" for number in range(1, 7)}
    assert judged >= {
        "PHT-006",
        "FIL-001",
        "FIL-002",
        "FIL-003",
        "FIL-004",
        "WCS-001",
        "WCS-002",
        "DRZ-001",
        "DRZ-004",
        "DRZ-010",
        "DRZ-011",
    }


def test_dark_fraction_is_the_truth(simulated):
    drizzled = WCS(
        fits.getheader(simulated.product(f"drizzle-{ASSOCIATION}") / f"{ASSOCIATION}_drz_sci.fits")
    )
    truth = expected_fraction(settings(), drizzled, (COLD, WARM))
    verdict = simulated.verdict("DRK-002", ASSOCIATION)
    assert verdict["value"] == pytest.approx(truth, abs=0.01)
    assert abs(verdict["value"] - truth) < 3.0 * verdict["uncertainty"]
    assert verdict["value"] == pytest.approx(0.322 / 2.886, abs=0.01)


def test_blank_sky_is_left_without_light(simulated):
    blank = rates(simulated, "blank")
    assert abs(blank["net"]) < blank["net_error"]
    target = rates(simulated, "target")
    assert target["science"] == pytest.approx(2.886, rel=0.05)
    assert target["net"] / target["net_error"] > 30.0


def test_images_have_the_published_frame(simulated):
    for name, size in (("jcmc11010", (1416, 1373)), ("jcmc11040", (1416, 1373))):
        header = fits.getheader(simulated.product(f"drizzle-{name}") / f"{name}_drz_sci.fits")
        assert (header["NAXIS1"], header["NAXIS2"]) == size
        assert header["CRVAL1"] == pytest.approx(165.55871, abs=2e-5)
        assert header["ORIENTAT"] == pytest.approx(-42.98, abs=0.03)


def test_errors_are_those_of_counts(simulated):
    """Of the detector's counts: drizzling multiplies their number by the pixels' area, 1.6."""
    target = rates(simulated, "target")
    counts = target["science"] / 1.617 * 2 * 960.0
    assert target["science_error"] / target["science"] == pytest.approx(counts**-0.5, rel=0.03)


def test_figures_are_in_the_report(simulated):
    shown = {path.stem for path in (simulated.report / "figures" / "sbc-jcmc11").glob("*.png")}
    images = {f"drizzled-{number}" for number in (1, 2, 3, 4)}
    of_darks = {"temperatures", "detector-frames", "dark-rate", "dark-images", "dark-fraction"}
    assert images | of_darks <= shown


@real_frames
def test_images_of_associations_have_the_outlines_of_their_exposures_alone(simulated):
    captions = [each["caption"] for each in simulated.results["figures"] if each["figure"] == "drizzled"]
    assert len(captions) >= 4
    assert all("Outlines: the chips of its exposures, by their own coordinates." in text for text in captions)


def test_real_dark_frames_have_the_published_counts(real):
    assert real.process.returncode == 0, real.process.stdout
    boxes = Table.read(real.product("match-darks") / BOXES, format="ascii.ecsv")
    counted = {row["frame"]: row["counts"] for row in boxes[boxes["kind"] == "dark"]}
    assert counted == {name: counts for name, (_, _, counts) in DARKS.items()}


@real_frames
def test_real_temperatures_are_read_and_sorted(real):
    table = Table.read(real.product("temperatures") / TEMPERATURES, format="ascii.ecsv")
    rows = table[table["kind"] == "dark"]
    assert {row["frame"]: (row["begin"], row["end"]) for row in rows} == {
        name: (begin, end) for name, (begin, end, _) in DARKS.items()
    }
    assert list(table["mean"]) == sorted(table["mean"])
    assert set(rows["frame"][rows["affected"]]) == {name for name in DARKS if dark(name).temperature > 25.0}


@real_frames
def test_real_dark_rate_rises_and_darks_match(real):
    (verdict,) = [v for v in real.verdicts if v["criterion"] == "DRK-005"]
    assert (verdict["status"], verdict["value"]) == ("pass", 0.0)
    matches = Table.read(real.product("match-darks") / MATCHES, format="ascii.ecsv")
    assert set(matches["dark"]) == {"jcrx01ioq", "jcrx01iqq", "jcrx01iyq", "jcrx01j0q"}
    assert real.verdict("DRK-002", ASSOCIATION)["value"] == pytest.approx(0.12, abs=0.02)


def test_dataset_without_its_real_frames_is_absent(tmp_path):
    text = (DATASETS / "sbc-jcmc11-real-darks.toml").read_text(encoding="utf-8")
    (tmp_path / "elsewhere.toml").write_text(text, encoding="utf-8")
    dataset = load_dataset(tmp_path / "elsewhere.toml")
    assert "the real frames for its replay are missing" in Simulated("full").absent(dataset, wanted(dataset))


# Darks that are wrong


@dataclass(frozen=True)
class Bench:
    """Products of the run, and the stages from the matching on, to be run with something wrong."""

    run: QaRun
    directory: Path

    def products(self, **changed: Path) -> dict[str, Path]:
        nodes = {
            "exposures": "fetch",
            "darks": "fetch-darks",
            "references": "references",
            "matches": "match-darks",
            "science": f"drizzle-{ASSOCIATION}",
            "reference": f"drizzle-{ASSOCIATION}",
        }
        return {name: self.run.product(node) for name, node in nodes.items()} | changed

    def copy(self, name: str) -> Path:
        return Path(shutil.copytree(self.products()[name], self.directory / name))

    def frames(self, **changed: Path) -> Path:
        output = self.directory / "frames"
        output.mkdir()
        dark_frames.run(
            Inputs(self.products(**changed)), output, DarkFrameSettings(associations=(ASSOCIATION,))
        )
        return output

    def measured(self, frames: Path, **changed: Path) -> dict[str, Table.Row]:
        """The photometry with disguised darks."""
        master, output = self.directory / "master", self.directory / "photometry"
        for path in (master, output):
            path.mkdir()
        parameters = {
            "final_wcs": True,
            "final_refimage": f"{ASSOCIATION}_drz_sci.fits",
            "final_scale": 0.025,
        }
        steps = ("static", "skysub", "driz_separate", "median", "blot", "driz_cr", "context")
        drizzle.run(
            Inputs(self.products(**changed) | {"exposures": frames}),
            master,
            DrizzleSettings(
                suffix="drk",
                root="dark",
                association=ASSOCIATION,
                astrodrizzle={**dict.fromkeys(steps, False), **parameters},
            ),
        )
        dark_photometry.run(
            Inputs(self.products(**changed) | {"dark": master}),
            output,
            DarkPhotometrySettings(
                association=ASSOCIATION,
                science_root=ASSOCIATION,
                dark_root="dark",
                apertures={"target": TARGET, "blank": BLANK},
            ),
        )
        return {row["aperture"]: row for row in Table.read(output / PHOTOMETRY, format="ascii.ecsv")}


@pytest.fixture
def bench(simulated, tmp_path, monkeypatch) -> Bench:
    (tmp_path / "scratch").mkdir()
    monkeypatch.chdir(tmp_path / "scratch")
    for name in ("jref", "uref", "iref"):  # which the stages set, each in a process of its own
        monkeypatch.setenv(name, "")
    return Bench(simulated, tmp_path)


def conserved(row: Table.Row) -> Measurement:
    return drizzled_flux_ratio(row["dark"], row["dark_expected"], exposure_time=1.0, subject="dark")


def verdict(criterion: str, measured: Measurement) -> Status:
    return judge(load_criteria()[criterion], measured).status


@drizzles
def test_darks_in_other_dress_are_the_darks(bench):
    """Times, counts and place: the control of the tests below."""
    frames = bench.frames()
    for name, of in ((COLD, "jcrx01iqq"), (WARM, "jcrx01iyq")):
        with fits.open(frames / f"{name}_drk.fits") as hdus:
            assert hdus[0].header["EXPTIME"] == 1000.0
            assert np.array_equal(
                hdus["SCI"].data, fits.getdata(bench.products()["darks"] / f"{of}_raw.fits", 1)
            )
    rows = bench.measured(frames)
    assert verdict("PHT-006", conserved(rows["target"])) is Status.PASS
    assert rows["target"]["dark"] == pytest.approx(rates(bench.run, "target")["dark"], rel=1e-5)


def unscaled(path: Path) -> None:
    """The exposure's time, for the dark's counts."""
    fits.setval(path, "EXPTIME", value=960.0)


def turned(path: Path) -> None:
    """The dark upside down."""
    with fits.open(path, mode="update") as hdus:
        hdus["SCI"].data = np.rot90(hdus["SCI"].data, 2).copy()


def of_another_pointing(path: Path) -> None:
    """The coordinates of an exposure 2 arcsec away."""
    fits.setval(path, "CRVAL2", value=fits.getval(path, "CRVAL2", 1) + 2.0 / 3600.0, ext=1)


@drizzles
@pytest.mark.parametrize("spoil", [unscaled, turned, of_another_pointing])
def test_dark_of_wrong_time_or_place_is_rejected(bench, spoil: Callable[[Path], None]):
    frames = bench.frames()
    for path in frames.glob("*_drk.fits"):
        spoil(path)
    rows = bench.measured(frames)
    assert verdict("PHT-006", conserved(rows["target"])) is Status.FAIL


@drizzles
@pytest.mark.parametrize(
    ("exposure", "wrong"),
    [(WARM, "jcrx01iqq"), (COLD, "jcrx01iiq")],
    ids=["cold dark for the warm exposure", "the notebook's slip"],
)
def test_wrong_dark_is_rejected(bench, exposure, wrong):
    matches = Table.read(bench.products()["matches"] / MATCHES, format="ascii.ecsv")
    matches["dark"][matches["exposure"] == exposure] = wrong
    image = fits.getdata(bench.products()["exposures"] / f"{exposure}_flt.fits", 1)
    counts = float(image[650:850, 580:780].sum())
    measured = dark_match_ratio([(1.0, dark(wrong))], counts, 960.0, subject=exposure)
    assert verdict("DRK-003", measured) is Status.FAIL
    changed = bench.copy("matches")
    matches.write(changed / MATCHES, format="ascii.ecsv", overwrite=True)
    rows = bench.measured(bench.frames(matches=changed), matches=changed)
    # The drizzle is as it should be: the criterion names what is wrong.
    assert verdict("PHT-006", conserved(rows["target"])) is Status.PASS
    assert rows["target"]["dark"] < rates(bench.run, "target")["dark"]


@drizzles
@pytest.mark.parametrize("y", [740.0, 791.0])
def test_aperture_over_the_wires_gap_is_measured(bench, y):
    """Each exposure lacks rows there that the other has; the drizzled image has them all."""
    output = bench.directory / "photometry"
    output.mkdir()
    over = TARGET.model_copy(update={"y": y})
    dark_photometry.run(
        Inputs(bench.products(dark=bench.run.product(f"master-dark-{ASSOCIATION}"))),
        output,
        DarkPhotometrySettings(
            association=ASSOCIATION,
            science_root=ASSOCIATION,
            dark_root=f"{ASSOCIATION}_dark",
            apertures={"target": over},
        ),
    )
    (row,) = Table.read(output / PHOTOMETRY, format="ascii.ecsv")
    for image in ("science", "dark"):
        assert row[image] / row[f"{image}_expected"] == pytest.approx(1.0, abs=0.005)


def test_light_frame_among_the_darks_is_an_error(bench):
    darks = bench.copy("darks")
    fits.setval(darks / "jcrx01iyq_raw.fits", "IMAGETYP", value="EXT")
    output = bench.directory / "matches"
    output.mkdir()
    with pytest.raises(StageError, match=r"jcrx01iyq_raw.fits: IMAGETYP is 'EXT', not DARK; take it out"):
        match.run(Inputs(bench.products(darks=darks)), output, MatchSettings(associations=(ASSOCIATION,)))


@pytest.mark.parametrize("turn", [np.flipud, np.fliplr, np.rot90])
def test_dark_file_that_is_turned_is_rejected(bench, turn):
    """Counted in the box as it is, and drizzled as it is: only its hot pixels tell."""
    of_dark = fits.getdata(bench.products()["darks"] / "jcrx01iyq_raw.fits", 1)
    exposure = fits.getdata(bench.products()["exposures"] / f"{WARM}_flt.fits", 1)
    for image, expected in ((of_dark, Status.PASS), (turn(of_dark), Status.FAIL)):
        measured = hot_pixel_agreement({"jcrx01iyq": image}, exposure, subject=WARM)
        assert verdict("DRK-006", measured) is expected


def test_darks_of_unequal_times_weigh_as_the_exposures(bench):
    exposures = bench.copy("exposures")
    fits.setval(exposures / f"{COLD}_flt.fits", "EXPTIME", value=480.0)
    frames = bench.frames(exposures=exposures)
    times = [fits.getval(frames / f"{name}_drk.fits", "EXPTIME") for name in (COLD, WARM)]
    assert times == pytest.approx([2000.0 / 3.0, 4000.0 / 3.0])
    counts = [fits.getdata(frames / f"{name}_drk.fits", 1).sum(dtype=float) for name in (COLD, WARM)]
    darks = bench.products()["darks"]
    total = [
        fits.getdata(darks / f"{name}_raw.fits", 1).sum(dtype=float) for name in ("jcrx01iqq", "jcrx01iyq")
    ]
    assert np.array(counts) / times == pytest.approx(np.array(total) / 1000.0, rel=1e-5)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda hdus: setattr(hdus["SCI"], "data", hdus["SCI"].data[:512]), r"shape is \(512, 1024\), but"),
        (lambda hdus: hdus[0].header.set("DETECTOR", "WFC"), r"DETECTOR is 'WFC', but 'SBC' in"),
        (lambda hdus: hdus["SCI"].header.set("LTV1", -2.0), r"LTV1 is -2.0, but 0.0 in"),
    ],
)
def test_dark_of_another_format_is_an_error(bench, spoil, words):
    darks = bench.copy("darks")
    with fits.open(darks / "jcrx01iyq_raw.fits", mode="update") as hdus:
        spoil(hdus)
    with pytest.raises(StageError, match=rf"jcrx01iyq_raw.fits: {words}.*choose darks of the exposure's"):
        bench.frames(darks=darks)


def test_temperature_that_is_missing_or_0_is_an_error(bench):
    exposures = bench.copy("exposures")
    products = {"exposures": exposures, "darks": bench.products()["darks"]}
    output = bench.directory / "table"
    output.mkdir()
    fits.setval(exposures / f"{WARM}_flt.fits", "MDECODT2", value=0.0, ext=1)
    with pytest.raises(StageError, match=r"jcmc11e6q_flt.fits\[SCI,1\]: MDECODT2 is 0, which is no temp"):
        temperatures.run(Inputs(products), output, TemperatureSettings())
    fits.delval(exposures / f"{WARM}_flt.fits", "MDECODT2", ext=1)
    with pytest.raises(StageError, match=r"jcmc11e6q_flt.fits\[SCI,1\]: MDECODT2 is missing"):
        temperatures.run(Inputs(products), output, TemperatureSettings())


def test_second_name_of_an_exposure_is_one_row(bench):
    exposures = bench.copy("exposures")
    (exposures / f"{WARM}_flt.fits").rename(exposures / "a_flt.fits")
    shutil.copy(exposures / "a_flt.fits", exposures / "hst_13655_11_acs_sbc_f165lp_jcmc11e6_flt.fits")
    output = bench.directory / "table"
    output.mkdir()
    products = {"exposures": exposures, "darks": bench.products()["darks"]}
    temperatures.run(Inputs(products), output, TemperatureSettings())
    table = Table.read(output / TEMPERATURES, format="ascii.ecsv")
    assert sorted(table["frame"]).count(WARM) == 1


# The published dark


@real_frames
@drizzles
def test_published_rates_of_the_master_dark_come_out(bench):
    """With the real dark frames that the notebook's code takes: 0.3221 and 0.0684 per second.

    The pointing of the published exposures is known to a pixel or two: at a rate of 0.06 counts per
    pixel, as many counts come and go at the apertures' edges as their Poisson errors.
    """
    matches = bench.copy("matches")
    table = Table.read(matches / MATCHES, format="ascii.ecsv")
    table["dark"][table["exposure"] == COLD] = "jcrx01iiq"
    table.write(matches / MATCHES, format="ascii.ecsv", overwrite=True)
    darks = bench.directory / "real-darks"
    darks.mkdir()
    for name in ("jcrx01iiq", "jcrx01iyq"):
        shutil.copy(SHARED / "archive" / "HST" / name / f"{name}_raw.fits", darks)
    changed = {"matches": matches, "darks": darks}
    rows = bench.measured(bench.frames(**changed), **changed)
    for aperture, published in (("target", 0.3220912920), ("blank", 0.0684498547)):
        assert rows[aperture]["dark"] == pytest.approx(published, abs=rows[aperture]["dark_error"])


# Other archives


@pytest.fixture
def servers(simulated) -> Iterator[tuple[mast_server.MastServer, crds_server.CrdsServer]]:
    """MAST, which lists exposures under their associations' names, and under the second ones too."""
    archive = simulated.product("archive")
    files = {path.name: path.read_bytes() for path in sorted(archive.glob("HST/*/*.fits"))}
    visit = {name: content for name, content in files.items() if name.startswith("jcmc11")}
    second = {"hst_13655_11_acs_sbc_f165lp_jcmc11e6_flt.fits": files[f"{WARM}_flt.fits"]}
    darks = {name: content for name, content in files.items() if name.startswith("jcrx01")}
    science = [
        Observation(f"jcmc110{n}0", "F165LP", "13655", visit | second, "CALACS", "ACS/SBC")
        for n in range(1, 5)
    ]
    programme = [
        Observation(f"jcrx010{n}0", "BLOCK1", "13961", darks, "CALACS", "ACS/SBC") for n in range(1, 5)
    ]
    with (
        mast_server.serve(*science, *programme) as mast,
        crds_server.serve(archive / "crds", CONTEXT) as crds,
    ):
        yield mast, crds


def test_both_programmes_are_fetched_from_mast(directory, servers):
    mast, crds = servers
    run = run_qa(
        directory,
        "mast",
        *(
            "--archive",
            "mast",
            "--context",
            CONTEXT,
            "--dataset",
            "sbc-jcmc11",
            "-n",
            "0",
            "-k",
            "recognised",
        ),
        QA_MAST_SERVER=mast.address,
        CRDS_SERVER_URL=crds.address,
    )
    assert run.process.returncode == 0, run.process.stdout
    assert {v["status"] for v in run.verdicts} == {"pass"}
    fetched = [request.split()[-1] for request in mast.requests_of("GET")]
    assert len(fetched) == len(set(fetched)) == 8 + 4 + 20
    assert not any(name.startswith("hst_") for name in fetched)


def test_directory_serves_both_programmes(directory, simulated, tmp_path):
    archive = Path(shutil.copytree(simulated.product("archive"), tmp_path / "archive"))
    # One exposure is there under its second name only.
    own = archive / "HST" / WARM
    name = "hst_13655_11_acs_sbc_f165lp_jcmc11e6"
    (archive / "HST" / name).mkdir()
    (own / f"{WARM}_flt.fits").rename(archive / "HST" / name / f"{name}_flt.fits")
    options = (
        "--archive",
        str(archive),
        "--dataset",
        "sbc-jcmc11",
        "-n",
        "0",
        "-k",
        "recognised or fraction",
    )
    run = run_qa(directory, "directory", *options)
    assert run.process.returncode == 0, run.process.stdout
    value = run.verdict("DRK-002", ASSOCIATION)["value"]
    assert value == simulated.verdict("DRK-002", ASSOCIATION)["value"]


def test_directory_that_lacks_a_dark_is_an_error_and_one_of_darks_alone_has_nothing(simulated, tmp_path):
    archive = Path(shutil.copytree(simulated.product("archive"), tmp_path / "archive"))
    dataset = load_dataset(DATASETS / "sbc-jcmc11.toml")
    directory = open_directory(archive, None, "", tmp_path)
    assert directory.absent(dataset, wanted(dataset)) == ""
    shutil.rmtree(archive / "HST" / "jcrx01iyq")
    with pytest.raises(DatasetError, match=r"lacks jcrx01iyq_raw.fits; add what is missing"):
        directory.absent(dataset, wanted(dataset))
    for rootname in dataset.rootnames:
        shutil.rmtree(archive / "HST" / rootname)
    assert "has none of its exposures" in directory.absent(dataset, wanted(dataset))


def test_figures_print_the_numbers_of_the_verdicts(simulated):
    assert missing_numbers(simulated) == []

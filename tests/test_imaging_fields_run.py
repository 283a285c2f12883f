"""``pytest qa/`` on a mosaic of tiles and on a field of a few stars, against the truth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.simulation import facts
from hubble_qa.fixtures.simulation.truth import Truth, read_truth
from hubble_qa.fixtures.stages.drizzle import DrizzleSettings, drizzle
from hubble_qa.fixtures.stages.mask import MaskSettings, RegionFile, mask_pixels
from tests.imaging_truth import Compared, Wanted, compare
from tests.qa_runs import QaRun
from tests.small_runs import reduced_dataset, small_run

pytestmark = pytest.mark.whole

PIXEL = 128.3  # of WFC3/IR, mas
TILES = ("icqa11a1q", "icqa12a1q", "icqa13a1q", "icqa12b1q", "icqa13b1q", "icqa14b1q")
# One exposure stands for each tile, which is a visit.
LEADERS = ("icqa11a1q", "icqa12a1q", "icqa13a1q", "icqa14b1q")
VISIT = ("icqa12a1q", "icqa12b1q")
FILTERS = ("F160W", "F105W")


def tried(run: QaRun) -> Mapping[str, Any]:
    record: Mapping[str, Any] = json.loads((run.product("align") / "tries.json").read_text("utf-8"))
    return record


def measured(run: QaRun, name: str, wanted: Wanted) -> Compared:
    path = run.product(f"drizzle-{name.lower()}") / f"{name.lower()}_drz_sci.fits"
    photflam = facts.filters("ir")[name].photflam
    return compare(path, truth_of(run), camera="wfc3/ir", filter_name=name, photflam=photflam, wanted=wanted)


def truth_of(run: QaRun) -> Truth:
    return read_truth(run.product("archive") / "truth.json")


# Four tiles


@pytest.fixture(scope="module", params=[reduced_dataset("ir-mosaic")])
def mosaic(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> QaRun:
    return small_run(request.param, tmp_path_factory)


@pytest.fixture(scope="module")
def tiled(mosaic: QaRun) -> Mapping[str, Compared]:
    """Isolated stars of each filter's mosaic, against the truth."""
    return {name: measured(mosaic, name, Wanted(covered=0.2, rates=(40.0, 2000.0))) for name in FILTERS}


def test_mosaic_is_accepted(mosaic: QaRun) -> None:
    assert mosaic.process.returncode == 0, mosaic.process.stdout[-3000:]
    assert mosaic.verdict("AST-023", "f105w_drz_sci / f160w_drz_sci")["value"] < 0.05
    for node, exposures in (("align-visit-12", VISIT), ("align", LEADERS)):
        statuses = [mosaic.verdict("AST-003", f"{node}/shifts {one}_flt")["status"] for one in exposures]
        assert sorted(statuses) == ["not applicable", *["pass"] * (len(exposures) - 1)]


def test_visits_are_aligned_within_and_then_as_a_whole(mosaic: QaRun) -> None:
    """Exposures of a visit stay where they are to one another, and keep to the one that stands for them."""
    nodes = [stage["node"] for stage in mosaic.results["stages"]]
    assert [name for name in nodes if name.startswith("align") and "-try-" not in name] == [
        "align-visit-12",
        "align-visit-13",
        "align-leaders",
        "align",
    ]
    within, after = (_apart(mosaic, node) for node in ("align-visit-12", "align"))
    assert np.abs(within - after).max() < 0.005 * PIXEL
    tried_visits = tried(mosaic)
    fits_made = tried_visits["tries"][tried_visits["chosen"]]["fits"]
    assert {one["exposure"] for one in fits_made} < set(LEADERS)


def _apart(run: QaRun, node: str) -> NDArray[np.float64]:
    """Offsets of pixels by the header of one exposure of a visit from those by the other's, mas."""
    pixels = np.array([[50.0, 50.0], [350.0, 60.0], [200.0, 200.0], [60.0, 340.0]])
    headers = (fits.getheader(run.product(node) / f"{one}_flt.fits", "SCI") for one in VISIT)
    first, second = (WCS(header).all_pix2world(pixels, 0) for header in headers)
    return np.asarray((first - second) * np.array([np.cos(np.radians(first[0, 1])), 1.0]) * 3.6e6)


def test_what_moved_with_its_visit_has_no_keywords_of_a_fit_of_its_own(mosaic: QaRun) -> None:
    """RMS_RA in degrees beside FITNAME is TweakReg's; here it is in mas, of the visit's solution."""
    made = tried(mosaic)
    matches = {fit["exposure"]: fit["matches"] for fit in made["tries"][made["chosen"]]["fits"]}
    # One of the visits has the reference image.
    pairs = {"icqa12a1q": "icqa12b1q", "icqa13a1q": "icqa13b1q"}
    leader = next(name for name in pairs if name in matches)
    header = fits.getheader(mosaic.product("align") / f"{pairs[leader]}_flt.fits", "SCI", 1)
    assert (header["WCSNAME"], header["NMATCHES"]) == ("TWEAK", matches[leader])
    assert 1.0 < header["RMS_RA"] < 20.0
    assert not {"FITNAME", "NMATCH"} & set(header)


def test_tiles_are_aligned_in_a_chain(mosaic: QaRun) -> None:
    """Not all tiles have stars in common with the reference image."""
    assert tried(mosaic)["chained"] is True
    origins = {
        line.split()[-1].partition("[")[0]
        for path in mosaic.product("align").glob("*.match")
        for line in path.read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    }
    assert len(origins) > 1


def test_frame_covers_every_exposure_of_either_filter(mosaic: QaRun) -> None:
    frames = set()
    for name in FILTERS:
        header = fits.getheader(mosaic.product(f"drizzle-{name.lower()}") / f"{name.lower()}_drz_sci.fits")
        frames.add(tuple(header[key] for key in ("NAXIS1", "NAXIS2", "CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2")))
        for tile in TILES:
            with fits.open(mosaic.product("align") / f"{tile}_flt.fits") as hdus:
                rows, columns = hdus["SCI"].data.shape
                corners = [[0, 0], [columns, 0], [0, rows], [columns, rows]]
                sky = WCS(hdus["SCI"].header).all_pix2world(corners, 0)
            x, y = WCS(header).all_world2pix(sky, 0).T
            assert min(*x, *y) > -1.0
            assert max(x) < header["NAXIS1"] + 1
            assert max(y) < header["NAXIS2"] + 1
    assert len(frames) == 1


@pytest.fixture(scope="module")
def reference_error(mosaic: QaRun) -> NDArray[np.float64]:
    """How far the header of the reference image is from the truth, mas: all others are aligned to it."""
    rows = (line.split() for line in (mosaic.product("align") / "shifts.txt").read_text("utf-8").splitlines())
    (name,) = [row[0] for row in rows if len(row) == 7 and not any(map(float, (*row[1:3], *row[5:])))]
    truth = truth_of(mosaic)
    chip = truth.exposures[name.partition("_")[0]].chips[1]
    star, x, y = (np.array(each) for each in (chip.star, chip.x, chip.y))
    header = fits.getheader(mosaic.product("align") / name, "SCI")
    sky = WCS(header).all_pix2world(np.column_stack([x, y]), 1)
    dec = np.array(truth.stars.dec)[star]
    east = (sky[:, 0] - np.array(truth.stars.ra)[star]) * np.cos(np.radians(dec)) * 3.6e6
    return np.array([np.median(east), np.median(sky[:, 1] - dec) * 3.6e6])


def test_mosaics_are_in_place_by_the_truth(
    tiled: Mapping[str, Compared], reference_error: NDArray[np.float64]
) -> None:
    for name, found in tiled.items():
        assert len(found.number) >= 40, name
        assert np.hypot(*(found.offset - reference_error)) < 5.0, name


def test_each_tile_is_in_place_by_the_truth(
    mosaic: QaRun, tiled: Mapping[str, Compared], reference_error: NDArray[np.float64]
) -> None:
    seen = truth_of(mosaic).exposures
    for name, found in tiled.items():
        for tile in (one for one in TILES if (one[6] == "a") == (name == "F160W")):
            stars = np.isin(found.number, [*seen[tile].chips[1].star])
            offset = np.array([np.median(found.east[stars]), np.median(found.north[stars])])
            assert stars.sum() >= 8
            # Of stars on a strip, each to 0.05 pixel, across the tile: 0.03 pixel for each link of the chain.
            assert np.hypot(*(offset - reference_error)) < 2 * 0.03 * PIXEL, tile


def test_filters_of_the_mosaic_are_registered(tiled: Mapping[str, Compared]) -> None:
    first, second = (tiled[name] for name in FILTERS)
    _, mine, theirs = np.intersect1d(first.number, second.number, return_indices=True)
    east, north = first.east[mine] - second.east[theirs], first.north[mine] - second.north[theirs]
    assert len(mine) >= 15
    assert np.hypot(np.median(east), np.median(north)) < 0.05 * PIXEL


def test_fluxes_of_the_mosaic_are_those_of_the_truth(tiled: Mapping[str, Compared]) -> None:
    for name, found in tiled.items():
        assert np.median(found.light) == pytest.approx(1.0, abs=0.01), name


# A few stars


@pytest.fixture(scope="module")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> QaRun:
    return small_run("ir-sparse-field", tmp_path_factory)


@pytest.fixture(scope="module")
def few(sparse: QaRun) -> Compared:
    return measured(sparse, "F160W", Wanted(brightest=1.0, rates=(20.0, 3000.0)))


def test_sparse_field_is_accepted_with_the_datasets_reason(sparse: QaRun) -> None:
    assert sparse.process.returncode == 0, sparse.process.stdout[-3000:]
    matched = sparse.verdict("AST-003", "shifts icqa06b1q_flt")
    assert 3 <= matched["value"] <= 10
    assert "fix a shift" in matched["bounds_reason"]


def test_few_stars_fit_a_shift_and_nothing_more_is_claimed(sparse: QaRun) -> None:
    record = tried(sparse)
    chosen = record["tries"][record["chosen"]]
    assert chosen["parameters"]["fitgeometry"] == "shift"
    assert chosen["why_not"] == ""
    remarks = {stage["node"]: stage["remark"] for stage in sparse.results["stages"]}
    tried_nodes = [name for name in remarks if name.startswith("align-try-")]
    assert len(tried_nodes) == len(record["tries"]), "a fit of so few sources is never decisive"
    assert remarks["align"] == f"try {record['chosen'] + 1} of {len(tried_nodes)} has the best evidence"
    for name, each in zip(tried_nodes, record["tries"], strict=True):
        assert each["why_not"] in remarks[name]
    page = (sparse.report / "ir-sparse-field.html").read_text("utf-8")
    assert remarks["align-try-1"].split(":")[0] in page
    criteria = ("AST-004", "AST-005", "AST-008")
    assert {key: sparse.verdict(key, "shifts icqa06b1q_flt")["status"] for key in criteria} == {
        "AST-004": "not applicable",
        "AST-005": "not applicable",
        "AST-008": "could not be told",
    }


def test_shift_of_the_other_visit_is_that_of_the_truth(sparse: QaRun) -> None:
    rows = (line.split() for line in (sparse.product("align") / "shifts.txt").read_text("utf-8").splitlines())
    shifts = {row[0].partition("_")[0]: (float(row[1]), float(row[2])) for row in rows if len(row) == 7}
    expected = truth_of(sparse).exposures["icqa06b1q"].shift
    away = np.subtract(shifts["icqa06b1q"], (expected.dx, expected.dy))
    # 7 stars, each to 0.1 pixel.
    assert np.hypot(*away) < 3 * 0.1 / np.sqrt(7)


def test_sparse_field_is_in_place_by_the_truth(few: Compared) -> None:
    assert len(few.number) >= 4
    assert np.hypot(*few.offset) < 5.0
    assert np.median(few.light) == pytest.approx(1.0, abs=0.01)


@pytest.mark.filterwarnings("ignore")  # of what drizzlepac imports
def test_masked_region_has_no_weight_of_its_exposure(
    sparse: QaRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A circle about the middle of one exposure of three; stars are where and what they were."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("iref", "")
    rootname = "icqa05a2q"
    with fits.open(sparse.product("align") / f"{rootname}_flt.fits") as hdus:
        rows, columns = hdus["SCI"].data.shape
        middle = WCS(hdus["SCI"].header).all_pix2world([[columns / 2, rows / 2]], 0)[0]
    region = tmp_path / "ghost.reg"
    region.write_text(f'icrs\ncircle({middle[0]:.7f},{middle[1]:.7f},4.0")\n', encoding="utf-8")
    products = {name: sparse.product(node) for name, node in (("exposures", "align"), ("references",) * 2)}
    (tmp_path / "masked").mkdir()
    regions = (RegionFile(source="ghost.reg", exposure=rootname),)
    settings = MaskSettings(suffix="flt", regions=regions)
    mask_pixels.run(Inputs(products, {"ghost.reg": region}), tmp_path / "masked", settings)
    stage = next(one for one in sparse.results["stages"] if one["node"] == "drizzle-f160w")
    (tmp_path / "drizzled").mkdir()
    drizzling = DrizzleSettings.model_validate(stage["settings"])
    drizzle.run(Inputs({**products, "exposures": tmp_path / "masked"}), tmp_path / "drizzled", drizzling)
    before, after = (
        fits.getdata(place / "f160w_drz_wht.fits")
        for place in (sparse.product("drizzle-f160w"), tmp_path / "drizzled")
    )
    with fits.open(tmp_path / "drizzled" / "f160w_drz_sci.fits") as hdus:
        x, y = WCS(hdus[0].header).all_world2pix([middle], 0)[0]
    inner = np.hypot(*(np.indices(before.shape) - np.array([y, x])[:, None, None])) < 20.0
    exposed = fits.getval(sparse.product("align") / f"{rootname}_flt.fits", "EXPTIME")
    assert np.median(before[inner] - after[inner]) == pytest.approx(exposed, rel=0.05)
    outer = np.hypot(*(np.indices(before.shape) - np.array([y, x])[:, None, None])) > 50.0
    assert np.median(np.abs(before[outer] - after[outer])) < 0.01 * exposed


def test_short_and_long_exposures_count_by_their_times(sparse: QaRun) -> None:
    """Where all three overlap, the weight is their time together, of which the short one has a fifth."""
    weight = fits.getdata(sparse.product("drizzle-f160w") / "f160w_drz_wht.fits")
    paths = sorted(sparse.product("align").glob("*_flt.fits"))
    times = [float(fits.getval(path, "EXPTIME")) for path in paths]
    assert max(times) > 1.9 * min(times)
    seen = np.rint(weight[weight > 0]).astype(int)
    deepest = np.bincount(seen)[int(0.9 * sum(times)) :].argmax() + int(0.9 * sum(times))
    assert deepest == pytest.approx(sum(times), rel=0.03)
    assert sparse.verdict("DRZ-009", "f160w_drz_sci")["status"] == "pass"

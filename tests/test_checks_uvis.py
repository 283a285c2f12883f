"""WFC3/UVIS exposures as files: structure, keywords, units and distortion, by real headers."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from hubble_qa.checks.astrometry.world_coordinates import (
    distortion_solution_violations,
    plate_scale,
    round_trip_error,
)
from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.detectors.calibration import unit_violations
from hubble_qa.checks.images.files import keyword_violations, structure_violations
from hubble_qa.checks.instruments import camera
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import Exposure, read_exposure
from hubble_qa.checks.verdict import Status, judge

HEADERS = Path(__file__).parents[2] / "shared" / "headers"
FILES = {"ib4606c5q_flc": "sample_ipppssoot_flc.fits", "ib4606c6q_flc": "sample_svm_flc.fits"}
pytestmark = pytest.mark.skipif(not HEADERS.is_dir(), reason="needs real WFC3/UVIS headers")


@pytest.fixture(params=FILES)
def flc(request: pytest.FixtureRequest) -> Exposure:
    """A real exposure's headers and distortion tables, under the name it has in the archive."""
    exposure = read_exposure(HEADERS / FILES[request.param])
    return replace(exposure, path=Path(f"{request.param}.fits"))


def status(name: str, measurement: Measurement) -> Status:
    return judge(load_criteria()[name], measurement).status


def without(exposure: Exposure, dropped: Sequence[tuple[str, int]]) -> Exposure:
    kept = (each for each in exposure.extensions if (each.name, each.version) not in dropped)
    return replace(exposure, extensions=tuple(kept))


def test_real_exposure_is_accepted(flc: Exposure) -> None:
    assert status("FIL-002", structure_violations(flc)) is Status.PASS
    assert status("FIL-003", keyword_violations(flc)) is Status.PASS
    for chip in (1, 2):
        assert status("CAL-005", unit_violations(flc, chip)) is Status.PASS
        assert status("WCS-001", distortion_solution_violations(flc, chip)) is Status.PASS
        wcs = read_exposure(HEADERS / FILES[flc.path.stem]).wcs(chip)
        assert wcs.sip.a_order == 4
        assert (
            status("WCS-002", round_trip_error(wcs, (2051, 4096), subject=flc.chip_label(chip)))
            is Status.PASS
        )


def test_alignment_extensions_may_be_anywhere_or_nowhere(flc: Exposure) -> None:
    names = {each.name for each in flc.extensions}
    assert {"HDRLET", "WCSCORR", "WCSDVARR", "D2IMARR"} <= names
    calibrated = tuple(each for each in flc.extensions if each.name in ("SCI", "ERR", "DQ"))
    assert status("FIL-002", structure_violations(replace(flc, extensions=calibrated))) is Status.PASS


@pytest.mark.parametrize("dropped", [("SCI", 2), ("ERR", 1), ("DQ", 2)])
def test_lost_array_is_missed(flc: Exposure, dropped: tuple[str, int]) -> None:
    measurement = structure_violations(without(flc, [dropped]))
    assert status("FIL-002", measurement) is Status.FAIL
    assert f"{dropped[0]},{dropped[1]} is missing" in measurement.reason


def test_chips_in_the_other_order_are_noticed(flc: Exposure) -> None:
    turned = (*flc.extensions[3:6], *flc.extensions[:3], *flc.extensions[6:])
    assert status("FIL-002", structure_violations(replace(flc, extensions=turned))) is Status.FAIL


@pytest.mark.parametrize(
    ("dropped", "chip", "table"),
    [
        (("WCSDVARR", 1), 1, "WCSDVARR,1"),
        (("WCSDVARR", 4), 2, "WCSDVARR,4"),
        (("D2IMARR", 3), 2, "D2IMARR,3"),
    ],
)
def test_each_chip_has_its_own_distortion_tables(
    flc: Exposure, dropped: tuple[str, int], chip: int, table: str
) -> None:
    exposure = without(flc, [dropped])
    measurement = distortion_solution_violations(exposure, chip)
    assert status("WCS-001", measurement) is Status.FAIL
    assert table in measurement.reason
    assert status("WCS-001", distortion_solution_violations(exposure, 3 - chip)) is Status.PASS


def test_unit_is_electrons(flc: Exposure) -> None:
    flc.header("SCI", 2)["BUNIT"] = "ELECTRONS/S"
    assert status("CAL-005", unit_violations(flc, 2)) is Status.FAIL


@pytest.mark.parametrize(("extension", "keyword"), [(None, "FILTER"), (1, "EXPNAME"), (2, "VAFACTOR")])
def test_lost_keyword_is_missed(flc: Exposure, extension: int | None, keyword: str) -> None:
    header = flc.primary if extension is None else flc.header("SCI", extension)
    del header[keyword]
    measurement = keyword_violations(flc)
    assert status("FIL-003", measurement) is Status.FAIL
    assert keyword in measurement.reason


def test_plate_scale_of_either_chip_is_the_detectors(flc: Exposure) -> None:
    """The chips differ by some per cent, through distortion; IDCSCALE is 0.03962."""
    for header in flc.science_headers().values():
        assert plate_scale(header) == pytest.approx(camera("WFC3", "UVIS").plate_scale, rel=0.02)

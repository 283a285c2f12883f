"""Measurements of calibrated exposures: references, arrays, units."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.detectors.calibration import (
    PixelRates,
    array_violations,
    flagged_fraction,
    least_read_noise,
    reference_file_violations,
    unit_violations,
)
from hubble_qa.checks.instruments import camera
from hubble_qa.checks.readers import read_exposure
from hubble_qa.checks.verdict import Status, judge
from tests.wfpc2_samples import exposure

REAL = Path(__file__).parents[2] / "shared" / "archive" / "HST" / "u40x010hm"
SHAPE = (16, 16)
PIXELS = np.arange(256.0).reshape(SHAPE)


def choice(best: str, used: str, available: bool = True) -> dict:
    return {"best": best, "used": used, "available": available}


@pytest.mark.parametrize(
    ("best", "used"),
    [
        ("sad1946fu_idc.fits", "uref$sad1946fu_idc.fits"),
        ("SAD1946FU_IDC.FITS", "sad1946fu_idc.fits"),
        ("N/A", "n/a"),
        ("NOT FOUND n/a", "N/A"),
        ("N/A", " "),
    ],
)
def test_spellings_of_one_reference(best: str, used: str) -> None:
    references = {"idctab": choice(best, used, available="idc" in used)}
    assert reference_file_violations(references, subject="u40x010hm").value == 0


def test_stale_and_missing_reference_are_two_violations() -> None:
    references = {"idctab": choice("ta81040lu_idc.fits", "uref$sad1946fu_idc.fits", available=False)}
    measurement = reference_file_violations(references, subject="u40x010hm")
    assert measurement.context["violations"] == [
        "idctab: sad1946fu_idc.fits is used, CRDS's best is ta81040lu_idc.fits",
        "idctab: sad1946fu_idc.fits does not exist",
    ]


def test_references_that_nobody_looked_up_are_not_measured() -> None:
    measurement = reference_file_violations({}, subject="u40x010hm")
    assert judge(load_criteria()["CAL-002"], measurement).status is Status.NOT_MEASURED


def test_a_chip_that_reads_one_number_everywhere_holds_no_data() -> None:
    dq = np.zeros(SHAPE, np.int16)
    dq[0, 0] = 2
    measurement = array_violations(
        np.zeros(SHAPE), np.ones(SHAPE), dq, camera=camera("WFC3", "UVIS"), subject="chip"
    )
    assert (measurement.value, measurement.reason) == (1, "SCI reads 0 everywhere: it holds no data")


@given(pixel=st.integers(0, 255), value=st.sampled_from([np.nan, np.inf, -np.inf]))
def test_one_science_pixel_that_is_not_finite_spoils_the_chip(pixel: int, value: float) -> None:
    sci, dq = PIXELS.copy(), np.ones(SHAPE, np.int16)
    sci.flat[pixel] = value
    measurement = array_violations(sci, np.ones(SHAPE), dq, camera=camera("WFPC2"), subject="chip")
    assert (measurement.value, measurement.reason) == (1, "SCI not finite at 1 pixels")


def test_c0m_files_have_no_errors_and_must_have_flags() -> None:
    sci, dq = PIXELS, np.zeros(SHAPE, np.int16)
    lost = array_violations(sci, None, dq, camera=camera("WFPC2"), subject="chip")
    dq[0, 0] = 2
    assert (lost.value, lost.reason) == (1, "DQ flags no pixel at all: the flags were lost")
    assert array_violations(sci, None, dq, camera=camera("WFPC2"), subject="chip").value == 0


def test_root_of_negative_counts_is_no_error_of_wfpc2() -> None:
    """drizzlepac makes WFPC2's ERR as the square root of SCI: NaN or 0 where SCI is not positive."""
    sci = np.linspace(-1.0, 3.0, 256).reshape(SHAPE)
    with np.errstate(invalid="ignore"):
        err = np.sqrt(sci)
    dq = np.zeros(SHAPE, np.int16)
    dq[0, 0] = 2
    assert array_violations(sci, err, dq, camera=camera("WFPC2"), subject="chip").value == 0
    assert array_violations(sci, err, dq, camera=camera("WFC3", "UVIS"), subject="chip").value == 1
    err[-1, -1] = np.nan
    assert array_violations(sci, err, dq, camera=camera("WFPC2"), subject="chip").value == 1
    dq[-1, -1] = 2
    assert array_violations(sci, err, dq, camera=camera("WFPC2"), subject="chip").value == 0


@pytest.mark.parametrize(
    ("instrument", "detector", "unit"),
    [
        ("ACS", "WFC", "ELECTRONS"),
        ("ACS", "SBC", "COUNTS"),
        ("WFC3", "UVIS", "ELECTRONS"),
        ("WFC3", "IR", "electrons/s"),
    ],
)
def test_units_of_other_instruments(instrument: str, detector: str, unit: str) -> None:
    primary = {"INSTRUME": instrument, "DETECTOR": detector}
    assert unit_violations(exposure(primary=primary, science={"BUNIT": unit}), 1).value == 0
    assert unit_violations(exposure(primary=primary, science={"BUNIT": "DN"}), 1).value == 1


def test_unknown_instrument_is_not_measured() -> None:
    measurement = unit_violations(exposure(primary={"INSTRUME": "COS", "DETECTOR": "NUV"}), 1)
    assert judge(load_criteria()["CAL-005"], measurement).status is Status.NOT_MEASURED
    assert "COS" in measurement.reason


@pytest.mark.parametrize(
    ("duration", "flag", "violations"),
    [
        (16.3, "NORMAL", 0),
        (16.4, "NORMAL", 1),
        (15.6, "NORMAL", 1),
        (400.0, "INTERRUPTED", 0),
        (2.0, "INTERRUPTED", 1),
    ],
)
def test_exposure_time_against_its_start_and_end(duration: float, flag: str, violations: int) -> None:
    primary = {"EXPEND": 51384.2 + duration / 86400.0, "EXPFLAG": flag}
    assert unit_violations(exposure(primary=primary), 1).value == violations


@pytest.mark.parametrize(("read", "violations"), [(16.0, 0), (16.3, 0), (8.0, 1), (0.0, 0), ("16", 0)])
def test_exposure_time_against_the_last_read(read: object, violations: int) -> None:
    found = unit_violations(exposure(science={"SAMPTIME": read}), 1)
    assert found.value == violations
    assert ("its last read is of 8 s (SAMPTIME)" in found.reason) is bool(violations)


@pytest.mark.parametrize("value", [None, "16"])
def test_exposure_time_must_be_a_number(value: object) -> None:
    measurement = unit_violations(exposure(primary={"EXPTIME": value}), 1)
    assert measurement.reason == ("EXPTIME is missing" if value is None else "EXPTIME is '16', not a number")


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the real exposure u40x010hm")
@pytest.mark.parametrize("chip", [1, 2, 3, 4])
def test_real_exposure(chip: int) -> None:
    c0m, c1m = (read_exposure(REAL / f"u40x010hm_{suffix}.fits") for suffix in ("c0m", "c1m"))
    sci, dq = c0m.array("SCI", chip), c1m.array("SDQ", chip)
    with np.errstate(invalid="ignore"):
        measurement = array_violations(
            sci, np.sqrt(sci), dq, camera=camera("WFPC2"), subject=c0m.chip_label(chip)
        )
    assert judge(load_criteria()["CAL-013"], measurement).status is Status.PASS
    flagged = flagged_fraction(dq, subject=c0m.chip_label(chip))
    assert judge(load_criteria()["CAL-003"], flagged).status is Status.PASS
    assert 0.10 < flagged.value < 0.14
    unit = unit_violations(c0m, chip)  # its conversion from waivered FITS lost BUNIT, and nothing else
    (problem,) = unit.context["violations"]  # type: ignore[misc, str-unpack]
    assert "there is no BUNIT" in problem
    assert "set it to 'COUNTS'" in problem


@pytest.mark.parametrize(
    ("detector", "exptime", "duration", "problems"),
    [
        ("HRC", 60.0, 61.27, 0),  # as in the header of j8bt06nyq
        ("HRC", 0.1, 1.36, 0),
        ("WFC", 0.5, 1.55, 0),
        ("WFC", 400.0, 401.05, 0),
        ("WFC", 50.0, 50.0, 0),
        ("SBC", 1000.0, 1000.67, 0),
        ("HRC", 60.0, 62.0, 1),
        ("HRC", 60.0, 59.5, 1),
        ("WFC", 10.0, 12.0, 1),
        ("SBC", 1000.0, 1002.0, 1),
    ],
)
def test_duration_of_an_exposure_has_its_detectors_overhead(
    detector: str, exptime: float, duration: float, problems: int
) -> None:
    keywords = {
        "INSTRUME": "ACS",
        "DETECTOR": detector,
        "EXPTIME": exptime,
        "EXPSTART": 55000.0,
        "DATE-OBS": "2009-06-18",
    }
    unit = "COUNTS" if detector == "SBC" else "ELECTRONS"
    given = exposure(primary={**keywords, "EXPEND": 55000.0 + duration / 86400.0}, science={"BUNIT": unit})
    found = unit_violations(given, 1)
    assert found.value == problems, found.reason
    if problems:
        assert "EXPEND - EXPSTART differs from EXPTIME" in found.reason


@pytest.mark.parametrize(
    ("stated", "problems"),
    [
        ("1999-07-25", 0),
        ("1999-07-24", 0),
        ("25/07/99", 0),
        (None, 0),
        ("1999-07-28", 1),
        ("1990-01-01", 1),
    ],
)
def test_date_is_the_day_on_which_the_exposure_started(stated: str | None, problems: int) -> None:
    found = unit_violations(exposure(primary={"DATE-OBS": stated}), 1)
    assert found.value == problems
    assert ("days from EXPSTART, MJD 51384.2" in found.reason) is bool(problems)


def test_times_that_are_no_numbers_are_named() -> None:
    found = unit_violations(exposure(primary={"EXPTIME": "699,23", "EXPEND": None}), 1)
    assert found.reason == "EXPTIME is '699,23', not a number; EXPEND is missing"


# Of a WFC exposure whose amplifiers read with a noise of 5.1 to 5.5 electrons.
NOISES = {"READNSEA": 5.4, "READNSEB": 5.2, "READNSEC": 5.5, "READNSED": 5.1}
WFC = {"INSTRUME": "ACS", "DETECTOR": "WFC", **NOISES}


@pytest.mark.parametrize(
    ("noise", "violations"), [(None, 0), (9.4, 0), (5.1, 0), (2.56, 0), (2.54, 1), (0.094, 1)]
)
def test_electrons_have_the_read_noise(noise: float | None, violations: int) -> None:
    wfc = exposure(primary=WFC, science={"BUNIT": "ELECTRONS"})
    found = unit_violations(wfc, 2, noise=noise)
    assert found.value == violations
    assert ("less than the 5.1 electrons of reading (READNSE)" in found.reason) is bool(violations)


@pytest.mark.parametrize(
    ("time", "level", "noise", "violations"),
    [
        # Real: 203 s of a subarray; simulated, 603 s, and the same multiplied by its time.
        (202.9, 0.70, 0.091, 0),
        (602.9, 0.528, 0.0409, 0),
        (602.9, 318.6, 24.67, 1),
        # The root of 0.0553 times 28.3 electrons, and of 0.709 times 33.2.
        (600.0, 0.5, 1.24, 0),
        (600.0, 0.5, 1.26, 1),
        (600.0, 300.0, 4.84, 0),
        (600.0, 300.0, 4.86, 1),
        # In three seconds reading leaves three times as much, 28.31.
        (3.0, 0.5, 28.2, 0),
        (3.0, 0.5, 28.4, 1),
        (0.0, 0.5, 28.4, 1),  # EXPTIME alone
    ],
)
def test_rates_have_not_the_noise_of_electrons(
    time: float, level: float, noise: float, violations: int
) -> None:
    reading = dict.fromkeys(("READNSEA", "READNSEB", "READNSEC", "READNSED"), 20.0)
    times = {"EXPTIME": time, "EXPSTART": 55855.0, "EXPEND": 55855.0 + time / 86400.0, "DATE-OBS": None}
    primary = {"INSTRUME": "WFC3", "DETECTOR": "IR", **reading, **times}
    infrared = exposure(primary=primary, science={"BUNIT": "ELECTRONS/S"})
    found = unit_violations(infrared, 1, rates=PixelRates(level, noise))
    assert found.value == violations
    assert ("the noise of electrons" in found.reason) is (bool(violations) and time > 0)


@pytest.mark.parametrize(
    ("primary", "science", "least"),
    [
        ({}, {}, 5.1),
        ({"READNSED": 0.0, "READNSEC": "N/A"}, {}, 5.2),  # of the amplifiers that were used
        (dict.fromkeys(NOISES, 0.0), {}, None),
        (dict.fromkeys(NOISES), {}, None),
        ({}, {"NCOMBINE": 1}, 5.1),
        ({}, {"NCOMBINE": 2}, None),
        ({}, {"BUNIT": "ELECTRONS/S"}, None),
        ({}, {"BUNIT": None}, None),
        ({"INSTRUME": "COS", "DETECTOR": "NUV"}, {}, None),
    ],
)
def test_read_noise_of_single_exposures_in_electrons(
    primary: dict[str, object], science: dict[str, object], least: float | None
) -> None:
    wfc = exposure(primary={**WFC, **primary}, science={"BUNIT": "ELECTRONS", **science})
    assert least_read_noise(wfc, 1) == least

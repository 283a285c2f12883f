"""Zeropoints of cameras whose chips share one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.evidence.references import tabulated_photflam
from hubble_qa.checks.images.zeropoints import chip_zeropoint_error, observing_mode, zeropoint_violations
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import Exposure, Extension, ReaderError, read_exposure
from hubble_qa.checks.readers.imphttab import read_mode
from hubble_qa.checks.verdict import Status, judge
from tests.uvis_fields import without_ratio, zeropoint_headers

SHARED = Path(__file__).parents[2] / "shared"
ONE, TWO = 1.8379346e-19, 1.8572521e-19


def status(measurement: Measurement, criterion: str = "PHT-009") -> Status:
    return judge(load_criteria()[criterion], measurement).status


def infrared(photflam: float | None = 3.04e-20, **primary: object) -> Exposure:
    cards = {"INSTRUME": "WFC3", "DETECTOR": "IR", "FILTER": "F105W", "PHOTFLAM": photflam, **primary}
    header = fits.Header([(key, value) for key, value in cards.items() if value is not None])
    return Exposure(Path("ibohbfb7q_flt.fits"), header, (Extension("SCI", 1, fits.Header(), (1014, 1014)),))


@pytest.mark.parametrize(
    ("names", "mode", "pivot", "said"),
    [
        (("CLEAR1L", "F814W"), "ACS WFC1 F814W MJD#56112.8208", 8045.5317, ""),
        (("F606W", "POL0V"), "ACS WFC1 F606W POL_V MJD#54000.0", 5920.0, ""),
        (("CLEAR1S", "F250W"), "ACS HRC F250W", 2716.0, ""),
        (("FR656N", "CLEAR2L"), "ACS WFC1 FR656N#6563.0", 6563.0, ""),
        (("CLEAR1L", "F850LP"), "ACS WFC1 F850LP MJD#53000.0", 9033.0, ""),
        (("CLEAR1L", "F814W"), "", 8045.5317, ""),
        (("CLEAR1L", "F814W"), "ACS WFC1 F814W", None, ""),
        (
            ("CLEAR1L", "F814W"),
            "ACS WFC1 F606W",
            8045.5317,
            "PHOTMODE of SCI,1 is 'ACS WFC1 F606W', but the filter F814W",
        ),
        (("CLEAR1L", "F814W"), "", 5921.0, "PHOTPLAM of SCI,1 is 5921 Angstrom, which is not in F814W"),
        (("CLEAR1L", "F814W"), "ACS WFC1 F814W", 0.0, "PHOTPLAM of SCI,1 is 0.0, no wavelength"),
        (("CLEAR1L", "F814W"), "ACS WFC1 F814W", "8045.5", "PHOTPLAM of SCI,1 is '8045.5', no wavelength"),
    ],
)
def test_a_zeropoint_of_another_filter_is_told(
    names: tuple[str, str], mode: str, pivot: object, said: str
) -> None:
    detector = "HRC" if "HRC" in mode else "WFC"
    cards = {"INSTRUME": "ACS", "DETECTOR": detector, "FILTER1": names[0], "FILTER2": names[1]}
    chip = fits.Header([("PHOTFLAM", 7e-20), ("PHOTMODE", mode), ("CCDCHIP", 2)])
    if pivot is not None:
        chip["PHOTPLAM"] = pivot
    exposure = Exposure(
        Path("jaqa01a2q_flt.fits"), fits.Header([*cards.items()]), (Extension("SCI", 1, chip, (2048, 4096)),)
    )

    measured = zeropoint_violations(exposure)

    assert (measured.value, said in measured.reason) == (1 if said else 0, True)
    assert status(measured, "PHT-014") is (Status.FAIL if said else Status.PASS)


@pytest.mark.parametrize(("name", "pivot"), [("F105W", 10551.0), ("F140W", 13922.9), ("F098M", 9864.1)])
def test_infrared_filters_are_numbered_in_units_of_ten_nanometres(name: str, pivot: float) -> None:
    mode = f"WFC3 IR {name}"
    assert zeropoint_violations(infrared(FILTER=name, PHOTMODE=mode, PHOTPLAM=pivot)).value == 0
    assert zeropoint_violations(infrared(FILTER=name, PHOTMODE=mode, PHOTPLAM=1.3 * pivot)).value == 1


@pytest.mark.parametrize(
    ("mode", "begin", "said"),
    [
        # Real: sample_flc_header and sample_svm_flt; and as synphot writes modes.
        ("ACS WFC1 F814W MJD#56112.8208", 56112.82084112, ""),
        ("acs,wfc1,f814w,mjd#56112.8", 56112.82084112, ""),
        ("ACS WFC1 F814W MJD#56112.8208", None, ""),
        ("ACS WFC1 F814W", 56112.82084112, ""),
        # A year has 365 days: 0.1 per cent of sensitivity in half of it.
        ("ACS WFC1 F814W MJD#56012.0", 56112.82084112, ""),
        ("ACS WFC1 F814W MJD#55912.0", 56112.82084112, "began at MJD 56112.8208"),
        ("ACS WFC1 F814W MJD#52334.0", 56112.82084112, "began at MJD 56112.8208"),
        ("ACS WFC1 F814W MJD#53880.0", 53950.0, "began at MJD 53950.0000"),
        ("ACS WFC1 F814W MJD#53930.0", 53950.0, ""),
        ("ACS HRC F814W MJD#56112.8208", 56112.82084112, "but the camera ACS WFC"),
        ("WFC3 UVIS1 F814W MJD#56112.8208", 56112.82084112, "but the camera ACS WFC"),
    ],
)
def test_a_zeropoint_of_another_camera_or_time_is_told(mode: str, begin: float | None, said: str) -> None:
    cards = {
        "INSTRUME": "ACS",
        "DETECTOR": "WFC",
        "FILTER1": "CLEAR1L",
        "FILTER2": "F814W",
        "EXPSTART": begin,
    }
    primary = fits.Header([(key, value) for key, value in cards.items() if value is not None])
    chip = fits.Header([("PHOTMODE", mode), ("PHOTFLAM", 7.0768959e-20)])
    exposure = Exposure(Path("jc0a01a2q_flc.fits"), primary, (Extension("SCI", 1, chip, (2048, 4096)),))
    measured = zeropoint_violations(exposure)
    assert (measured.value, said in measured.reason) == (1 if said else 0, True)


def test_a_zeropoint_of_another_camera_is_told_of_cameras_of_one_chip() -> None:
    assert zeropoint_violations(infrared(PHOTMODE="WFC3 IR F105W")).value == 0
    assert zeropoint_violations(infrared(PHOTMODE="WFC3 UVIS1 F105W")).value == 1


@pytest.mark.parametrize("keyword", ["INSTRUME", "DETECTOR"])
def test_a_camera_that_the_header_does_not_name_is_not_compared_with_the_zeropoints(keyword: str) -> None:
    """It is FIL-003 that tells of the keyword."""
    exposure = infrared(PHOTMODE="WFC3 IR F105W")
    del exposure.primary[keyword]
    assert "but the camera" not in zeropoint_violations(exposure).reason


def test_real_keywords_are_accepted() -> None:
    measurement = chip_zeropoint_error(zeropoint_headers())
    assert (measurement.value, status(measurement)) == (0.0, Status.PASS)
    assert status(chip_zeropoint_error(infrared())) is Status.PASS


@pytest.mark.parametrize(
    ("photflam", "pivot", "width", "wrong"),
    [
        # Real: WFC3/IR F110W and F140W, UVIS F555W, HRC F606W; and SBC F165LP, the least sensitive.
        (1.5318e-20, 11534.459, 1428.4883, False),
        (1.4737148e-20, 13922.907, 1132.39, False),
        (1.8379346e-19, 5307.9121, 517.13422, False),
        (1.2781042e-19, 5887.9316, 664.8866, False),
        (1.4e-16, 1758.0, 82.0, False),
        # A magnitude, janskys per electron, a power of ten too little or too much.
        (25.9, 5307.9121, 517.13422, True),
        (1.7e-7, 5307.9121, 517.13422, True),
        (1.8379346e-20, 5307.9121, 517.13422, True),
        (1.8379346e-12, 5307.9121, 517.13422, True),
        (1.8379346e-20, 5307.9121, 0.0, False),
    ],
)
def test_a_photflam_that_no_telescope_can_have_is_told(
    photflam: float, pivot: float, width: float, wrong: bool
) -> None:
    exposure = infrared(photflam, PHOTPLAM=pivot, PHOTBW=width, FILTER="N/A")
    measured = zeropoint_violations(exposure)
    assert (measured.value, "of each photon" in measured.reason) == (wrong, wrong)


@pytest.mark.parametrize(
    ("exposure", "value", "said"),
    [
        (zeropoint_headers(photflams=(ONE, 1.5 * ONE)), 0.5, "PHTFLAM1"),
        (zeropoint_headers(photflams=(ONE, TWO)), TWO / ONE - 1, "PHTFLAM1"),
        (zeropoint_headers(FLUXCORR="OMIT", photflams=(TWO, ONE)), 0.01051044, "FLUXCORR = PERFORM"),
        (zeropoint_headers(FLUXCORR="SKIPPED", PHTRATIO=0.7, photflams=(TWO, ONE)), 0.3, "PHTRATIO = 0.7"),
    ],
)
def test_error_of_a_flux_by_photflam(exposure: Exposure, value: float, said: str) -> None:
    measurement = chip_zeropoint_error(exposure)
    assert measurement.value == pytest.approx(value, rel=1e-4)
    assert said in measurement.reason
    assert status(measurement) is Status.FAIL


@pytest.mark.parametrize(
    ("exposure", "said"),
    [
        (zeropoint_headers(photflams=(None, ONE)), "SCI,1 is missing"),
        (zeropoint_headers(photflams=(ONE, -ONE)), "SCI,2 is -1.8379346e-19, no inverse sensitivity"),
        (infrared(0.0), "no inverse sensitivity"),
        (infrared(None), "is missing"),
        (replace(infrared(), extensions=()), "there is no SCI extension"),
        (
            without_ratio(),
            "FLUXCORR is 'OMIT' and PHTRATIO is missing",
        ),
    ],
)
def test_a_zeropoint_that_is_missing_is_rejected_by_a_criterion_of_its_own(
    exposure: Exposure, said: str
) -> None:
    missing = zeropoint_violations(exposure)
    assert (missing.value, status(missing, "PHT-014")) == (1, Status.FAIL)
    assert said in missing.reason
    error = chip_zeropoint_error(exposure)
    assert status(error) is Status.NOT_TOLD
    assert error.reason.endswith("see PHT-014")


def test_without_phtratio_it_is_the_ratio_of_the_chips_sensitivities() -> None:
    exposure = zeropoint_headers(FLUXCORR="OMIT", PHTRATIO=None, PHTFLAM1=2e-19, PHTFLAM2=1e-19)
    for header in (exposure.primary, *exposure.science_headers().values()):
        header.pop("PHTRATIO", None)
    for chip, photflam in ((1, 1e-19), (2, 2e-19)):  # SCI,1 is UVIS2
        exposure.header("SCI", chip)["PHOTFLAM"] = photflam
    measurement = chip_zeropoint_error(exposure)
    assert measurement.value == pytest.approx(0.5)
    assert "PHTRATIO = 0.5" in measurement.reason


def test_a_subarray_of_uvis2_keeps_its_own_zeropoint_without_fluxcorr() -> None:
    whole = zeropoint_headers(FLUXCORR="OMIT", photflams=(TWO, ONE))
    subarray = Exposure(whole.path, whole.primary, whole.extensions[:1])
    assert chip_zeropoint_error(subarray).value == 0.0
    subarray.header("SCI", 1)["PHOTFLAM"] = ONE
    assert chip_zeropoint_error(subarray).value == pytest.approx(1 - ONE / TWO)


def test_a_grism_has_no_zeropoint() -> None:
    for grism in (
        infrared(0.0, FILTER="G141"),
        zeropoint_headers(photflams=(0.0, 0.0), FILTER="G280"),
    ):
        assert not chip_zeropoint_error(grism).applicable
        assert not zeropoint_violations(grism).applicable


def test_a_zeropoint_without_a_date_is_worth_a_look() -> None:
    undated = zeropoint_headers()
    undated.header("SCI", 2)["PHOTMODE"] = "WFC3 UVIS1 F555W"
    measurement = chip_zeropoint_error(undated)
    assert status(measurement) is Status.WARN
    assert "SCI,2 has no date" in measurement.warning
    # The infrared channel's sensitivity is not tabulated by date.
    assert status(chip_zeropoint_error(infrared(PHOTMODE="WFC3 IR F105W"))) is Status.PASS


def table(path: Path, rows: dict[str, float | list[tuple[float, float]]]) -> Path:
    """An IMPHTTAB with PHOTFLAM of some modes, constant or by MJD."""
    dated = {mode: value for mode, value in rows.items() if isinstance(value, list)}
    dates = [[mjd for mjd, _ in dated.get(mode, [(0.0, 0.0)] * 2)] for mode in rows]
    values = [[value for _, value in dated.get(mode, [(0.0, 0.0)] * 2)] for mode in rows]
    columns = [
        fits.Column("OBSMODE", "40A", array=[f"{mode},mjd#" if mode in dated else mode for mode in rows]),
        fits.Column("DATACOL", "12A", array=["PHOTFLAM1" if mode in dated else "PHOTFLAM" for mode in rows]),
        fits.Column("PHOTFLAM", "D", array=[0.0 if mode in dated else rows[mode] for mode in rows]),
        fits.Column("NELEM1", "J", array=[2 if mode in dated else 0 for mode in rows]),
        fits.Column("PAR1VALUES", "2D", array=np.array(dates)),
        fits.Column("PHOTFLAM1", "2D", array=np.array(values)),
    ]
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns, name="PHOTFLAM")]).writeto(path)
    return path


def test_photflam_is_compared_with_the_table_that_the_header_names(tmp_path: Path) -> None:
    rows = {"wfc3,uvis1,f555w": [(55000.0, 1.8e-19), (56000.0, 1.9e-19)], "wfc3,uvis2,f555w": TWO}
    table(tmp_path / "51c1638pi_imp.fits", rows)
    exposure = zeropoint_headers(IMPHTTAB="iref$51c1638pi_imp.fits", EXPSTART=55611.0)
    expected = 1.8e-19 + 0.611 * 1e-20
    found = tabulated_photflam(tmp_path, exposure)
    # FLUXCORR brought UVIS2, SCI,1, to UVIS1.
    assert found == pytest.approx({1: expected, 2: expected}, rel=1e-9, abs=0.0)
    assert chip_zeropoint_error(exposure, found).value == pytest.approx(abs(ONE / expected - 1))
    assert chip_zeropoint_error(exposure, dict.fromkeys((1, 2), ONE)).value == 0.0
    assert observing_mode(zeropoint_headers(FLUXCORR="OMIT"), 1) == "wfc3,uvis2,f555w"


def test_what_a_table_does_not_give_is_not_compared(tmp_path: Path) -> None:
    path = table(
        tmp_path / "sim_imp.fits", {"wfc3,uvis1,f606w": ONE, "wfc3,uvis1,f555w": [(1.0, 1.0), (2.0, 1.0)]}
    )
    named = zeropoint_headers(IMPHTTAB="iref$sim_imp.fits", EXPSTART=55611.0)
    assert tabulated_photflam(tmp_path, named) == {}
    assert tabulated_photflam(None, named) == {}
    assert tabulated_photflam(tmp_path, zeropoint_headers(IMPHTTAB="N/A", EXPSTART=1.0)) == {}
    with pytest.raises(ReaderError, match="knows PHOTFLAM from MJD 1 to 2 only, not at 55611"):
        read_mode(path, "PHOTFLAM", "wfc3,uvis1,f555w", 55611.0)
    with pytest.raises(ReaderError, match="has no row acs,wfc1,f606w in PHOTFLAM"):
        read_mode(path, "PHOTFLAM", "acs,wfc1,f606w", 55611.0)
    with pytest.raises(ReaderError, match="no extension PHOTBW"):
        read_mode(path, "PHOTBW", "wfc3,uvis1,f606w", 55611.0)


@pytest.mark.skipif(not SHARED.is_dir(), reason="real headers are not beside this repository (../shared)")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("headers/sample_ipppssoot_flc.fits", Status.PASS),
        ("headers/sample_ipppssoot_flt.fits", Status.PASS),
        ("headers/sample_flc_header.fits", Status.PASS),
        ("cases/05_acs_short_exposure/j8bt06nyq_flt.fits", Status.WARN),
        ("cases/18_photflam_of_ccd/zero_flc.fits", Status.NOT_TOLD),
        ("cases/18_photflam_of_ccd/chips_differ_flc.fits", Status.FAIL),
    ],
)
def test_real_headers(name: str, expected: Status) -> None:
    exposure = read_exposure(SHARED / name)
    assert status(chip_zeropoint_error(exposure)) is expected
    missing = status(zeropoint_violations(exposure), "PHT-014")
    assert missing is (Status.FAIL if expected is Status.NOT_TOLD else Status.PASS)

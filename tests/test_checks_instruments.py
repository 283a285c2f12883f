"""The records of cameras, and that a record is all that another camera takes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks import instruments, rootnames
from hubble_qa.checks.detectors.calibration import unit_violations
from hubble_qa.checks.images.files import fits_form_violations, keyword_violations, structure_violations
from hubble_qa.checks.instruments import (
    RECORDS,
    Camera,
    InstrumentsError,
    UnknownCameraError,
    camera,
    load_instruments,
    parse_instruments,
)
from hubble_qa.checks.measurement import Measurement
from hubble_qa.checks.readers import read_exposure, read_fits_structure
from hubble_qa.checks.rootnames import instrument_of
from hubble_qa.fixtures.finished.files import Kind
from hubble_qa.fixtures.finished.survey import survey

TEXT = RECORDS.read_text(encoding="utf-8")
JUDGED = ("WFPC2", "ACS/WFC", "ACS/HRC", "ACS/SBC", "WFC3/UVIS", "WFC3/IR")
BY_FORM = ("STIS/CCD", "STIS/FUV-MAMA", "STIS/NUV-MAMA", "NICMOS/1", "NICMOS/2", "NICMOS/3")
VALUES = {"text": "2031-05-06", "number": 1.5, "integer": 1}


def record_of(name: str) -> str:
    """The lines of a record with the tables below it."""
    lines = TEXT.splitlines()
    first = end = next(number for number, line in enumerate(lines) if line.startswith(f"[cameras.{name}]"))
    while end < len(lines) and (not lines[end].startswith("[") or lines[end].startswith(f"[cameras.{name}")):
        end += 1
    return "\n".join(lines[first:end]) + "\n"


def forget_records() -> None:
    """Forget the records, and what was worked out of them before."""
    load_instruments.cache_clear()
    for function in vars(rootnames).values():
        if hasattr(function, "cache_clear"):
            function.cache_clear()


@pytest.fixture
def faint_object_camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Camera]:
    """A camera that is not judged, by a copy of ACS/HRC's record under other names and in another unit."""
    copy = record_of('"ACS/HRC"').replace("ACS", "FOC").replace("HRC", "F96").replace('"j"', '"x"')
    copy = copy.replace("ELECTRONS", "COUNTS").replace("files.flt]", "files.c1h]")
    records = tmp_path / "instruments.toml"
    records.write_text(f"{TEXT}\n{copy}", encoding="utf-8")
    monkeypatch.setattr(instruments, "RECORDS", records)
    forget_records()
    yield camera("FOC", "F96")
    monkeypatch.undo()
    forget_records()


@pytest.fixture
def product(faint_object_camera: Camera, tmp_path: Path) -> Path:
    primary = fits.Header([(name, VALUES[kind]) for name, kind in faint_object_camera.primary.items()])
    primary.update({"INSTRUME": "FOC", "DETECTOR": "F96", "ROOTNAME": "x2aa0101t", "EXPTIME": 86.4})
    primary.update({"EXPSTART": 62992.5, "EXPEND": 62992.501})
    science = fits.Header([(name, VALUES[kind]) for name, kind in faint_object_camera.science.items()])
    science["BUNIT"] = "COUNTS"
    planes = (("SCI", np.float32), ("ERR", np.float32), ("DQ", np.int16))
    hdus = [
        fits.ImageHDU(np.ones((4, 4), kind), science if name == "SCI" else None, name=name, ver=1)
        for name, kind in planes
    ]
    path = tmp_path / "products" / "x2aa0101t_c1h.fits"
    path.parent.mkdir()
    fits.HDUList([fits.PrimaryHDU(header=primary), *hdus]).writeto(path)
    return path


def judged(path: Path) -> list[Measurement]:
    exposure = read_exposure(path)
    form = fits_form_violations(read_fits_structure(path))
    return [form, structure_violations(exposure), keyword_violations(exposure), unit_violations(exposure, 1)]


def test_the_cameras_are_those_that_are_judged() -> None:
    cameras = load_instruments().cameras
    assert tuple(cameras) == (*JUDGED, *BY_FORM)
    assert tuple(name for name, camera in cameras.items() if camera.form_only) == BY_FORM


def test_a_camera_without_a_record_is_one_clear_line() -> None:
    message = "COS/NUV: instruments.toml has no record of it, only of WFPC2, ACS/WFC"
    with pytest.raises(UnknownCameraError, match=message):
        camera("COS", "NUV")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[cameras.WFPC2]", "[cameras.WFPC2", "not TOML"),
        ('[cameras."ACS/SBC"]', '[cameras."ACS/XXX"]', "cameras.ACS/XXX: "),
        ('detector = "SBC"', 'detector = "XXX"', "cameras.ACS/SBC: it is a record of ACS/XXX; rename it"),
        ("plate_scale = 0.032", "plate_scale = -0.032", "cameras.ACS/SBC: plate_scale: Input should be"),
        ('"SDQ,1"', '"SDQ 1"', "cameras.WFPC2: files.c1m.extensions.0: 'SDQ 1' is no extension"),
        ('"SDQ,1"', '",1"', "cameras.WFPC2: files.c1m.extensions.0: ',1' is no extension"),
        ('["hot", "unstable"]', '["hot", "cold"]', "cameras.WFC3/UVIS: pattern_flags: cold is not among"),
        ('EXPTIME = "number"', 'EXPTIME = "date"', "cameras.WFPC2: primary.EXPTIME: Input should be"),
        ("files.c0m]", "files.drz]", "cameras.WFPC2.files.drz: kind is 'calibrated exposure', but elsewhere"),
        ('asn = { kind = "association', 'asn = { kind = "table', "files: kind: Input should be"),
        ("unit = ", "units = ", "cameras.WFPC2: unit: Field required"),
    ],
)
def test_mistakes_in_records_are_one_clear_line(old: str, new: str, message: str) -> None:
    text = TEXT.replace(old, new)
    assert text != TEXT
    with pytest.raises(InstrumentsError, match=rf"^mine\.toml: .*{re.escape(message)}") as raised:
        parse_instruments(text, "mine.toml")
    assert "\n" not in str(raised.value)


def test_records_tell_what_files_of_all_cameras_are_and_which_are_not_judged() -> None:
    records = parse_instruments(TEXT, "mine.toml")
    document = tomllib.loads(TEXT)
    assert records.shared == set(document["files"])
    assert records.others == document["others"]
    assert records.shared
    assert records.others


def test_a_header_that_names_no_chip_has_what_holds_for_the_camera_alone() -> None:
    wfpc2, wfc = camera("WFPC2"), camera("ACS", "WFC")
    assert [wfpc2.fwhm_of_stars({"DETECTOR": chip}) for chip in (1, 3)] == [3.5, 2.6]
    assert wfpc2.fwhm_of_stars({}) is None
    assert wfc.fwhm_of_stars({}) == 3.04
    assert wfc.distortion_terms({}) == ()
    assert wfc.distortion_terms({"CCDCHIP": "2"}) == ()
    assert wfc.distortion_terms({"CCDCHIP": 2}) == wfc.distortion[2]


def test_chips_are_named_by_their_headers() -> None:
    assert [camera("WFPC2").chip_name({"DETECTOR": number}) for number in (1, 4, 5)] == ["PC1", "WF4", ""]
    assert camera("ACS", "WFC").chip_name({"CCDCHIP": 2, "EXTVER": 1}) == "WFC2"


def test_only_infrared_cameras_have_reads() -> None:
    names = [each.name for each in load_instruments().cameras.values() if each.has_reads]
    assert names == ["WFC3/IR", "NICMOS/1", "NICMOS/2", "NICMOS/3"]


@pytest.mark.usefixtures("faint_object_camera")
def test_a_record_makes_rootnames_known() -> None:
    assert instrument_of("x2aa0101t") == "FOC"


def test_a_record_makes_products_judged(product: Path) -> None:
    assert [measurement.value for measurement in judged(product)] == [0, 0, 0, 0]
    finished = survey(product.parent).instruments["FOC"]
    assert [file.label for file in finished.of(Kind.EXPOSURE)] == ["x2aa0101t_c1h"]
    for axis in ("file", "exposure"):
        assert [str(subject) for subject in finished.axes[axis]] == ["x2aa0101t_c1h"]


def test_defects_of_its_products_are_found(product: Path) -> None:
    with fits.open(product, mode="update") as hdus:
        del hdus[0].header["FILTER1"], hdus["DQ", 1]
        hdus["SCI", 1].header["BUNIT"] = "ELECTRONS"
    form, structure, keywords, unit = judged(product)
    assert form.value == 0
    assert structure.reason == "DQ,1 is missing"
    assert keywords.reason == "primary: FILTER1 is missing"
    assert unit.reason == "BUNIT is 'ELECTRONS', not 'COUNTS'"


def test_a_product_without_a_record_is_not_judged(product: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instruments, "RECORDS", RECORDS)
    load_instruments.cache_clear()
    assert structure_violations(read_exposure(product)).value is None
    assert unit_violations(read_exposure(product), 1).value is None

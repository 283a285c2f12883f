"""Measurements of products as files."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from astropy.io import fits

from hubble_qa.checks.criteria import load_criteria
from hubble_qa.checks.images.files import (
    ends_early,
    fits_form_violations,
    keyword_violations,
    mistyped_keywords,
    structure_violations,
)
from hubble_qa.checks.images.identity import image_identity_violations
from hubble_qa.checks.instruments import Camera, load_instruments
from hubble_qa.checks.readers import Exposure, Extension, FitsStructure, read_exposure, read_fits_structure
from hubble_qa.checks.verdict import Status, judge
from tests.header_samples import hrc, infrared, uvis, wfpc2
from tests.wfpc2_samples import drizzled, exposure, write_flt

REAL = Path(__file__).parents[2] / "shared" / "archive" / "HST"


def test_written_file_is_in_form_and_each_damage_is_told(tmp_path: Path) -> None:
    rule = load_criteria()["FIL-001"]
    whole = write_flt(tmp_path / "u5jx010hr_flt.fits", checksum=True)
    assert judge(rule, fits_form_violations(read_fits_structure(whole))).status is Status.PASS
    content = whole.read_bytes()
    flipped = bytearray(content)
    flipped[-2880] ^= 0xFF
    damages = {
        "declare": content[:-5760],
        "2880 bytes follow its last unit": content + bytes(2880),
        "Datasum": bytes(flipped),
        "cannot be read as FITS": b"<html>503 Service Unavailable</html>",
    }
    for remark, damaged in damages.items():
        whole.write_bytes(damaged)
        verdict = judge(rule, fits_form_violations(read_fits_structure(whole)))
        assert verdict.status is Status.FAIL
        assert remark in " ".join(verdict.measurement.context["violations"])


def test_file_cut_between_units_lacks_extensions(tmp_path: Path) -> None:
    path = write_flt(tmp_path / "u5jx010hr_flt.fits")
    with fits.open(path) as hdus:
        end = hdus[4].fileinfo()["datLoc"] + hdus[4].fileinfo()["datSpan"]
    path.write_bytes(path.read_bytes()[:end])
    measurement = fits_form_violations(read_fits_structure(path))
    assert measurement.reason == "4 extensions, but NEXTEND is 13"


@pytest.mark.parametrize(
    ("behind", "cut"),
    [((), True), (("WCSDVARR", "WCSCORR"), False), (("WCSCORR", "WCSDVARR", "D2IMARR"), False)],
)
def test_what_is_followed_by_other_extensions_was_not_cut_off(behind: tuple[str, ...], cut: bool) -> None:
    sound = exposure()
    added = tuple(Extension(name, 1, fits.Header()) for name in behind)
    last = [each for each in sound.extensions if (each.name, each.version) != ("ERR", 4)]
    lacking = replace(sound, extensions=(*last, *added))
    units = len(lacking.extensions) + 1
    structure = FitsStructure(lacking.path, 100, 100, units, units, 0, ())
    assert structure_violations(lacking).reason == "ERR,4 is missing"
    assert ends_early(structure, lacking) is cut
    assert ends_early(replace(structure, actual_size=99), lacking)


def test_added_extensions_may_stand_anywhere() -> None:
    flt = exposure()
    added = tuple(Extension(name, 1, fits.Header()) for name in ("WCSCORR", "HDRLET", "WCSDVARR"))
    assert structure_violations(replace(flt, extensions=(*added, *flt.extensions))).value == 0
    strange = Extension("MDRIZTAB", 1, fits.Header())
    measurement = structure_violations(replace(flt, extensions=(*flt.extensions, strange)))
    assert measurement.reason == "MDRIZTAB,1 is not part of the structure"


def test_extension_twice_and_without_image() -> None:
    flt = exposure()
    twice = structure_violations(replace(flt, extensions=(*flt.extensions, flt.extensions[0])))
    assert "SCI,1 occurs more than once" in twice.reason
    empty = (replace(flt.extensions[0], shape=()), *flt.extensions[1:])
    assert structure_violations(replace(flt, extensions=empty)).reason == "SCI,1 has no image"


def test_order_is_told() -> None:
    flt = exposure()
    swapped = (flt.extensions[1], flt.extensions[0], *flt.extensions[2:])
    assert structure_violations(replace(flt, extensions=swapped)).reason.startswith(
        "the order is SCI,2, SCI,1, "
    )


@pytest.mark.parametrize(
    ("camera", "suffix"),
    [
        pytest.param(camera, suffix, id=f"{camera.name} {suffix}")
        for camera in load_instruments().cameras.values()
        for suffix, form in camera.files.items()
        if form.extensions
    ],
)
def test_required_structure_is_accepted_and_each_loss_rejected(camera: Camera, suffix: str) -> None:
    required = camera.files[suffix].extensions
    extensions = tuple(Extension(name, version, fits.Header(), (2, 2)) for name, version in required)
    whole = replace(
        exposure(primary={"INSTRUME": camera.instrument, camera.detector_keyword: camera.detector or None}),
        path=Path(f"u5jx010hr_{suffix}.fits"),
        extensions=extensions,
    )
    assert structure_violations(whole).value == 0
    for index in range(len(extensions)):
        without = extensions[:index] + extensions[index + 1 :]
        assert structure_violations(replace(whole, extensions=without)).value >= 1


@pytest.mark.parametrize(
    ("subarray", "chips", "problems"), [(True, 1, 0), (False, 1, 3), (False, 2, 0), (True, 2, 3)]
)
def test_a_subarray_is_on_one_chip(subarray: bool, chips: int, problems: int) -> None:
    extensions = tuple(
        Extension(name, chip, fits.Header(), (2, 2))
        for chip in range(1, chips + 1)
        for name in ("SCI", "ERR", "DQ")
    )
    primary = {"INSTRUME": "WFC3", "DETECTOR": "UVIS", "SUBARRAY": subarray}
    found = replace(exposure(primary=primary), path=Path("ibwb01xqq_flc.fits"), extensions=extensions)
    assert structure_violations(found).value == problems


def of_chips(
    *chips: int, calibrated: str = "", versions: tuple[int, ...] = (), **primary: object
) -> Exposure:
    """A C0M file of some chips, numbered from 1 if no versions are given, whose HISTORY names others."""
    whole = exposure("c0m")
    numbers = versions or tuple(range(1, len(chips) + 1))
    extensions = tuple(
        Extension("SCI", version, whole.header("SCI", chip), (800, 800))
        for version, chip in zip(numbers, chips, strict=True)
    )
    header = exposure("c0m", primary={"NEXTEND": len(extensions), **primary}).primary
    for each in calibrated.split("|") if calibrated else ():
        header["HISTORY"] = each
    return replace(whole, source=header, extensions=extensions)


def read_out(*chips: int) -> str:
    """HISTORY of an exposure of some chips, as calwp2 writes it."""
    names = {1: "PC1", 2: "WF2", 3: "WF3", 4: "WF4"}
    tables = {1: "dqepc1", 2: "dqewfc2", 3: "dqewfc3", 4: "dqewfc4"}
    return "|".join(
        f"  {names[chip]}: bias jump level ~0.108 DN.|  crwfpc2comp$wfpc2_{tables[chip]}_005_syn.fits,"
        for chip in chips
    )


@pytest.mark.parametrize("chips", [(1,), (3,), (3, 4), (1, 2, 3, 4)])
def test_wfpc2_may_read_out_some_chips_alone(chips: tuple[int, ...]) -> None:
    assert structure_violations(of_chips(*chips)).value == 0
    assert structure_violations(of_chips(*chips, calibrated=read_out(*chips))).value == 0


@pytest.mark.parametrize(
    ("lost", "reason"),
    [
        (of_chips(1, 2, 3, NEXTEND=4), "SCI,4 is missing"),
        (of_chips(1, 2, 3, NEXTEND=None), "SCI,4 is missing"),
        (of_chips(1, 2, 4, versions=(1, 2, 4)), "SCI,3 is missing"),
        (of_chips(3, versions=(3,)), "SCI,1 is missing; SCI,2 is missing; SCI,4 is missing"),
        (of_chips(2, 1), "SCI,3 is missing; SCI,4 is missing"),
        (of_chips(3, 3), "SCI,3 is missing; SCI,4 is missing"),
        (
            of_chips(1, 2, 4, calibrated=read_out(1, 2, 3, 4)),
            "WF3 was calibrated with it (HISTORY), and is not in the file",
        ),
        (
            of_chips(2, calibrated="  crwfpc2comp$wfpc2_dqepc1_005_syn.fits,"),
            "PC1 was calibrated with it (HISTORY), and is not in the file",
        ),
    ],
    ids=["NEXTEND", "no NEXTEND", "gap", "taken out", "turned", "twice", "HISTORY", "tables in HISTORY"],
)
def test_a_wfpc2_exposure_that_lost_a_chip_is_rejected(lost: Exposure, reason: str) -> None:
    assert structure_violations(lost).reason == reason


def test_the_order_of_extensions_of_a_single_chip_is_required() -> None:
    flt = exposure("flt", primary={"NEXTEND": 3})
    parts = {(each.name, each.version): each for each in flt.extensions}
    chip = tuple(parts[name, 1] for name in ("SCI", "DQ", "ERR"))
    assert structure_violations(replace(flt, extensions=chip)).value == 0
    turned = replace(flt, extensions=(chip[0], chip[2], chip[1]))
    assert structure_violations(turned).reason == "the order is SCI,1, ERR,1, DQ,1"
    without = replace(exposure("flt", primary={"NEXTEND": 2}), extensions=chip[:2])
    assert structure_violations(without).reason == "ERR,1 is missing"


@pytest.mark.parametrize(
    ("primary", "science", "reason"),
    [
        ({"ATODGAIN": "7.0"}, {}, "primary: ATODGAIN is '7.0', not a number: write it without quotes"),
        ({"ATODGAIN": ""}, {}, "primary: ATODGAIN is '', not a number"),
        ({"EXPTIME": True}, {}, "primary: EXPTIME is True, not a number"),
        ({"EXPTIME": 1e300}, {}, "primary: EXPTIME is 1e+300, more than it can be"),
        # Keywords that need not be there.
        ({"READNSEA": "5.2"}, {}, "primary: READNSEA is '5.2', not a number: write it without quotes"),
        ({"ATODGNC": "N/A"}, {}, "primary: ATODGNC is 'N/A', not a number"),
        ({}, {"A_0_2": ""}, "SCI,1: A_0_2 is '', not a number"),
        ({}, {"MEANDARK": 1e31}, "SCI,1: MEANDARK is 1e+31, more than it can be"),
        ({}, {"PHOTZPT": ""}, ""),
        ({"READNSEA": 5, "ATODGNC": 7.1}, {"MEANDARK": 0.0, "A_0_2": -1e-6}, ""),
    ],
)
def test_numbers_that_are_none_are_named(
    primary: dict[str, object], science: dict[str, object], reason: str
) -> None:
    found = keyword_violations(exposure(primary=primary, science=science))
    assert found.reason.partition(";")[0] == reason
    told = mistyped_keywords(exposure(primary=primary, science=science))
    assert [each in reason for each in told[:1]] == ([True] if reason else [])


@pytest.mark.parametrize(
    ("make", "detector", "said"),
    [
        (infrared, "", "primary: DETECTOR is '', but WFC3 has UVIS, IR; correct it"),
        (infrared, "WFC", "primary: DETECTOR is 'WFC', but WFC3 has UVIS, IR; correct it"),
        (uvis, "uvis2", "primary: DETECTOR is 'uvis2', but WFC3 has UVIS, IR; correct it"),
        (hrc, "UVIS", "primary: DETECTOR is 'UVIS', but ACS has WFC, HRC, SBC; correct it"),
        (infrared, "UVIS", ""),
        (hrc, "HRC", ""),
        # Its chips have their own, which images made of them may have in the primary header.
        (wfpc2, "PC", ""),
    ],
)
def test_a_detector_that_the_instrument_does_not_have_is_named(
    make: Callable[[], Exposure], detector: str, said: str
) -> None:
    one = make()
    one.primary["DETECTOR"] = detector
    problems = str(keyword_violations(one).context["violations"])
    assert said in problems
    assert ("; correct it" in problems) is bool(said)
    del one.primary["DETECTOR"]
    assert "; correct it" not in keyword_violations(one).reason


@pytest.mark.parametrize(
    ("cards", "reason"),
    [
        ({"D001DEXP": "602.9"}, "D001DEXP is '602.9', not a number: write it without quotes"),
        ({"EXPTIME": ""}, "EXPTIME is '', not a number"),
        ({"PHOTPLAM": 1e300}, "PHOTPLAM is 1e+300, more than it can be"),
        # MultiDrizzle scaled weights by words, too.
        ({"D001WTSC": "expsq", "D001PIXF": 0.8, "EXPTIME": 1200}, ""),
    ],
)
def test_numbers_of_drizzled_images_that_are_none_are_named(cards: dict[str, object], reason: str) -> None:
    assert image_identity_violations(drizzled(**cards)).reason == reason


def test_structure_without_a_rule_is_not_measured() -> None:
    measurement = structure_violations(replace(exposure(), path=Path("u5jx010hr_ima.fits")))
    assert judge(load_criteria()["FIL-002"], measurement).status is Status.NOT_MEASURED
    assert "WFPC2 ima" in measurement.reason


@pytest.mark.parametrize("keyword", ["ATODGAIN", "EXPTIME", "IDCTAB", "FILTNAM1"])
def test_each_primary_keyword_is_needed(keyword: str) -> None:
    measurement = keyword_violations(exposure(primary={keyword: None}))
    assert measurement.reason == f"primary: {keyword} is missing"


def test_type_of_a_keyword_is_told_for_each_chip() -> None:
    measurement = keyword_violations(exposure(science={"PHOTFLAM": True}))
    assert measurement.value == 4
    assert "SCI,1: PHOTFLAM is True, not a number" in measurement.reason
    assert measurement.reason.endswith("and 1 more")


@pytest.mark.parametrize(
    ("rootname", "file", "problems"),
    [
        ("u5jx010hr", "u5jx010hr_flt.fits", 0),
        ("U5JX010HM", "u5jx010hr_flt.fits", 0),
        ("u5jx010hr", "combined_flt.fits", 0),
        ("u5jx0108r", "u5jx010hr_flt.fits", 1),
    ],
    ids=["its own", "another transmission", "a name of one's own", "another exposure"],
)
def test_a_file_holds_the_exposure_that_it_is_named_after(rootname: str, file: str, problems: int) -> None:
    found = keyword_violations(replace(exposure(primary={"ROOTNAME": rootname}), path=Path(file)))
    assert found.value == problems


def test_exposure_without_science_is_rejected() -> None:
    measurement = keyword_violations(replace(exposure(), extensions=()))
    assert measurement.reason == "there is no SCI extension"


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the real archive")
@pytest.mark.parametrize(
    "file", ["u40x010hm/u40x010hm_c0m.fits", "u40x010hm/u40x010hm_c1m.fits", "j94f05bgq/j94f05bgq_flt.fits"]
)
def test_real_files(file: str) -> None:
    criteria, path = load_criteria(), REAL / file
    exposed = read_exposure(path)
    assert judge(criteria["FIL-001"], fits_form_violations(read_fits_structure(path))).status is Status.PASS
    assert judge(criteria["FIL-002"], structure_violations(exposed)).status is Status.PASS
    assert judge(criteria["FIL-003"], keyword_violations(exposed)).status is Status.PASS


@pytest.mark.parametrize(
    ("name", "problems"),
    [
        ("u5jx0108r_flt.fits", 1),  # another exposure's name
        ("u5jx01010_flt.fits", 0),  # ends as associations do
        ("ic1396001_flt.fits", 0),  # a cluster
        ("jan01202q_flt.fits", 0),  # of another instrument
        ("u5jx010hr_flt.fits", 0),
    ],
)
def test_nine_letters_that_are_a_rootname_by_chance_contradict_no_header(name: str, problems: int) -> None:
    assert keyword_violations(exposure(path=Path(name))).value == problems

"""Images: values by hand, in cases where another statistic, axis or set of pixels gives another value."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from hubble_qa.checks.images.apertures import aperture_fluxes
from hubble_qa.checks.images.combination import input_violations, weight_to_exposure_time
from hubble_qa.checks.images.cosmic_rays import (
    Hits,
    cosmic_ray_rate,
    hit_remainder,
    rejected_cores,
    residual_cosmic_rays,
)
from hubble_qa.checks.images.drizzle_parameters import drizzle_parameter_violations, recommended_row
from hubble_qa.checks.images.drizzled import (
    coverage_violations,
    drizzled_photometry_violations,
    exposure_time_violations,
    median_weights,
    missing_chips,
    output_orientation_deviation,
    output_scale_deviation,
    weight_ratio,
)
from hubble_qa.checks.images.exposure_background import ComparedBlocks, background_departure
from hubble_qa.checks.images.exposure_fluxes import SharedFluxes, exposure_flux_deviation
from hubble_qa.checks.images.files import (
    association_violations,
    ends_early,
    fits_form_violations,
    keyword_violations,
    mistyped_keywords,
)
from hubble_qa.checks.images.photometry import expected_chip_factor, photflam_deviation, pixel_ratio_deviation
from hubble_qa.checks.images.zeropoints import chip_zeropoint_error, zeropoint_violations
from hubble_qa.checks.readers import Exposure, Extension, FitsStructure
from tests.uvis_fields import zeropoint_headers
from tests.wfpc2_samples import drizzled, exposure

SQUARES = {
    chip: np.array([(0, 0), (39, 0), (39, 39), (0, 39)]) + np.array([50 * chip, 0]) for chip in (1, 2, 3, 4)
}
WEIGHT = st.floats(0.1, 10.0)


def weights(values: dict[int, float]) -> np.ndarray:
    """A weight image in which a tenth of each chip's pixels has ten times its weight, and a tenth none."""
    image = np.zeros((60, 260))
    for chip, value in values.items():
        part = image[:40, 50 * chip : 50 * chip + 40]
        part[...] = value
        part[:4] *= 10.0
        part[-4:] = 0.0
    return image


@given(planetary=WEIGHT, wide=st.tuples(WEIGHT, WEIGHT, WEIGHT))
def test_weight_of_the_wide_chips_is_their_mean(planetary: float, wide: tuple[float, float, float]) -> None:
    image = weights({1: planetary, **dict(zip((2, 3, 4), wide, strict=True))})
    expected = planetary / (sum(wide) / 3) / (0.0996 / 0.0455) ** 2
    assert weight_ratio(image, SQUARES, subject="drw").value == pytest.approx(expected)


def test_median_weight_counts_pixels_without_weight() -> None:
    image = weights({1: 1.0, 2: 2.0, 3: 3.0, 4: 4.0})
    image[:21, 100:140] = 0.0  # more than half of chip 2
    found = median_weights(image, SQUARES)
    assert found == {1: 1.0, 2: 0.0, 3: 3.0, 4: 4.0}
    assert median_weights(image, {1: SQUARES[1] + 1000.0}) == {1: 0.0}


def test_flags_where_no_other_exposure_looks_are_no_cosmic_rays() -> None:
    flagged, judged = np.zeros((2, 400, 500), dtype=bool)
    judged[:, :300] = True
    flagged[::40, ::25] = True  # 10 rows of 12 judged columns, and of 8 that are not
    flagged[:, 400:] = True
    measurement = cosmic_ray_rate({1: flagged}, exposure_time=500.0, judged={1: judged}, subject="xrq")
    assert measurement.value == pytest.approx(120 / 120_000 / 0.5)
    assert measurement.context["flagged"] == 120


def test_flags_where_no_other_exposure_looks_are_no_chance() -> None:
    flagged, judged = np.zeros((2, 400, 500), dtype=bool)
    judged[:, :300] = True
    flagged[:, 400:] = True
    flagged[7, :30] = True
    positions = np.array([(x + 1.0, 8.0) for x in range(120)])  # 30 of 120 stars on flagged pixels
    beyond = np.array([(x + 1.0, 8.0) for x in range(400, 450)])  # all of them flagged, none judged
    stars = np.concatenate([positions, beyond])
    measurement = rejected_cores({1: flagged}, {1: stars}, judged={1: judged}, subject="xrq")
    assert measurement.context["excess"] == pytest.approx(30 / 120 - 30 / 120_000)


# Parameters of AstroDrizzle

TABLE = np.array(
    [("F555W", 1, 0.4), ("F555W", 4, 0.5), ("F814W", 5, 0.6), ("F555W", 9, 0.7), ("ANY", 3, 0.8)],
    dtype=[("filter", "U8"), ("numimages", "i4"), ("driz_cr_scale", "f8")],
)


@pytest.mark.parametrize(
    ("filters", "images", "scale"),
    [
        (["F555W"], 3, 0.4),
        (["F555W"], 4, 0.5),
        (["F555W"], 8, 0.5),
        (["F555W"], 9, 0.7),
        (["F814W"], 4, 0.8),
        (["F606W"], 7, 0.8),
    ],
)
def test_row_is_of_the_filter_and_of_no_more_images_than_there_are(
    filters: list[str], images: int, scale: float
) -> None:
    row = recommended_row(TABLE, filters=filters, images=images)
    assert row is not None
    assert row["driz_cr_scale"] == scale


@pytest.mark.parametrize(
    ("used", "recommended", "violations"),
    [
        ("1.5 0.7", "1.5, 0.7", 0),
        ("1.5 0.7", "1.5 0.8", 1),
        ("1.4 0.7", "1.5 0.7", 1),
        ("1.5 0.7", "1.5", 1),
        ("1.5", "1.5 0.7", 1),
        ("3", 3.0, 0),
        ("Median", "median", 0),
        ("median", "minmed", 1),
        ("median", None, 1),
        (None, "median", 1),
    ],
)
def test_parameter_is_the_tables_in_each_of_its_parts(
    used: str | None, recommended: object, violations: int
) -> None:
    row = {"filter": "ANY", "numimages": 1} | ({} if recommended is None else {"name": recommended})
    found = {} if used is None else {"name": used}
    assert drizzle_parameter_violations(found, row, names=["name"], subject="f").value == violations


# Associations


def asn(name: str, association: str | None, filter_name: str = "F606W") -> Exposure:
    primary = {"INSTRUME": "ACS", "DETECTOR": "WFC", "ASN_ID": association, "FILTER1": filter_name}
    return exposure(path=Path(f"{name}_flt.fits"), primary=primary)


@pytest.mark.parametrize(
    ("members", "changed", "problem"),
    [
        (["j9l960a1q", "j9l960a2q"], {}, ""),
        (["j9l960a1q"], {}, "j9l960a2q has its ASN_ID, but is not listed as present"),
        (["j9l960a1q", "j9l960a2q", "j9l960a4q"], {}, "j9l960a4q is listed, but was not fetched"),
        (["j9l960a1q", "j9l960a2q", "j9l960a3q"], {}, "j9l960a3q is listed, but its ASN_ID is j9l960020"),
        (["j9l960a1q", "j9l960a2q"], {"filter_name": "F814W"}, "different filters: F606W, F814W"),
    ],
)
def test_association_is_of_its_own_exposures_in_one_filter(
    members: list[str], changed: dict[str, str], problem: str
) -> None:
    exposures = [
        asn("j9l960a1q", "J9L960010"),
        asn("j9l960a2q", "J9L960010", **changed),
        asn("j9l960a3q", "J9L960020"),
    ]
    measurement = association_violations(members, exposures, subject="j9l960010")
    assert measurement.value == (1 if problem else 0)
    assert problem in measurement.reason


# Cosmic rays in combined images


@pytest.mark.parametrize(("share", "left"), [(0.0, 0), (0.45, 0), (0.55, 300), (1.0, 300)])
def test_a_hit_is_left_where_more_than_half_of_it_is(share: float, left: int) -> None:
    unrejected = np.linspace(20.0, 400.0, 300)
    measurement = hit_remainder(Hits(share * unrejected, unrejected), subject="drc")
    assert measurement.context["left"] == left
    assert measurement.context["median_share"] == pytest.approx(share)
    # The least fraction that leaves all of 300 in one of a thousand: its 300th power is 0.001.
    assert measurement.value == pytest.approx(0.001 ** (1 / 300) if left else 0.0)


def test_residuals_are_counted_beyond_those_below() -> None:
    singles = dict(zip("abc", np.random.default_rng(3).normal(0.0, 1.0, (3, 140, 150)), strict=True))
    median = np.median([*singles.values()], axis=0)
    combined = median + np.random.default_rng(4).normal(0.0, 0.3, median.shape)
    combined[20:120:10, 20] += 50.0  # 10 above
    combined[20:120:20, 40] -= 50.0  # 5 below
    measurement = residual_cosmic_rays(combined, singles, subject="drc")
    assert (measurement.context["above"], measurement.context["below"]) == (10, 5)
    assert measurement.value == pytest.approx((10 - 5) / np.sqrt(10 + 5 + 1))


# Drizzled images


@pytest.mark.parametrize(
    ("pair", "missing"), [((9.5, 10.0), 0), ((8.9, 10.0), 1), ((0.0, 0.0), 1), ((20.0, 10.0), 0)]
)
def test_a_chip_has_nine_tenths_of_its_weight_alone(pair: tuple[float, float], missing: int) -> None:
    measurement = missing_chips({"SCI,1": (7.0, 7.0), "SCI,2": pair}, subject="drc")
    assert measurement.value == missing
    assert measurement.context["missing"] == (["SCI,2"] if missing else [])


@pytest.mark.parametrize(("along", "factor"), [(0, 3e-6), (1, 3e-6), (0, -3e-6), (1, -3e-6)])
def test_scale_may_be_wrong_along_one_axis_and_to_either_side(along: int, factor: float) -> None:
    product = drizzled(angle=30.0)
    for axis in (1, 2):
        product.header[f"CD{axis}_{along + 1}"] *= 1.0 + factor
    assert output_scale_deviation(product, scale=0.0996).value == pytest.approx(3e-6, rel=1e-3)


# Inverse sensitivities and ratios


@pytest.mark.parametrize("chip", [1, 2, 3, 4])
def test_photflam_against_the_table_of_its_chip_and_gain(chip: int) -> None:
    published = (3.483e-18, 3.396e-18, 3.439e-18, 3.507e-18)[chip - 1]
    ratio = (1.987, 2.003, 2.006, 1.955)[chip - 1]
    for gain, expected in ((7.0, published), (15.0, published * ratio)):
        c0m = exposure("c0m", photflams=(5e-18,) * 4, primary={"ATODGAIN": gain})
        assert photflam_deviation(c0m, chip).value == pytest.approx(5e-18 / expected - 1.0)
    for detector in (None, 0, 5):
        c0m.header("SCI", chip)["DETECTOR"] = detector
        assert photflam_deviation(c0m, chip).value is None


def test_ratio_of_pixels_is_as_wide_as_it_is_wrong() -> None:
    c0m, dq = np.full((20, 20), 50.0), np.zeros((20, 20), dtype=int)
    ratios = np.resize([0.9] * 2 + [1.0] * 4 + [1.1] * 1 + [1.5] * 3, (20, 20))
    measurement = pixel_ratio_deviation(c0m * ratios, c0m, dq, expected=1.25, equalised=True, subject="WF2")
    # The middle 68 % lie between 0.9 and 1.5; the median is 1.
    assert measurement.value == pytest.approx(max(abs(1.0 / 1.25 - 1.0), (1.5 - 0.9) / 2.0 / 1.25))
    narrow = pixel_ratio_deviation(c0m, c0m, dq, expected=1.25, equalised=True, subject="WF2")
    assert narrow.value == pytest.approx(0.2)
    c0m[:15] = 1.0  # MIN_SIGNAL itself is too faint; 100 pixels are left, which are enough
    assert pixel_ratio_deviation(
        c0m, c0m, dq, expected=1.25, equalised=True, subject="WF2"
    ).value == pytest.approx(0.2)
    dq[19, 19] = 2
    assert pixel_ratio_deviation(c0m, c0m, dq, expected=1.25, equalised=True, subject="WF2").value is None


# Form of files


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({}, 0),
        ({"actual_size": 8640}, 1),
        ({"actual_size": 2880}, 1),
        ({"declared_extensions": 3}, 1),
        ({"declared_extensions": 1}, 0),
        ({"declared_extensions": None}, 0),
        ({"declared_extensions": 3, "actual_size": 2880}, 2),
        ({"units": 0, "actual_size": 17, "declared_extensions": 3}, 0),  # not FITS at all, as its remark says
    ],
)
def test_file_has_the_size_and_the_extensions_that_it_declares(
    changes: dict[str, int | None], problems: int
) -> None:
    form = {"declared_size": 5760, "actual_size": 5760, "declared_extensions": 2, "units": 3, **changes}
    structure = FitsStructure(path=Path("u5jx010hr_flt.fits"), remarks=("remark",), checksums=0, **form)
    assert fits_form_violations(structure).value == 1 + problems


def test_ratio_of_pixels_takes_finite_ones_of_more_than_one_dn() -> None:
    c0m, dq = np.full((20, 20), 1.5), np.zeros((20, 20), dtype=int)
    flt = 1.02 * c0m
    flt[:4] = np.nan
    assert pixel_ratio_deviation(
        flt, c0m, dq, expected=1.0, equalised=True, subject="WF2"
    ).value == pytest.approx(0.02)


def test_factor_takes_a_reference_with_a_photflam() -> None:
    for photflam in (0.0, -3e-18):
        assert np.isnan(expected_chip_factor(exposure("c0m", photflams=(3e-18, 3e-18, photflam, 3e-18)), 1))
    whole = exposure("c0m", photflams=(3e-18, 3e-18, 4e-18, 3e-18))
    assert expected_chip_factor(whole, 1) == pytest.approx(0.75)


@pytest.mark.parametrize(("exptime", "violations"), [(1000.9, 0), (1001.9, 1), (998.2, 1)])
def test_exposure_times_add_up_to_a_thousandth(exptime: float, violations: int) -> None:
    inputs = {"D001DATA": "a_flt.fits[sci,1]", "D001DEXP": 400.0}
    inputs |= {"D002DATA": "b_flt.fits[sci,1]", "D002DEXP": 600.0}
    assert exposure_time_violations(drizzled(EXPTIME=exptime, **inputs)).value == violations


# Weight images, units and orientations of drizzled images


@pytest.mark.parametrize(("lines", "problems"), [((4, 40), 0), ((40, 4), 0), ((5, 5), 1)])
def test_weights_below_zero_are_more_than_lines_at_edges(lines: tuple[int, int], problems: int) -> None:
    science, weight = np.arange(3600.0).reshape(60, 60), np.ones((60, 60))
    weight[10 : 10 + lines[0], 10 : 10 + lines[1]] = -1.0
    found = coverage_violations(science, weight, subject="drz")
    assert found.value == problems
    assert ("below zero" in found.reason) is bool(problems)


def test_pixels_that_are_not_finite_are_counted_in_both_images() -> None:
    science, weight = np.arange(100.0).reshape(10, 10), np.ones((10, 10))
    science[0, :3], weight[1, :2] = np.nan, np.inf
    science[2, 0], weight[2, 0] = np.nan, 0.0  # without weight
    assert coverage_violations(science, weight, subject="drz").context["not_finite"] == 5


@pytest.mark.parametrize(("outside", "problems"), [(np.nan, 0), (0.0, 0), (3.0, 1)])
def test_weights_of_what_was_not_exposed_may_be_nan(outside: float, problems: int) -> None:
    science, weight = np.arange(1.0, 101.0).reshape(10, 10), np.ones((10, 10))
    science[:4], weight[:4] = outside, np.nan
    found = coverage_violations(science, weight, subject="drz")
    assert found.value == problems
    assert ("40 pixels have a value, and a weight that is not finite" in found.reason) is bool(problems)


@pytest.mark.parametrize(
    ("science", "problems"), [([7.0, 7.0], 1), ([7.0], 0), ([7.0, 8.0], 0), ([8.0, 7.0, 7.0], 0)]
)
def test_one_number_everywhere_is_no_data(science: list[float], problems: int) -> None:
    assert coverage_violations(np.array([science]), np.ones((1, len(science))), subject="x").value == problems


@pytest.mark.parametrize(
    ("found", "asked", "turned"), [(30.0, 29.0, 1.0), (179.0, -179.0, 2.0), (-170.0, 170.0, 20.0)]
)
def test_orientations_differ_by_the_shorter_way(found: float, asked: float, turned: float) -> None:
    measured = output_orientation_deviation(drizzled(angle=found), angle=asked)
    assert measured.value == pytest.approx(turned, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "filters", "judged"),
    [
        ("hst_total_wfc3_drc.fits", ("F606W", "F814W"), False),
        ("hst_total_wfc3_drc.fits", ("F606W", "F606W"), True),
        ("hst_f606w_wfc3_drc.fits", ("F606W", "F814W"), True),
        ("hst_total_wfc3_drc.fits", (), False),
    ],
)
@pytest.mark.parametrize("clear", ["", "CLEAR1L", "CLEAR2L", "CLEAR1S", "CLEAR2S", "N/A"])
def test_a_detection_image_of_one_filter_has_a_zeropoint(
    name: str, filters: tuple[str, ...], judged: bool, clear: str
) -> None:
    acs = {"INSTRUME": "ACS", "DETECTOR": "WFC", "FILTER2": clear}
    inputs = [exposure(primary={**acs, "FILTER1": each}) for each in filters]
    found = drizzled_photometry_violations(replace(drizzled(), path=Path(name)), inputs)
    assert found.applicable is judged


@pytest.mark.parametrize(
    ("own", "chips", "problems"),
    [
        (1.0e-19, 1.0e-19, 0),
        (1.0e-19, 1.0e-19 * (1 + 1e-7), 0),
        (1.0e-19, 2.0e-19, 1),
        (1.0e-19, None, 1),
        (1.0e-19, "high", 1),
        (None, None, 1),  # which is one problem: that of the image
        (0.0, 1.0e-19, 1),
    ],
)
@pytest.mark.parametrize("primary", [True, False])
def test_photflam_is_that_of_all_inputs(own: object, chips: object, problems: int, primary: bool) -> None:
    """Infrared exposures have theirs in the primary header."""
    cards = {} if chips is None else {"PHOTFLAM": chips}
    header = {"INSTRUME": "WFC3", "DETECTOR": "IR", "FILTER": "F105W"}
    one = exposure(primary={**header, **(cards if primary else {})}, science={"PHOTFLAM": None})
    if not primary:
        for each in one.science_headers().values():
            each.update(cards)
    found = drizzled_photometry_violations(drizzled(PHOTFLAM=own), [one])
    assert found.value == problems


@pytest.mark.parametrize(("named", "problems"), [("sci,1", 0), ("sci,2", 1), ("", 1)])
def test_photflam_is_that_of_the_chips_that_were_drizzled(named: str, problems: int) -> None:
    one = exposure(science={"PHOTFLAM": 1.0e-19})
    one.header("SCI", 2)["PHOTFLAM"] = 2.0e-19
    image = drizzled(PHOTFLAM=1.0e-19, D001DATA=f"{one.path.name}[{named}]")
    assert drizzled_photometry_violations(image, [one]).value == problems


# Files


@pytest.mark.parametrize(
    ("kept", "declared", "early"), [(12, 13, True), (12, 12, False), (13, 14, True), (13, 13, False)]
)
def test_a_file_of_fewer_units_than_it_declares_was_cut(kept: int, declared: int, early: bool) -> None:
    sound = exposure()
    cut = replace(sound, extensions=sound.extensions[:kept])
    structure = FitsStructure(cut.path, 100, 100, kept + 1, declared, 0, ())
    assert ends_early(structure, cut) is early
    swapped = replace(cut, extensions=(sound.extensions[1], sound.extensions[0], *sound.extensions[2:kept]))
    assert not ends_early(structure, swapped)
    none = replace(sound, extensions=())
    assert ends_early(FitsStructure(none.path, 100, 100, 1, 14, 0, ()), none)


@pytest.mark.parametrize(
    ("own", "file", "expname", "problems"),
    [
        ("u5jx0108r", "u5jx010hr_flt.fits", "u5jx0108r", 1),
        ("u5jx01010", "u5jx010hr_flt.fits", "u5jx010hr", 0),  # a readout, which EXPNAME names
        ("u5jx01010", "u5jx010hr_flt.fits", "u5jx0108r", 1),
        ("u5jx01010", "u5jx010hr_flt.fits", "none", 1),
        ("u5jx0108r", "u5jx010hr_flt.fits", "u5jx010hr", 1),
        ("u5jx01010", "u5jx01020_flt.fits", "none", 1),  # products of one programme
        ("u5jx01010", "u5jw01020_flt.fits", "none", 0),  # of another: it may be no rootname
        ("u5jx010hr", "u5jx01020_flt.fits", "none", 0),
        ("u5jx0108r", "u5jx01020_flt.fits", "none", 0),
        ("omega", "u5jx010hr_flt.fits", "none", 0),
        ("u5jx0108r", "omega_flt.fits", "none", 0),
        ("u5jx0108r", "ibwb01xqq_flt.fits", "none", 0),  # of another instrument
    ],
)
def test_a_rootname_is_the_files_own(own: str, file: str, expname: str, problems: int) -> None:
    one = exposure(primary={"ROOTNAME": own}, science={"EXPNAME": expname}, path=Path(file))
    assert keyword_violations(one).value == problems


def test_any_of_several_readouts_may_give_its_name() -> None:
    one = exposure(primary={"ROOTNAME": "u5jx01010"})
    for chip, name in ((1, "u5jx0108r"), (2, "u5jx010hr"), (3, "omega"), (4, "u5jx0109r")):
        one.header("SCI", chip)["EXPNAME"] = name
    assert keyword_violations(one).value == 0


def test_keywords_of_another_type_are_told_of_headers_and_chips() -> None:
    wrong = exposure(primary={"EXPTIME": "long"}, science={"PHOTFLAM": True})
    found = mistyped_keywords(wrong)
    assert [each.partition(" ")[0] for each in found] == ["EXPTIME", *["PHOTFLAM"] * 4]
    assert mistyped_keywords(exposure()) == ()
    assert mistyped_keywords(exposure(primary={"INSTRUME": "NONE"})) == ()


def test_a_suffix_without_a_structure_is_looked_up_in_its_science() -> None:
    odd = replace(exposure(), path=Path("u5jx010hr_abc.fits"))
    assert keyword_violations(odd).value == 0
    quality = tuple(Extension("SDQ", chip, odd.header("SCI", chip), (8, 8)) for chip in (1, 2))
    flags = replace(odd, path=Path("u5jx010hr_c1m.fits"), extensions=quality)
    assert keyword_violations(flags).value == 0
    assert keyword_violations(replace(flags, path=Path("u5jx010hr_c0m.fits"))).value == 1


# Zeropoints


@pytest.mark.parametrize(
    ("zero", "problems"), [(-21.1, 0), (-21.095, 0), (-21.2, 2), (21.1, 2), (0.0, 2), ("-21.1", 2)]
)
def test_zeropoints_are_of_st_magnitudes(zero: object, problems: int) -> None:
    found = zeropoint_headers()
    for header in found.science_headers().values():
        header["PHOTZPT"] = zero
    assert zeropoint_violations(found).value == problems


@pytest.mark.parametrize("photflam", [math.inf, -1e-19, 0.0])
def test_a_sensitivity_is_positive_and_finite(photflam: float) -> None:
    found = zeropoint_headers()
    if math.isinf(photflam):
        found.header("SCI", 2).update(PHOTFLAM="Infinity")
    else:
        found.header("SCI", 2)["PHOTFLAM"] = photflam
    assert zeropoint_violations(found).value == 1


@pytest.mark.parametrize("ratio", [(2e-19, 0.0), (0.0, 2e-19)])
def test_one_sensitivity_of_two_tells_no_ratio(ratio: tuple[float, float]) -> None:
    found = zeropoint_headers(FLUXCORR="OMIT", PHTRATIO=None, PHTFLAM1=ratio[0], PHTFLAM2=ratio[1])
    for header in (found.primary, *found.science_headers().values()):
        header.pop("PHTRATIO", None)
    assert "PHTRATIO is missing" in zeropoint_violations(found).reason
    found.header("SCI", 1)["PHOTFLAM"] = 0.0  # one chip has nothing to differ from
    assert "PHTRATIO" not in zeropoint_violations(found).reason


def test_chips_that_nothing_brings_together_differ_by_their_sensitivities() -> None:
    found = zeropoint_headers(
        FLUXCORR=None, PHTRATIO=None, PHTFLAM1=None, PHTFLAM2=None, photflams=(2e-19, 1.6e-19)
    )
    for header in (found.primary, *found.science_headers().values()):
        for key in ("PHTRATIO", "FLUXCORR", "PHTFLAM1", "PHTFLAM2"):
            header.pop(key, None)
    assert zeropoint_violations(found).value == 0
    assert chip_zeropoint_error(found).value == pytest.approx(0.25)
    named = chip_zeropoint_error(found, {1: 1.0e-19})
    assert (named.value, "by IMPHTTAB" in named.reason) == (pytest.approx(1.0), True)


# Light in apertures


def aperture_by_hand(
    image: np.ndarray, bad: np.ndarray, x: float, y: float, electrons: float
) -> tuple[float, float, float]:
    """Light within 4 and 2.5 pixels of a place, and the error of the first; NaN where it is not to be had."""
    rows, columns = image.shape
    row, column = round(y), round(x)
    if not (12 <= row < rows - 12 and 12 <= column < columns - 12):
        return math.nan, math.nan, math.nan
    places = [(j, i) for j in range(row - 12, row + 13) for i in range(column - 12, column + 13)]
    counts = {at: not bad[at] and np.isfinite(image[at]) for at in places}
    ring = [at for at in places if 8.0 <= math.hypot(at[0] - row, at[1] - column) <= 12.0]
    good = [image[at] for at in ring if counts[at]]
    if len(good) <= 0.5 * len(ring):
        return math.nan, math.nan, math.nan
    level = float(np.median(good))
    noise = 1.4826 * float(np.median(np.abs(np.array(good) - level)))
    shares = {
        radius: {at: min(max(radius + 0.5 - math.hypot(at[0] - y, at[1] - x), 0.0), 1.0) for at in places}
        for radius in (4.0, 2.5)
    }
    if any(share > 0 and not counts[at] for at, share in shares[4.0].items()):
        return math.nan, math.nan, math.nan
    large, small = (
        sum(share * (image[at] - level) for at, share in of.items() if share > 0) for of in shares.values()
    )
    area = sum(shares[4.0].values())
    of_level = math.pi / 2.0 * (noise * area) ** 2 / len(ring)
    return large, small, math.sqrt(noise**2 * area + of_level + max(large, 0.0) / electrons)


@pytest.mark.parametrize(("rows", "columns"), [(60, 90), (90, 60), (25, 25), (26, 40)])
def test_light_in_apertures_is_that_of_their_pixels(rows: int, columns: int) -> None:
    generator = np.random.default_rng(rows)
    image = generator.normal(50.0, 4.0, (rows, columns))
    image[rows // 2, columns // 2] += 400.0
    bad = generator.random(image.shape) < 0.004
    bad[: rows // 2, : columns // 3] = generator.random((rows // 2, columns // 3)) < 0.55
    image[generator.random(image.shape) < 0.002] = np.nan
    places = generator.uniform(8.0, (columns - 8.0, rows - 8.0), (150, 2))
    places[:4] = [(12.0, 12.0), (columns - 13.0, rows - 13.0), (11.4, 12.0), (columns - 12.4, rows - 13.0)]
    found = aperture_fluxes(image, bad, places, electrons=2.0)
    expected = np.array([aperture_by_hand(image, bad, x, y, 2.0) for x, y in places])
    known = np.isfinite(expected[:, 0])
    assert np.array_equal(np.isfinite(found.large), known)
    assert np.array_equal(np.isfinite(found.small), known)
    assert found.large[known] == pytest.approx(expected[known, 0])
    assert found.small[known] == pytest.approx(expected[known, 1])
    assert found.error[known] == pytest.approx(expected[known, 2])


# What was combined


@pytest.mark.parametrize(
    ("ratios", "value"),
    [
        ([1.0] * 96 + [1.02] * 4, 1.02),
        ([1.0] * 96 + [0.97] * 4, 0.97),
        ([0.99] * 4 + [1.0] * 92 + [1.02] * 4, 1.02),
        ([0.97] * 4 + [1.0] * 92 + [1.02] * 4, 0.97),
        ([0.0] * 4 + [1.0] * 92 + [1.5] * 4, 0.0),
        ([1.0] * 99 + [0.5], 0.995),  # within the 1 per cent that may be anything
        ([-0.1] * 4 + [1.0] * 96, -0.1),
    ],
)
def test_the_weight_that_departs_most_either_way(ratios: list[float], value: float) -> None:
    times = np.linspace(100.0, 900.0, len(ratios))
    found = weight_to_exposure_time(np.array(ratios) * times, times, subject="x")
    assert found.value == pytest.approx(value)


@pytest.mark.parametrize("level", [40.0, 0.02])
def test_weights_of_another_kind_are_told_as_that_too(level: float) -> None:
    found = weight_to_exposure_time(np.full(100, level), np.ones(100), subject="x")
    assert "the weights are no exposure times (final_wht_type)" in found.reason


@pytest.mark.parametrize(("blocks", "told"), [(20, True), (19, False)])
def test_twenty_blocks_tell_the_weight(blocks: int, told: bool) -> None:
    assert weight_to_exposure_time(np.ones(blocks), np.ones(blocks), subject="x").told is told


@pytest.mark.parametrize(
    ("spread", "parts", "applicable"),
    [
        (0.10, 200, False),  # a gradual change of more than 3 per cent
        (0.04, 200, True),  # of less
        (0.10, 2, True),  # two levels: a step
    ],
)
@pytest.mark.parametrize("level", [1.0, 40.0, 0.02])
def test_weights_that_change_gradually_are_no_times(
    spread: float, parts: int, applicable: bool, level: float
) -> None:
    ratios = level * np.repeat(np.linspace(1.0 - spread, 1.0 + spread, parts), 400 // parts)
    found = weight_to_exposure_time(ratios, np.ones(400), subject="x")
    assert found.applicable is applicable


@pytest.mark.parametrize(
    ("second", "problems"),
    [
        ({}, 1),
        ({"EXPTIME": 17.0}, 0),
        ({"EXPSTART": 51384.3}, 0),
        ({"EXPSTART": None}, 0),
    ],
)
def test_one_exposure_under_two_names_is_a_copy(second: dict[str, object], problems: int) -> None:
    members = [
        exposure(path=Path(f"{name}_flt.fits"), primary=cards, science={"WCSNAME": "TWEAK"})
        for name, cards in (("u5jx0108r", {}), ("u5jx010hr", second))
    ]
    if "EXPSTART" in second and second["EXPSTART"] is None:
        members[0] = exposure(path=members[0].path, primary=second, science={"WCSNAME": "TWEAK"})
    names = [f"{one.path.name}[sci,1]" for one in members]
    found = input_violations(drizzled(WCSNAME="TWEAK"), names, members)
    assert ("are one exposure" in found.reason) is bool(problems)


@pytest.mark.parametrize(
    ("own", "filters", "problems"),
    [
        ("F555W", ("F555W", "F555W"), 0),
        ("F814W", ("F555W", "F555W"), 1),
        ("F814W", ("F555W", "F606W"), 0),  # the inputs differ, which is told apart
        ("", ("F555W", "F555W"), 0),
    ],
)
def test_an_image_is_of_the_filter_of_its_exposures(
    own: str, filters: tuple[str, str], problems: int
) -> None:
    members = [
        exposure(path=Path(f"{name}_flt.fits"), primary={"FILTNAM1": each}, science={"WCSNAME": "TWEAK"})
        for name, each in zip(("u5jx0108r", "u5jx010hr"), filters, strict=True)
    ]
    names = [f"{one.path.name}[sci,1]" for one in members]
    found = input_violations(drizzled(WCSNAME="TWEAK", FILTNAM1=own), names, members)
    assert ("its FILTNAM1 is" in found.reason) is bool(problems)


@pytest.mark.parametrize("wcsname", ["", "TWEAK", "OTHER"])
def test_an_image_without_a_solution_contradicts_none(wcsname: str) -> None:
    one = exposure(path=Path("u5jx0108r_flt.fits"), science={"WCSNAME": "TWEAK"})
    found = input_violations(drizzled(WCSNAME=wcsname), [f"{one.path.name}[sci,1]"], [one])
    assert found.value == (1 if wcsname == "OTHER" else 0)


@pytest.mark.parametrize(("left", "number"), [(0, 200), (50, 200), (150, 200), (200, 200)])
def test_the_error_of_a_remainder_is_binomial(left: int, number: int) -> None:
    unrejected = np.full(number + 20, 0.3)  # less than 1 of any unit
    shares = np.where(np.arange(number + 20) < left, 0.9, 0.1)
    unrejected[number : number + 10] = 0.0
    unrejected[number + 10 :] = -0.2
    found = hit_remainder(Hits(shares * 0.3, unrejected), subject="x")
    assert found.context["hits"] == number
    share = left / number
    expected = math.sqrt(max(share * (1.0 - share), 1.0 / number) / number)
    assert found.uncertainty == pytest.approx(expected)


# Fluxes of sources against other exposures


@pytest.mark.parametrize("factor", [1.1, 0.9])
@pytest.mark.parametrize("focus", [0.0, 0.02, -0.02])
def test_a_flux_ratio_is_a_weighted_mean_less_errors_and_focus(factor: float, focus: float) -> None:
    generator = np.random.default_rng(6)
    error = generator.uniform(0.005, 0.05, 60)
    noise = generator.uniform(-2.0, 2.0, 60) * np.hypot(error, 0.01)
    ratio = factor * np.exp(noise)
    core = ratio * np.exp(focus + np.where(error < 0.02, 0.01, -0.01))
    ratio[0] *= 3.0  # variable
    places = generator.uniform(-0.5, 0.5, (60, 2))
    found = exposure_flux_deviation(SharedFluxes(ratio, core, error, places, ("b",)), subject="a")
    logarithm, weight = np.log(ratio), 1.0 / (error**2 + 0.01**2)
    kept = np.abs(logarithm - math.log(factor)) < 0.5
    mean = np.average(logarithm[kept], weights=weight[kept])
    assert found.context["sources"] == np.count_nonzero(kept)
    assert found.context["deviation"] == pytest.approx(math.expm1(mean))
    of_focus = abs(np.average(np.log(core / ratio)[kept], weights=weight[kept]))
    assert found.context["change_of_focus"] == pytest.approx(of_focus)
    certain = max(abs(mean) - 4.0 * float(found.uncertainty or 0.0) - of_focus, 0.0)
    assert found.value == pytest.approx(math.expm1(math.copysign(certain, mean)))


@pytest.mark.parametrize(("sources", "told"), [(10, True), (9, False)])
def test_ten_sources_tell_a_flux(sources: int, told: bool) -> None:
    ratio = np.linspace(0.99, 1.01, sources)
    shared = SharedFluxes(ratio, ratio, np.full(sources, 0.01), np.zeros((sources, 2)), ("b",))
    assert exposure_flux_deviation(shared, subject="a").told is told


# Backgrounds of exposures by blocks


def mad(values: np.ndarray) -> float:
    return 1.482602218505602 * float(np.median(np.abs(values - np.median(values))))


def patch_by_hand(departure: np.ndarray, error: np.ndarray) -> tuple[int, int, float, float]:
    """Row, column, height and error of the patch of 3 by 3 blocks that is most certain."""
    seen = np.isfinite(departure) & np.isfinite(error)
    row, column = np.nonzero(seen)
    y, x = row / departure.shape[0], column / departure.shape[1]
    terms = np.column_stack([np.ones(len(x)), x, y, x**2, x * y, y**2])
    values, sigmas = departure[seen], error[seen]
    kept = np.ones(len(values), dtype=bool)
    for _ in range(5):
        solution = np.linalg.lstsq(terms[kept] / sigmas[kept, None], values[kept] / sigmas[kept], rcond=None)[
            0
        ]
        pulls = (values - terms @ solution) / sigmas
        kept = np.abs(pulls) <= 4.0 * mad(pulls[kept])
    residual = np.full(departure.shape, np.nan)
    residual[seen] = values - terms @ solution
    found = {}
    for j, i in np.ndindex(departure.shape):
        window = np.s_[max(j - 1, 0) : j + 2, max(i - 1, 0) : i + 2]
        if np.count_nonzero(seen[window]) >= 6:
            weight = 1.0 / error[window][seen[window]] ** 2
            height = float(np.sum(weight * residual[window][seen[window]]) / np.sum(weight))
            found[j, i] = (height, 1.0 / math.sqrt(np.sum(weight)))
    wider = max(mad(np.array([height / sigma for height, sigma in found.values()])), 1.0)
    certain = {at: abs(height) - 6.0 * wider * sigma for at, (height, sigma) in found.items()}
    (j, i) = max(certain, key=certain.__getitem__)
    return j, i, found[j, i][0], wider * found[j, i][1]


@pytest.mark.parametrize("height", [2.0, -2.0])
@pytest.mark.parametrize("place", [(4, 9), (0, 0), (9, 17)])
@pytest.mark.parametrize("wide", [1.0, 3.0])  # light that the errors do not know
def test_the_most_certain_patch_of_a_chip(height: float, place: tuple[int, int], wide: float) -> None:
    generator = np.random.default_rng(7)
    shape = (12, 20)
    error = generator.uniform(0.05, 0.2, shape)
    row, column = np.indices(shape)
    departure = 3.0 + 0.1 * column - 0.002 * row**2 + wide * error * generator.normal(0.0, 1.0, shape)
    departure[place[0] : place[0] + 3, place[1] : place[1] + 3] += height
    departure[3, :5] = error[8, 14:] = np.nan
    found = background_departure({"r": {1: ComparedBlocks(departure, error, 16)}}, 1, subject="x")
    j, i, expected, sigma = patch_by_hand(departure - np.nanmedian(departure[np.isfinite(error)]), error)
    words = f"a patch at x = {16 * i + 8}, y = {16 * j + 8}, by r"
    assert found.context == {words: [pytest.approx(expected, rel=1e-6), pytest.approx(sigma, rel=1e-6)]}
    assert found.value == pytest.approx(max(abs(expected) - 6.0 * sigma, 0.0))
    assert found.uncertainty == pytest.approx(sigma)


def test_a_chip_is_off_by_its_median_against_that_of_the_others() -> None:
    generator = np.random.default_rng(8)
    chips = {}
    for chip, (offset, noise) in {1: (0.9, 0.1), 2: (0.0, 0.1), 3: (0.1, 0.3), 4: (-0.3, 0.1)}.items():
        # Groups of four by four, with a rest of two rows and three columns.
        departure = offset + generator.normal(0.0, noise, (18, 23))
        chips[chip] = ComparedBlocks(departure, np.full(departure.shape, 0.3), 16)
    found = background_departure({"r": chips}, 1, subject="x")
    level = np.median(np.concatenate([each.departure.ravel() for each in chips.values()]))

    def error(values: np.ndarray) -> float:
        groups = [np.median(values[j : j + 4, i : i + 4]) for j in range(0, 16, 4) for i in range(0, 20, 4)]
        return 1.25 * mad(np.array(groups)) / math.sqrt(len(groups))

    medians = {chip: float(np.median(each.departure)) - level for chip, each in chips.items()}
    height = medians[1] - float(np.median([medians[2], medians[3], medians[4]]))
    sigma = math.hypot(error(chips[1].departure), max(error(chips[n].departure) for n in (2, 3, 4)))
    words = "its background against that of its other chips, by r"
    assert found.context[words] == [pytest.approx(height), pytest.approx(sigma)]
    assert found.value == pytest.approx(height - 4.0 * sigma)


@pytest.mark.parametrize(
    ("hit", "unrelated"),
    [(0, 0.0), (40, 0.0), (40, 30.0), (40, 55.0), (100, 0.0), (100, 100.0), (100, 300.0)],
)
def test_cores_that_chance_does_not_explain(hit: int, unrelated: float) -> None:
    flagged = np.zeros((50, 70), dtype=bool)
    rows, columns = np.divmod(np.arange(100), 10)
    flagged[4 * rows[:hit], 7 * columns[:hit]] = True
    flagged[45:, 1:43] = True  # of the sky, and 4 of 100 stars are on another chip
    stars = {1: np.column_stack([7.0 * columns + 1.0, 4.0 * rows + 1.0]), 2: np.ones((20, 2))}
    extra = np.array([(np.nan, 5.0), (0.4, 5.0), (71.0, 5.0), (5.0, 0.4), (5.0, 51.0), (60.0, 55.0)])
    stars[1] = np.concatenate([stars[1], extra])
    found = rejected_cores({1: flagged}, stars, unrelated=unrelated, subject="x")
    by_chance = np.count_nonzero(flagged) / flagged.size
    rejected = hit / 100
    assert found.context["stars"] == 100
    assert found.context["excess"] == pytest.approx(rejected - by_chance)
    error = math.sqrt(max(rejected * (1.0 - rejected), by_chance) / 100)
    assert found.uncertainty == pytest.approx(error)
    share = min(unrelated / 126.0, 1.0)
    least = float(beta.ppf(1e-3, hit, 100 - hit + 1)) if hit else 0.0
    certain = max((least - share) / (1.0 - share), 0.0) if share < 1.0 else 0.0
    assert found.value == pytest.approx(certain - by_chance)

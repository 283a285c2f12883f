"""What headers, tables and pixels of files say: each where something is not there, and at its limits."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.evidence.chip_ratios import chip_in_both
from hubble_qa.checks.evidence.drizzled import field_pixels
from hubble_qa.checks.evidence.headers import rejected_by_ramp_fit, steps_of_all
from hubble_qa.checks.evidence.published import contributions_of, published_in
from hubble_qa.checks.evidence.quadrants import references_by_quadrant
from hubble_qa.checks.evidence.references import named_references, tabulated_photflam
from hubble_qa.checks.evidence.sky_scatter import noise_of_pixels, rates_of_pixels
from hubble_qa.checks.evidence.sky_sources import from_catalog
from hubble_qa.checks.hlsp.product import Contribution
from hubble_qa.checks.instruments import camera
from hubble_qa.checks.readers import read_exposure
from hubble_qa.checks.readers.best_references import BestReferences, ReferenceChoice
from tests.hlsp_samples import BEGIN, write_set
from tests.test_checks_zeropoints import ONE, table
from tests.test_evidence_detectors import wfpc2 as write_wfpc2
from tests.test_evidence_values import SCALE, coordinates, sky, write_catalog, write_exposure
from tests.uvis_fields import flc, zeropoint_headers
from tests.wfpc2_samples import PHOTFLAMS, drizzled, exposure

# Fields of images


def large_frame(**cards: Any) -> Any:
    """An image of 400 by 400 pixels twice as large as the exposures'."""
    frame = {**coordinates((400, 400)), "CD1_1": -2 * SCALE, "CD2_2": 2 * SCALE}
    return drizzled(**{"INSTRUME": "ACS", "DETECTOR": "SBC", **frame, **cards})


def test_without_exposures_the_field_is_the_cameras() -> None:
    """Though the image's coordinates are complete."""
    assert field_pixels(large_frame()) == pytest.approx(camera("ACS", "SBC").field / 0.2**2)


def test_a_field_is_that_of_all_chips_those_of_wfpc2_without_their_shadowed_edges(tmp_path: Path) -> None:
    chip = np.ones((160, 200))
    path = write_exposure(tmp_path / "a_flt.fits", chip, chip, chip)
    assert field_pixels(large_frame(), [read_exposure(path)]) == pytest.approx(3 * 160 * 200 / 4, rel=1e-3)
    with fits.open(path) as hdus:
        hdus[0].header["INSTRUME"] = "WFPC2"
        for number in (1, 2, 3):
            hdus["SCI", number].header["DETECTOR"] = number + 1
        hdus.writeto(tmp_path / "u5jx010hr_flt.fits")
    found = field_pixels(large_frame(INSTRUME="WFPC2"), [read_exposure(tmp_path / "u5jx010hr_flt.fits")])
    # 80 pixels at the near sides, 10 at the far ones.
    assert found == pytest.approx(3 * 70 * 110 / 4, rel=1e-3)


def test_an_image_without_a_scale_has_no_field(tmp_path: Path) -> None:
    path = write_exposure(tmp_path / "a_flt.fits", np.ones((8, 8)))
    nothing = large_frame(CD1_1=0.0, CD2_2=0.0)
    assert field_pixels(nothing, [read_exposure(path)]) == math.inf
    assert field_pixels(nothing) == math.inf


@pytest.mark.parametrize(
    ("cards", "area"),
    [
        ({"SUBARRAY": True, "SIZAXIS1": 513, "SIZAXIS2": "N/A"}, 26244.0),
        ({"SUBARRAY": True, "SIZAXIS1": "N/A", "SIZAXIS2": 512}, 26244.0),
        ({"D001DATA": "a_flc.fits[sci,0]"}, 26244.0),  # there is no such chip
        ({"D001DATA": "a_flc.fits[sci,3]"}, 26244.0),
        # A subarray is on one chip anyway.
        ({"SUBARRAY": True, "SIZAXIS1": 513, "SIZAXIS2": 512, "D001DATA": "a_flc.fits[sci,2]"}, 411.88),
    ],
)
def test_what_a_header_does_not_say_of_its_field_is_the_whole(cards: dict[str, Any], area: float) -> None:
    found = field_pixels(drizzled(scale=0.05, INSTRUME="WFC3", DETECTOR="UVIS", **cards))
    assert found == pytest.approx(area / 0.05**2, rel=1e-4)


# Reference files


def test_updatewcs_makes_a_table_of_its_own_of_dgeofile(tmp_path: Path) -> None:
    kinds = {"dgeofile": "x_dxy.fits", "idctab": "x_idc.fits"}
    best = tmp_path / "bestrefs.json"
    choices = {kind: ReferenceChoice(name, name, name, True) for kind, name in kinds.items()}
    BestReferences("hst_0729.pmap", {"u5jx010hr": choices}).write(best)
    own = exposure()  # whose D2IMFILE is u5jx010hr_flt_d2im.fits
    assert [*named_references(best, tmp_path, own)] == ["idctab"]
    other = exposure(primary={"D2IMFILE": "u5jx010ir_flt_d2im.fits", "DGEOFILE": "uref$x_dxy.fits"})
    assert named_references(best, tmp_path, other)["dgeofile"]["used"] == "x_dxy.fits"
    assert [*named_references(best, tmp_path, exposure(primary={"D2IMFILE": None}))] == [*kinds]


def test_where_names_alone_are_compared_every_file_is_available(tmp_path: Path) -> None:
    best = tmp_path / "bestrefs.json"
    choice = ReferenceChoice("sad1946fu_idc.fits", "sad1946fu_idc.fits", "sad1946fu_idc.fits", True)
    BestReferences("hst_0729.pmap", {"u5jx010hr": {"idctab": choice}}).write(best)
    for directory, available in ((None, True), (tmp_path, False)):
        found = named_references(best, directory, exposure())["idctab"]
        assert (found["used"], found["available"]) == ("sad1946fu_idc.fits", available)


def test_photflam_is_not_tabulated_without_a_date_or_the_table(tmp_path: Path) -> None:
    table(tmp_path / "sim_imp.fits", {"wfc3,uvis1,f555w": ONE, "wfc3,uvis2,f555w": ONE})
    dated = zeropoint_headers(IMPHTTAB="iref$sim_imp.fits", EXPSTART=55611.0)
    assert tabulated_photflam(tmp_path, dated) == pytest.approx({1: ONE, 2: ONE})
    for cards in ({"EXPSTART": None}, {"EXPSTART": "today"}, {"IMPHTTAB": "iref$none_imp.fits"}):
        headers = zeropoint_headers(**{"IMPHTTAB": "iref$sim_imp.fits", "EXPSTART": 55611.0, **cards})
        assert tabulated_photflam(tmp_path, headers) == {}


# Headers


def test_an_unknown_camera_has_neither_steps_nor_ramps(tmp_path: Path) -> None:
    steps = camera("WFC3", "UVIS").steps
    assert "DQICORR" in steps
    assert steps_of_all(flc()) == steps
    assert steps_of_all(exposure(primary={"INSTRUME": "FOC"})) == ()
    path = write_exposure(tmp_path / "x_flt.fits", np.ones((4, 4)))
    with fits.open(path, mode="update") as hdus:
        hdus[0].header.update({"INSTRUME": "FOC", "DETECTOR": "F/96", "CRCORR": "COMPLETE"})
    assert rejected_by_ramp_fit(path) == ""


def test_a_photflam_of_nothing_tells_no_ratio(tmp_path: Path) -> None:
    """Without WF3, by which the others are normalised."""
    c0m = write_wfpc2(tmp_path / "u5jx010hr_c0m.fits", PHOTFLAMS[:2], 5.0)
    flt = write_wfpc2(tmp_path / "u5jx010hr_flt.fits", (PHOTFLAMS[1], 0.0), 7.0)
    assert chip_in_both(flt, c0m, 1).expected == pytest.approx(PHOTFLAMS[0] / PHOTFLAMS[1])
    assert math.isnan(chip_in_both(flt, c0m, 2).expected)


# What contributed to a product


def contributions(directory: Path, *, at_hand: bool = False) -> tuple[Contribution, ...]:
    product = published_in(directory / "ibc301010_drc.fits")
    return contributions_of(product, {name: directory / name if at_hand else None for name in product.inputs})


def with_columns(directory: Path, **columns: list[Any]) -> Path:
    """A product whose HDRTAB has these columns, of whatever type, besides its own or for them."""
    path = write_set(directory, exposures=False) / "ibc301010_drc.fits"
    with fits.open(path) as hdus:
        kept = [column for column in hdus["HDRTAB"].columns if column.name not in columns]
        formats = {str: "20A", int: "J", float: "E", bool: "L"}
        added = [
            fits.Column(name, formats[type(values[0])], array=values) for name, values in columns.items()
        ]
        hdus["HDRTAB"] = fits.BinTableHDU.from_columns([*kept, *added], name="HDRTAB")
        hdus.writeto(path, overwrite=True)
    return directory


def test_numbers_of_a_table_may_be_of_any_type(tmp_path: Path) -> None:
    directory = with_columns(
        tmp_path / "x", EXPTIME=[500, 450], EXPEND=[55001.5, 55002.5], SIMULATD=[True, False]
    )
    first, second = contributions(directory)
    assert (first.exposure_time, second.exposure_time) == (500.0, 450.0)
    assert (first.begin, first.end, second.end) == (BEGIN, 55001.5, 55002.5)
    assert (first.simulated, second.simulated) == (True, False)


def test_a_row_is_told_by_its_files_name_or_its_rootname(tmp_path: Path) -> None:
    """Names of the user's own are no rootnames."""
    names = [" my_flc.fits", "ibc301qtq_flc.fits"]
    directory = with_columns(tmp_path / "x", ROOTNAME=["none", "none"], FILENAME=names, EXPTIME=[1.0, 2.0])
    with fits.open(directory / "ibc301010_drc.fits", mode="update") as hdus:
        hdus[0].header["D001DATA"] = "my_flc.fits[sci,1]"
    found = contributions(directory)
    assert [(each.source, each.exposure_time) for each in found] == [("HDRTAB", 1.0), ("HDRTAB", 2.0)]


def test_chips_of_wfpc2_have_detectors_of_their_own_in_tables_too(tmp_path: Path) -> None:
    both = {"INSTRUME": ["WFPC2", "WFC3"], "DETECTOR": ["3", "IR"], "FILTER": ["", "CLEAR"]}
    first, second = contributions(with_columns(tmp_path / "x", **both))
    assert first.values == {"INSTRUME": "WFPC2"}
    assert second.values == {"INSTRUME": "WFC3", "DETECTOR": "IR"}


def test_the_detector_of_nicmos_is_its_camera(tmp_path: Path) -> None:
    directory = write_set(tmp_path / "x")
    for path in directory.glob("*_flc.fits"):
        with fits.open(path, mode="update") as hdus:
            hdus[0].header.update(INSTRUME="NICMOS", CAMERA=2)
            del hdus[0].header["DETECTOR"]
    (first, _) = contributions(directory, at_hand=True)
    assert first.values["DETECTOR"] == "2"
    assert first.end == pytest.approx(BEGIN + 500.0 / 86400.0)


def test_a_time_is_beside_the_name_of_an_input(tmp_path: Path) -> None:
    """Other keywords may have that name as well."""
    path = write_set(tmp_path / "x") / "ibc301010_drc.fits"
    with fits.open(path, mode="update") as hdus:
        hdus[0].header.insert("D001DATA", ("FIRSTEXP", "ibc301qrq_flc.fits"))
        hdus[0].header["D002DEXP"] = 450.0
    assert [each.exposure_time for each in contributions(tmp_path / "x")] == [500.0, 450.0]


@pytest.mark.parametrize("pixels", [None, np.ones((4, 5), np.float32)])
def test_images_under_the_names_of_tables_have_no_rows(tmp_path: Path, pixels: np.ndarray | None) -> None:
    path = write_set(tmp_path / "x", exposures=False) / "ibc301010_drc.fits"
    with fits.open(path) as hdus:
        units = [*hdus[:3], *(fits.ImageHDU(pixels, name=name) for name in ("HDRTAB", "PROVENANCE"))]
        fits.HDUList(units).writeto(path, overwrite=True)
    product = published_in(path)
    assert (product.rows, product.provenance) == ((), ())
    assert [unit.image for unit in product.units] == [False, True, True, *[pixels is not None] * 2]


# Noise of some rows of a chip


def write_ccd(path: Path, science: np.ndarray, error: np.ndarray | None, **primary: Any) -> Path:
    cards = {"INSTRUME": "WFC3", "DETECTOR": "UVIS", "EXPTIME": 360.0, "READNSEA": 3.03, **primary}
    units: list[Any] = [fits.PrimaryHDU(header=fits.Header(cards))]
    planes = {"SCI": science, "ERR": error, "DQ": np.zeros(science.shape, np.int16)}
    for name, values in planes.items():
        array = None if values is None else values.astype(np.int16 if name == "DQ" else np.float32)
        units.append(fits.ImageHDU(array, name=name, ver=1))
    units[1].header["BUNIT"] = "ELECTRONS/S" if cards["DETECTOR"] == "IR" else "ELECTRONS"
    fits.HDUList(units).writeto(path)
    return path


def columns_of(shape: tuple[int, int], step: float) -> np.ndarray:
    return np.where(np.arange(shape[1]) % 2, step, 0.0) * np.ones(shape)


STEP_NOISE = 1.4826022 / math.sqrt(2.0)  # of columns that differ by 1 from those beside them


@pytest.mark.parametrize(("columns", "known"), [(51, True), (50, False)])
def test_noise_takes_a_thousand_differences(tmp_path: Path, columns: int, known: bool) -> None:
    """Of twenty rows."""
    shape = (20, columns)
    path = write_ccd(tmp_path / "a_flc.fits", columns_of(shape, 10.0), np.full(shape, 4.0))
    assert (noise_of_pixels(path, 1) is not None) is known
    infrared = write_ccd(tmp_path / "b_flt.fits", columns_of(shape, 10.0), np.full(shape, 4.0), DETECTOR="IR")
    assert (rates_of_pixels(infrared, 1) is not None) is known


@pytest.mark.parametrize(("stated", "known"), [(1000, True), (999, False)])
def test_noise_takes_a_thousand_errors(tmp_path: Path, stated: int, known: bool) -> None:
    error = np.full(20 * 60, 40.0)
    error[stated:] = np.resize([np.nan, np.inf, 0.0, -1.0], len(error) - stated)
    path = write_ccd(tmp_path / "a_flc.fits", columns_of((20, 60), 10.0), error.reshape(20, 60))
    assert noise_of_pixels(path, 1) == (40.0 if known else None)


def test_noise_is_of_every_third_of_a_hundred_rows_and_the_median_error(tmp_path: Path) -> None:
    """About 32 of them; a tenth of the errors are those of stars."""
    shape = (100, 61)
    science, error = columns_of(shape, 500.0), np.full(shape, 900.0)
    science[::3], error[::3] = columns_of((34, 61), 10.0), 4.0
    error[::3, ::10] = 90.0
    path = write_ccd(tmp_path / "a_flc.fits", science, error)
    assert noise_of_pixels(path, 1) == pytest.approx(10.0 * STEP_NOISE, rel=1e-6)
    shallow = write_ccd(tmp_path / "b_flc.fits", science / 10.0, error)
    assert noise_of_pixels(shallow, 1) == 4.0


def test_pixels_without_errors_of_their_own_tell_no_noise(tmp_path: Path) -> None:
    science = columns_of((40, 60), 10.0)
    for number, (pixels, error) in enumerate(
        (
            (science, None),
            (science, np.full((40, 30), 4.0)),
            (science, np.full((30, 60), 4.0)),
            (science[None], np.full((1, 40, 60), 4.0)),
        )
    ):
        path = write_ccd(tmp_path / f"{number}_flc.fits", pixels, error)
        assert noise_of_pixels(path, 1) is None
    planeless = write_ccd(tmp_path / "u5jx010hr_c0m.fits", science, None)
    assert noise_of_pixels(planeless, 1) is None


# Sources on chips


def test_sources_of_an_exposure_are_those_of_all_its_chips(tmp_path: Path) -> None:
    generator, shape = np.random.default_rng(5), (300, 300)
    rows, columns = np.indices(shape)
    chips = []
    for count in (30, 12):
        pixels = generator.normal(0.0, 1.0, shape)
        for x, y in generator.uniform(20.0, 280.0, (count, 2)):
            pixels += 500.0 * np.exp(-0.5 * ((columns - x) ** 2 + (rows - y) ** 2))
        chips.append(pixels)
    path = write_exposure(tmp_path / "a_flt.fits", *chips)
    catalog = write_catalog(tmp_path / "gaia.ecsv", sky(np.array([[1.0, 1.0]])))
    _, found = from_catalog(path, catalog)
    assert {*found.chip.tolist()} == {1, 2}
    assert len(found.sky) > 30


def test_three_chips_are_halved_and_may_be_without_sources(tmp_path: Path) -> None:
    chip = np.ones((60, 80))
    path = write_exposure(tmp_path / "a_flt.fits", chip, chip, chip)
    with fits.open(path, mode="update") as hdus:
        hdus["SCI", 3].header["CRVAL2"] += 1.0
    catalog = write_catalog(tmp_path / "gaia.ecsv", sky(np.array([[2.0, 1.0], [-2.0, 1.0], [-1.0, -1.0]])))
    assert references_by_quadrant(path, catalog) == {
        **{f"SCI,{number} {side}": count for number in (1, 2) for side, count in (("left", 1), ("right", 2))},
        "SCI,3 left": 0,
        "SCI,3 right": 0,
    }

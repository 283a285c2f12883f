"""Records of fits, headers and published products to what is judged: values by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.table import Table

from hubble_qa.checks.astrometry.source_positions import chance_match_fraction
from hubble_qa.checks.evidence.catalog_fits import FittedReferences, chance_of_fit
from hubble_qa.checks.evidence.exposures import array_in
from hubble_qa.checks.evidence.fits import (
    Fit,
    aligned_to_one_another,
    catalog_error,
    fits_in,
    header_and_shifts,
    matched_positions,
)
from hubble_qa.checks.evidence.headers import (
    claims_catalog,
    recommended_parameters,
    rejected_by_ramp_fit,
    requested_steps,
    without_ramp_fit,
)
from hubble_qa.checks.evidence.published import collection_of, contributions_of, published_in, unsealed_units
from hubble_qa.checks.evidence.references import named_references, used_references
from hubble_qa.checks.readers import ReaderError
from hubble_qa.checks.readers.best_references import BestReferences, ReferenceChoice
from tests.hlsp_samples import BEGIN, END, write_set
from tests.test_evidence_values import sky, write_exposure
from tests.uvis_fields import flc
from tests.wfpc2_samples import aligned_headers, exposure, match_file, shift_file

# Fits: shift files with match files beside them

NAMES = ("u5jx0108r_flt", "u5jx010hr_flt", "u5jx010ir_flt")


def write_shifts(path: Path, rows: Mapping[str, tuple[float, float]]) -> Path:
    lines = ["# frame: output", "# refimage: shifts_wcs.fits[wcs]", "# form: delta", "# units: pixels"]
    for name, (dx, dy) in rows.items():
        rms = "0 0" if dx == dy == 0.0 else "0.1 0.1"
        lines.append(f"{name}.fits {dx} {dy} 0.0 1.0 {rms}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_match(
    directory: Path, name: str, shift: str, origin: str, chips: tuple[int, ...] = (1, 1, 2)
) -> Path:
    lines = [f"#    X and Y shift: {shift}"] if shift else []
    for number, chip in enumerate(chips):
        place = f"{10.0 + 20.0 * number} {5.0 + 10.0 * number**2}"
        lines.append(f"{place} {place} {place} 0.0 0.0 {place} {place} 1 1 {chip} 150.0 30.0 {origin}")
    path = directory / f"{name}_catalog_fit.match"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("shift", "mine", "others", "has_match"),
    [
        ("1.25 -0.5", (1.25, -0.5), (3.0, 3.0), True),
        ("1.25005 -0.50005", (1.25, -0.5), (3.0, 3.0), True),  # four decimals are quoted
        ("1.25 -0.5", (9.0, 9.0), (1.25, -0.5), False),  # of the other shift file
        ("1.2501 -0.5", (9.0, 9.0), (1.25, -0.5), True),  # of neither, which contradicts both
        ("1.25 -0.5", (1.25, -0.4), (1.25, -0.5), False),
        ("1.25 -0.5", (1.25, -0.5), (1.25, -0.5), True),
        ("", (9.0, 9.0), (1.25, -0.5), True),
    ],
)
def test_a_match_file_is_of_the_shift_file_whose_shift_it_quotes(
    tmp_path: Path, shift: str, mine: tuple[float, float], others: tuple[float, float], has_match: bool
) -> None:
    own = write_shifts(tmp_path / "shifts.txt", {NAMES[0]: (0.0, 0.0), NAMES[1]: mine})
    other = write_shifts(tmp_path / "sdss.txt", {NAMES[1]: others})
    unrelated = write_shifts(tmp_path / "unrelated.txt", {NAMES[2]: (1.25, -0.5)})
    write_match(tmp_path, NAMES[1], shift, "gaia.cat")
    found = fits_in(own, "", (unrelated, other))
    assert [*found] == [*NAMES[:2]]
    assert (found[NAMES[1]].match is not None) is has_match
    assert found[NAMES[0]].match is None
    assert {fit.any_match for fit in found.values()} == {has_match}


@pytest.mark.parametrize("ending", [".fits", ".fits[sci,1]", ".fits.gz"])
def test_rows_may_name_extensions_or_compressed_files(tmp_path: Path, ending: str) -> None:
    rows = {NAMES[0]: (0.0, 0.0), NAMES[1]: (1.0, 2.0)}
    shifts = write_shifts(tmp_path / "shifts.txt", rows)
    shifts.write_text(shifts.read_text(encoding="utf-8").replace(".fits", ending), encoding="utf-8")
    write_match(tmp_path, NAMES[1], "1.0 2.0", f"{NAMES[0]}.fits[1]")
    found = fits_in(shifts)
    assert [*found] == [NAMES[0], NAMES[1]]
    assert found[NAMES[1]].match is not None
    assert found[NAMES[1]].shifts.relative


@pytest.mark.parametrize(
    ("origins", "reference"),
    [
        ((f"{NAMES[0]}.fits[1]", f"{NAMES[0]}.fits[4]"), True),
        (("gaia.cat", "gaia.cat"), False),
        ((f"{NAMES[0]}.fits[1]", "gaia.cat"), False),
    ],
)
def test_exposures_are_aligned_to_themselves_if_all_sources_are_theirs(
    tmp_path: Path, origins: tuple[str, str], reference: bool
) -> None:
    rows = {NAMES[0]: (0.0, 0.0), NAMES[1]: (1.0, 2.0), NAMES[2]: (3.0, 4.0)}
    shifts = write_shifts(tmp_path / "shifts.txt", rows)
    for name, origin, shift in zip(NAMES[1:], origins, ("1.0 2.0", "3.0 4.0"), strict=True):
        write_match(tmp_path, name, shift, origin)
    found = fits_in(shifts)
    assert (next(iter(found.values())).shifts.reference is not None) is reference
    paths = [tmp_path / f"{name}.fits" for name in NAMES]
    aligned = aligned_headers(wcstype="user-defined")
    unaligned = {**aligned, 3: aligned_headers(wcstype="not aligned: reference")[3]}
    assert aligned_to_one_another({"a": aligned, "b": aligned}, paths, None) is False
    for shift_table in (None, shifts):
        assert aligned_to_one_another({"a": aligned, "b": unaligned}, paths, shift_table) is reference
    elsewhere = [tmp_path / "none" / path.name for path in paths]
    assert aligned_to_one_another({"b": unaligned}, elsewhere, None) is None


@pytest.mark.parametrize(
    ("origin", "mas"), [("SDSS.cat", 45.0), ("gaia.cat", 0.0), (f"{NAMES[0]}.fits[1]", 0.0)]
)
def test_the_error_of_a_catalogue_is_in_pixels_of_the_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: str, mas: float
) -> None:
    monkeypatch.setattr("hubble_qa.checks.evidence.fits.CATALOG_ERRORS", {"sdss": 45.0, "2mass": 90.0})
    match = replace(match_file(12), origin=("other.cat",) * 5 + (origin,) * 7)
    # East is by right ascension at declination -47.5; degrees by pixel are 2e-5 in both.
    pixel = 3600.0 * 2e-5 * math.sqrt(math.cos(math.radians(47.5)))
    shifts = replace(shift_file(), path=tmp_path / "shifts.txt")
    exact = replace(match, fit_xy=match.reference_xy)
    found = catalog_error(Fit(shifts, NAMES[1], exact, any_match=True))
    assert found == pytest.approx(mas / 1000.0 / pixel, rel=2e-3)
    assert catalog_error(Fit(shifts, NAMES[1], None, any_match=False)) == 0.0
    few = replace(match_file(2), origin=(origin,) * 2)
    assert catalog_error(Fit(shifts, NAMES[1], few, any_match=True)) == 0.0


def test_matched_positions_are_by_the_headers_of_both_exposures(tmp_path: Path) -> None:
    chip = np.ones((60, 80))
    own = write_exposure(tmp_path / f"{NAMES[1]}.fits", chip, chip, east=2.0)
    write_exposure(tmp_path / f"{NAMES[0]}.fits", chip, chip, north=-1.0)
    shifts = write_shifts(tmp_path / "shifts.txt", {NAMES[0]: (0.0, 0.0), NAMES[1]: (1.0, 2.0)})
    write_match(tmp_path, NAMES[1], "1.0 2.0", f"{NAMES[0]}.fits[4]")
    found = matched_positions(fits_in(shifts)[NAMES[1]], own)
    assert found is not None
    assert found.chip.tolist() == [1, 1, 2]
    # Pixels are counted from 1; east is left of the middle, 40.5 and 30.5.
    away = (np.array([(10.0, 5.0), (30.0, 15.0), (50.0, 45.0)]) - (40.5, 30.5)) * (-0.1, 0.1)
    assert found.own == pytest.approx(sky(away + np.array([2.0, 0.0])), abs=1e-8)
    assert found.reference == pytest.approx(sky(away + np.array([0.0, -1.0])), abs=1e-8)
    assert matched_positions(fits_in(shifts)[NAMES[0]], own) is None
    (tmp_path / "b").mkdir()
    catalog = write_shifts(tmp_path / "b" / "shifts.txt", {NAMES[1]: (1.0, 2.0)})
    write_match(tmp_path / "b", NAMES[1], "1.0 2.0", "gaia.cat")
    with pytest.raises(ReaderError, match="does not name a file and its extension"):
        matched_positions(fits_in(catalog)[NAMES[1]], own)


# Matches by chance of a finished fit


@pytest.mark.parametrize(
    ("shift", "largest", "tolerance", "radius"),
    [
        ("0.1 -0.2", 0.3, 0.1, 1.0),  # TweakReg's defaults: a pixel of 0.1 arcsec, and an arcsec
        ("0.1 -0.2", 2.5, 0.25, 1.0),
        ("9.0 -12.0", 0.3, 0.1, 1.5),
    ],
)
def test_chance_is_of_how_wide_a_fit_searched(
    tmp_path: Path, shift: str, largest: float, tolerance: float, radius: float
) -> None:
    generator = np.random.default_rng(3)
    places = generator.uniform(-2.8, 2.8, (40, 2))
    table = Table({"ra": sky(places)[:, 0] * u.deg, "dec": sky(places)[:, 1] * u.deg})
    magnitudes = np.where(np.arange(40) < 25, 18.0, 22.0)
    magnitudes[:3] = (np.nan, 15.0, 19.0)
    table["mag"] = magnitudes * u.mag
    table.write(tmp_path / "stars.ecsv")
    path = write_exposure(tmp_path / "a_flt.fits", np.ones((60, 80)))
    sources = tmp_path / "a_flt_sci1_xy_catalog.coo"
    sources.write_text("# x y\n" + "1 2\n" * 30, encoding="utf-8")
    match = match_file(6)
    residuals = np.zeros((6, 2))
    residuals[2] = (0.6 * largest, 0.8 * largest)
    match = replace(match, header={"X and Y shift": shift}, residuals=residuals)
    # Turned by a third of a right angle.
    cosine, sine = math.cos(math.pi / 6), math.sin(math.pi / 6)
    terms = 100.0 * np.array([[cosine, sine], [-sine, cosine]])
    references = FittedReferences(match, terms, np.array([0, 1, 2, 5, 8, 9]), None)
    found = chance_of_fit(references, path, [sources], tmp_path / "stars.ecsv", subject="fit")
    # As bright as the faintest match, 19 mag, are 25, with the one whose magnitude is not known.
    expected = chance_match_fraction(
        6, sources=30, references=25, area=48.0, tolerance=tolerance, search_radius=radius, subject="fit"
    )
    assert found.value == pytest.approx(expected.value, rel=1e-3)
    unknown = replace_rows(references, [0, 0])
    every = chance_match_fraction(
        6, sources=30, references=40, area=48.0, tolerance=tolerance, search_radius=radius, subject="fit"
    )
    found = chance_of_fit(unknown, path, [sources], tmp_path / "stars.ecsv", subject="fit")
    assert found.value == pytest.approx(every.value, rel=1e-3)


def replace_rows(references: FittedReferences, rows: list[int]) -> FittedReferences:
    return references._replace(rows=np.array(rows))


# Headers


def test_a_solution_of_the_archives_is_by_any_chip() -> None:
    assert claims_catalog(flc(WCSNAME="IDC_2731450pi-FIT_IMG_GAIAeDR3")) == ""
    mixed = flc(WCSNAME="IDC_2731450pi")
    assert claims_catalog(mixed).startswith("WCSNAME is IDC_2731450pi: no fit of the archive's")
    mixed.header("SCI", 2)["WCSNAME"] = "IDC_2731450pi-FIT_REL_GAIAeDR3"
    assert claims_catalog(mixed) == ""


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        ("COMPLETE", True),
        ("SKIPPED", True),
        ("INCOMPLETE", True),
        ("PERFORM", True),
        ("OMIT", False),
        ("N/A", False),
    ],
)
def test_steps_that_were_asked_for_are_told_by_how_they_ended(value: str, asked: bool) -> None:
    cards = dict.fromkeys(("FLATCORR", "TDDCORR", "NPOLCORR", "D2IMCORR", "DGEOCORR", "VACORR"), value)
    found = requested_steps(exposure(primary=cards))
    assert found == {"FLATCORR": "PERFORM" if asked else "OMIT"}


@pytest.mark.parametrize(
    ("step", "told"), [("OMIT", True), (" OMIT ", True), ("COMPLETE", False), (None, False)]
)
def test_an_exposure_without_ramp_fit_says_so(tmp_path: Path, step: str | None, told: bool) -> None:
    path = write_exposure(tmp_path / "ibohbfb9q_flt.fits", np.ones((4, 4)))
    if step is not None:
        fits.setval(path, "CRCORR", value=step)
    found = without_ramp_fit(path)
    assert found == ("ibohbfb9q_flt.fits was calibrated without the ramp fit (CRCORR = OMIT)" if told else "")
    assert without_ramp_fit(None) == ""


@pytest.mark.parametrize(
    ("camera", "step", "told"),
    [
        (("WFC3", "IR"), "COMPLETE", True),
        (("WFC3", "IR"), "OMIT", False),
        # Of a CCD, CRCORR makes another file of several exposures, and leaves these as they are.
        (("WFC3", "UVIS"), "COMPLETE", False),
        (("ACS", "WFC"), "COMPLETE", False),
    ],
)
def test_a_ramp_fit_rejects_cosmic_rays(
    tmp_path: Path, camera: tuple[str, str], step: str, told: bool
) -> None:
    path = write_exposure(tmp_path / "x_flt.fits", np.ones((4, 4)))
    for key, value in zip(("INSTRUME", "DETECTOR", "CRCORR"), (*camera, step), strict=True):
        fits.setval(path, key, value=value)
    assert ("its ramp fit had rejected the cosmic rays" in rejected_by_ramp_fit(path)) is told


@pytest.mark.parametrize("keyword", ["FILTER", "FILTER1", "FILTER2"])
def test_parameters_of_drizzling_are_those_of_the_filter(tmp_path: Path, keyword: str) -> None:
    rows = [
        {"filter": name, "numimages": number, "final_pixfrac": 0.1 * number + offset}
        for name, offset in (("F606W", 0.5), ("ANY", 0.0))
        for number in (1, 2, 4)
    ]
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU(Table(rows))]).writeto(tmp_path / "x_mdz.fits")
    path = write_exposure(tmp_path / "ja0000000_flt.fits", np.ones((4, 4)))
    with fits.open(path, mode="update") as hdus:
        hdus[0].header.update({keyword: " f606w ", "MDRIZTAB": "jref$x_mdz.fits"})
    found = recommended_parameters(tmp_path, path, images=2)
    assert found is not None
    assert found["final_pixfrac"] == pytest.approx(0.7)


def test_reference_files_are_those_that_are_there(tmp_path: Path) -> None:
    choices = {
        "idctab": ReferenceChoice("new_idc.fits", "old_idc.fits", "old_idc.fits", False),
        "flatfile": ReferenceChoice("x_pfl.fits", "x_pfl.fits", "x_pfl.fits", True),
        "npolfile": ReferenceChoice("N/A", "", "N/A", True),
    }
    best = tmp_path / "bestrefs.json"
    BestReferences("hst_0729.pmap", {"u5jx010hr": choices}).write(best)
    (tmp_path / "old_idc.fits").write_bytes(b"")
    assert used_references(best, tmp_path, "u5jx010hr") == {"IDCTAB": tmp_path / "old_idc.fits"}
    named = named_references(best, tmp_path, exposure(primary={"IDCTAB": "uref$old_idc.fits"}))
    assert {kind: (use["best"], use["used"], use["available"]) for kind, use in named.items()} == {
        "idctab": ("new_idc.fits", "old_idc.fits", True),
        "flatfile": ("x_pfl.fits", "N/A", False),
        "npolfile": ("N/A", "N/A", False),
    }


# Products that are to be published


def contributions(directory: Path, *, at_hand: bool = False) -> list[dict[str, Any]]:
    product = published_in(directory / "ibc301010_drc.fits")
    files = {name: directory / name if at_hand else None for name in product.inputs}
    return [
        {
            "name": each.name,
            "source": each.source,
            "time": each.exposure_time,
            "begin": each.begin,
            "values": dict(each.values),
            "association": each.association,
            "simulated": each.simulated,
        }
        for each in contributions_of(product, files)
    ]


def test_what_contributed_is_told_by_exposures_or_the_header_table(tmp_path: Path) -> None:
    by_files = contributions(write_set(tmp_path / "files", filters=("F606W", "F814W")), at_hand=True)
    values = {"INSTRUME": "WFC3", "DETECTOR": "UVIS", "APERTURE": "UVIS", "PROPOSID": "11911"}
    second = {
        "name": "ibc301qtq",
        "source": "ibc301qtq_flc.fits",
        "time": 500.0,
        "begin": END - 500.0 / 86400.0,
        "values": {**values, "FILTER": "F814W"},
        "association": "ibc301010",
        "simulated": False,
    }
    assert by_files[1] == second
    assert (by_files[0]["begin"], by_files[0]["values"]["FILTER"]) == (BEGIN, "F606W")
    directory = write_set(tmp_path / "table", filters=("F606W", "F814W"), exposures=False)
    table = {"INSTRUME": "WFC3", "FILTER": "F814W"}
    by_table = {**second, "source": "HDRTAB", "values": table, "association": ""}
    assert contributions(directory)[1] == by_table
    # An exposure that cannot be read is told by the table, and by its own name there.
    (directory / "ibc301qtq_flc.fits").write_bytes(b"none")
    (directory / "ibc301qrq_flc.fits").write_bytes(b"none")
    assert contributions(directory, at_hand=True)[1] == by_table
    with fits.open(directory / "ibc301010_drc.fits", mode="update") as hdus:
        hdus["HDRTAB"].data["FILENAME"] = "another_flc.fits"
        hdus["HDRTAB"].data["INSTRUME"] = ["nan", "WFC3"]
    (tmp_path / "renamed").mkdir()
    (directory / "ibc301010_drc.fits").rename(tmp_path / "renamed" / "ibc301010_drc.fits")
    renamed = contributions(tmp_path / "renamed")
    assert renamed[1] == by_table
    assert renamed[0]["values"] == {"FILTER": "F606W"}


def test_without_a_table_only_times_are_told(tmp_path: Path) -> None:
    directory = write_set(tmp_path / "x")
    with fits.open(directory / "ibc301010_drc.fits", mode="update") as hdus:
        hdus[0].header["D002DEXP"] = 450.0
        hdus[0].header["D002DATA"] = "ibc301qtq_flc.fits [sci,1]"
        hdus[0].header["D003DATA"] = "my_flc.fits[sci,1]"
    first, second, third = contributions(directory)
    assert (first["source"], first["time"], second["time"], third["time"]) == ("D001DEXP", 500.0, 450.0, None)
    assert (first["name"], third["name"], first["values"]) == ("ibc301qrq", "my_flc", {})


def test_chips_of_wfpc2_have_detectors_of_their_own(tmp_path: Path) -> None:
    directory = write_set(tmp_path / "x")
    for path in directory.glob("*_flc.fits"):
        with fits.open(path, mode="update") as hdus:
            hdus[0].header.update(INSTRUME="WFPC2", DETECTOR=3, SIMULATD=True, ASN_ID="NONE", EXPTIME="")
            hdus["SCI", 1].header["FILTNAM1"] = "F555W"
            del hdus[0].header["FILTER"]
    found = contributions(directory, at_hand=True)
    assert found[0]["values"] == {
        "INSTRUME": "WFPC2",
        "APERTURE": "UVIS",
        "PROPOSID": "11911",
        "FILTER": "F555W",
    }
    assert (found[0]["simulated"], found[0]["association"], found[0]["time"]) == (True, "", None)


def test_units_of_a_product_are_named_and_told_apart(tmp_path: Path) -> None:
    directory = write_set(tmp_path / "x", exposures=False)
    path = directory / "ibc301010_drc.fits"
    with fits.open(path, mode="append") as hdus:
        rows = ["ibc301qrq", "IBC301QTQ_flc.fits", "ibc301qrq", "omega"]
        columns = [
            fits.Column("NUMBER", "J", array=[1, 2, 3, 4]),
            fits.Column("OBS", "20A", array=rows),
        ]
        hdus.append(fits.BinTableHDU.from_columns(columns, name="PROVENANCE"))
        hdus.append(fits.ImageHDU(np.zeros((2, 3, 4), np.float32)))
    product = published_in(path)
    names = [(unit.name, unit.image) for unit in product.units]
    assert names == [
        ("the primary header", False),
        ("SCI,1", True),
        ("WHT,1", True),
        ("HDRTAB,1", False),
        ("PROVENANCE,1", False),
        ("extension,1", False),
    ]
    assert product.provenance == ("ibc301qrq", "IBC301QTQ_flc.fits")
    assert unsealed_units(product) == tuple(name for name, _ in names)
    with fits.open(path, mode="update") as hdus:
        hdus["WHT", 1].add_checksum()
        hdus["SCI", 1].add_datasum()
    sealed = published_in(path, "sealed")
    assert set(unsealed_units(product)) - set(unsealed_units(sealed)) == {"WHT,1"}


def test_a_collections_readme_and_manifest_are_read(tmp_path: Path) -> None:
    names = ("hlsp_omega_readme.txt", "hlsp_omega_v1.0_list.txt", "hlsp_omega_v1.0_cat.csv", "README")
    for name in names:
        (tmp_path / name).write_text(f"text of {name}", encoding="utf-8")
    missing = tmp_path / "hlsp_other_readme.txt"
    found = collection_of(["a.fits"], ["b.fits"], [*(tmp_path / name for name in names), missing])
    assert (found.images, found.weights, found.others) == (("a.fits",), ("b.fits",), (*names, missing.name))
    assert found.texts == {**{name: f"text of {name}" for name in names[:2]}, missing.name: ""}


# Scatter by headers and by shift files


def write_fitted(directory: Path) -> Path:
    """An exposure whose fit scatters by 0.05 arcsec, both axes together, at declination 60."""
    path = directory / f"{NAMES[1]}.fits"
    write_exposure(path, np.ones((8, 8)))
    with fits.open(path, mode="update") as hdus:
        cards = {"WCSNAME": "TWEAK", "FITNAME": "TWEAK", "NMATCH": 50, "CRVAL2": 60.0}
        hdus["SCI", 1].header.update({**cards, "RMS_RA": 0.06 / 3600.0, "RMS_DEC": 0.04 / 3600.0})
    return path


def write_scatter(directory: Path, name: str, rms: float | None, *, scale: float | None = 0.1) -> Path:
    """A shift file with a scatter in either axis, pixels, and the frame that it counts in."""
    path = directory / f"{name}.txt"
    numbers = "1.0 2.0" if rms is None else f"1.0 2.0 0.0 1.0 {rms} 0.0"
    lines = ["# units: pixels", f"# refimage: {name}_wcs.fits[wcs]", f"{NAMES[1]}.fits {numbers}"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if scale is not None:
        cards = {"CD1_1": -scale / 3600.0, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": scale / 3600.0}
        frame = fits.ImageHDU(header=fits.Header(cards), name="WCS")
        fits.HDUList([fits.PrimaryHDU(), frame]).writeto(directory / f"{name}_wcs.fits")
    return path


def test_the_shift_file_whose_scatter_is_nearest_counts(tmp_path: Path) -> None:
    path = write_fitted(tmp_path)
    far = write_scatter(tmp_path, "far", 1.0)  # 0.1 arcsec
    near = write_scatter(tmp_path, "near", 0.4)  # 0.04 arcsec
    coarse = write_scatter(tmp_path, "coarse", 0.5, scale=0.2)
    failed = write_scatter(tmp_path, "failed", 0.0)
    assert header_and_shifts(path, "x", [far]).value == pytest.approx(0.5)
    assert header_and_shifts(path, "x", [near]).value == pytest.approx(1.25)
    for order in ([far, near, failed], [failed, near, far]):
        assert header_and_shifts(path, "x", order).value == pytest.approx(1.25)
    assert header_and_shifts(path, "x", [coarse]).value == pytest.approx(0.5)


def test_scatters_take_a_row_with_them_and_the_frame(tmp_path: Path) -> None:
    path = write_fitted(tmp_path)
    plain = write_scatter(tmp_path, "plain", None)
    frameless = write_scatter(tmp_path, "frameless", 0.5, scale=None)
    unnamed = tmp_path / "unnamed.txt"
    unnamed.write_text(f"# units: pixels\n{NAMES[1]}.fits 1 2 0 1 0.5 0.0\n", encoding="utf-8")
    other = write_shifts(tmp_path / "other.txt", {NAMES[2]: (1.0, 2.0)})
    for shifts, reason in (
        ([], "no shift file has a row of it"),
        ([plain], "has no RMS"),
        ([frameless], "the shift file's frame is not beside it"),
        ([unnamed], "the shift file's frame is not beside it"),
        ([other], "the shift file's frame is not beside it"),
    ):
        found = header_and_shifts(path, "x", shifts)
        assert (found.told, reason in found.reason) == (False, True)


@pytest.mark.parametrize("name", ["DQ", "SDQ"])
def test_flags_that_are_no_whole_numbers_are_refused_in_one_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / "ibohbfb9q_flt.fits"
    flags = fits.ImageHDU(np.zeros((4, 4), dtype=np.float32), name=name, ver=1)
    fits.HDUList([fits.PrimaryHDU(), flags]).writeto(path)
    with pytest.raises(ReaderError, match=rf"flt\.fits: {name},1 is stored as float32, but flags are whole"):
        array_in(path, name, 1)

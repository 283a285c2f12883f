"""Looking through a directory of finished products."""

from __future__ import annotations

import gzip
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.evidence.fits import aligned_to_one_another, fits_in, without_match
from hubble_qa.checks.instruments import load_instruments
from hubble_qa.checks.readers import read_drizzled, read_exposure
from hubble_qa.fixtures.finished.datasets import finished_datasets
from hubble_qa.fixtures.finished.files import FinishedFile, Kind
from hubble_qa.fixtures.finished.judged import Judged
from hubble_qa.fixtures.finished.survey import FinishedError, forget, survey
from hubble_qa.fixtures.suite.products import Products
from hubble_qa.fixtures.workflows import load_workflow
from tests.fits_samples import exposure_bytes
from tests.qa_runs import SHARED

FRAME = "# frame: output\n# refimage: shifts_wcs.fits[wcs]\n# form: delta\n# units: pixels\n"
ALIGNED = "u5jx0108r_flt.fits 0.000000 0.000000 0.000000 1.000000 0.000000 0.000000\n"
FITTED = "u5jx010hr_flt.fits 1.806800 -0.398800 0.014000 1.000010 0.120000 0.110000\n"
FAILED = "u5jx010hr_flt.fits nan nan nan nan 0.000000 0.000000\n"
MOVED = ALIGNED.replace("fits 0.000000", "fits 0.100000")
SOURCE = "1 2 3 4 5 6 0.1 -0.1 9 10 11 12 13 14 3 201.7 -47.5"


def write_match(directory: Path, *, origin: str, shift: str = "1.8068  -0.3988") -> None:
    text = f"#    X and Y shift: {shift}\n#\n{SOURCE} {origin}\n"
    (directory / "u5jx010hr_flt_catalog_fit.match").write_text(text, encoding="utf-8")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Two WFPC2 exposures with a shift file, and an ACS one below them."""
    place = tmp_path / "mine"
    (place / "acs").mkdir(parents=True)
    for root in ("u5jx0108r", "u5jx010hr"):
        (place / f"{root}_flt.fits").write_bytes(exposure_bytes(root, extensions=4))
    acs = exposure_bytes("j94f05bgq", extensions=2, INSTRUME="ACS", DETECTOR="WFC")
    (place / "acs" / "j94f05bgq_flt.fits").write_bytes(acs)
    (place / "shift_flt.txt").write_text(FRAME + ALIGNED + FITTED, encoding="utf-8")
    return place


def axes(directory: Path, instrument: str = "WFPC2"):
    found = survey(directory).instruments[instrument].axes
    return {name: tuple(map(str, subjects)) for name, subjects in found.items()}


def test_products_are_found_by_instrument(directory):
    found = survey(directory).instruments
    assert set(found) == {"ACS", "WFPC2"}
    assert set(found["ACS"].files) == {"j94f05bgq_flt"}
    assert found["WFPC2"].files["shift_flt"].kind is Kind.SHIFTS
    assert found["WFPC2"].files["u5jx0108r_flt"].chips == (1, 2, 3, 4)


def test_axes_name_chips_and_rows_of_shift_files(directory):
    assert axes(directory)["row"] == ("shift_flt u5jx0108r_flt", "shift_flt u5jx010hr_flt")
    assert axes(directory)["normalised"] == ("u5jx0108r_flt", "u5jx010hr_flt")
    assert len(axes(directory)["science_chip"]) == 8
    assert axes(directory, "ACS")["science_chip"] == ("j94f05bgq_flt SCI,1", "j94f05bgq_flt SCI,2")
    assert axes(directory, "ACS")["normalised"] == ()


def test_files_of_one_name_are_told_apart_by_their_directories(directory):
    again = directory / "again"
    again.mkdir()
    (again / "u5jx0108r_flt.fits").write_bytes(exposure_bytes("u5jx0108r"))
    (again / "u5jx0108r_c0m.fits").write_bytes(exposure_bytes("u5jx0108r"))
    found = survey(directory).instruments["WFPC2"]
    assert {"again/u5jx0108r_flt", "u5jx0108r_flt"} <= set(found.files)
    beside = found.sibling(found.files["u5jx0108r_c0m"], "flt")
    assert beside == found.files["again/u5jx0108r_flt"]


def test_files_of_one_name_and_two_detectors_are_of_two_exposures(tmp_path):
    for suffix, detector in (("flt", "IR"), ("flc", "UVIS"), ("ima", "IR")):
        content = exposure_bytes("field", extensions=1, INSTRUME="WFC3", DETECTOR=detector)
        (tmp_path / f"field_{suffix}.fits").write_bytes(content)
    found = survey(tmp_path).instruments["WFC3"]
    assert found.axes["twin"] == ()
    assert found.sibling(found.files["field_flt"], "ima") == found.files["field_ima"]


def test_what_is_not_judged_is_told_with_its_reason(directory):
    (directory / "sources.fits").write_bytes(exposure_bytes("u5jx0108r"))
    (directory / "lbgu17q8q_rawacq.fits").write_bytes(exposure_bytes("lbgu17q8q", INSTRUME="COS"))
    (directory / "u5jx0108r_sci1_crmask.fits").write_bytes(exposure_bytes("u5jx0108r"))
    (directory / "notes.txt").write_text("seeing was good\n", encoding="utf-8")
    (directory / "u5jx0108r_flt.fits.bz2").write_bytes(b"BZh91AY")
    left_out = dict(survey(directory).left_out)
    packed = "it is compressed; unpack it, or compress it as .fits.gz or .fits.fz, to have it judged"
    assert left_out.pop("u5jx0108r_flt.fits.bz2") == packed
    assert left_out.pop("sources.fits").startswith("its suffix is not one of raw, drz, drc, ")
    assert left_out == {
        "lbgu17q8q_rawacq.fits": "there are no criteria for COS",
        "notes.txt": "it is no FITS file, shift file or match file",
        "u5jx0108r_sci1_crmask.fits": "it is an intermediate file of the tools",
    }


CONTEXT = "it is a context image, bits that say which exposures each pixel is of"


def test_every_file_of_a_delivery_is_judged_or_named_with_its_reason(tmp_path):
    acs = {"INSTRUME": "ACS", "DETECTOR": "WFC"}
    kinds = {
        "j8bt06nyq_raw": Kind.RAW,
        "j8bt06010_crj": Kind.EXPOSURE,
        "j8bt06010_crc": Kind.EXPOSURE,
        "j8bt06010_drz": Kind.IMAGE,
        "f606w_drc_sci": Kind.IMAGE,
        "f606w_drc_wht": Kind.WEIGHT,
        "hlsp_x_hst_acs-wfc_ngc628c_f814w_v1_exp-drc-sci": Kind.IMAGE,
        "hlsp_x_hst_acs-wfc_ngc628c_f814w_v1_err-drc-wht": Kind.WEIGHT,
        "j8bt06010_asn": Kind.TABLE,
    }
    reasons = {
        "f606w_drc_ctx": CONTEXT,
        "f606w_ctx": CONTEXT,
        "j8bt06nyq_spt": "it is a support file, the observatory's planning and telemetry",
        "j8bt06nyq_jit": "it is a file of the telescope's pointing",
        "u40x010hm_c0f": load_instruments().others["c0f"],
        "m4_cal": "there are no criteria for files of ACS whose suffix is cal",
    }
    for name in (*kinds, *reasons):
        (tmp_path / f"{name}.fits").write_bytes(exposure_bytes(name.partition("_")[0], extensions=2, **acs))
    drw = exposure_bytes("u5jx01080", INSTRUME="WFPC2")
    (tmp_path / "f555w_drw_sci.fits").write_bytes(drw)
    found = survey(tmp_path)
    assert {label: file.kind for label, file in found.instruments["ACS"].files.items()} == kinds
    assert found.instruments["WFPC2"].files["f555w_drw_sci"].kind is Kind.IMAGE
    assert found.left_out == {f"{name}.fits": reason for name, reason in reasons.items()}
    axes = found.instruments["ACS"].axes
    assert {str(file) for file in axes["exposure"]} == {"j8bt06010_crj", "j8bt06010_crc"}
    assert axes["science_chip"] == axes["calibrated_file"] == ()


@pytest.mark.parametrize(("name", "instrument"), [("lbgu17q8q_x1d", "COS"), ("y2aa0101t_flt", "FGS")])
def test_other_instruments_have_no_criteria(directory, name, instrument):
    (directory / f"{name}.fits").write_bytes(exposure_bytes(name.partition("_")[0], INSTRUME=instrument))
    reason = survey(directory).left_out[f"{name}.fits"]
    assert reason == f"there are no criteria for {instrument}" or "table of spectra" in reason


def test_a_broken_file_of_another_instrument_has_no_criteria(directory):
    (directory / "lbgu17q8q_flt.fits").write_bytes(b"not FITS at all")
    assert survey(directory).left_out == {"lbgu17q8q_flt.fits": "there are no criteria for COS"}


def test_drizzled_images_are_known_by_their_keywords_whatever_they_are_called(tmp_path):
    header = fits.Header()
    header.update(INSTRUME="WFC3", DETECTOR="UVIS", NDRIZIM=4, BUNIT="ELECTRONS/S", EXPTIME=100.0)
    header["D001DATA"] = "ibwb01xqq_flc.fits[sci,1]"
    image = np.ones((8, 8), dtype=np.float32)
    fits.PrimaryHDU(image, header).writeto(tmp_path / "m4 deep field.fits")
    header["BUNIT"] = "UNITLESS"
    fits.PrimaryHDU(image, header).writeto(tmp_path / "m4 deep field_wht.fits")
    fits.PrimaryHDU(image.astype(np.int32), header).writeto(tmp_path / "m4 layers.fits")
    parts = [
        fits.PrimaryHDU(header=header),
        fits.ImageHDU(image, name="SCI"),
        fits.ImageHDU(image, name="WHT"),
    ]
    fits.HDUList(parts).writeto(tmp_path / "final.fits")
    found = survey(tmp_path)
    kinds = {label: file.kind for label, file in found.instruments["WFC3"].files.items()}
    assert kinds == {"m4 deep field": Kind.IMAGE, "m4 deep field_wht": Kind.WEIGHT, "final": Kind.IMAGE}
    assert found.left_out == {"m4 layers.fits": CONTEXT}


IN_HEADER = {
    "TELESCOP": "HST", "INSTRUME": "WFC3", "DETECTOR": "IR", "PHOTFLAM": 1.9e-20, "BUNIT": "ELECTRONS/S",
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN",
}  # fmt: skip


def own_image(path, *, pixels=np.float32, extension=False, **changes):
    """An image of somebody's own name, with a header that was shortened."""
    header = fits.Header()
    header.update({key: value for key, value in {**IN_HEADER, **changes}.items() if value is not None})
    image = np.ones((8, 8), dtype=pixels)
    units = [fits.PrimaryHDU(header=header), fits.ImageHDU(image, header, name="SCI")]
    fits.HDUList(units if extension else [fits.PrimaryHDU(image, header)]).writeto(path)


def test_images_of_ones_own_name_are_known_by_coordinates_and_sensitivity(tmp_path):
    """As mosaics of other tools and cutouts are, whose headers have none of AstroDrizzle's keywords."""
    weight = {"PHOTFLAM": None, "BUNIT": "UNITLESS"}
    own_image(tmp_path / "F160W_cosmos_sci.fits")
    own_image(tmp_path / "F160W_cosmos_wht.fits", **weight)
    own_image(tmp_path / "m51 cutout.fits", PHOTFLAM=None, PHOTFNU=1.5e-7, TELESCOP=None)
    own_image(tmp_path / "ngc1097.fits", extension=True, FILENAME="ibohbf040_drz.fits")
    refused = {
        "vlt.fits": {"TELESCOP": "VLT", "INSTRUME": "HAWKI"},
        "unitless.fits": {"BUNIT": "UNITLESS"},
        "insensitive.fits": {"PHOTFLAM": None},
        "distorted.fits": {"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP"},
        "layers.fits": {"pixels": np.int32},
        "mosaic_rms.fits": {},
        "field segm.fits": {},
        "a_spt.fits": {},
        "renamed.fits": {"extension": True, "FILENAME": "ibohbfb7q_flt.fits"},
    }
    for name, changes in refused.items():
        own_image(tmp_path / name, **changes)
    found = survey(tmp_path)
    kinds = {label: file.kind for label, file in found.instruments["WFC3"].files.items()}
    assert kinds == {
        "F160W_cosmos_sci": Kind.IMAGE,
        "F160W_cosmos_wht": Kind.WEIGHT,
        "m51 cutout": Kind.IMAGE,
        "ngc1097": Kind.IMAGE,
    }
    assert found.left_out.keys() == refused.keys()
    assert found.left_out["vlt.fits"] == "TELESCOP is 'VLT': it is no product of Hubble"
    assert found.left_out["mosaic_rms.fits"] == "it is a map of noise by its name, no image of the sky"
    assert found.left_out["field segm.fits"] == "it is a map of segments by its name, no image of the sky"
    assert found.left_out["a_spt.fits"].startswith("it is a support file")
    assert found.left_out["renamed.fits"].startswith("its header calls it ibohbfb7q_flt.fits")


def test_an_exposure_of_one_chip_of_ones_own_name_is_no_image(tmp_path):
    own_image(tmp_path / "best.fits", extension=True)
    with fits.open(tmp_path / "best.fits", mode="append") as hdus:
        for name in ("ERR", "DQ"):
            hdus.append(fits.ImageHDU(np.ones((8, 8), np.float32), name=name))
    with pytest.raises(FinishedError, match=r"best.fits: its suffix is not one of"):
        survey(tmp_path)


def test_of_images_that_name_an_exposure_the_one_that_is_named_as_an_image_comes_first():
    """A map of coverage has the image's header, too."""
    exposure = FinishedFile(Path("ibwb01xqq_flc.fits"), Kind.EXPOSURE, "WFC3")
    coverage = FinishedFile(Path("coverage.fits"), Kind.IMAGE, "WFC3")
    image, other = (
        FinishedFile(Path(f"{root}_drz_sci.fits"), Kind.IMAGE, "WFC3", root=root, suffix="drz_sci")
        for root in ("f814w", "f606w")
    )
    named = {coverage: [exposure], image: [exposure], other: []}
    products = SimpleNamespace(inputs=lambda each: dict(enumerate(named[each])))
    assert Products.image_of(products, exposure, [coverage, other, image]) == image
    assert Products.image_of(products, exposure, [coverage, other]) == coverage
    assert Products.image_of(products, exposure, [other]) is None


def test_a_file_that_cannot_be_read_is_judged_all_the_same(directory):
    (directory / "u5jx010jr_flt.fits").write_bytes(b"not FITS at all")
    assert "u5jx010jr_flt" in axes(directory)["file"]
    assert "u5jx010jr_flt" in axes(directory)["exposure"]


def test_a_shift_file_that_cannot_be_read_is_judged_with_its_neighbours(directory):
    (directory / "shift_flt.txt").write_text(FRAME + "u5jx0108r_flt.fits 1\n", encoding="utf-8")
    assert axes(directory)["row"] == ("shift_flt",)


def test_names_with_blanks_and_of_ones_own(directory):
    place = directory / "run 2"
    place.mkdir()
    for name in ("field one", "field two"):
        (place / f"{name}_flt.fits").write_bytes(exposure_bytes("u5jx0108r"))
    rows = "".join(f"{name}_flt.fits 1 1 0 1 0.05 0.05\n" for name in ("field one", "field two"))
    (place / "shifts flt.txt").write_text(FRAME + rows, encoding="utf-8")
    (place / "shifts c0m.txt").write_text(FRAME + rows.replace("_flt", "_c0m"), encoding="utf-8")
    label = "shifts flt field two_flt"
    assert label in axes(directory)["row"]
    found = fit(directory, label)
    assert found.shifts.row(found.exposure).exposure == "field two"
    assert axes(directory)["pair"] == ("shifts flt and shifts c0m",)
    (pair,) = survey(directory).instruments["WFPC2"].axes["pair"]
    assert (pair.first.path.name, pair.second.path.name) == ("shifts flt.txt", "shifts c0m.txt")


def test_files_of_one_name_and_two_endings_are_both_judged(directory):
    (directory / "shift_flt.dat").write_text(FRAME + ALIGNED + FITTED, encoding="utf-8")
    files = survey(directory).instruments["WFPC2"].of(Kind.SHIFTS)
    assert {file.label for file in files} == {"shift_flt.txt", "shift_flt.dat"}


def test_linked_directories_are_gone_through_once(directory, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "u5jx010jr_flt.fits").write_bytes(exposure_bytes("u5jx010jr"))
    (directory / "linked").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(directory)
    assert [name for name in axes(directory)["file"] if "010jr" in name] == ["u5jx010jr_flt"]


def test_what_nothing_is_judged_by_is_told(directory):
    write_match(directory, origin="gaia.cat")
    assert survey(directory).left_out == {}
    (directory / "shift_flt.txt").write_text(FRAME + ALIGNED, encoding="utf-8")
    (directory / "acs" / "J94F05BGQ_FLT.FIT").write_bytes(b"")
    forget()
    assert survey(directory).left_out == {
        "acs/J94F05BGQ_FLT.FIT": "its name does not end in .fits (rename it to have it judged)",
        "u5jx010hr_flt_catalog_fit.match": "no shift file beside it has a row of its exposure",
    }


@pytest.mark.parametrize("ending", [".FITS", ".fits", ".FITS.GZ"])
def test_names_in_upper_case_are_those_of_the_same_files(tmp_path, ending):
    """Of exposures, their companions and fits, whatever an image, a shift file or a match file calls them."""
    packed = gzip.compress if ending.endswith("GZ") else bytes
    for name in ("U5JX0108R_C0M", "U5JX0108R_C1M", "U5JX010HR_C0M"):
        content = exposure_bytes(name.partition("_")[0].lower(), extensions=4)
        (tmp_path / f"{name}{ending}").write_bytes(packed(content))
    header = fits.Header({"INSTRUME": "WFPC2", "NDRIZIM": 8, "D001DATA": "u5jx0108r_c0m.fits[sci,1]"})
    header["D002DATA"] = "/data/U5JX010HR_C0M.FITS[sci,1]"
    for name in ("F555W_DRW_SCI.fits", "F555W_DRW_WHT.fits"):
        fits.PrimaryHDU(np.ones((4, 4), np.float32), header).writeto(tmp_path / name)
    rows = ALIGNED + FITTED.replace("u5jx010hr_flt.fits", "U5JX010HR_FLT.FITS")
    (tmp_path / "shift_c0m.txt").write_text(FRAME + rows.replace("flt", "c0m").replace("FLT", "C0M"))
    write_match(tmp_path, origin="u5jx0108r_c0m.fits[1]")
    (tmp_path / "u5jx010hr_flt_catalog_fit.match").rename(tmp_path / "U5JX010HR_C0M_catalog_fit.match")
    found = survey(tmp_path)
    assert found.left_out == {}
    judged = found.instruments["WFPC2"]
    first, second = judged.files["U5JX0108R_C0M"], judged.files["U5JX010HR_C0M"]
    assert judged.sibling(first, "c1m") == judged.files["U5JX0108R_C1M"]
    image = read_drizzled(tmp_path / "F555W_DRW_SCI.fits")
    assert image.weight_path == tmp_path / "F555W_DRW_WHT.fits"
    assert [*judged.inputs(image, beside=image.path).values()] == [first, second]
    combined = dict(
        zip("ab", image.combined(read_exposure(each.path) for each in (first, second)), strict=True)
    )
    assert {name: chips for name, (_, chips) in combined.items()} == {"a": (1,), "b": (1,)}
    assert judged.shift_files(first) == judged.shift_files(second) == (judged.files["shift_c0m"],)
    assert len(judged.matches(second)) == 1
    assert read_exposure(second.path).name == "u5jx010hr"
    assert read_exposure(second.path).suffix == "c0m"
    assert {str(row) for row in judged.axes["row"]} == {"shift_c0m u5jx0108r_c0m", "shift_c0m U5JX010HR_C0M"}
    assert len(fit_of(judged, "shift_c0m U5JX010HR_C0M").match) == 1


def test_a_shift_file_that_nothing_tells_the_instrument_of(tmp_path):
    (tmp_path / "shifts.txt").write_text(FRAME + ALIGNED.replace("u5jx0108r", "field"), encoding="utf-8")
    with pytest.raises(FinishedError, match=r"shifts.txt: no instrument: its rows and the files beside it"):
        survey(tmp_path)


@pytest.mark.parametrize(
    "row", ["u5jx0108r_flt.fits,0.1,0.2", "u5jx0108r_flt.fits 0.1", "u5jx0108r 0.1 0.2 0.0 1.0 0.1"]
)
def test_a_shift_file_that_cannot_be_read_is_of_its_exposures_instrument(tmp_path, row):
    (tmp_path / "shifts.txt").write_text(f"{FRAME}{row}\n", encoding="utf-8")
    assert [str(row) for row in survey(tmp_path).instruments["WFPC2"].axes["row"]] == ["shifts"]


def test_match_files_alone_are_no_products(tmp_path):
    write_match(tmp_path, origin="gaia.cat")
    with pytest.raises(FinishedError, match="no shift file beside it has a row of its exposure"):
        survey(tmp_path)


def test_stores_and_reports_are_passed_over(directory):
    for names in (("qa-store.json",), ("results.json", "index.html")):
        place = directory / names[0].partition(".")[0]
        place.mkdir()
        for name in names:
            (place / name).write_text("{}", encoding="utf-8")
        (place / "u5jx010jr_flt.fits").write_bytes(exposure_bytes("u5jx010jr"))
    assert "u5jx010jr_flt" not in survey(directory).instruments["WFPC2"].files


def test_an_exposure_of_another_name_is_told_its_own(tmp_path):
    (tmp_path / "u5jx0108r_flt.fits").write_bytes(exposure_bytes("u5jx0108r"))
    renamed = tmp_path / "omega_cen_best.fits"
    renamed.write_bytes(exposure_bytes("u5jx010hr"))
    with fits.open(renamed, mode="update") as hdus:
        hdus[0].header["FILENAME"] = "u5jx010hr_flt.fits"
    said = (
        "its header calls it u5jx010hr_flt.fits, but its name does not end so: end it in _flt.fits to have it"
    )
    assert survey(tmp_path).left_out["omega_cen_best.fits"].startswith(said)


def test_a_directory_without_products_is_one_clear_line(tmp_path):
    (tmp_path / "picture.fits").write_bytes(exposure_bytes("u5jx0108r"))
    with pytest.raises(FinishedError, match=r"holds no .* product \(picture.fits: its suffix is not one of"):
        survey(tmp_path)
    with pytest.raises(FinishedError, match="no such directory"):
        survey(tmp_path / "none")
    with pytest.raises(FinishedError, match=r"picture.fits: is a file; name a directory"):
        survey(tmp_path / "picture.fits")


def test_datasets_are_made_of_the_products(directory):
    datasets = finished_datasets(directory, {})
    assert set(datasets) == {"acs-products", "wfpc2-products"}
    wfpc2 = datasets["wfpc2-products"]
    assert wfpc2.rootnames == ("u5jx0108r", "u5jx010hr")
    assert wfpc2.title == "Finished products: 1 shift file, 2 calibrated exposures"
    judged = load_workflow(wfpc2.workflow).judged(wfpc2)
    assert judged.axes == survey(directory).instruments["WFPC2"].axes


# Fits


def fit(directory: Path, label: str):
    return fit_of(survey(directory).instruments["WFPC2"], label)


def fit_of(found, label: str):
    """The fit of a row of a shift file, by its label."""
    row = next(row for row in found.axes["row"] if str(row) == label)
    others = tuple(other.path for other in found.other_shift_files(row.shifts))
    return fits_in(row.shifts.path, row.shifts.label, others)[row.exposure]


def test_the_reference_image_of_a_relative_alignment_is_known(directory):
    write_match(directory, origin="u5jx0108r_flt.fits[2]")
    assert fit(directory, "shift_flt u5jx0108r_flt").shifts.reference.exposure == "u5jx0108r"
    assert len(fit(directory, "shift_flt u5jx010hr_flt").match) == 1


def test_no_row_of_an_alignment_to_a_catalogue_is_a_reference(directory):
    write_match(directory, origin="gaia.cat")
    assert fit(directory, "shift_flt u5jx0108r_flt").shifts.reference is None


def test_match_files_belong_to_the_fit_whose_shift_they_quote(directory):
    other = FITTED.replace("1.806800", "1.950000")
    (directory / "shift_again.txt").write_text(FRAME + ALIGNED + other, encoding="utf-8")
    write_match(directory, origin="u5jx0108r_flt.fits[2]", shift="1.9500  -0.3988")
    assert fit(directory, "shift_flt u5jx010hr_flt").match is None
    assert without_match("matched_sources", fit(directory, "shift_flt u5jx010hr_flt")) is not None
    assert len(fit(directory, "shift_again u5jx010hr_flt").match) == 1
    assert without_match("matched_sources", fit(directory, "shift_again u5jx010hr_flt")) is None


def test_a_match_file_that_was_left_with_its_exposure_is_missed_by_nobody(directory):
    third = FITTED.replace("u5jx010hr", "u5jx010ir")
    failed = FAILED.replace("u5jx010hr", "u5jx010jr")
    (directory / "shift_flt.txt").write_text(FRAME + ALIGNED + FITTED + third + failed, encoding="utf-8")
    write_match(directory, origin="u5jx0108r_flt.fits[2]")
    for name, there, told in (
        ("u5jx010hr", False, True),  # has its match file
        ("u5jx010ir", True, True),  # TweakReg wrote none: to be measured, and fails
        ("u5jx010ir", False, False),
        ("u5jx010jr", False, True),  # its fit failed
    ):
        found = without_match("matched_sources", fit(directory, f"shift_flt {name}_flt"), there=there)
        assert (found is None) is told


def test_a_match_file_that_contradicts_the_only_shift_file_is_not_set_aside(directory):
    write_match(directory, origin="u5jx0108r_flt.fits[2]", shift="7.0000  7.0000")
    assert len(fit(directory, "shift_flt u5jx010hr_flt").match) == 1


def carried(wcstype: str):
    types = {"u5jx0108r_flt": "not aligned: reference", "u5jx010hr_flt": wcstype}
    return {label: {1: fits.Header({"WCSNAME": "TWEAK", "WCSTYPE": each})} for label, each in types.items()}


@pytest.mark.parametrize(
    ("shifts", "origin", "relative"),
    [
        (ALIGNED + FITTED, "", True),
        (
            ALIGNED.replace(" 0.000000 0.000000 0.000000 1", " 0.100000 0.000000 0.000000 1") + FAILED,
            "",
            False,
        ),
        ("", "u5jx0108r_flt.fits[2]", True),
        ("", "gaia.cat", False),
        ("", "", None),
    ],
    ids=["reference row", "no reference row", "match file of an exposure", "match file of Gaia", "nothing"],
)
def test_a_reference_image_is_told_from_a_failed_fit(directory, shifts, origin, relative):
    (directory / "shift_flt.txt").unlink()
    if shifts:
        (directory / "shift_flt.txt").write_text(FRAME + shifts, encoding="utf-8")
    if origin:
        write_match(directory, origin=origin)
    paths = [directory / f"{root}_flt.fits" for root in ("u5jx0108r", "u5jx010hr")]
    file = directory / "shift_flt.txt" if shifts else None
    assert aligned_to_one_another(carried("user-defined"), paths, file) is relative


def test_exposures_that_were_all_fitted_need_no_reference(directory):
    fitted = {"u5jx0108r_flt": {1: fits.Header({"WCSNAME": "TWEAK", "WCSTYPE": "user-defined"})}}
    assert aligned_to_one_another(fitted, [directory / "u5jx0108r_flt.fits"], None) is False


@pytest.mark.skipif(
    not (SHARED / "catalogs").is_dir(),
    reason="real shift files are not beside this repository (../shared/catalogs)",
)
def test_real_match_files_are_of_the_gaia_alignment():
    found = survey(SHARED / "catalogs").instruments["WFC3"]
    for name in ("ibwb01xqq", "ibwb01xrq", "ibwb01xxq"):
        assert len(fit_of(found, f"Gaia_shifts {name}_flc").match) > 480
        assert fit_of(found, f"SDSS_shifts {name}_flc").match is None


def test_the_nearest_exposures_of_a_visit_come_first() -> None:
    roots = ("jabc01a1q", "jabc01a2q", "jabc01a3q", "jabc01a4q", "jabc01a5q", "jabc02a1q")
    paths = [*(Path("new", f"{root}_flt.fits") for root in roots), Path("old", "jabc01a2q_flt.fits")]
    files = {
        str(path): FinishedFile(
            path, Kind.EXPOSURE, "ACS", "WFC", path.name.partition("_")[0], "flt", label=str(path)
        )
        for path in paths
    }
    judged = Judged("ACS", files)

    def nearest(name: str) -> list[str]:
        return [str(file.path) for file in judged.nearest_of_visit(files[name])]

    beside = [f"new/jabc01a{number}q_flt.fits" for number in range(1, 6)]
    assert nearest(beside[1]) == [beside[0], beside[2], beside[3], beside[4]]
    assert nearest(beside[4]) == [beside[3], beside[2], beside[1], beside[0]]
    assert nearest("old/jabc01a2q_flt.fits") == [beside[0], beside[2], beside[3], beside[4]]
    assert nearest("new/jabc02a1q_flt.fits") == []

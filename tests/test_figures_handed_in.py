"""Figures of finished products, out of the files that were handed in."""

from __future__ import annotations

import shutil
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.astrometry.registration import separation_unit
from hubble_qa.reports.drawings.series import MOST, Series
from hubble_qa.reports.figures.drawable import readable
from hubble_qa.reports.session.histories import left_out
from tests.figure_numbers import missing_numbers
from tests.qa_runs import SHARED, judge_products
from tests.test_finished_acceptance import DEC, RA, image

REAL_FITS = SHARED / "catalogs" / "ngc6791"


def test_drizzled_images_that_are_handed_in_are_drawn_with_what_was_judged(tmp_path):
    products = tmp_path / "products"
    products.mkdir()
    image(products / "n1_drz_sci.fits", 0.1)
    run = judge_products(tmp_path, products)
    (figure,) = (each for each in run.results["figures"] if each["figure"] == "drizzled")
    assert figure["subject"] == "n1_drz_sci"
    assert "Covered part of the frame" in figure["caption"]
    assert (run.report / figure["file"]).is_file()
    page = (run.report / "acs-products.html").read_text(encoding="utf-8")
    assert "n1_drz_sci and its weight" in page
    assert not [stage for stage in run.results["stages"] if stage["outcome"] != "complete"]


def test_a_file_that_cannot_be_drawn_costs_its_own_figure(tmp_path):
    products = tmp_path / "products"
    products.mkdir()
    image(products / "n1_drz_sci.fits", 0.1)
    broken = image(products / "n2_drz_sci.fits", 0.1)
    broken.write_bytes(broken.read_bytes()[:5000])
    run = judge_products(tmp_path, products)
    assert [each["subject"] for each in run.results["figures"] if each["figure"] == "drizzled"] == [
        "n1_drz_sci"
    ]
    assert not [stage for stage in run.results["stages"] if stage["outcome"] != "complete"]
    assert ("FIL-001", "n2_drz_sci") in run.rejected()
    named = {each["subject"] for each in run.verdicts if each["figure"] == "drizzled"}
    assert "n1_drz_sci" in named
    assert not any(subject.startswith("n2") for subject in named), "another image's figure"


def test_the_dark_part_of_the_light_is_drawn_with_its_aperture_and_the_verdicts_number(tmp_path):
    products = tmp_path / "products"
    products.mkdir()
    image(products / "n1_drz_sci.fits", 0.1)
    image(products / "n1dark_drz_sci.fits", 0.02)
    (products / "qa.toml").write_text(
        '[[dark_fractions]]\nimage = "n1_drz_sci.fits"\ndark = "n1dark_drz_sci.fits"\n'
        f"ra = {RA}\ndec = {DEC}\nradius = 0.5\n",
        encoding="utf-8",
    )
    run = judge_products(tmp_path, products, "-k", "dark_part")
    drawn = {each["figure"]: each for each in run.results["figures"] if each["file"]}
    # Of what was not judged in this run there is no figure.
    assert set(drawn) == {"dark-images", "dark-fraction"}
    assert {each["subject"] for each in drawn.values()} == {"n1_drz_sci target"}
    assert "0.200" in drawn["dark-fraction"]["caption"]
    assert run.verdict("DRK-002", "n1_drz_sci target")["figure"] == "dark-fraction"
    assert missing_numbers(run) == []


def star_image(path, stars, *, north=0.0, exposure="j1aa01aaq"):
    """A drizzled image of stars in a noisy sky, displaced to the north by so many mas."""
    image(path, 0.0, size=400)
    random = np.random.default_rng(5)
    y, x = np.mgrid[-6:7, -6:7]
    pixels = random.normal(0.0, 0.01, (400, 400))
    for column, row in stars:
        pixels[row - 6 : row + 7, column - 6 : column + 7] += 20.0 * np.exp(-(x**2 + y**2) / 2.9)
    with fits.open(path, mode="update") as hdus:
        hdus[0].data[:] = pixels
        hdus[0].header.update(NDRIZIM=1, D001DATA=f"{exposure}_flt.fits[sci,1]")
        hdus[0].header["CRVAL2"] += north / 3.6e6


def test_images_that_are_not_upon_one_another_are_drawn_with_their_offset(tmp_path):
    products = tmp_path / "products"
    products.mkdir()
    stars = [tuple(map(int, place)) for place in np.random.default_rng(2).integers(20, 380, (60, 2))]
    star_image(products / "a_drz_sci.fits", stars)
    star_image(products / "b_drz_sci.fits", stars, north=25.0, exposure="j1aa02aaq")
    run = judge_products(tmp_path, products, "-k", "upon_one_another")
    subject = "a_drz_sci / b_drz_sci"
    verdict = run.verdict("AST-023", subject)
    assert verdict["value"] == pytest.approx(25.0 / separation_unit(0.025), abs=0.02)
    (figure,) = (each for each in run.results["figures"] if each["file"])
    assert (figure["figure"], figure["subject"]) == ("image-offsets", subject)
    assert verdict["figure"] == "image-offsets"
    assert missing_numbers(run) == []


@pytest.mark.skipif(not REAL_FITS.is_dir(), reason="TweakReg's real shift and match files are not here")
def test_real_fits_are_drawn_without_the_frame_and_the_exposures(tmp_path):
    products = tmp_path / "products"
    products.mkdir()
    for path in (*REAL_FITS.glob("*_catalog_fit.match"), *REAL_FITS.glob("*_shifts.txt")):
        shutil.copyfile(path, products / path.name)
    run = judge_products(tmp_path, products)
    # The match files are those of the run with Gaia; TweakReg overwrote those of SDSS.
    rows = {f"Gaia_shifts ibwb01{name}_flc" for name in ("xqq", "xrq", "xxq")}
    for name in ("residuals", "residual-vectors"):
        assert {each["subject"] for each in run.results["figures"] if each["figure"] == name} == rows
    explained = {each["subject"] for each in run.verdicts if each["figure"] == "residuals"}
    assert not any(subject.startswith("SDSS") for subject in explained), "another fit's figure"
    assert missing_numbers(run) == []


def test_of_many_files_the_first_are_drawn_and_the_rest_is_told():
    def draw(handed: Any, files: Any, number: int) -> Any:
        yield SimpleNamespace(name=f"figure-{number}", files=tuple(files))

    def series(count: int) -> Series:
        return Series("drizzled images", lambda handed: range(count), draw, together=6)

    handed: Any = None
    drawn: list[Any] = [*series(57).drawings(handed)]
    assert [file for each in drawn for file in each.files] == [*range(MOST)]
    assert [each.name for each in drawn] == [f"figure-{number}" for number in range(1, 8)]
    assert series(57).omission(handed) == "40 of 57 drizzled images"
    assert series(MOST).omission(handed) == ""


def test_a_file_among_several_that_cannot_be_read_leaves_the_others(capsys):
    def read(name: str) -> int:
        return 1 // len(name) if name != "b" else int("no number")

    assert readable(["a", "b"], read) == {"a": 1}
    assert "b is not drawn: invalid literal" in capsys.readouterr().out


def test_of_many_tables_of_how_an_image_was_made_the_rest_is_told():
    def run(count: int) -> Any:
        return SimpleNamespace(judged=lambda _: SimpleNamespace(of=lambda _: range(count)))

    dataset: Any = None
    assert left_out(run(62), dataset) == ("60 of 62 tables of how an image was made",)
    assert left_out(run(60), dataset) == ()

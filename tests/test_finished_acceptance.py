"""What the author of finished products says of them, in ``qa.toml`` beside them or in a file of its own."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.evidence.apertures import aperture_rate
from hubble_qa.checks.readers import ReaderError
from hubble_qa.fixtures.finished.acceptance import read_acceptance
from hubble_qa.fixtures.plans.validation import DatasetError
from tests.qa_runs import judge_products

RA, DEC = 150.0, 2.0


def image(path, level, *, exptime=1000.0, size=120):
    """A drizzled SBC image of a constant rate, counts per second."""
    header = fits.Header()
    header.update(TELESCOP="HST", INSTRUME="ACS", DETECTOR="SBC", BUNIT="COUNTS/S", EXPTIME=exptime)
    header.update(CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CRVAL1=RA, CRVAL2=DEC, CRPIX1=60.5, CRPIX2=60.5)
    header.update(CD1_1=-0.025 / 3600, CD1_2=0.0, CD2_1=0.0, CD2_2=0.025 / 3600)
    data = np.full((size, size), level, dtype=np.float32)
    fits.PrimaryHDU(data, header).writeto(path)
    weight = path.with_name(path.name.replace("_sci", "_wht"))
    fits.PrimaryHDU(np.ones_like(data), header).writeto(weight, overwrite=True)
    return path


def test_rate_in_an_aperture_has_the_error_of_its_counts(tmp_path):
    rate, error = aperture_rate(image(tmp_path / "a_drz_sci.fits", 0.01), RA, DEC, 0.5)
    expected = 0.01 * np.pi * (0.5 / 0.025) ** 2
    assert rate == pytest.approx(expected, rel=1e-5)
    assert error == pytest.approx(np.sqrt(expected * 1000.0) / 1000.0, rel=1e-5)


def test_aperture_beyond_the_image_is_told(tmp_path):
    with pytest.raises(ReaderError, match="is not whole on its exposed part"):
        aperture_rate(image(tmp_path / "a_drz_sci.fits", 0.01), RA, DEC, 2.0)


@pytest.fixture
def products(tmp_path):
    place = tmp_path / "products"
    place.mkdir()
    image(place / "n1_drz_sci.fits", 0.1)
    image(place / "n1dark_drz_sci.fits", 0.02)
    return place


ACCEPTANCE = f"""
[[dark_fractions]]
image = "n1_drz_sci.fits"
dark = "n1dark_drz_sci.fits"
ra = {RA}
dec = {DEC}
radius = 0.5

[[overrides]]
criterion = "DRK-002"
bounds = {{ below = 0.3 }}
reason = "the darks are subtracted before publication"

[[left_out]]
files = "*dark_drz_*"
reason = "the darks' image is no product of its own"
"""


def test_dark_fraction_is_measured_where_the_author_says(tmp_path, products):
    (products / "qa.toml").write_text(ACCEPTANCE, encoding="utf-8")
    run = judge_products(tmp_path, products, "-k", "dark_fraction")
    # The darks' image is left out, so that nothing could be told.
    told = run.verdict("DRK-002", "n1_drz_sci target")
    assert (told["status"], told["accepted"]) == ("could not be told", True)
    (products / "qa.toml").write_text(ACCEPTANCE.partition("[[left_out]]")[0], encoding="utf-8")
    run = judge_products(tmp_path, products, "-k", "dark_fraction")
    found = run.verdict("DRK-002", "n1_drz_sci target")
    assert found["value"] == pytest.approx(0.2, rel=1e-4)
    assert (found["status"], found["bounds"]) == ("pass", "< 0.3")
    assert found["bounds_reason"] == "the darks are subtracted before publication"


def test_own_bounds_come_from_a_file_elsewhere_as_well_and_can_reject(tmp_path, products):
    own = tmp_path / "strict.toml"
    text = ACCEPTANCE.partition("[[left_out]]")[0].replace("below = 0.3", "below = 0.1")
    own.write_text(text, encoding="utf-8")
    run = judge_products(tmp_path, products, "--criteria", str(own), "-k", "dark_fraction")
    assert run.process.returncode == 1
    assert run.verdict("DRK-002", "n1_drz_sci target")["status"] == "fail"


def test_entries_without_effect_fail_a_complete_run_and_say_what_there_is(tmp_path, products):
    (products / "qa.toml").write_text(
        '[[overrides]]\ncriterion = "DRZ-001"\nbounds = { at_least = 0.5 }\nsubject = "n2*"\n'
        'reason = "another image of the set"\n[[left_out]]\nfiles = "*.jpg"\nreason = "previews only"\n',
        encoding="utf-8",
    )
    run = judge_products(tmp_path, products)
    assert run.process.returncode != 0
    text = run.process.stdout
    assert "qa.toml: overrides.0.subject" in text
    assert "'n2*' is no subject of DRZ-001, which has" in text
    assert "qa.toml: left_out.0.files" in text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[[overrides]\n", "not valid TOML"),
        (
            '[[overrides]]\ncriterion = "AST-999"\nbounds = { below = 1 }\nreason = "no such id"\n',
            "AST-999",
        ),
        ('[[left_out]]\nfiles = "*"\n', "left_out.0.reason"),
        ("[[dark_fractions]]\nimage = 3\n", "dark_fractions.0.image"),
        ("radius = 1\n", "radius"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_it_and_the_key(tmp_path, text, line):
    path = tmp_path / "qa.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=line) as caught:
        read_acceptance(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_criteria_file_that_is_not_there_is_refused(tmp_path, products):
    run = judge_products(tmp_path, products, "--criteria", "none.toml")
    assert "--criteria none.toml: no such file" in run.process.stdout + run.process.stderr

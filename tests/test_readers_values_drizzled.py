"""Drizzled images and headers as they are read: weights, inputs and keywords, by hand and by astropy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.errors import ReaderError
from hubble_qa.checks.readers import read_drizzled, read_exposure
from hubble_qa.checks.readers.drizzled import Drizzled, weight_names
from hubble_qa.checks.readers.fits_cards import Unit
from hubble_qa.checks.readers.plain_header import PlainHeader

# Drizzled images


@pytest.mark.parametrize(
    ("name", "first", "others"),
    [
        ("a_drz_sci.fits", "a_drz_wht.fits", ["a_drz_weight.fits", "a_drz_wht.fits.gz"]),
        ("a_v1.0_drz.fits", "a_v1.0_drz_wht.fits", ["a_v1.0_wht.fits", "a_v1.0_drz_weight.fits"]),
        ("a_drz_sci.fits.gz", "a_drz_wht.fits.gz", ["a_drz_wht.fits"]),
        ("A_DRZ_SCI.FITS", "A_DRZ_WHT.FITS", ["A_DRZ_WEIGHT.FITS"]),
        ("hlsp_a_v1_exp-drc-sci.fits", "hlsp_a_v1_exp-drc-wht.fits", ["hlsp_a_v1_err-drc-wht.fits"]),
        ("hlsp_a_v1.0_drz.fits", "hlsp_a_v1.0_drz_wht.fits", ["hlsp_a_v1.0_wht.fits"]),
        ("hlsp_a_v1_drc-sci.fits", "hlsp_a_v1_drc-wht.fits", []),
        ("a_exp-drc-sci.fits", "a_exp-drc-sci_wht.fits", ["a_wht.fits"]),
    ],
)
def test_names_of_weights(name: str, first: str, others: list[str]) -> None:
    found = weight_names(name)
    assert found[0] == first
    assert {*others} <= {*found}


def product(**cards: str) -> Drizzled:
    primary = fits.Header({key: value for key, value in cards.items() if not key.endswith("DATA")})
    header = fits.Header({key: value for key, value in cards.items() if key.endswith("DATA")})
    return Drizzled(Path("f606w_drz.fits"), None, primary, header)


def test_inputs_are_those_of_the_header_in_their_order() -> None:
    image = product(D002DATA="b_flc.fits[sci,2]", D001DATA="a_flc.fits[SCI, 4]", D1DATA="c")
    assert image.input_chips == ("a_flc.fits[SCI, 4]", "b_flc.fits[sci,2]")
    assert image.chips_of_inputs == (2, 4)
    assert product(D001DATA="a_flc.fits[sci,2]", D002DATA="b_flc.fits").chips_of_inputs == ()
    assert product().chips_of_inputs == ()


def test_a_keyword_of_the_image_goes_before_the_primary_headers() -> None:
    image = Drizzled(Path("a.b_drz.fits"), None, fits.Header({"A": 1, "B": 2}), fits.Header({"A": 3}))
    assert [image.keyword(key) for key in "ABC"] == [3, 2, None]
    assert image.keyword("C", 4) == 4
    assert image.label == "a"


def test_chips_of_the_exposures_that_were_combined(tmp_path: Path) -> None:
    path = tmp_path / "j8bt01011_flc.fits"
    science = [fits.ImageHDU(np.ones((2, 2)), name="SCI", ver=chip) for chip in (1, 2)]
    fits.HDUList([fits.PrimaryHDU(), *science]).writeto(path)
    exposure = read_exposure(path)
    for named, expected in [
        (["j8bt01011_flc.fits[sci,2]"], (2,)),
        (["j8bt01011_flc.fits[sci,2]", "j8bt01011_flc.fits[sci,1]"], (1, 2)),
        (["j8bt01011_flc.fits[sci,2]", "j8bt01011_flc.fits"], (1, 2)),
        (["j8bt01011_flc.fits[sci,7]"], (1, 2)),
        (["other_flc.fits[sci,2]"], (1, 2)),
    ]:
        image = product(**{f"D00{number}DATA": text for number, text in enumerate(named, 1)})
        assert [chips for _, chips in image.combined([exposure])] == [expected]


@pytest.mark.parametrize("beside", [True, False])
def test_weights_are_beside_the_image_or_where_it_has_data(tmp_path: Path, beside: bool) -> None:
    path = tmp_path / "f606w_drz_sci.fits"
    pixels = np.array([[1.0, 0.0, np.nan], [-2.0, np.inf, 3.0]], dtype=np.float32)
    fits.PrimaryHDU(pixels).writeto(path)
    if beside:
        fits.PrimaryHDU(np.full((2, 3), 7.0)).writeto(tmp_path / "f606w_drz_wht.fits")
    image = read_drizzled(path)
    expected = np.full((2, 3), 7.0) if beside else [[1.0, 0.0, 0.0], [1.0, 0.0, 1.0]]
    np.testing.assert_array_equal(image.weight(), expected)
    np.testing.assert_array_equal(image.science(), pixels)


def test_an_image_in_an_extension_has_its_own_header_and_weights(tmp_path: Path) -> None:
    path = tmp_path / "f606w_drz.fits"
    science = fits.ImageHDU(np.full((2, 3), 5.0), fits.Header({"OF": "science"}), name="SCI")
    weight = fits.ImageHDU(np.full((2, 3), 2.0), name="WHT")
    primary = fits.PrimaryHDU(header=fits.Header({"OF": "primary"}))
    fits.HDUList([primary, science, weight]).writeto(path)
    image = read_drizzled(path)
    assert (image.header["OF"], image.primary["OF"], image.weight_path) == ("science", "primary", path)
    np.testing.assert_array_equal(image.weight(), np.full((2, 3), 2.0))
    np.testing.assert_array_equal(image.science(), np.full((2, 3), 5.0))
    assert (image.label, read_drizzled(path, label="mine").label) == ("f606w_drz", "mine")
    fits.HDUList([primary, science]).writeto(path, overwrite=True)
    fits.PrimaryHDU(np.full((2, 3), 3.0)).writeto(tmp_path / "f606w_drz_wht.fits")
    assert read_drizzled(path).weight_path == tmp_path / "f606w_drz_wht.fits"
    fits.HDUList([primary, weight]).writeto(path, overwrite=True)
    with pytest.raises(ReaderError, match="nor an extension SCI,1"):
        read_drizzled(path)


def test_an_image_in_the_primary_unit_has_its_weights_in_another_file(tmp_path: Path) -> None:
    path, beside = tmp_path / "f606w_drz.fits", tmp_path / "f606w_drz_wht.fits"
    fits.HDUList([fits.PrimaryHDU(np.ones((2, 3))), fits.ImageHDU(np.ones((2, 3)), name="WHT")]).writeto(path)
    assert read_drizzled(path).weight_path is None
    fits.PrimaryHDU(np.ones((2, 3))).writeto(beside)
    assert read_drizzled(path).weight_path == beside


# Headers by their cards


def plain(*texts: str) -> PlainHeader:
    images = [text.ljust(80).encode() for text in texts]
    return PlainHeader.of(images, Unit(1, (*images, b"END".ljust(80)), 0).first)


CARDS = (
    "EXPTIME =                230.0 / s",
    "S_REGION= 'POLYGON &'",
    "CONTINUE  '1 2'",
    "D2IM1   = 'EXTVER: 1'",
    "D2IM1   = 'AXIS.1: 2'",
    "D2IM1   = 'EXTVER: 5'",
    "HISTORY = 1",
    "COMMENT words",
    "NONE    =",
    "EXPTIME =                  7.0",
    "DATE-OBS= '1998-12-24'",
)


@pytest.mark.parametrize("cards", [CARDS, CARDS[3:], CARDS[:1], CARDS[6:8]])
def test_a_plain_header_is_astropys(cards: tuple[str, ...]) -> None:
    expected = fits.Header.fromstring("".join(text.ljust(80) for text in cards))
    keys: list[Any] = ["EXPTIME", "exptime", "S_REGION", "D2IM1", "D2IM1.EXTVER", "D2IM1.AXIS.1"]
    keys += [
        "D2IM1.AXIS.2",
        "HISTORY",
        "COMMENT",
        "NONE",
        "ABSENT",
        "CONTINUE",
        "END",
        "",
        "TOOLONGKEYWORD",
        0,
    ]
    for key in keys:
        found, default = plain(*cards), object()
        value = expected.get(key, default)
        assert str(found.get(key, default)) == str(value), key
        assert str(found.get(key, default)) == str(value), key  # asked twice
        assert (key in plain(*cards)) == (key in expected), key
    assert list(plain(*cards)) == list(expected)
    assert len(plain(*cards)) == len(expected)
    with pytest.raises(KeyError, match="ABSENT"):
        plain(*cards)["ABSENT"]


def test_a_plain_header_that_is_changed_is_one_of_astropys() -> None:
    header = plain(*CARDS[3:])
    assert header["EXPTIME"] == 7.0
    header["EXPTIME"] = 8.0
    header["NEW"] = 1
    assert (header["EXPTIME"], header["NEW"], "NEW" in header) == (8.0, 1, True)
    assert len(header) == len(CARDS[3:]) + 1
    assert list(header)[-1] == "NEW"

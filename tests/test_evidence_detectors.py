"""Files of detectors to what is judged: noise by headers, dark frames, raw images, in values by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from hubble_qa.checks.detectors.calibration import PixelRates
from hubble_qa.checks.detectors.ccd_levels import LEAST_LEVEL
from hubble_qa.checks.evidence.backgrounds import Background, grain_of, sky_of, without_shape
from hubble_qa.checks.evidence.chip_ratios import chip_in_both
from hubble_qa.checks.evidence.darks import (
    affected,
    chosen_darks,
    chosen_images,
    matched,
    photometry_in,
    temperature,
)
from hubble_qa.checks.evidence.masks import masked_pixels, masks_found
from hubble_qa.checks.evidence.raw_levels import (
    RawElectrons,
    independent_rates,
    raw_electrons,
    removed_charge,
)
from hubble_qa.checks.evidence.sky_scatter import noise_of_pixels, rates_of_pixels
from hubble_qa.checks.readers import ReaderError, read_exposure
from hubble_qa.checks.readers.best_references import BestReferences, ReferenceChoice
from tests.wfpc2_samples import PHOTFLAMS, chip_header, primary_header

# Infrared exposures: gains and read noises whose means, 2.4 and 22, are neither their medians nor largest.
GAINS, NOISES, TIME = (2.0, 2.2, 2.3, 3.1), (18.0, 20.0, 21.0, 29.0), 400.0
AMPLIFIERS = {f"ATODGN{name}": value for name, value in zip("ABCD", GAINS, strict=True)}
READ_NOISES = {f"READNSE{name}": value for name, value in zip("ABCD", NOISES, strict=True)}
SHAPE = (160, 144)


def infrared(path: Path, pixels: np.ndarray, quality: np.ndarray, **primary: Any) -> Path:
    """An FLT of WFC3/IR with a mean dark of 30 DN."""
    first = fits.PrimaryHDU()
    first.header.update(INSTRUME="WFC3", DETECTOR="IR", EXPTIME=TIME, **AMPLIFIERS, **READ_NOISES, **primary)
    units = [
        fits.ImageHDU(values, name=name, ver=1)
        for name, values in (
            ("SCI", pixels.astype(np.float32)),
            ("ERR", np.full(pixels.shape, 0.01, np.float32)),
            ("DQ", quality.astype(np.int16)),
        )
    ]
    units[0].header["MEANDARK"] = 30.0
    fits.HDUList([first, *units]).writeto(path)
    return path


def noise_of(rate: float, dark: float = 30.0) -> float:
    """Photons of the background and of the dark current, DN of 2.4 electrons, and reading."""
    return math.sqrt(22.0**2 + rate * TIME + dark * 2.4) / TIME


def test_noise_of_an_infrared_background_is_by_the_means_of_its_amplifiers(tmp_path: Path) -> None:
    pixels = 0.5 + np.random.default_rng(3).normal(0.0, noise_of(0.5), SHAPE)
    quality = np.zeros(SHAPE, dtype=int)
    quality[:16], pixels[:16] = 4, 30.0
    exposure = read_exposure(infrared(tmp_path / "ia0000000_flt.fits", pixels, quality))
    background = Background.of(exposure)
    assert background.pixels.size == (SHAPE[0] - 16) * SHAPE[1]
    assert background.noise == pytest.approx(noise_of(0.5), rel=2e-3)
    for pulls, shape in ((sky_of(exposure), (144, 144)), (grain_of(exposure), (142, 142))):
        assert np.std(pulls) == pytest.approx(1.0, abs=0.02)
        assert pulls.size == pytest.approx(math.prod(shape), rel=0.01)


def test_a_header_without_a_dark_has_none(tmp_path: Path) -> None:
    pixels = np.linspace(0.4, 0.6, 16).reshape(4, 4)
    path = infrared(tmp_path / "ia0000000_flt.fits", pixels, np.zeros((4, 4)))
    assert Background.of(read_exposure(path)).noise == pytest.approx(noise_of(0.5), rel=1e-6)
    with fits.open(path, mode="update") as hdus:
        del hdus["SCI", 1].header["MEANDARK"]
    assert Background.of(read_exposure(path)).noise == pytest.approx(noise_of(0.5, 0.0), rel=1e-6)


@pytest.mark.parametrize(
    ("cards", "why"),
    [
        ({}, ""),
        ({"SUBARRAY": True}, "it is a subarray"),
        ({"SUBARRAY": False}, ""),
        ({"EXPTIME": 19.9}, "it is 19.9 s long"),
        ({"EXPTIME": 20.0}, ""),
        ({"EXPTIME": "short"}, ""),
    ],
)
def test_short_exposures_and_subarrays_have_no_shape(tmp_path: Path, cards: dict[str, Any], why: str) -> None:
    path = infrared(tmp_path / "ia0000000_flt.fits", np.ones((4, 4)), np.zeros((4, 4)))
    with fits.open(path, mode="update") as hdus:
        hdus[0].header.update(cards)
    found = without_shape(read_exposure(path))
    assert found.startswith(why) if why else not found


def test_charge_that_a_fit_left_out_is_five_times_the_noise_of_both(tmp_path: Path) -> None:
    pixels = 0.5 + np.random.default_rng(3).normal(0.0, 0.01, SHAPE)
    quality = np.zeros(SHAPE, dtype=int)
    path = infrared(tmp_path / "ia0000000_flt.fits", pixels, quality)
    together = math.hypot(noise_of(0.5), 0.01)
    with fits.open(path, mode="update") as hdus:
        hdus["ERR", 1].data[3, 4:6] = 0.2
        hdus["DQ", 1].data[5, 5] = 8192
        science = hdus["SCI", 1].data.astype(float)
    independent = science.copy()
    independent[1, 1] += 5.05 * together
    independent[2, 2] += 4.95 * together
    independent[3, 4] += 5.05 * math.hypot(noise_of(0.5), 0.2)
    independent[3, 5] += 4.95 * math.hypot(noise_of(0.5), 0.2)
    independent[4, 4] -= 90.0 * together
    independent[5, 5] += 90.0 * together
    found = removed_charge(read_exposure(path), independent)
    assert [tuple(place) for place in np.argwhere(found)] == [(1, 1), (3, 4)]


# Raw images of ACS/WFC: 24 columns each of amplifiers A and B, and of C and D, between overscans of 3 and 4.

COLUMNS, ROWS = 55, 40


def table(path: Path, rows: list[dict[str, Any]]) -> Path:
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU(Table(rows))]).writeto(path)
    return path


def reference(path: Path, chips: dict[int, np.ndarray]) -> Path:
    """A reference image whose extensions are by EXTVER in the order of the chips given."""
    units = [
        fits.ImageHDU(image.astype(np.float32), fits.Header({"CCDCHIP": chip}), name=name, ver=number)
        for number, (chip, values) in enumerate(chips.items(), start=1)
        for name, image in (("ERR", 0.0 * values), ("SCI", values))
    ]
    fits.HDUList([fits.PrimaryHDU(), *units]).writeto(path)
    return path


def calibration(directory: Path) -> tuple[Path, dict[int, dict[str, np.ndarray]]]:
    """Reference files of both chips, the record of which are best, and their images by chip."""
    generator = np.random.default_rng(6)
    images = {
        chip: {
            "BIASFILE": generator.normal(0.0, 3.0, (ROWS, COLUMNS)),
            "DARKFILE": generator.uniform(0.0, 0.1, (36, 48)),
            "PFLTFILE": generator.uniform(0.8, 1.2, (36, 48)),
        }
        for chip in (2, 1)
    }
    for kind in ("BIASFILE", "DARKFILE", "PFLTFILE"):
        reference(directory / f"{kind.lower()}.fits", {chip: each[kind] for chip, each in images.items()})
    gain = {"CCDAMP": "ABCD", **{f"CCDOFST{name}": 3 for name in "ABCD"}, "CCDGAIN": 2.0, "AMPX": 24}
    wrong = {f"ATODGN{name}": 7.0 for name in "ABCD"}
    right = {1: {"ATODGNA": 2.1, "ATODGNB": 1.8}, 2: {"ATODGNC": 2.4, "ATODGND": 1.5}}
    others = [{"CCDAMP": "AD"}, {"CCDGAIN": 1.0}, *({f"CCDOFST{name}": 2} for name in "ABCD")]
    rows = [{"CCDCHIP": chip, **gain, **wrong, **other} for chip in (1, 2) for other in others]
    rows += [{"CCDCHIP": chip, **gain, **wrong, **right[chip]} for chip in (1, 2)]
    table(directory / "ccdtab.fits", rows)
    section = {"BIASSECTA1": 2, "BIASSECTA2": 3, "BIASSECTB1": 53, "BIASSECTB2": 55}
    trim = {"TRIMX1": 3, "TRIMX2": 4, "TRIMY1": 0, "TRIMY2": 4, **section}
    shapes = [("ABCD", 60, ROWS), ("ABCD", COLUMNS, 70), ("AD", COLUMNS, ROWS), ("ABCD", COLUMNS, ROWS)]
    regions = [
        {"CCDCHIP": chip, "CCDAMP": amplifiers, "NX": columns, "NY": rows_, **trim}
        | ({"TRIMX1": 0} if (amplifiers, columns, rows_) != shapes[-1] else {})
        for chip in (1, 2)
        for amplifiers, columns, rows_ in shapes
    ]
    table(directory / "oscntab.fits", regions)
    kinds = ("BIASFILE", "DARKFILE", "PFLTFILE", "CCDTAB", "OSCNTAB")
    choices = {
        kind: ReferenceChoice(f"{kind.lower()}.fits", "", f"{kind.lower()}.fits", True) for kind in kinds
    }
    BestReferences("hst_0729.pmap", {"j8bt06nyq": choices}).write(directory / "bestrefs.json")
    return directory / "bestrefs.json", images


@pytest.mark.parametrize(("version", "chip", "gains"), [(1, 2, (2.4, 1.5)), (2, 1, (2.1, 1.8))])
@pytest.mark.parametrize("stated", [True, False])
def test_a_raw_chip_is_calibrated_with_the_rows_and_images_of_its_own(
    tmp_path: Path, version: int, chip: int, gains: tuple[float, float], stated: bool
) -> None:
    best, images = calibration(tmp_path)
    files = images[chip]
    light = np.random.default_rng(2).uniform(100.0, 300.0, (36, 48))  # electrons of sky
    bias, flat, dark = files["BIASFILE"], files["PFLTFILE"], files["DARKFILE"] * 500.0
    raw = np.full((ROWS, COLUMNS), 9999.0)
    electrons = light * flat + dark
    for columns, overscan, level, gain in (
        (slice(3, 27), slice(1, 3), 1000.0, gains[0]),
        (slice(27, 51), slice(52, 55), 1400.0, gains[1]),
    ):
        raw[:36, overscan] = level + np.linspace(-50.0, 50.0, overscan.stop - overscan.start)
        raw[:36, columns] = level + electrons[:, columns.start - 3 : columns.stop - 3] / gain
    primary = fits.PrimaryHDU()
    cards: dict[str, Any] = {"CCDAMP": "ABCD", "CCDGAIN": 2.0, "DARKTIME": 500.0}
    cards |= {f"CCDOFST{name}": 3 for name in "ABCD"} if stated else {}
    primary.header.update(INSTRUME="ACS", DETECTOR="WFC", **cards)
    units = [
        fits.ImageHDU((values + each["BIASFILE"]).astype(np.float32), name="SCI", ver=number)
        for number, (values, each) in enumerate(((raw, images[2]), (raw, images[1])), start=1)
    ]
    units[version - 1].data = (raw + bias).astype(np.float32)
    for unit, number in zip(units, (2, 1), strict=True):
        unit.header["CCDCHIP"] = number
    path = tmp_path / "j8bt06nyq_raw.fits"
    fits.HDUList([primary, *units]).writeto(path)
    found = raw_electrons(path, version, best, tmp_path)
    np.testing.assert_allclose(found.image, light, rtol=1e-3)
    np.testing.assert_allclose(found.dark, dark, rtol=1e-5)
    np.testing.assert_allclose(found.flat, flat, rtol=1e-5)
    structure = np.hstack([bias[:36, 3:27] * gains[0], bias[:36, 27:51] * gains[1]])
    np.testing.assert_allclose(found.bias, structure, rtol=1e-5)


def test_what_reference_files_took_out_is_divided_by_the_flat_field() -> None:
    generator = np.random.default_rng(5)
    # One in sixteen pixels tells the sky, but not every second of their rows or columns.
    image = np.full((16, 24), 900.0)
    image[::4, ::4] = 60.0
    image[::8, [0, 4, 8, 16]] = image[4, 0] = 600.0
    flat, bias, dark = (generator.uniform(0.5, 1.5, image.shape) for _ in range(3))
    found = RawElectrons(image, bias, dark, flat).patterns()
    expected = {"BIASFILE": bias / flat, "DARKFILE": dark / flat, "PFLTFILE": 60.0 * (flat - 1.0)}
    assert found.keys() == expected.keys()
    for kind, pattern in expected.items():
        np.testing.assert_allclose(found[kind], pattern)
    for level, told in ((LEAST_LEVEL, True), (0.99 * LEAST_LEVEL, False)):
        of_level = RawElectrons(np.full(flat.shape, level), bias, dark, flat)
        assert ("PFLTFILE" in of_level.patterns()) is told


def infrared_raw(
    directory: Path, dark_times: tuple[float, ...], place: int = 0
) -> tuple[Path, Path, Path, dict[str, Any]]:
    """A raw infrared exposure of three reads over 400 s, the FLT, reference files, and what is in them."""
    generator = np.random.default_rng(4)
    shape = (40, 50)
    first = generator.normal(14_000.0, 300.0, shape)
    flats = [generator.uniform(0.8, 1.2, shape) for _ in range(2)]
    darks = [np.full(shape, 5.0 * number) for number in range(1, len(dark_times) + 1)]
    light = generator.uniform(0.4, 0.6, shape)
    last = first + 7.0
    last[5:-5, 5:-5] += (darks[place] + light * flats[0] * flats[1] * TIME / 2.4)[5:-5, 5:-5]
    primary = fits.PrimaryHDU()
    primary.header.update(INSTRUME="WFC3", DETECTOR="IR", NSAMP=3)
    times = (TIME, 200.0, 0.0)
    reads = [
        fits.ImageHDU(values.astype(np.float32), fits.Header({"SAMPTIME": time}), name="SCI", ver=number)
        for number, (values, time) in enumerate(zip((last, last * 0.0, first), times, strict=True), start=1)
    ]
    raw = directory / "ibohbfb9q_raw.fits"
    fits.HDUList([primary, *reads]).writeto(raw)
    for kind, values in zip(("pfltfile", "dfltfile"), flats, strict=True):
        reference(directory / f"{kind}.fits", {1: values})
    reference(directory / "darkfile.fits", dict(enumerate(darks, start=1)))
    with fits.open(directory / "darkfile.fits", mode="update") as hdus:
        hdus[0].header["NUMEXPOS"] = len(darks)
        for number, time in enumerate(dark_times, start=1):
            hdus[0].header[f"EXPOS_{number}"] = time
    kinds = ("PFLTFILE", "DFLTFILE", "DARKFILE")
    choices = {
        kind: ReferenceChoice(f"{kind.lower()}.fits", "", f"{kind.lower()}.fits", True) for kind in kinds
    }
    BestReferences("hst_0729.pmap", {"ibohbfb9q": choices}).write(directory / "bestrefs.json")
    flt = infrared(directory / "ibohbfb9q_flt.fits", np.ones((30, 40)), np.zeros((30, 40)))
    inner = {"light": light, "dark": darks[place], "flat": flats[0] * flats[1]}
    return raw, flt, directory / "bestrefs.json", {key: each[5:-5, 5:-5] for key, each in inner.items()}


@pytest.mark.parametrize("times", [(TIME - 0.009, 500.0, 600.0), (200.0, 300.0, TIME + 0.009)])
def test_infrared_rates_take_the_dark_of_their_time(tmp_path: Path, times: tuple[float, ...]) -> None:
    raw, flt, best, within = infrared_raw(tmp_path, times, int(np.argmin(np.abs(np.subtract(times, TIME)))))
    found = independent_rates(raw, flt, best, tmp_path)
    np.testing.assert_allclose(found.image, within["light"], rtol=2e-3)
    np.testing.assert_allclose(
        found.patterns["DARKFILE"], within["dark"] * 2.4 / within["flat"] / TIME, rtol=1e-4
    )
    level = np.median(within["light"])
    np.testing.assert_allclose(
        found.patterns["PFLTFILE"], level * (within["flat"] - 1.0), rtol=1e-2, atol=1e-5
    )


def test_a_dark_without_the_time_is_told(tmp_path: Path) -> None:
    raw, flt, best, _ = infrared_raw(tmp_path, (200.0, TIME + 0.02, 600.0))
    with pytest.raises(ReaderError, match="the dark has no read of 400 s"):
        independent_rates(raw, flt, best, tmp_path)


# Dark frames of ACS/SBC


def frame(path: Path, counts: int, temperatures: tuple[Any, Any] = (26.0, 27.0), **primary: Any) -> Path:
    """A frame with so many counts in the box of dark rates, and others beside it."""
    pixels = np.zeros((900, 800), np.int16)
    pixels[700, 600:620] = counts // 20
    pixels[:600] = 3
    first = fits.PrimaryHDU()
    first.header.update(
        {"INSTRUME": "ACS", "DETECTOR": "SBC", "EXPSTART": 57000.5, "EXPTIME": 1000.0, **primary}
    )
    image = fits.ImageHDU(pixels, name="SCI", ver=1)
    image.header.update(
        {key: value for key, value in zip(("MDECODT1", "MDECODT2"), temperatures, strict=True) if value != ""}
    )
    fits.HDUList([first, image]).writeto(path)
    return path


@pytest.mark.parametrize("other", ["", True, "warm"])
def test_temperatures_are_the_headers_as_far_as_they_are_numbers(tmp_path: Path, other: object) -> None:
    path = frame(tmp_path / "jcrx01iiq_raw.fits", 40)
    found = temperature(read_exposure(path))
    assert (found.begin, found.end, found.started, found.exptime) == (26.0, 27.0, 57000.5, 1000.0)
    for number, temperatures in enumerate(((other, 27.0), (26.0, other))):
        path = frame(tmp_path / f"jcrx01ii{number}_raw.fits", 40, temperatures, EXPSTART="", EXPTIME="")
        found = temperature(read_exposure(path))
        assert (found.begin, found.end) == ((None, 27.0), (26.0, None))[number]
        assert math.isnan(found.started)
        assert math.isnan(found.exptime)


def test_dark_frames_are_those_of_the_table(tmp_path: Path) -> None:
    frame(tmp_path / "jd1_raw.fits", 400)
    frame(tmp_path / "jd2_raw.fits", 800, EXPTIME=500.0)
    matches = tmp_path / "matches.ecsv"
    rows = {"exposure": ["a", "b", "a"], "dark": ["jd1", "jd1", "jd2"], "share": [0.25, 1.0, 0.75]}
    Table(rows).write(matches, format="ascii.ecsv")
    assert matched(matches) == {"a", "b"}
    chosen = chosen_darks(matches, tmp_path, "a")
    assert [share for share, _ in chosen] == [0.25, 0.75]
    assert [(each.frame, each.temperature, each.counts, each.exptime) for _, each in chosen] == [
        ("jd1", 26.5, 400.0, 1000.0),
        ("jd2", 26.5, 800.0, 500.0),
    ]
    images = chosen_images(matches, tmp_path, "b")
    assert {name: int(image[700].sum()) for name, image in images.items()} == {"jd1": 400}
    assert len(chosen_images(matches, tmp_path, "a")) == 2


def test_warm_exposures_are_those_of_the_table(tmp_path: Path) -> None:
    path, rates = tmp_path / "temperatures.ecsv", tmp_path / "rates.ecsv"
    rows = {"frame": ["a", "b", "d"], "kind": ["science", "science", "dark"], "affected": [True, False, True]}
    Table(rows).write(path, format="ascii.ecsv")
    assert affected(path) == {"a"}
    Table({"aperture": ["target", "blank"], "rate": [3.0, 4.0]}).write(rates, format="ascii.ecsv")
    assert photometry_in(rates, "blank")["rate"] == 4.0


# Chips of WFPC2, before and after their normalisation; masks


def wfpc2(path: Path, photflams: tuple[float, ...], level: float) -> Path:
    units: list[Any] = [fits.PrimaryHDU(header=primary_header())]
    for chip, photflam in enumerate(photflams, start=1):
        header = chip_header(chip, photflam=photflam)
        units.append(fits.ImageHDU(np.full((8, 8), level * chip, np.float32), header, name="SCI", ver=chip))
        units.append(fits.ImageHDU(np.ones((8, 8), np.float32), name="ERR", ver=chip))
        units.append(fits.ImageHDU(np.full((8, 8), 1 << chip, np.int16), name="DQ", ver=chip))
    fits.HDUList(units).writeto(path)
    return path


@pytest.mark.parametrize("equalised", [True, False])
def test_a_chip_in_flt_and_c0m(tmp_path: Path, equalised: bool) -> None:
    c0m = wfpc2(tmp_path / "u5jx010hr_c0m.fits", PHOTFLAMS, 5.0)
    flt = wfpc2(tmp_path / "u5jx010hr_flt.fits", (PHOTFLAMS[2],) * 4 if equalised else PHOTFLAMS, 7.0)
    found = chip_in_both(flt, c0m, 2)
    assert (found.flt[0, 0], found.c0m[0, 0], found.quality[0, 0]) == (14.0, 10.0, 4)
    assert found.expected == pytest.approx(PHOTFLAMS[1] / PHOTFLAMS[2])
    assert found.equalised is equalised


def test_without_the_reference_chip_counts_change_as_photflam_does(tmp_path: Path) -> None:
    """WF3 was not read out: the others may be normalised to any of them."""
    c0m = wfpc2(tmp_path / "u5jx010hr_c0m.fits", PHOTFLAMS[:2], 5.0)
    flt = wfpc2(tmp_path / "u5jx010hr_flt.fits", (PHOTFLAMS[1],) * 2, 7.0)
    assert chip_in_both(flt, c0m, 1).expected == pytest.approx(PHOTFLAMS[0] / PHOTFLAMS[1])
    assert chip_in_both(flt, c0m, 2).expected == 1.0


def test_masked_pixels_are_those_of_the_flag_of_masks(tmp_path: Path) -> None:
    path = infrared(tmp_path / "ibohbfb9q_flt.fits", np.ones((4, 6)), np.zeros((4, 6)))
    with fits.open(path, mode="update") as hdus:
        hdus["DQ", 1].data[0] = 16384
        hdus["DQ", 1].data[1] = 8192 | 16
        hdus["DQ", 1].data[2] = 16384 | 1
    (mask,) = masked_pixels(path).values()
    assert mask.all(axis=1).tolist() == [True, False, True, False]
    assert mask.any(axis=1).tolist() == [True, False, True, False]


def test_masks_are_recorded_by_kind_and_of_the_most_masked_chip(tmp_path: Path) -> None:
    record = '{"ibwb01xqq": {"satellite": {"1": 0.02, "2": 0.05}, "persistence": {}}, "ibwb01xrq": {}}'
    assert masks_found(tmp_path / "ibwb01xqq_flc.fits") == {}
    (tmp_path / "masks.json").write_text(record, encoding="utf-8")
    assert masks_found(tmp_path / "ibwb01xqq_flc.fits") == {"satellite": 0.05, "persistence": 0.0}
    assert masks_found(tmp_path / "ibwb01xxq_flc.fits") == {}


# Noise of the pixels of a CCD


def ccd(path: Path, step: float, error: float, *, shape: tuple[int, int] = (40, 101), **primary: Any) -> Path:
    """An FLC of WFC3/UVIS whose columns read 0 and `step` by turns, but for a row of light and one of NaN."""
    first = fits.PrimaryHDU()
    cards = {"INSTRUME": "WFC3", "DETECTOR": "UVIS", "EXPTIME": 360.0, **CCD_NOISES, **primary}
    first.header.update(cards)
    science = np.zeros(shape, np.float32)
    science[:, 1::2] = step
    science[0, :], science[2, :] = science[0, :] * 1000.0, np.nan
    errors = np.full(shape, error, np.float32)
    errors[4, :], errors[6, :] = np.nan, 0.0
    planes = (("SCI", science), ("ERR", errors), ("DQ", np.zeros(shape, np.int16)))
    units = [fits.ImageHDU(values, name=name, ver=1) for name, values in planes]
    units[0].header["BUNIT"] = "ELECTRONS"
    fits.HDUList([first, *units]).writeto(path)
    return path


CCD_NOISES = {"READNSEA": 3.03, "READNSEB": 3.13}


def test_noise_of_pixels_is_their_scatter_or_what_errors_state(tmp_path: Path) -> None:
    # Steps of 10 and -10: 1.4826 times 10, over the root of 2.
    assert noise_of_pixels(ccd(tmp_path / "a_flc.fits", 10.0, 4.0), 1) == pytest.approx(10.484, abs=1e-3)
    assert noise_of_pixels(ccd(tmp_path / "b_flc.fits", 1.0, 4.0), 1) == 4.0
    assert noise_of_pixels(ccd(tmp_path / "c_flc.fits", 10.0 / 360, 4.0 / 360), 1) == pytest.approx(
        10.484 / 360, rel=1e-3
    )


def test_rates_of_pixels_are_their_median_and_the_smaller_noise(tmp_path: Path) -> None:
    electrons = ccd(tmp_path / "a_flt.fits", 10.0, 4.0, DETECTOR="IR")
    assert rates_of_pixels(electrons, 1) is None
    path = ccd(tmp_path / "b_flt.fits", 10.0, 4.0, DETECTOR="IR")
    with fits.open(path, mode="update") as hdus:
        hdus["SCI", 1].header["BUNIT"] = "ELECTRONS/S"
        hdus["SCI", 1].data += 3.0
    assert rates_of_pixels(path, 1) == PixelRates(3.0, 4.0)


def test_noise_is_not_told_without_read_noise_or_pixels(tmp_path: Path) -> None:
    none = dict.fromkeys(CCD_NOISES, 0.0)
    assert noise_of_pixels(ccd(tmp_path / "a_flc.fits", 10.0, 4.0, **none), 1) is None
    assert noise_of_pixels(ccd(tmp_path / "b_flc.fits", 10.0, 4.0, shape=(10, 101)), 1) is None
    assert noise_of_pixels(ccd(tmp_path / "c_flc.fits", 10.0, 0.0), 1) is None
    lost = ccd(tmp_path / "d_flc.fits", 10.0, 4.0)
    with fits.open(lost, mode="update") as hdus:
        del hdus["ERR", 1]
    assert noise_of_pixels(lost, 1) is None

"""The simulated archive's ACS/WFC files: structure, pixels, references, association."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from pydantic import ValidationError

from hubble_qa.fixtures.plans.stage import StageError
from hubble_qa.fixtures.simulation.crds_cache import CONTEXT
from hubble_qa.fixtures.simulation.truth import read_truth
from hubble_qa.fixtures.simulation.wfc.chips import AMPLIFIERS, chips, offset, raw_shape
from hubble_qa.fixtures.simulation.wfc.rules import REFERENCES, STALE
from hubble_qa.fixtures.stages.references import choose
from tests.acs_scenes import (
    ASSOCIATION,
    DITHERED,
    FIELD,
    LONG,
    exposure_table,
    raw,
    references,
    scene,
    simulate_scene,
)

PRESCAN, VIRTUAL = 24, 20


@pytest.fixture(scope="module")
def archive(new_directory: Callable[[str], Path]) -> Path:
    return simulate_scene(new_directory("wfc") / "archive", scene(LONG, DITHERED))


def pixels(archive: Path, version: int, rootname: str = LONG) -> np.ndarray:
    return fits.getdata(raw(archive, rootname), "SCI", version).astype(float)


def test_extensions_are_those_of_the_archive(archive):
    with fits.open(raw(archive)) as hdus:
        planes = [(name, version) for version in (1, 2) for name in ("SCI", "ERR", "DQ")]
        assert [(hdu.name, hdu.ver) for hdu in hdus[1:]] == planes
        assert [hdus["SCI", version].header["CCDCHIP"] for version in (1, 2)] == [2, 1]
        assert hdus["SCI", 1].data.dtype == np.uint16
        assert hdus["SCI", 1].header["BUNIT"] == "COUNTS"
        # Planes without pixels say how many they stand for.
        assert hdus["ERR", 1].data is None
        assert (hdus["DQ", 2].header["NPIX1"], hdus["DQ", 2].header["NPIX2"]) == (1072, 532)


def test_full_chips_have_the_detectors_format():
    assert [(chip.number, raw_shape(chip), offset(chip)) for chip in chips("full")] == [
        (2, (2068, 4144), (24, 0)),
        (1, (2068, 4144), (24, 20)),
    ]


def test_small_chips_are_the_middle_of_the_full_ones():
    for whole, part in zip(chips("full"), chips("small"), strict=True):
        x, y = np.array([1.0, 400.0, 1024.0]), np.array([1.0, 300.0, 512.0])
        here = part.distortion.to_ideal(x, y)
        there = whole.distortion.to_ideal(x + part.corner[0], y + part.corner[1])
        assert np.allclose(here, there, rtol=0, atol=1e-12)


@pytest.mark.parametrize("version", [1, 2])
def test_each_amplifier_has_its_level_and_noise(archive, version):
    image = pixels(archive, version)
    for amplifier, columns in zip(
        AMPLIFIERS[3 - version], (np.s_[:, :PRESCAN], np.s_[:, -PRESCAN:]), strict=True
    ):
        overscan = image[columns]
        assert overscan.mean() == pytest.approx(amplifier.bias, abs=5.0)
        # Digitisation adds a twelfth of a squared DN.
        noise = np.hypot(amplifier.noise / amplifier.gain, np.sqrt(1 / 12))
        assert overscan.std() == pytest.approx(noise, rel=0.03)


@pytest.mark.parametrize("version", [1, 2])
def test_virtual_rows_are_at_the_gap_and_see_no_light(archive, version):
    image = pixels(archive, version)
    rows, light = (np.s_[-VIRTUAL:], np.s_[:-VIRTUAL]) if version == 1 else (np.s_[:VIRTUAL], np.s_[VIRTUAL:])
    inner = np.s_[PRESCAN:500]
    level = np.median(image[:, :PRESCAN])
    assert np.median(image[rows, inner]) == pytest.approx(level, abs=1.5)
    assert np.percentile(image[rows, inner], 99.0) < level + 100.0
    assert image[light, inner].max() > level + 10_000.0


def test_hot_columns_reach_from_their_defect_to_the_gap(archive):
    bias = fits.getdata(references(archive) / REFERENCES["biasfile"], "SCI", 1)
    inner = bias[:, PRESCAN:-PRESCAN]
    hot = np.flatnonzero(np.median(inner[-100:], axis=0) > 3.0)
    assert len(hot) > 10
    begins = [np.flatnonzero(inner[:, column] > 2.0)[0] for column in hot]
    assert max(begins) > 100
    assert all((inner[begin + 5 :, column] > 1.5).all() for begin, column in zip(begins, hot, strict=True))


def test_saturated_stars_bleed_along_columns(tmp_path):
    bright = {**FIELD, "brightest": 12.0, "faintest": 13.0, "density": 60.0}
    archive = simulate_scene(tmp_path / "bright", scene(field=bright))
    image = np.concatenate([pixels(archive, version)[30:-30] for version in (1, 2)])
    full = image > 42_000
    assert full.sum() > 50
    along, across = (np.count_nonzero(full & np.roll(full, 1, axis=axis)) for axis in (0, 1))
    assert along > 1.5 * across


def test_association_lists_exposures_and_product(archive):
    table = Table.read(archive / "HST" / ASSOCIATION / f"{ASSOCIATION}_asn.fits", hdu=1)
    assert list(table["MEMNAME"]) == [LONG.upper(), DITHERED.upper(), ASSOCIATION.upper()]
    assert list(table["MEMTYPE"]) == ["EXP-DTH", "EXP-DTH", "PROD-DTH"]
    header = fits.getheader(raw(archive))
    assert (header["ASN_ID"], header["ASN_MTYP"]) == (ASSOCIATION.upper(), "EXP-DTH")


def test_crds_replaces_the_stale_references_of_the_header(archive, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chosen = choose({LONG: raw(archive)}, archive / "crds", CONTEXT, REFERENCES).exposures[LONG]
    assert {kind.lower(): choice.used for kind, choice in chosen.items()} == dict(REFERENCES)
    changed = {kind.lower() for kind, choice in chosen.items() if choice.header != choice.used}
    assert changed == set(STALE)


def test_dithered_exposure_sees_stars_moved(archive):
    truth = read_truth(archive / "truth.json")
    first, second = (truth.exposures[name].chips[2] for name in (LONG, DITHERED))
    places = [dict(zip(seen.star, zip(seen.x, seen.y, strict=True), strict=True)) for seen in (first, second)]
    common = sorted(set(places[0]) & set(places[1]))
    moved = np.array([np.subtract(places[1][star], places[0][star]) for star in common])
    assert len(common) > 50
    # A quarter of POSTARG (0.2, -3.1) arcsec, on pixels of 0.05 arcsec whose axes are 87.5 degrees apart.
    assert np.median(moved, axis=0) == pytest.approx((1.0 + 15.5 * 0.04, -15.6), abs=0.15)


def test_same_seed_same_bytes_other_seed_other_noise(tmp_path):
    digests = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        archive = simulate_scene(tmp_path / name, scene(seed=seed))
        files = sorted(path for path in archive.rglob("*") if path.is_file())
        digests.append({p.relative_to(archive): hashlib.sha256(p.read_bytes()).hexdigest() for p in files})
    assert digests[0] == digests[1]
    differing = {path.name for path in digests[0] if digests[0][path] != digests[2][path]}
    assert differing == {f"{LONG}_raw.fits", "truth.json"}


def test_unknown_filter_is_refused(tmp_path):
    settings = scene(exposures=[exposure_table(LONG, filter="F435W")])
    with pytest.raises(StageError, match="filter F435W is not simulated; use F606W"):
        simulate_scene(tmp_path / "archive", settings)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"association": "j9l960a9q"}, "association"),
        ({"exposures": []}, "exposures"),
        ({"exposures": [exposure_table(LONG), exposure_table(LONG)]}, "rootname of its own"),
        ({"ccd": {"hot_columns": -1}}, "hot_columns"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        scene(**changes)

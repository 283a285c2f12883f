"""From exposures and the image that combines them to what is judged: coverage, hits, peaks, flags."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from hubble_qa.checks.evidence.coverage import coverage, exposure_weights, sky_blocks
from hubble_qa.checks.evidence.exposure_backgrounds import sky_levels
from hubble_qa.checks.evidence.extents import coverage_extents
from hubble_qa.checks.evidence.hits import hits_on
from hubble_qa.checks.evidence.overlaps import CosmicRayMasks, flagged_cosmic_rays
from hubble_qa.checks.evidence.peaks import shared_peaks
from hubble_qa.checks.evidence.source_fluxes import sources_of
from hubble_qa.checks.evidence.star_lists import Input, shared_stars, stars_on
from hubble_qa.checks.evidence.star_weights import star_weights
from hubble_qa.checks.images.combination import weight_to_exposure_time
from hubble_qa.checks.images.cosmic_rays import hit_remainder, rejected_cores
from hubble_qa.checks.images.sky_residual import sky_residual
from hubble_qa.checks.images.star_weights import StarWeights, stars_left_out
from hubble_qa.checks.readers import Drizzled, Exposure
from hubble_qa.checks.readers.exposure import Extension
from tests.combined_scenes import DITHER, HITS, NOISE, SIDE, SKY, STARS, TIME, Scene, scene


def covered(made: Scene):
    return coverage(made.image, dict.fromkeys(made.exposures))


def test_blocks_are_seen_by_the_chips_that_they_lie_on(tmp_path: Path) -> None:
    seen = covered(scene(tmp_path))
    lower, upper = (seen.wholly[f"{root} SCI,1"] for root in ("ibwb01xrq_flc", "ibwb01xxq_flc"))
    rows = np.arange(len(lower)) * seen.side
    assert np.array_equal(lower.all(axis=1), rows + seen.side <= SIDE)
    assert np.array_equal(upper.all(axis=1), rows >= DITHER)
    # Blocks that an edge touches count as cut.
    assert np.array_equal(seen.partly.any(axis=1), (rows + seen.side == DITHER) | (rows == SIDE))
    assert seen.weight[lower & upper] == pytest.approx(2.0 * TIME)


@pytest.mark.parametrize("factor", [1.0, 1.1, 0.5])
def test_weights_over_exposure_time(tmp_path: Path, factor: float) -> None:
    made = scene(tmp_path, weight=factor)
    weights = exposure_weights(made.image, covered(made))
    assert weight_to_exposure_time(*weights, subject="drc").value == pytest.approx(factor, rel=0.001)


@pytest.mark.parametrize(
    ("fraction", "kernel", "patterned"), [(0.7, "square", True), (1.0, "point", True), (1.0, "square", False)]
)
@pytest.mark.parametrize("factor", [1.0, 1.5, 0.5])
def test_drops_leave_a_pattern_in_weights(
    tmp_path: Path, fraction: float, kernel: str, patterned: bool, factor: float
) -> None:
    made = scene(tmp_path, weight=factor)
    with fits.open(made.image.weight_path, mode="update") as hdus:
        # Of four pixels three have less and one has more, as where drops hardly meet; as much in all.
        hdus[0].data[:] *= 0.88
        hdus[0].data[::2, ::2] *= 1.36 / 0.88
    made.image.header.update(D001PIXF=fraction, D001KERN=kernel)
    weights = exposure_weights(made.image, covered(made))
    measured = weight_to_exposure_time(*weights, subject="drc").value
    assert measured is not None
    assert (abs(measured - 1.0) < 0.05) is (patterned and factor == 1.0)


def test_sky_of_one_exposure_is_a_step(tmp_path: Path) -> None:
    made = scene(tmp_path, step=2.0 * NOISE)
    measured = sky_residual(sky_blocks(made.image, covered(made)), subject="drc")
    # Half of it, where both are combined, and the noise of a pixel is that of two there.
    assert abs(measured.context["step"]) > 0.8
    assert measured.value > 0.2


@pytest.mark.parametrize("taken", [1.0, 2.0])
def test_levels_of_an_image_and_its_exposures(tmp_path: Path, taken: float) -> None:
    made = scene(tmp_path)
    unit = TIME * 0.0396**2
    with fits.open(made.image.path, mode="update") as hdus:
        hdus[0].data[:] -= (taken - 1.0) * SKY / TIME
    for path in made.exposures:
        with fits.open(path, mode="update") as hdus:
            hdus["SCI", 1].header["MDRIZSKY"] = SKY
    levels = sky_levels(made.image.path, made.image.weight_path, [Input(path) for path in made.exposures])
    assert levels is not None
    assert levels.exposures == pytest.approx(SKY / unit, rel=0.02)
    assert levels.subtracted == pytest.approx(SKY / unit)
    # Stars are on a part of the pixels.
    assert levels.noise == pytest.approx(NOISE / unit, rel=0.15)
    assert levels.image == pytest.approx((1.0 - taken) * SKY / unit, abs=0.3 / unit)
    blocks = sky_blocks(made.image, covered(made))
    assert (sky_residual(blocks, levels, subject="drc").value > 1.0) is (taken == 2.0)


@pytest.mark.parametrize("seed", range(3))
def test_light_of_a_crowd_neither_makes_a_step_nor_hides_one(tmp_path: Path, seed: int) -> None:
    for step, name in ((0.0, "clean"), (2.0, "left")):
        (tmp_path / name).mkdir()
        made = scene(tmp_path / name, crowd=1500, step=step * NOISE, seed=seed)
        measured = sky_residual(sky_blocks(made.image, covered(made)), subject="drc")
        assert measured.uncertainty is not None
        assert measured.uncertainty < 0.1
        assert measured.value == (0.0 if not step else pytest.approx(0.9, abs=0.2))


@pytest.mark.parametrize(("rejected", "left"), [(True, 0.0), (False, 1.0)])
def test_hits_are_followed_into_the_image(tmp_path: Path, rejected: bool, left: float) -> None:
    made = scene(tmp_path, rejected=rejected)
    measured = hit_remainder(hits_on(made.image, made.exposures), subject="drc")
    assert measured.context["hits"] > HITS
    assert measured.context["fraction_left"] == pytest.approx(left, abs=0.03)


def test_stars_are_peaks_that_both_exposures_show(tmp_path: Path) -> None:
    made = scene(tmp_path)
    peaks = shared_peaks(made.exposures[0], made.exposures).places[1]
    assert 0.6 * STARS < len(peaks) <= STARS
    # Places of stars are multiples of eight from 0.
    assert np.mean((peaks - 1.0) % 8 == 0.0) > 0.95


@pytest.mark.parametrize("cores", [0.0, 0.3])
def test_flags_of_the_exposures_tell_of_rejected_cores(tmp_path: Path, cores: float) -> None:
    made = scene(tmp_path, cores=cores)
    masks = flagged_cosmic_rays(made.image, made.exposures[0], made.exposures[1:], None)
    assert isinstance(masks, CosmicRayMasks)
    assert masks.exposure_time == TIME
    assert np.mean(masks.judged[1]) == pytest.approx(1.0 - DITHER / SIDE, abs=0.05)
    stars = shared_peaks(made.exposures[0], made.exposures).places
    measured = rejected_cores(masks.flagged, stars, judged=masks.judged, subject="ibwb01xrq_flc")
    assert measured.context["excess"] == pytest.approx(cores, abs=0.15)
    assert (measured.value > 0.01) == (cores > 0.0)


def test_pixels_that_are_bad_anyway_are_not_judged(tmp_path: Path) -> None:
    """What AstroDrizzle makes of vignetted edges, which nobody combines, is no cosmic ray."""
    made = scene(tmp_path)
    with fits.open(made.exposures[0], mode="update") as hdus:
        hdus["DQ", 1].data[:, :20] |= 2
    masks = flagged_cosmic_rays(made.image, made.exposures[0], made.exposures[1:], None)
    assert isinstance(masks, CosmicRayMasks)
    assert not masks.judged[1][:, :20].any()
    assert masks.judged[1][:, 40:].any()


def test_exposures_without_flags_or_overlap_are_told(tmp_path: Path) -> None:
    made = scene(tmp_path, rejected=False)
    first, second = made.exposures
    assert "no pixel has DQ bit 4096" in str(flagged_cosmic_rays(made.image, first, [second], None))
    assert flagged_cosmic_rays(made.image, first, [], None) == "no other exposure of the image overlaps it"


def with_chip_apart(path: Path) -> None:
    """A second chip, of which no other exposure sees anything, and AstroDrizzle has rejected nothing."""
    with fits.open(path, mode="update") as hdus:
        for name in ("SCI", "ERR", "DQ"):
            hdus.append(fits.ImageHDU(hdus[name, 1].data.copy(), hdus[name, 1].header, name=name, ver=2))
        hdus["SCI", 2].header["CRVAL2"] += 1.0
        hdus["DQ", 2].data[:] = 0


def test_one_chip_with_flags_and_overlap_is_enough(tmp_path: Path) -> None:
    made = scene(tmp_path)
    with_chip_apart(made.exposures[0])
    made.image.primary["D003DATA"] = "ibwb01xrq_flc.fits[sci,2]"
    masks = flagged_cosmic_rays(made.image, made.exposures[0], made.exposures[1:], None)
    assert isinstance(masks, CosmicRayMasks)
    assert [*masks.flagged] == [1, 2]
    assert [bool(masks.flagged[chip].any()) for chip in (1, 2)] == [True, False]
    assert [bool(masks.judged[chip].any()) for chip in (1, 2)] == [True, False]


def test_inputs_are_named_as_often_as_the_header_does(tmp_path: Path) -> None:
    image = scene(tmp_path).image
    assert image.input_chips == ("ibwb01xrq_flc.fits[sci,1]", "ibwb01xxq_flc.fits[sci,1]")


@pytest.mark.parametrize(
    ("named", "chips"),
    [
        (["ibwb01xrq_flc.fits[sci,2]"], (2,)),
        (["ibwb01xrq_flc.fits[SCI, 1]", "ibwb01xxq_flc.fits[sci,2]"], (1,)),
        (["ibwb01xrq_flc.fits[sci,1]", "ibwb01xrq_flc.fits[sci,2]"], (1, 2)),
        # Files that are named as a whole or not at all, and chips that are not of the file.
        (["ibwb01xrq_flc.fits[sci,1]", "ibwb01xrq_flc.fits"], (1, 2)),
        (["ibwb01xxq_flc.fits[sci,1]"], (1, 2)),
        (["ibwb01xrq_flc.fits[sci,3]"], (1, 2)),
        ([], (1, 2)),
    ],
)
@pytest.mark.parametrize("packed", ["", ".gz"])
def test_an_image_combines_the_chips_that_its_header_names(
    named: list[str], chips: tuple[int, ...], packed: str
) -> None:
    header = fits.Header([(f"D{number:03d}DATA", name) for number, name in enumerate(named, start=1)])
    image = Drizzled(Path("x_drc_sci.fits"), None, header, header)
    extensions = tuple(Extension("SCI", chip, (8, 8), fits.Header()) for chip in (1, 2))
    exposure = Exposure(Path(f"ibwb01xrq_flc.fits{packed}"), fits.Header(), extensions)
    assert [*image.combined([exposure])] == [(exposure, chips)]


def test_chips_that_were_not_drizzled_do_not_count(tmp_path: Path) -> None:
    """Two chips, of which AstroDrizzle was asked for the first: there is no hole where the second lies."""
    made = scene(tmp_path)
    for path in made.exposures:
        with fits.open(path, mode="update") as hdus:
            for name in ("SCI", "ERR", "DQ"):
                hdus.append(fits.ImageHDU(hdus[name, 1].data, hdus[name, 1].header, name=name, ver=2))
            # Half of the second chip lies on the first.
            hdus["SCI", 2].header["CRPIX1"] -= SIDE / 2
    exposures = dict.fromkeys(made.exposures)
    seen = coverage(made.image, exposures)
    assert [*seen.wholly] == ["ibwb01xrq_flc SCI,1", "ibwb01xxq_flc SCI,1"]
    weights = exposure_weights(made.image, seen)
    assert weight_to_exposure_time(*weights, subject="drc").value == pytest.approx(1.0, rel=0.001)
    masks = flagged_cosmic_rays(made.image, made.exposures[0], made.exposures[1:], None)
    assert isinstance(masks, CosmicRayMasks)
    assert [*masks.flagged] == [*masks.judged] == [1]
    assert [*sources_of(made.image.path, tuple(exposures.items()))] == [*seen.wholly]
    extents = coverage_extents(made.image, exposures)
    assert extents is not None
    assert extents.reached[0] == pytest.approx([-0.5, SIDE - 0.5], abs=0.01)
    measured = hit_remainder(hits_on(made.image, made.exposures), subject="drc")
    assert measured.context["fraction_left"] == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize(("masked", "problem"), [(0.0, False), (0.5, True)])
def test_stars_of_the_exposures_have_weight(tmp_path: Path, masked: float, problem: bool) -> None:
    """Only one exposure shows a hit: those are no stars."""
    made = scene(tmp_path)
    inputs = [Input(path) for path in made.exposures]
    stars = np.rint(stars_on(inputs[0]).pixels[shared_stars(*inputs).first]).astype(int)
    with fits.open(made.image.weight_path, mode="update") as hdus:
        lost = stars[: round(masked * len(stars))]
        hdus[0].data[lost[:, 1], lost[:, 0]] = 0.0
    found = star_weights(made.image, inputs)
    assert 0.4 * STARS < len(found.at) <= len(stars)
    assert np.mean(found.at == 0) == pytest.approx(masked, abs=0.05)
    assert np.mean(found.beside == 0) < 0.05
    assert bool(stars_left_out(found)) is problem


@pytest.mark.parametrize(
    ("left", "factor", "problem"),
    [
        (0.3, 1.0, True),
        (0.4, 1.0, False),
        (0.1, 1.0, True),
        (0.1, TIME, True),
        (0.1, TIME**2, False),
        (0.1, None, False),
    ],
)
def test_stars_have_the_weight_of_an_exposure(
    tmp_path: Path, left: float, factor: float | None, problem: bool
) -> None:
    """Of two exposures each gives a half, by the header of exposure times; others may weigh by the noise."""
    made = scene(tmp_path)
    inputs = [Input(path) for path in made.exposures]
    stars = np.rint(stars_on(inputs[0]).pixels[shared_stars(*inputs).first]).astype(int)
    with fits.open(made.image.weight_path, mode="update") as hdus:
        hdus[0].data[stars[:, 1], stars[:, 0]] *= left
    made.image.header["D001DEXP"] = TIME
    if factor is not None:
        made.image.header["D001WTSC"] = factor
    said = stars_left_out(star_weights(made.image, inputs))
    assert ("less than one exposure gives" in said) is problem
    assert bool(said) is problem


def test_stars_beside_flags_and_chips_that_were_not_drizzled_tell_no_weight(tmp_path: Path) -> None:
    made = scene(tmp_path)
    inputs = [Input(path) for path in made.exposures]
    with fits.open(inputs[0].path, mode="update") as hdus:
        hdus["DQ", 1].data[::7, ::7] = 256  # one within 3 pixels of any
    assert len(star_weights(made.image, inputs).at) == 0
    assert len(star_weights(made.image, inputs[:1]).at) == 0
    assert not stars_left_out(StarWeights(np.zeros(0), np.zeros(0)))


@pytest.mark.parametrize(
    ("share", "at", "problem"),
    [(0.5, 0.36, False), (0.5, 0.34, True), (0.25, 0.34, False), (0.25, 0.17, True), (0.0, 0.01, False)],
)
def test_stars_with_less_than_an_exposure_have_no_weight(share: float, at: float, problem: bool) -> None:
    weights = np.where(np.arange(100) < 30, at, 1.0)
    assert bool(stars_left_out(StarWeights(weights, np.ones(400), share))) is problem


@pytest.mark.parametrize(
    ("number", "without", "beside", "problem"),
    [
        (20, 3, 0, True),
        (20, 2, 0, False),
        (19, 19, 0, False),
        # Holes everywhere: 4 sigma of 0.5 of 100 are 0.2.
        (100, 79, 50, False),
        (100, 81, 50, True),
    ],
)
def test_stars_without_weight_are_more_than_places_beside_them(
    number: int, without: int, beside: int, problem: bool
) -> None:
    weights = StarWeights(
        np.repeat([0.0, 9.0], [without, number - without]), np.repeat([0.0, 9.0], [beside, 100 - beside])
    )
    assert bool(stars_left_out(weights)) is problem

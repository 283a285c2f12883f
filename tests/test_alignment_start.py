"""With which parameters TweakReg starts: by measured sources, by headers, by what a dataset gives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hubble_qa.fixtures.reduction.alignment.point_sources import PointSources
from hubble_qa.fixtures.reduction.alignment.pointing import Pointing, search_for
from hubble_qa.fixtures.reduction.alignment.start import (
    Rung,
    Surveyed,
    read_surveyed,
    start_of,
    write_surveyed,
)

FIRST, SECOND, THIRD = "ibwb01xqq", "ibwb01xrq", "ibwb02xxq"
GAIA, PRIOR, PLAIN = "IDC_x-FIT_REL_GAIAeDR3", "IDC_x-GSC240", "IDC_x"
PIXEL = 0.04
LATE, EARLY = 56000.0, 51000.0


def pointing(name: str = FIRST, wcsname: str = PLAIN, **primary: Any) -> Pointing:
    """What an exposure's header tells; of a visit by its name."""
    header = {"FGSLOCK": "FINE", "EXPFLAG": "NORMAL", "QUALITY": "", "EXPSTART": LATE, **primary}
    return Pointing.of(name, name[4:6], header, {"WCSNAME": wcsname})


# By what headers tell


@pytest.mark.parametrize(
    ("wcsname", "primary", "radius", "why"),
    [
        (GAIA, {}, 0.25, f"solution {GAIA}"),
        ("FIT_GAIA", {}, 0.25, "solution FIT_GAIA"),
        (PRIOR, {}, 0.6, f"solution {PRIOR}, by the guide stars"),
        ("IDC_x-HSC30", {}, 0.6, "solution IDC_x-HSC30, by the guide stars"),
        (PLAIN, {}, 0.9, "by the guide stars, of GSC 2"),
        (PLAIN, {"EXPSTART": EARLY}, 3.0, "by the guide stars, of GSC 1"),
        ("OPUS", {"EXPSTART": EARLY}, 3.0, "of GSC 1"),
        (PRIOR, {"FGSLOCK": "FINE/GYRO"}, 1.5, "FGSLOCK FINE/GYRO"),
        (PRIOR, {"FGSLOCK": "GYRO"}, 6.0, "FGSLOCK GYRO"),
        (PRIOR, {"FGSLOCK": "COARSE"}, 1.5, "FGSLOCK COARSE"),
        (PRIOR, {"EXPFLAG": "INTERRUPTED"}, 1.5, "EXPFLAG INTERRUPTED"),
        (PRIOR, {"QUALITY": "LOCKLOST"}, 1.5, "QUALITY LOCKLOST"),
        (PRIOR, {"QUALITY": "OK"}, 0.6, "by the guide stars"),
        (GAIA, {"FGSLOCK": "GYRO"}, 0.25, f"solution {GAIA}"),
    ],
)
def test_radius_to_a_catalogue_is_three_errors_of_the_pointing(
    wcsname: str, primary: Mapping[str, Any], radius: float, why: str
) -> None:
    found = search_for([pointing(wcsname=wcsname, **primary)], PIXEL, relative=False)
    assert found.radius == pytest.approx(radius)
    assert found.why.startswith(f"{FIRST}: ")
    assert why in found.why
    assert found.tolerance == (1.5 if "FIT" in wcsname else 2.5)


def test_the_worst_pointing_of_all_exposures_counts() -> None:
    fitted, gyro = pointing(FIRST, GAIA), pointing(SECOND, PRIOR, FGSLOCK="GYRO")
    found = search_for([fitted, gyro], PIXEL, relative=False)
    assert (found.radius, found.tolerance) == (6.0, 2.5)
    assert found.why.startswith(SECOND)


@pytest.mark.parametrize(
    ("pair", "radius", "tolerance"),
    [
        ((pointing(FIRST), pointing(SECOND)), 0.25, 1.5),  # of one visit
        ((pointing(FIRST), pointing(SECOND, EXPSTART=EARLY)), 0.25, 1.5),
        ((pointing(FIRST), pointing(THIRD)), 1.25, 2.5),  # 3 errors of 0.3 arcsec each
        ((pointing(FIRST, GAIA), pointing(THIRD, GAIA)), 0.25, 1.5),
        ((pointing(FIRST, GAIA), pointing(THIRD, PRIOR)), 0.6, 2.5),
        ((pointing(FIRST, GAIA), pointing(SECOND, PRIOR)), 0.6, 2.5),  # a fit moved one of them
        ((pointing(FIRST), pointing(SECOND, FGSLOCK="GYRO")), 6.05, 2.5),  # guide stars no longer hold it
    ],
)
def test_exposures_of_one_visit_are_searched_nearby(
    pair: tuple[Pointing, ...], radius: float, tolerance: float
) -> None:
    found = search_for(pair, PIXEL, relative=True)
    assert found.radius == pytest.approx(radius)
    assert found.tolerance == tolerance


def test_radius_is_five_pixels_at_least() -> None:
    infrared = search_for([pointing(FIRST, GAIA)], 0.128, relative=False)
    assert infrared.radius == pytest.approx(0.65)


# By what was measured


def surveyed(name: str = FIRST, wcsname: str = GAIA, **changes: Any) -> Surveyed:
    """An exposure with 240 stars above 12 scatters."""
    values = {"scatter": 5.0, "fwhm": 1.75, "level": 60.0, "stars": 240, "others": 31, **changes}
    return Surveyed(PointSources(name, **values), pointing(name, wcsname), PIXEL)


def test_kernel_is_twice_the_width_of_stars_and_the_threshold_gives_the_wanted_number() -> None:
    start = start_of([surveyed()], Rung(), relative=False)
    assert start.finding == {"conv_width": 3.5, "computesig": False, "skysigma": 5.0, "threshold": 12.0}
    assert start.matching == {"searchrad": 0.25, "tolerance": 1.5}
    assert start.why == (
        "conv_width 3.5: FWHM 1.75 pix",
        "threshold 12 σ: 240 stars on each exposure",
        f"searchrad 0.25 arcsec, tolerance 1.5 pix: {FIRST}: solution {GAIA}",
    )


def test_further_tries_are_fainter_and_wider() -> None:
    fainter = start_of([surveyed(level=600.0)], Rung(depth=4.0), relative=False)
    assert fainter.finding["threshold"] == 30.0
    assert "threshold 30 σ: 240 stars on each exposure, 4 times fainter" in fainter.why
    wide = start_of([surveyed()], Rung(wide=True), relative=False)
    assert wide.matching == {"searchrad": 5.0, "tolerance": 2.5}
    far = start_of([surveyed(wcsname=PRIOR), surveyed(SECOND, PLAIN)], Rung(wide=True), relative=False)
    assert far.matching["searchrad"] == 5.0


def test_no_threshold_is_in_the_noise_of_an_exposure() -> None:
    deepest = start_of([surveyed()], Rung(depth=20.0), relative=False)
    assert deepest.finding["threshold"] == 5.0
    noisy = start_of([surveyed(), surveyed(SECOND, scatter=20.0, level=200.0)], Rung(), relative=False)
    assert noisy.finding["threshold"] == 5.0, "in units of the larger scatter"
    assert noisy.finding["skysigma"] == 20.0


def test_the_exposure_with_the_lowest_level_counts_and_the_middle_width() -> None:
    three = [
        surveyed(level=90.0, fwhm=1.9),
        surveyed(SECOND, stars=200),
        surveyed(THIRD, level=None, fwhm=1.6),
    ]
    start = start_of(three, Rung(), relative=False)
    assert start.finding["threshold"] == 12.0
    assert start.finding["conv_width"] == 3.5
    assert "threshold 12 σ: 200 to 240 stars on each exposure" in start.why


def test_what_the_dataset_gives_stays() -> None:
    given = {"conv_width": 4.2, "threshold": 500.0}
    start = start_of(
        [surveyed()], Rung(depth=4.0), ("conv_width", "threshold"), relative=False, found_with=given
    )
    assert start.finding == given
    start = start_of([surveyed()], Rung(wide=True), ("searchrad",), relative=False)
    assert start.matching == {"tolerance": 2.5}
    own_scatter = start_of([surveyed()], Rung(), ("skysigma",), relative=False, found_with={"skysigma": 2.0})
    assert own_scatter.finding == {"conv_width": 3.5, "skysigma": 2.0}, "or units would be mixed"


def test_without_stars_source_finding_is_the_cameras() -> None:
    nothing = [surveyed(fwhm=None, level=None, stars=0)]
    camera = {"conv_width": 2.5, "threshold": 20.0}
    assert start_of(nothing, Rung(), relative=False, found_with=camera).finding == camera
    fainter = start_of(nothing, Rung(depth=4.0), relative=False, found_with=camera)
    assert fainter.finding == {"conv_width": 2.5, "threshold": 5.0}
    assert "threshold 5: the camera's, as no stars were measured, 4 times fainter" in fainter.why


@pytest.mark.parametrize(("fwhm", "kernel"), [(0.6, 2.0), (1.2, 2.4), (2.6, 5.2), (9.0, 8.0)])
def test_kernels_are_those_of_stars(fwhm: float, kernel: float) -> None:
    assert start_of([surveyed(fwhm=fwhm)], Rung(), relative=False).finding["conv_width"] == kernel


def test_what_was_measured_is_read_again_by_exposure(tmp_path: Path) -> None:
    every = (surveyed(FIRST), surveyed(SECOND, fwhm=None, level=None), surveyed(THIRD, PRIOR))
    write_surveyed(every, tmp_path / "sources.json")
    assert read_surveyed(tmp_path / "sources.json", (FIRST, SECOND, THIRD)) == every
    assert read_surveyed(tmp_path / "sources.json", (THIRD, "ibwb09zzq")) == every[2:]

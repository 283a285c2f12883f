"""Readers and headerlets: what is read, in cases where another extension, number or step reads otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from astropy.io import fits

from hubble_qa.checks.astrometry.header_solutions import headerlet_violations
from hubble_qa.checks.readers import (
    Exposure,
    Extension,
    read_drizzle_parameters,
    read_drizzled,
    read_exposure,
)
from tests.uvis_fields import flc
from tests.wfpc2_samples import drizzled, write_flt


def test_prefix_of_a_step_ends_with_it(tmp_path: Path) -> None:
    log = tmp_path / "astrodrizzle.log"
    lines = [
        "==== Processing Step 'Final Drizzle' started at 11:32:29.967 (21/11/2026)",
        "[INFO    ] \tscale :\t0.04",
        "[INFO    ] ==== Processing Step 'Final Drizzle' finished at 11:32:30.484 (21/11/2026)",
        "[INFO    ] \tscale :\t0.05",
    ]
    log.write_text("\n".join(lines), encoding="utf-8")
    assert read_drizzle_parameters(log) == {"final_scale": "0.04", "scale": "0.05"}


def test_images_of_one_file_are_its_extensions(tmp_path: Path) -> None:
    path = tmp_path / "f606w_drc.fits"
    images = {"SCI": np.full((3, 4), 2.0), "WHT": np.full((3, 4), 50.0), "CTX": np.full((3, 4), 7)}
    units = [fits.ImageHDU(image, drizzled().header, name=name, ver=1) for name, image in images.items()]
    fits.HDUList([fits.PrimaryHDU(), *units]).writeto(path)
    product = read_drizzled(path)
    np.testing.assert_array_equal(product.science(), images["SCI"])
    np.testing.assert_array_equal(product.weight(), images["WHT"])


def test_coordinates_of_all_chips_are_those_of_each(tmp_path: Path) -> None:
    exposure = read_exposure(write_flt(tmp_path / "u5jx010hr_flt.fits"))
    every = exposure.wcs_of_chips()
    assert sorted(every) == [1, 2, 3, 4]
    for chip, wcs in every.items():
        assert wcs.wcs.compare(exposure.wcs(chip).wcs)


# Headerlets


def headerlet(exposure: Exposure) -> Exposure:
    """A headerlet whose solutions are numbered otherwise than the chips that they are for."""
    primary = fits.Header([("DESTIM", exposure.name), ("WCSNAME", exposure.header("SCI")["WCSNAME"])])
    solutions = (
        Extension("SIPWCS", 3 - chip, fits.Header([*header.cards, ("TG_EVER", chip)]))
        for chip, header in exposure.science_headers().items()
    )
    return Exposure(Path(f"{exposure.name}_hlet.fits"), primary, tuple(solutions))


def test_a_solution_is_for_the_chip_that_it_names() -> None:
    exposure = flc("ibwb01xrq")
    kept = headerlet(exposure)
    assert headerlet_violations({"ibwb01xrq": kept}, {"ibwb01xrq": exposure}).value == 0
    first = kept.extensions[0]
    other = Extension("HDRLET", first.version, first.header)
    lost = replace(kept, extensions=(other, kept.extensions[1]))
    measurement = headerlet_violations({"ibwb01xrq": lost}, {"ibwb01xrq": exposure})
    assert measurement.context["violations"] == ["ibwb01xrq SCI,1: the headerlet has no solution of it"]


def test_headerlets_of_exposures_that_are_not_judged_are_no_violations() -> None:
    exposures = {name: flc(name) for name in ("ibwb01xrq", "ibwb01xxq")}
    kept = {name: headerlet(exposure) for name, exposure in exposures.items()}
    del exposures["ibwb01xxq"]
    assert headerlet_violations(kept, exposures).value == 0

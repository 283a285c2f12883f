"""The notebook's tool calls on the simulated exposures, with nothing around them.

``python benchmarks/bare_wfpc2.py DIRECTORY`` simulates the exposures of qa/datasets/wfpc2-omega-cen.toml and
makes, in two processes as far as they are independent, the calls that the suite's stages make: updatewcs and
TweakReg on FLT and C0M, AstroDrizzle of each, aperture photometry. It checks and reports nothing.
"""

from __future__ import annotations

import os
import sys
import tomllib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.update(
    MPLBACKEND="Agg", ASTROMETRY_STEP_CONTROL="OFF", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1"
)

import numpy as np
from astropy.io import fits
from drizzlepac import astrodrizzle, tweakreg
from photutils.aperture import CircularAnnulus, CircularAperture, aperture_photometry
from stwcs.updatewcs import updatewcs

from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.simulation.settings import SimulationSettings
from hubble_qa.fixtures.simulation.stage import simulate

DATASET = Path(__file__).parent.parent / "qa/datasets/wfpc2-omega-cen.toml"
# As the suite's report shows them, of the stages that align and drizzle.
TWEAKREG = {
    "conv_width": 3.0,
    "threshold": 200.0,
    "tolerance": 3,
    "separation": 0.5,
    "fitgeometry": "rscale",
    "reusename": True,
    "searchrad": 1,
    "minobj": 7,
}
ASTRODRIZZLE = {
    "context": False,
    "static": True,
    "skysub": False,
    "driz_separate": True,
    "driz_sep_bits": "8,1024",
    "driz_sep_wcs": True,
    "driz_sep_scale": 0.0996,
    "driz_sep_fillval": -1,
    "median": False,
    "blot": False,
    "driz_cr": False,
    "final_wht_type": "EXP",
    "final_bits": "8,1024",
    "final_units": "cps",
    "final_wcs": True,
}
ROOTS = {"flt": "f555w", "c0m": "f555w_c0m"}
FRAMES = {"flt": {"final_scale": 0.0996}, "c0m": {"final_refimage": f"{ROOTS['flt']}_drw_sci.fits"}}
# The stars of the notebook, in pixels of the combined image.
POSITIONS = [(1180, 1381), (1388, 1190), (1232, 1210)]


def register(suffix: str, parameters: dict[str, Any]) -> None:
    """Distortion and alignment of the exposures of one suffix."""
    exposures = sorted(str(path) for path in Path().glob(f"u*_{suffix}.fits"))
    updatewcs(exposures, use_db=False)
    tweakreg.TweakReg(
        exposures,
        updatehdr=True,
        interactive=False,
        shiftfile=True,
        outshifts=f"shifts_{suffix}.txt",
        outwcs=f"shifts_{suffix}_wcs.fits",
        runfile=f"tweakreg_{suffix}.log",
        see2dplot=False,
        residplot="No plot",
        **parameters,
    )


def drizzle(suffix: str, root: str, parameters: dict[str, Any]) -> None:
    """Single and combined drizzled images of one suffix."""
    exposures = sorted(str(path) for path in Path().glob(f"u*_{suffix}.fits"))
    astrodrizzle.AstroDrizzle(exposures, output=root, preserve=False, build=False, num_cores=1, **parameters)


def photometry(root: str) -> None:
    """Aperture sums of the notebook's stars."""
    image = np.nan_to_num(fits.getdata(f"{root}_drw_sci.fits"))
    for apertures in (CircularAperture(POSITIONS, r=5), CircularAnnulus(POSITIONS, r_in=10, r_out=15)):
        print(aperture_photometry(image, apertures))


def main(directory: str) -> None:
    """Reduce the dataset in an empty directory."""
    document = tomllib.loads(DATASET.read_text(encoding="utf-8"))
    os.chdir(directory)
    archive = Path("archive").absolute()
    archive.mkdir()
    simulate.run(Inputs(), archive, SimulationSettings.model_validate(document["simulation"]))
    os.environ["uref"] = f"{archive}/crds/references/hst/wfpc2/"  # noqa: SIM112
    for path in archive.glob("HST/*/*.fits"):
        path.rename(path.name)
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as processes:
        aligned = [processes.submit(register, suffix, TWEAKREG) for suffix in ROOTS]
        for future in aligned:
            future.result()
    for suffix, root in ROOTS.items():
        drizzle(suffix, root, {**ASTRODRIZZLE, **FRAMES[suffix]})
        photometry(root)


if __name__ == "__main__":
    main(sys.argv[1])

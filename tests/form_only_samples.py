"""Small STIS and NICMOS files, with headers after those of o4sp040b0 and n4jic4uqq, to be damaged."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from astropy.io import fits

__all__ = ["drizzled", "nicmos", "stis"]

Change = Callable[[fits.HDUList], object]

_SIZE = 16
_SCALES = {"CCD": 0.05078, "FUV-MAMA": 0.0246, "NUV-MAMA": 0.0248}
_STIS = """\
FILETYPE= 'SCI      '          / type of data found in data file
TELESCOP= 'HST'                / telescope used to acquire data
INSTRUME= 'STIS  '             / identifier for instrument used to acquire data
EQUINOX =               2000.0 / equinox of celestial coord. system
TARGNAME= 'NGC6752 '           / proposer's target name
RA_TARG =   2.877157916667E+02 / right ascension of the target (deg) (J2000)
DEC_TARG=  -5.998463888889E+01 / declination of the target (deg) (J2000)
PROPOSID=                 7932 / PEP proposal identifier
TDATEOBS= '1998-04-20'         / UT date of start of first exposure in file
TTIMEOBS= '18:38:15'           / UT start time of first exposure in file
TEXPSTRT=   5.092377657113E+04 / start time (MJD) of 1st exposure in file
TEXPEND =       50923.77948761 / end time (MJD) of last exposure in the file
TEXPTIME=                  60. / total exposure time (seconds)
OBSTYPE = 'IMAGING '           / observation type - imaging or spectroscopic
OBSMODE = 'ACCUM     '         / operating mode
SUBARRAY=                    F / data from a subarray (T) or full frame (F)
OPT_ELEM= 'MIRVIS  '           / optical element in use
APERTURE= '50CCD           '   / aperture name
FILTER  = 'Clear             ' / filter in use
CRSPLIT =                    2 / number of cosmic ray split exposures
"""
_STIS_SCIENCE = """\
EXPNAME = 'o4sp04ezq                ' / exposure identifier
BUNIT   = 'COUNTS            ' / brightness units
WCSAXES =                    2 / number of World Coordinate System axes
CRPIX1  =                  8.5 / x-coordinate of reference pixel
CRPIX2  =                  8.5 / y-coordinate of reference pixel
CRVAL1  =   2.877157916667E+02 / first axis value at reference pixel
CRVAL2  =  -5.998463888889E+01 / second axis value at reference pixel
CTYPE1  = 'RA---TAN'           / the coordinate type for the first axis
CTYPE2  = 'DEC--TAN'           / the coordinate type for the second axis
LTM1_1  =                  1.0 / reciprocal of sampling rate in X
LTM2_2  =                  1.0 / reciprocal of sampling rate in Y
RA_APER =   2.877157916667E+02 / RA of aperture reference position
DEC_APER=  -5.998463888889E+01 / Declination of aperture reference position
PA_APER =   1.143617019653E+02 / Position Angle of reference aperture center (de
ORIENTAT=              114.362 / position angle of image y axis (deg. e of n)
DATE-OBS= '1998-04-20'         / UT date of start of observation (yyyy-mm-dd)
EXPSTART=   5.092377657113E+04 / exposure start time (Modified Julian Date)
EXPEND  =   5.092377691835E+04 / exposure end time (Modified Julian Date)
EXPTIME =            30.000000 / exposure duration (seconds)--calculated
EXPFLAG = 'NORMAL       '      / Exposure interruption indicator
"""
_NICMOS = """\
FILETYPE= 'SCI               ' / type of data found in data file
TELESCOP= 'HST               ' / telescope used to acquire data
INSTRUME= 'NICMOS            ' / identifier for instrument used to acquire data
EQUINOX =               2000.0 / equinox of celestial coord. system
IMAGETYP= 'EXT               ' / type of exposure identifier
TARGNAME= 'PAR-TARGET        ' / proposer's target name
RA_TARG =        189.388062414 / right ascension of the target (deg) (J2000)
DEC_TARG=        62.2572127206 / declination of the target (deg) (J2000)
PROPOSID=                 7922 / PEP proposal identifier
DATE-OBS= '1998-01-08'         / UT date of start of observation (yyyy-mm-dd)
EXPSTART=       50821.10000000 / exposure start time (Modified Julian Date)
EXPEND  =       50821.10592600 / exposure end time (Modified Julian Date)
EXPTIME =           511.967000 / exposure duration (seconds)--calculated
OBSMODE = 'MULTIACCUM        ' / observation mode
FILTER  = 'F160W             ' / filter wheel element in beam during observation
"""
# n4jic4uqq: camera 3, 0.2038 arcsec per pixel, its y axis at 67.02 deg.
_NICMOS_SCIENCE = """\
BUNIT   = 'COUNTS/S          ' / brightness units
CRPIX1  =                  8.5
CRVAL1  =        189.396802478
CTYPE1  = 'RA---TAN'
CD1_1   =         -2.213340E-5
CD2_1   =          5.219370E-5
CRPIX2  =                  8.5
CRVAL2  =        62.2588012757
CTYPE2  = 'DEC--TAN'
CD1_2   =          5.203490E-5
CD2_2   =          2.206610E-5
ORIENTAT=              67.0187 / position angle of image y axis (deg. e of n)
"""


def stis(path: Path, *, detector: str = "CCD", readouts: int = 1, change: Change | None = None) -> Path:
    """A calibrated STIS image of a rootname's file, with one group of extensions for each readout.

    Parameters
    ----------
    path : Path
        Where to write it; ROOTNAME is the first part of the name.
    detector : str
        DETECTOR.
    readouts : int
        How many.
    change : callable, optional
        What to do to the file before it is written.
    """
    primary = fits.Header.fromstring(_STIS, sep="\n")
    primary["DETECTOR"] = detector
    groups = [("SCI", "ERR", "DQ")] * readouts
    science = fits.Header.fromstring(_STIS_SCIENCE, sep="\n")
    turn, size = math.radians(114.362), _SCALES[detector] / 3600.0
    science.update(
        CD1_1=-size * math.cos(turn),
        CD1_2=size * math.sin(turn),
        CD2_1=size * math.sin(turn),
        CD2_2=size * math.cos(turn),
    )
    return _written(path, primary, science, groups, change)


def nicmos(path: Path, *, camera: int = 3, change: Change | None = None) -> Path:
    """A calibrated NICMOS image, whose SAMP and TIME are constants without pixels; as `stis`."""
    primary = fits.Header.fromstring(_NICMOS, sep="\n")
    primary["CAMERA"] = camera
    science = fits.Header.fromstring(_NICMOS_SCIENCE, sep="\n")
    factor = {1: 0.0432, 2: 0.0758, 3: 0.2036}[camera] / 0.2036
    for name in ("CD1_1", "CD1_2", "CD2_1", "CD2_2"):
        science[name] *= factor
    return _written(path, primary, science, [("SCI", "ERR", "DQ", "SAMP", "TIME")], change)


def drizzled(path: Path, exposure: Path, *, change: Change | None = None) -> Path:
    """A drizzled image of one exposure, on that exposure's pixels, as AstroDrizzle writes it."""
    with fits.open(exposure) as hdus:
        primary, science = hdus[0].header.copy(), hdus["SCI"].header.copy()
        pixels = np.asarray(hdus["SCI"].data)
    primary.update(ROOTNAME=path.name.partition("_")[0], NDRIZIM=1, NEXTEND=3)
    primary["D001DATA"], primary["D001SCAL"] = f"{exposure.name}[sci,1]", _scale(science)
    parts = [
        fits.PrimaryHDU(header=primary),
        fits.ImageHDU(pixels, science, name="SCI"),
        fits.ImageHDU(np.ones_like(pixels), name="WHT"),
        fits.ImageHDU(np.ones(pixels.shape, dtype=np.int32), name="CTX"),
    ]
    whole = fits.HDUList(parts)
    if change is not None:
        change(whole)
    whole.writeto(path)
    return path


def _scale(header: fits.Header) -> float:
    """Plate scale, arcsec per pixel."""
    (a, b), (c, d) = ([header[f"CD{i}_{j}"] for j in (1, 2)] for i in (1, 2))
    return 3600.0 * math.sqrt(abs(a * d - b * c))


def _written(
    path: Path,
    primary: fits.Header,
    science: fits.Header,
    groups: list[tuple[str, ...]],
    change: Change | None,
) -> Path:
    hdus = fits.HDUList([fits.PrimaryHDU(header=primary)])
    hdus[0].header["ROOTNAME"] = path.name.partition("_")[0]
    random = np.random.default_rng(3)
    for version, names in enumerate(groups, start=1):
        for name in names:
            header = science.copy() if name == "SCI" else fits.Header()
            pixels: object = random.normal(100.0, 3.0, (_SIZE, _SIZE)).astype(np.float32)
            if name in ("DQ", "SAMP"):
                pixels = np.ones((_SIZE, _SIZE), dtype=np.int16)
            if name in ("SAMP", "TIME"):
                pixels, constant = None, {"NPIX1": _SIZE, "NPIX2": _SIZE, "PIXVALUE": 25}
                header.update(constant)
            hdus.append(fits.ImageHDU(pixels, header, name=name, ver=version))
    hdus[0].header["NEXTEND"] = len(hdus) - 1
    if change is not None:
        change(hdus)
    hdus.writeto(path)
    return path

"""World coordinates: distortion solutions, their inverse, and geometry that follows from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from hubble_qa.checks.measurement import Json, Measurement, count_violations
from hubble_qa.checks.printable import stated
from hubble_qa.checks.readers.coordinates import is_number, order_problem
from hubble_qa.checks.readers.exposure import Exposure

__all__ = [
    "binning",
    "chip_polygon",
    "distortion_name",
    "distortion_solution_violations",
    "linear_matrix",
    "orientation",
    "pixel_grid",
    "plate_scale",
    "round_trip_error",
]

# Letters of alternate world coordinate systems; updatewcs keeps the original one under O.
_KEYS = (" ", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_ORIGINAL = "O"
_ORIGINAL_KEYWORDS = ("WCSNAME", "CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2", "CD1_1", "CD1_2", "CD2_1", "CD2_2")

# Relative, of the terms of second order: headers of other tables and filters are within 0.5 per cent.
_TERMS = 0.1

# Look-up tables: keyword that names the file, extension that holds it, keywords that refer to the extension.
_TABLES = (
    ("NPOLFILE", "WCSDVARR", ("DP1", "DP2"), ("CPDIS1", "CPDIS2")),
    ("D2IMFILE", "D2IMARR", ("D2IM1", "D2IM2"), ("D2IMDIS1", "D2IMDIS2")),
)

# Grid over a chip: points along either side of the chip.
GRID = 9


def distortion_solution_violations(
    exposure: Exposure, chip: int, *, distortion_only: bool = False
) -> Measurement:
    """Count what updatewcs should have left in a chip's header and did not.

    An ``IDC_*`` solution named after the header's IDCTAB (the current one or, after an alignment, an
    alternate one), SIP polynomials that are not all zero and whose terms of second order are the camera's
    to a tenth (its IDCTABs of all times and filters agree to a hundredth), the original solution under key
    O, and the NPOL and D2IM tables that the primary header names. A WCSCORR table is asked for only where
    a later solution is present: stwcs itself writes none, the alignment that changes the solution does.

    Parameters
    ----------
    exposure : Exposure
        An exposure after updatewcs.
    chip : int
        EXTVER of the chip.
    distortion_only : bool
        Whether the ``IDC_*`` solution must be the current one, without a fit on top of it: as
        updatewcs leaves it that was told to ask no database.
    """
    header = exposure.header("SCI", chip)
    names = {key: str(header[f"WCSNAME{key}".strip()]) for key in _KEYS if f"WCSNAME{key}".strip() in header}
    violations = [
        *_idc_violations(exposure.primary, names),
        *(_sip_violations(header) or _foreign_terms(exposure, header)),
        *_original_violations(header),
        *(problem for table in _TABLES for problem in _table_violations(exposure, header, *table)),
    ]
    if distortion_only and "-" in names.get(" ", ""):
        violations.append(f"the current solution is {names[' ']}: updatewcs did not replace it")
    if "WCSTYPE" in header and exposure.find("WCSCORR") is None:
        violations.append("the solution was changed after updatewcs, but there is no WCSCORR table")
    context: dict[str, Json] = {"wcsnames": {key.strip() or "current": name for key, name in names.items()}}
    return count_violations("distortion_solution_violations", exposure.chip_label(chip), violations, context)


def binning(header: Header, primary: Header) -> float:
    """Side of a pixel in those of the detector, by the sampling rate in a science header.

    WFPC2 has none there: its MODE is AREA where pixels are summed two by two, as stwcs takes it, too.
    """
    if str(primary.get("MODE", "")).strip() == "AREA":
        return 2.0
    rates = [header.get(key) for key in ("LTM1_1", "LTM2_2")]
    known = [float(rate) for rate in rates if is_number(rate) and rate > 0]
    return 1.0 / math.sqrt(known[0] * known[1]) if len(known) == len(rates) else 1.0


def distortion_name(primary: Header) -> str:
    """Name of the solution of a header's IDCTAB, ``IDC_sad1946fu`` for sad1946fu_idc.fits; empty without."""
    table = str(primary.get("IDCTAB", "")).strip()
    if not table or table == "N/A":
        return ""
    name = table.rpartition("$")[2].rpartition("/")[2]
    return "IDC_" + name.removesuffix(".fits").removesuffix("_idc")


def round_trip_error(wcs: Any, shape: tuple[int, ...], *, subject: str) -> Measurement:
    """Largest distance, over a grid, from a pixel to its image through the sky and back, pixels.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        A chip's, with all its distortion terms.
    shape : (int, int)
        Rows and columns of the chip.
    subject : str
        The exposure and chip.
    """
    from astropy.wcs import NoConvergence

    pixels = pixel_grid(shape)
    reason = ""
    try:
        back = wcs.all_world2pix(wcs.all_pix2world(pixels, 1), 1, tolerance=1e-6, maxiter=50)
    except NoConvergence as error:
        back = error.best_solution
        reason = "the inverse of the distortion does not converge"
    errors = np.hypot(*(back - pixels).T)
    worst = int(np.argmax(np.where(np.isnan(errors), np.inf, errors)))
    context: dict[str, Json] = {"worst_pixel": [float(axis) for axis in pixels[worst]], "points": len(pixels)}
    return Measurement("round_trip_error", errors[worst], "pix", subject, context=context, reason=reason)


def pixel_grid(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Pixels of a regular grid over a chip, edges included, counted from 1.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the chip.

    Returns
    -------
    ndarray, shape (n, 2)
        x and y; `GRID` points along either side.
    """
    rows, columns = shape
    grid = np.meshgrid(np.linspace(1, columns, GRID), np.linspace(1, rows, GRID))
    return np.column_stack([axis.ravel() for axis in grid])


def linear_matrix(header: Header) -> NDArray[np.float64]:
    """Linear part of a header's transformation from pixels to the sky, degrees per pixel.

    Returns
    -------
    ndarray, shape (2, 2)
        The CD matrix, or PC with each row multiplied by its CDELT.

    Raises
    ------
    ValueError
        If the header has neither.
    """
    axes = (1, 2)
    if any(f"CD{i}_{j}" in header for i in axes for j in axes):
        return np.array([[header.get(f"CD{i}_{j}", 0.0) for j in axes] for i in axes], dtype=np.float64)
    if not all(f"CDELT{i}" in header for i in axes):
        raise ValueError("the header has neither a CD matrix nor CDELT1 and CDELT2")
    rows = [
        [header[f"CDELT{i}"] * header.get(f"PC{i}_{j}", 1.0 if i == j else 0.0) for j in axes] for i in axes
    ]
    return np.array(rows, dtype=np.float64)


def plate_scale(header: Header) -> float:
    """Plate scale at a header's reference pixel, arcsec per pixel."""
    return 3600.0 * math.sqrt(abs(float(np.linalg.det(linear_matrix(header)))))


def orientation(header: Header) -> float:
    """Position angle of the y axis at a header's reference pixel, degrees east of north."""
    east, north = linear_matrix(header)[:, 1]
    return math.degrees(math.atan2(east, north))


def chip_polygon(
    chip_wcs: Any, shape: tuple[int, ...], output_wcs: Any, *, inset: tuple[float, float]
) -> NDArray[np.float64]:
    """Corners of a chip, drawn in from its edges, in the pixels of a drizzled image.

    Parameters
    ----------
    chip_wcs, output_wcs : astropy.wcs.WCS
        The chip's, with all its distortion terms, and the drizzled image's.
    shape : (int, int)
        Rows and columns of the chip.
    inset : (float, float)
        Pixels left out at the sides next to pixel 1 (where WFPC2's pyramid casts its shadow) and at
        the far sides.

    Returns
    -------
    ndarray, shape (4, 2)
        x and y of the corners in order around the chip, counted from 0.
    """
    near, far = inset
    rows, columns = shape
    right, top = columns - far, rows - far
    corners = np.array([(near, near), (right, near), (right, top), (near, top)])
    return np.asarray(output_wcs.all_world2pix(chip_wcs.all_pix2world(corners, 0), 0), dtype=np.float64)


def _idc_violations(primary: Header, names: Mapping[str, str]) -> list[str]:
    """Whether a solution bears the name of the IDCTAB."""
    expected = distortion_name(primary)
    if not expected:
        return ["the primary header names no IDCTAB"]
    # A name such as IDC_x-FIT_IMG_GAIAeDR3 is a fit on top of that distortion solution.
    if any(name.partition("-")[0] == expected for name in names.values()):
        return []
    found = ", ".join(names.values()) or "none"
    return [f"no solution is named {expected}, only {found}: run updatewcs"]


def _sip_violations(header: Header) -> list[str]:
    violations = [
        f"{keyword} is {stated(header, keyword)}, without SIP terms"
        for keyword in ("CTYPE1", "CTYPE2")
        if not str(header.get(keyword, "")).endswith("-SIP")
    ]
    if problem := order_problem(header):
        return [*violations, problem]
    for axis in "AB":
        order = int(header.get(f"{axis}_ORDER", 0))
        powers = range(order + 1)
        terms = [header.get(f"{axis}_{p}_{q}", 0.0) for p in powers for q in powers if p + q <= order]
        if not any(terms):
            violations.append(f"there is no SIP coefficient {axis}_p_q")
    return violations


def _foreign_terms(exposure: Exposure, header: Header) -> list[str]:
    """Whether the SIP terms of second order are those of the camera, whichever of its IDCTABs made them."""
    camera = exposure.camera
    expected = np.array(camera.distortion_terms(header) if camera is not None else ())
    found = [header.get(f"{axis}_{p}_{q}", 0.0) for axis in "AB" for p, q in ((2, 0), (1, 1), (0, 2))]
    if not expected.size or not any(found) or not all(is_number(each) for each in found):
        return []
    terms = np.array(found) / binning(header, exposure.primary)
    departure = np.linalg.norm(terms - expected) / np.linalg.norm(expected)
    if departure <= _TERMS:
        return []
    return [f"its SIP terms of second order differ by {departure:.0%} from the camera's ({_TERMS:.0%})"]


def _original_violations(header: Header) -> list[str]:
    missing = [f"{name}{_ORIGINAL}" for name in _ORIGINAL_KEYWORDS if f"{name}{_ORIGINAL}" not in header]
    return [f"the original solution lacks {', '.join(missing)}"] if missing else []


def _table_violations(
    exposure: Exposure,
    header: Header,
    keyword: str,
    extension: str,
    records: tuple[str, ...],
    kinds: tuple[str, ...],
) -> list[str]:
    """Whether the look-up tables of the file that a keyword names are there and are referred to."""
    file = str(exposure.primary.get(keyword, "")).strip()
    if not file or file == "N/A":
        return []
    versions = [int(header[f"{record}.EXTVER"]) for record in records if f"{record}.EXTVER" in header]
    if not versions and not any(kind in header for kind in kinds):
        # A table may serve some chips only; stwcs gives WFPC2's to the first.
        others = exposure.science_headers().values()
        if any(kind in other for other in others for kind in kinds) and exposure.find(extension) is not None:
            return []
        return [f"{keyword} is {file}, but no chip refers to a table of it"]
    return [
        f"{keyword} is {file}, but extension {extension},{version} is missing"
        for version in versions
        if exposure.find(extension, version) is None
    ]

"""Where a chip lies in the telescope's focal plane, by what updatewcs keeps of the IDCTAB in its header.

updatewcs (stwcs: makewcs) places a chip by the roll of the telescope, PA_V3, and by the chip's terms of the
IDCTAB: its angle THETA, its position V2, V3 and the linear terms of its polynomial. Measured on real
headers of WFPC2, ACS/WFC, WFC3/UVIS and WFC3/IR, its solutions follow from these keywords to 1e-4 deg,
4e-5 in scale and 0.1 mas between chips.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy.io.fits import Header
from numpy.typing import NDArray

from hubble_qa.checks.instruments import Camera

__all__ = ["ChipPlace", "chip_place", "place_on_sky", "roll_at"]


@dataclass(frozen=True, slots=True, eq=False)
class ChipPlace:
    """A chip in the focal plane.

    Attributes
    ----------
    matrix : ndarray, shape (2, 2)
        From pixels to the chip's undistorted frame, arcsec.
    theta : float
        Angle of that frame from the telescope's V3 axis, degrees.
    v2, v3 : float
        Position of the chip's reference point, arcsec.
    nominal : bool
        Whether this is the camera's record, without the terms of an IDCTAB.
    """

    matrix: NDArray[np.float64]
    theta: float
    v2: float
    v3: float
    nominal: bool = False


def chip_place(header: Header, camera: Camera) -> ChipPlace | None:
    """The place of a chip by its science header; None where neither that nor the camera's record tells.

    Without the terms of an IDCTAB, the record's angle and plate scale of the chip are taken, where it has
    them (WFPC2); its position is then not known.
    """
    keys = ("OCX11", "OCX10", "OCY11", "OCY10", "IDCTHETA", "IDCV2REF", "IDCV3REF")
    numbers = [header.get(key) for key in keys]
    if all(isinstance(number, (int, float)) for number in numbers):
        terms, (theta, v2, v3) = np.array(numbers[:4], dtype=np.float64), numbers[4:]
        matrix = terms.reshape(2, 2)
        return ChipPlace(matrix, theta, v2, v3) if np.linalg.det(matrix) else None
    chip = camera.chips.get(header.get(camera.chip_keyword, 0))
    if chip is None or chip.theta is None or chip.plate_scale is None:
        return None
    return ChipPlace(chip.plate_scale * np.eye(2), chip.theta, np.nan, np.nan, nominal=True)


def place_on_sky(camera: Camera, angle: float) -> NDArray[np.float64]:
    """From a chip's undistorted frame to east and north, by the position angle of its y axis, degrees."""
    turn = np.radians(angle)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.asarray(np.diag(camera.parity) @ rotation, dtype=np.float64)


def roll_at(roll: float, declination: float, v2: float, v3: float) -> float:
    """Position angle of the V3 direction at a place in the focal plane, degrees.

    PA_V3 is the angle at the telescope's axis; at ACS, 400 arcsec away, meridians have converged by up to a
    degree at a declination of 80.

    Parameters
    ----------
    roll : float
        PA_V3, degrees.
    declination : float
        Of the exposure, degrees.
    v2, v3 : float
        The place, arcsec; the axis itself where they are NaN.
    """
    if not np.isfinite((v2, v3)).all():
        return roll
    d, (a, b) = np.radians(declination), np.radians((v2 / 3600.0, v3 / 3600.0))
    axis = np.array([np.cos(d), 0.0, np.sin(d)])
    north, east = np.array([-np.sin(d), 0.0, np.cos(d)]), np.array([0.0, 1.0, 0.0])

    def towards(angle: float) -> NDArray[np.float64]:
        return np.asarray(np.cos(np.radians(angle)) * north + np.sin(np.radians(angle)) * east)

    second, third = towards(roll + 90.0), towards(roll)
    place = axis * np.cos(a) * np.cos(b) + second * np.sin(a) * np.cos(b) + third * np.sin(b)
    up = -axis * np.cos(a) * np.sin(b) - second * np.sin(a) * np.sin(b) + third * np.cos(b)
    # East and north components at the place, to which it is perpendicular, both times cos(declination).
    return float(np.degrees(np.arctan2(up[1] * place[0] - up[0] * place[1], up[2])))

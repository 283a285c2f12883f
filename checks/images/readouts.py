"""Chips that were read out, of a camera that may read any of its chips."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubble_qa.checks.instruments import Camera
from hubble_qa.checks.readers.exposure import Exposure, Extension

__all__ = ["chips_read_out", "lost_chips"]

# What calwp2 says in HISTORY of each chip that it calibrated, with tables of its sensitivity:
# "WF3: bias jump level ~0.108 DN.", "crwfpc2comp$wfpc2_dqewfc3_005_syn.fits".
_CALIBRATED = re.compile(r"(?:\bPC|\bWF|_dqepc|_dqewfc)([1-4])(?=: bias jump level|_\d+_syn)")


def chips_read_out(exposure: Exposure, camera: Camera) -> int | None:
    """How many chips were read out, where that can be fewer than all; None where all must be there.

    A partial readout is numbered from 1 by EXTVER, whichever chips it is of (DETECTOR), and NEXTEND counts
    what it has. Who takes a chip out of a file leaves a gap, or NEXTEND as it was.

    Parameters
    ----------
    exposure : Exposure
        The exposure.
    camera : Camera
        Its camera.
    """
    arrays = _arrays(exposure, camera)
    chips = [each.header.get(camera.chip_keyword) for each in arrays]
    in_order = all(
        isinstance(chip, int) and not isinstance(chip, bool) and chip in camera.chips for chip in chips
    ) and chips == sorted({*chips})
    numbered = [each.version for each in arrays] == [*range(1, len(arrays) + 1)]
    counted = exposure.primary.get("NEXTEND") == len(exposure.extensions)
    partial = camera.any_chips and arrays and in_order and numbered and counted
    return len(arrays) if partial else None


def lost_chips(exposure: Exposure, camera: Camera) -> Iterator[str]:
    """Say which chips were calibrated with an exposure, by its HISTORY, and are not in its file.

    Parameters
    ----------
    exposure, camera
        As for `chips_read_out`.
    """
    if not camera.any_chips or "HISTORY" not in exposure.primary:
        return
    lines = "\n".join(map(str, exposure.primary["HISTORY"]))
    there = {each.header.get(camera.chip_keyword) for each in _arrays(exposure, camera)}
    for number in sorted({*map(int, _CALIBRATED.findall(lines))} - there):
        yield f"{camera.chips[number].name} was calibrated with it (HISTORY), and is not in the file"


def _arrays(exposure: Exposure, camera: Camera) -> list[Extension]:
    form = camera.files.get(exposure.suffix)
    name = form.array if form else "SCI"
    return [each for each in exposure.extensions if each.name == name]

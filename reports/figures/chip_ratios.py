"""The figure of an exposure's FLT over its C0M, chip by chip: what the normalisation did to the pixels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hubble_qa.checks.evidence.chip_ratios import ChipInBoth
from hubble_qa.reports.figures.captions import joined, listed
from hubble_qa.reports.figures.footprints import Footprint
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.images import Window, block_ratio
from hubble_qa.reports.figures.ratio import LOOK_FOR, RATIO_COLUMNS, RatioMap, ratio_maps
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = ["chip_ratio_figure"]

_WORDS = "What the chip normalisation did: the FLT over the C0M, unflagged pixels of each chip."


def chip_ratio_figure(
    chips: Mapping[int, ChipInBoth],
    names: Mapping[int, str],
    labels: tuple[str, str],
    verdicts: Verdicts,
    *,
    ending: str,
) -> Illustration:
    """Draw the ratio of an exposure's FLT to its C0M.

    Parameters
    ----------
    chips : mapping of int to ChipInBoth
        Its chips, by EXTVER.
    names : mapping of int to str
        What the field calls each.
    labels : (str, str)
        What verdicts call the FLT and the C0M.
    verdicts : Verdicts
        On their zeropoints and on the FLT's pixels.
    ending : str
        End of the name of the figure's file.
    """
    flt, c0m = labels
    factors = {(flt, number): chip.expected for number, chip in chips.items()}
    found = {place: verdicts.get("PHT-003", f"{flt} SCI,{place[1]}") for place in factors}
    sentences = (
        listed(verdicts, "PHT-001", (flt, c0m)),
        listed(verdicts, "PHT-003", [f"{flt} SCI,{number}" for number in chips]),
        listed(verdicts, "PHT-002", [f"{c0m} SCI,{number}" for number in chips]),
    )
    expected = ", ".join(f"{names[number]} {chip.expected:.4f}" for number, chip in chips.items())
    return Illustration(
        figure="flt-c0m-ratio",
        name=f"flt-c0m-ratio{ending}",
        title=f"FLT/C0M ratio of {flt}",
        caption=joined(*sentences, _WORDS, LOOK_FOR),
        alt=f"Grey maps of the FLT/C0M ratio of the chips of {flt}. Expected: {expected}.",
        drawing=ratio_maps(
            [_map(flt, number, names[number], chip) for number, chip in chips.items()],
            factors,
            {place: shown for place, shown in found.items() if shown is not None},
        ),
        subject=flt,
    )


def _map(exposure: str, number: int, name: str, chip: ChipInBoth) -> RatioMap:
    window, good = Window.whole(chip.flt.shape), chip.quality == 0
    ratio = block_ratio(chip.flt, chip.c0m, RATIO_COLUMNS, good)
    left, right, bottom, top = window.extent
    corners = np.array([(left, bottom), (right, bottom), (right, top), (left, top)])
    return RatioMap(name, ratio, window, (Footprint(exposure, number, name, corners),))

"""The figure of a fit's matched sources on their exposure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hubble_qa.checks.evidence.exposures import array_in, exposure_in
from hubble_qa.reports.figures.captions import joined, number_of
from hubble_qa.reports.figures.fits import FittedExposure
from hubble_qa.reports.figures.footprints import chip_name
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.matched_sources import ChipImage, matched_sources, sharpest
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = ["matched_figure"]

# By which the matched sources are judged.
_CRITERIA = ("AST-014", "AST-003", "AST-022", "AST-029")

_MATCHED = (
    "Circles: the sources that the fit used, on the exposure, each chip in its own pixels (zscale). "
    "Below: those with the largest share of their light in one of 5 × 5 pixels; the number names the source "
    "in the match file. Good: circles on stars all over the chips, close-ups of round stars. Bad: a "
    "close-up that is one pixel (a hot pixel or a cosmic ray has a share near 1) or a line (a bad column), "
    "circles on empty sky or crowded along an edge, a chip without any."
)


def matched_figure(fitted: FittedExposure, path: Path, verdicts: Verdicts) -> Illustration:
    """Draw the matched sources of a fit on its exposure.

    Parameters
    ----------
    fitted : FittedExposure
        The fit.
    path : Path
        The exposure.
    verdicts : Verdicts
        On the fit.
    """
    chips = list(_chips(fitted, path))
    shares = ", ".join(f"{len(chip.sources)} on {chip.name}" for chip in reversed(chips))
    number = number_of(verdicts.get("AST-003", fitted.subject))
    count = f": N = {number}" if number else ""
    stamps = sharpest(chips)
    largest = f", the largest share in one pixel {stamps[0].sharpness:.2f}" if stamps else ""
    return Illustration(
        figure="matched-sources",
        name=f"matched-sources-{fitted.file}",
        title=f"Matched sources of {fitted.title}{count}",
        caption=joined(verdicts.sentence(fitted.subject, _CRITERIA), f"Drawn: {shares}. {_MATCHED}"),
        alt=f"Image of {fitted.name} with circles about its matched sources, {shares}{largest}.",
        drawing=matched_sources(chips, stamps, title=f"Matched sources of {fitted.title}{count}"),
        subject=fitted.subject,
    )


def _chips(fitted: FittedExposure, path: Path) -> Iterator[ChipImage]:
    exposure, match = exposure_in(path), fitted.match
    rows = np.arange(1, len(match) + 1)
    used = np.isfinite(match.residuals).all(axis=1)
    for chip in sorted(exposure.chips):
        on_chip = used & (match.chip == chip)
        # TweakReg's source lists count pixels from 1.
        sources = match.original_input_xy[on_chip] - 1.0
        name = chip_name(exposure.primary, exposure.header("SCI", chip))
        yield ChipImage(chip, name, array_in(path, "SCI", chip), sources, rows[on_chip])

"""Figures of the fits of exposures to a catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from hubble_qa.checks.bounds import Bounds
from hubble_qa.checks.readers import match_path, read_exposure, read_shift_file
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.stages.align import SHIFT_FILE
from hubble_qa.reports.figures.fits import Fit, fit_frame, read_fit, residual_figures
from hubble_qa.reports.figures.footprints import chip_name
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.matched_sources import ChipImage, matched_sources, sharpest

__all__ = ["CATALOG_NAMES", "fit_figures"]

CATALOG_NAMES: Mapping[str, str] = {"gaia": "Gaia", "sdss": "SDSS"}

_MATCHED = (
    "Circles: the sources that the fit used, on the exposure with its chips as on the detector (zscale). "
    "Below: those with the largest share of their light in one of 5 × 5 pixels; the number names the source "
    "in the match file. Good: circles on stars all over both chips, close-ups of round stars. Bad: a "
    "close-up that is one pixel (a hot pixel or a cosmic ray has a share near 1) or a line (a bad column), "
    "circles on empty sky or crowded along an edge, a chip without any."
)


def fit_figures(
    inputs: Inputs, exposures: Sequence[str], *, suffix: str, catalog: str, bounds: Mapping[str, Bounds]
) -> Iterator[Illustration]:
    """Draw each exposure's residuals, and its matched sources on its image.

    An exposure without a match file, as one whose fit failed is, has no figure.

    Parameters
    ----------
    inputs : Inputs
        With products ``exposures`` and ``fit``.
    exposures : sequence of str
        Rootnames.
    suffix : str
        Suffix of the exposures' files.
    catalog : str
        Which catalogue, as verdicts name it.
    bounds : mapping of str to Bounds
        Accepted RMS by ``"<rootname> <catalog>"``.
    """
    directory = inputs.products["fit"]
    shifts = read_shift_file(directory / SHIFT_FILE, relative=False)
    files = {name: inputs.products["exposures"] / f"{name}_{suffix}.fits" for name in exposures}
    frame = fit_frame(shifts, files)
    for name in exposures:
        path = match_path(directory, name, suffix)
        if not path.exists():
            continue
        subject, title = f"{name} {catalog}", f"{name} to {CATALOG_NAMES.get(catalog, catalog)}"
        fit = read_fit(shifts, frame, path, exposure=name, subject=subject, title=title)
        accepted = bounds.get(subject)
        yield from residual_figures(fit, frame, bound=accepted.upper if accepted else None, relative=False)
        yield _matched(inputs, fit, suffix)


def _matched(inputs: Inputs, fit: Fit, suffix: str) -> Illustration:
    chips = list(_chips(inputs, fit, suffix))
    count = sum(len(chip.sources) for chip in chips)
    shares = ", ".join(f"{len(chip.sources)} on {chip.name}" for chip in reversed(chips))
    stamps = sharpest(chips)
    largest = f", the largest share in one pixel {stamps[0].sharpness:.2f}" if stamps else ""
    return Illustration(
        figure="matched-sources",
        name=f"matched-sources-{fit.subject.replace(' ', '-')}",
        title=f"Matched sources of {fit.title}: N = {count}",
        caption=f"{shares}. {_MATCHED}",
        alt=f"Image of {fit.exposure} with circles about {count} matched sources, {shares}{largest}.",
        drawing=matched_sources(chips, stamps, title=f"{fit.title}: N = {count} matched sources"),
        subject=fit.subject,
    )


def _chips(inputs: Inputs, fit: Fit, suffix: str) -> Iterator[ChipImage]:
    exposure = read_exposure(inputs.products["exposures"] / f"{fit.exposure}_{suffix}.fits")
    rows = np.arange(1, len(fit.match) + 1)
    used = np.isfinite(fit.match.residuals).all(axis=1)
    for chip in sorted(exposure.chips):
        on_chip = used & (fit.match.chip == chip)
        # TweakReg's source lists count pixels from 1.
        sources = fit.match.original_input_xy[on_chip] - 1.0
        name = chip_name(exposure.primary, exposure.header("SCI", chip))
        yield ChipImage(chip, name, exposure.array("SCI", chip), sources, rows[on_chip])

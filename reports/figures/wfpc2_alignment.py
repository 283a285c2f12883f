"""Figures of the alignment of WFPC2 exposures to one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hubble_qa.checks.bounds import Bounds
from hubble_qa.checks.readers import match_path, read_shift_file
from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.stages.align import SHIFT_FILE
from hubble_qa.reports.figures.fits import fit_frame, read_fit, residual_figures
from hubble_qa.reports.figures.illustration import Illustration

__all__ = ["alignment_figures"]

# Suffix of the exposures to the product that holds them.
_PRODUCTS = {"flt": "exposures", "c0m": "c0m"}


def alignment_figures(
    inputs: Inputs, exposures: Sequence[str], bounds: Mapping[str, Bounds]
) -> Iterator[Illustration]:
    """Draw the residuals of each exposure's fit, as FLT and as C0M.

    Parameters
    ----------
    inputs : Inputs
        With products ``exposures`` and ``c0m``.
    exposures : sequence of str
        Rootnames.
    bounds : mapping of str to Bounds
        Accepted RMS by ``"<rootname> <suffix>"``.
    """
    for suffix, product in _PRODUCTS.items():
        directory = inputs.products[product]
        matched = [name for name in exposures if match_path(directory, name, suffix).exists()]
        if not matched:
            continue
        shifts = read_shift_file(directory / SHIFT_FILE)
        frame = fit_frame(shifts, {name: directory / f"{name}_{suffix}.fits" for name in exposures})
        for name in matched:
            path, subject = match_path(directory, name, suffix), f"{name} {suffix}"
            title = f"{name} {suffix.upper()}"
            fit = read_fit(shifts, frame, path, exposure=name, subject=subject, title=title)
            accepted = bounds.get(subject)
            yield from residual_figures(fit, frame, bound=accepted.upper if accepted else None, relative=True)

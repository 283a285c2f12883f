"""Figures of the alignment of WFPC2 exposures to one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.stages.align import SHIFT_FILE
from hubble_qa.reports.figures.fits import fitted_exposures, residual_figures
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = ["alignment_figures"]

# Suffix of the exposures to the product that holds them.
_PRODUCTS = {"flt": "exposures", "c0m": "c0m"}


def alignment_figures(inputs: Inputs, exposures: Sequence[str], verdicts: Verdicts) -> Iterator[Illustration]:
    """Draw the residuals of each exposure's fit, as FLT and as C0M.

    Parameters
    ----------
    inputs : Inputs
        With products ``exposures`` and ``c0m``.
    exposures : sequence of str
        Rootnames.
    verdicts : Verdicts
        On the fits, by ``"align-<suffix>/shifts <rootname>_<suffix>"``.
    """
    for suffix, product in _PRODUCTS.items():
        directory = inputs.products[product]
        found = fitted_exposures(
            directory / SHIFT_FILE,
            {name: directory / f"{name}_{suffix}.fits" for name in exposures},
            label=f"align-{suffix}/shifts",
            title=f"{{name}} {suffix.upper()}",
            file=f"{{name}}-{suffix}",
        )
        for fitted, frame in found:
            yield from residual_figures(fitted, frame, verdicts, relative=True)

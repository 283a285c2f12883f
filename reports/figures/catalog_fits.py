"""Figures of the fits of exposures to a catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubble_qa.fixtures.plans.stage import Inputs
from hubble_qa.fixtures.stages.align import SHIFT_FILE
from hubble_qa.reports.figures.catalog_names import CATALOG_NAMES
from hubble_qa.reports.figures.fits import fitted_exposures, residual_figures
from hubble_qa.reports.figures.illustration import Illustration
from hubble_qa.reports.figures.matched_figures import matched_figure
from hubble_qa.reports.figures.verdicts import Verdicts

__all__ = ["fit_figures"]


def fit_figures(
    inputs: Inputs, exposures: Sequence[str], *, suffix: str, catalog: str, verdicts: Verdicts
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
    verdicts : Verdicts
        On the fits, by ``"align-<catalog>/shifts <rootname>_<suffix>"``.
    """
    files = {name: inputs.products["exposures"] / f"{name}_{suffix}.fits" for name in exposures}
    found = fitted_exposures(
        inputs.products["fit"] / SHIFT_FILE,
        files,
        label=f"align-{catalog}/shifts",
        title=f"{{name}} to {CATALOG_NAMES.get(catalog, catalog)}",
        file=f"{{name}}-{catalog}",
    )
    for fitted, frame in found:
        yield from residual_figures(fitted, frame, verdicts, relative=False)
        yield matched_figure(fitted, files[fitted.name], verdicts)

"""Figures of finished products."""

from __future__ import annotations

from collections.abc import Iterator

from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.plans.plan import Plan
from hubble_qa.fixtures.workflows.finished_products import Judged as Reduction
from hubble_qa.reports.drawings.drawing import Drawing
from hubble_qa.reports.drawings.finished_exposures import EXPOSURES
from hubble_qa.reports.drawings.finished_fits import FITS
from hubble_qa.reports.drawings.finished_images import IMAGES
from hubble_qa.reports.drawings.finished_sky import SKY
from hubble_qa.reports.drawings.series import Handed, Series

__all__ = ["SERIES", "drawings", "omissions"]


SERIES: tuple[Series, ...] = (*FITS, *EXPOSURES, *IMAGES, *SKY)
"""Figures of any products, in the order of the page."""


def drawings(dataset: Dataset, reduction: Reduction, plan: Plan) -> Iterator[Drawing]:
    """The figures of a directory's products of one instrument."""
    handed = _handed(reduction, plan)
    for series in SERIES:
        yield from series.drawings(handed)


def omissions(dataset: Dataset, reduction: Reduction, plan: Plan) -> Iterator[str]:
    """What is drawn in part only, ``"40 of 57 drizzled images"``."""
    handed = _handed(reduction, plan)
    yield from filter(None, (series.omission(handed) for series in SERIES))


def _handed(reduction: Reduction, plan: Plan) -> Handed:
    survey = reduction.survey
    return Handed(survey.finished, survey.directory, survey.catalog, plan)

"""High-level science products: what an archive asks of what is published (``--profile hlsp``)."""

from __future__ import annotations

import pytest

from hubble_qa.checks.evidence.published import collection_of, unsealed_units
from hubble_qa.checks.hlsp import contents, form, keywords, names, observations, values
from hubble_qa.checks.measurement import not_applicable
from hubble_qa.checks.readers import read_fits_structure
from hubble_qa.fixtures.finished.files import FinishedFile, Kind
from hubble_qa.fixtures.suite.judging import Judge
from hubble_qa.fixtures.suite.products import Products

pytestmark = [pytest.mark.products, pytest.mark.profile("hlsp")]
criterion = pytest.mark.criterion

COLLECTION = "collection"


@criterion("HLS-001")
def test_name(products: Products, published: FinishedFile, judge: Judge) -> None:
    name, collection = published.path.name, products.collection_name
    judge(names.name_violations(name, subject=published.label, collection=collection))


@criterion("HLS-001", subject=COLLECTION)
def test_names_of_other_files(products: Products, judge: Judge) -> None:
    others = [path.name for path in products.beside() if path.name.lower().startswith("hlsp")]
    if not others:
        judge(not_applicable("hlsp_name_violations", COLLECTION, "no other file is named hlsp_…"))
    judge(names.collection_name_violations(others, subject=COLLECTION, collection=products.collection_name))


@criterion("HLS-002")
def test_required_keywords(products: Products, published: FinishedFile, judge: Judge) -> None:
    judge(keywords.required_keyword_violations(products.published(published)))


@criterion("HLS-003")
def test_no_equinox_beside_icrs(products: Products, published: FinishedFile, judge: Judge) -> None:
    judge(keywords.forbidden_keyword_violations(products.published(published)))


@criterion("HLS-004")
def test_recommended_keywords(products: Products, published: FinishedFile, judge: Judge) -> None:
    judge(keywords.recommended_keyword_violations(products.published(published)))


@criterion("HLS-005")
def test_contributing_observations(products: Products, published: FinishedFile, judge: Judge) -> None:
    inputs = products.contributions(published)
    judge(observations.contribution_violations(products.published(published), inputs))


@criterion("HLS-006", subject=COLLECTION)
def test_readme_manifest_previews(products: Products, judge: Judge) -> None:
    files = products.judged.published
    images = [file.path.name for file in files if file.kind is not Kind.WEIGHT]
    weights = [file.path.name for file in files if file.kind is Kind.WEIGHT]
    if not files:
        judge(not_applicable("hlsp_collection_violations", COLLECTION, "there is no science product"))
    judge(
        contents.collection_violations(collection_of(images, weights, products.beside()), subject=COLLECTION)
    )


@criterion("HLS-007")
def test_values(products: Products, published: FinishedFile, judge: Judge) -> None:
    inputs = products.contributions(published)
    judge(values.value_violations(products.published(published), inputs))


@criterion("HLS-008")
def test_form_and_checksums(products: Products, published: FinishedFile, judge: Judge) -> None:
    structure = read_fits_structure(products.path(published), label=published.label)
    judge(form.published_form_violations(structure, unsealed_units(products.published(published))))

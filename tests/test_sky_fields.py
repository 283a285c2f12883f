"""Fields on the sky that finished products are of."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from hubble_qa.fixtures.finished.sky_fields import Circle, fields_of
from hubble_qa.fixtures.finished.survey import survey
from hubble_qa.fixtures.plans.dataset import Dataset
from hubble_qa.fixtures.reduction.catalogs import Catalog
from hubble_qa.fixtures.reduction.catalogs.fields import why_of_no_field
from hubble_qa.fixtures.stages.catalog import GaiaSettings
from hubble_qa.fixtures.supplies.supply_finished import FinishedArchive, catalog_node_name
from tests.test_finished_acceptance import image

CIRCLES = st.builds(
    Circle,
    st.floats(0, 359.9),
    st.floats(-89, 89),
    st.floats(0.01, 0.06),
)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), CIRCLES, max_size=6))
def test_every_file_has_a_field_that_holds_it_whole(circles):
    fields = fields_of(circles)
    assert fields.keys() == circles.keys()
    for label, circle in circles.items():
        assert circle.distance(fields[label]) + circle.radius <= fields[label].radius + 1e-9


def test_dithers_are_one_field_and_another_target_is_another():
    near, far = Circle(290.2, 37.77, 0.03), Circle(10.0, 41.0, 0.03)
    circles = {"a": near, "b": Circle(290.21, 37.77, 0.03), "c": far}
    fields = fields_of(circles)
    assert fields["a"] == fields["b"] != fields["c"]
    assert fields["a"].radius == pytest.approx(0.03 + 0.01 * math.cos(math.radians(37.77)), rel=1e-3)


def test_a_mosaic_along_the_sky_is_not_one_large_field():
    circles = {f"f{n:02}": Circle(150.0 + 0.05 * n, 0.0, 0.04) for n in range(40)}
    assert 4 <= len(set(fields_of(circles).values())) <= 20
    assert max(field.radius for field in fields_of(circles).values()) <= 0.25


@pytest.mark.parametrize(
    ("ra", "dec", "told"),
    [
        ([290.2, 10.0], [37.8, 0.0], ""),
        ([291.4], [37.8], ""),
        ([292.0], [37.8], "the nearest of its sources is 1.42 degrees from any exposure or image"),
        ([290.2 / 15.0], [37.8], "67.4 degrees"),
        ([37.8], [-29.2], "degrees"),
        ([], [], "has no rows; give a catalogue of the field"),
    ],
)
def test_a_catalogue_is_of_one_of_the_fields(ra, dec, told):
    catalog = Catalog(np.array(ra), np.array(dec), np.full(len(ra), math.nan), "")
    problem = why_of_no_field(catalog, [Circle(150.0, -60.0, 0.03), Circle(290.2, 37.8, 0.03)])
    assert told in problem
    assert bool(problem) is bool(told)


def test_without_places_a_catalogue_may_be_of_any():
    ten = np.array([10.0])
    assert why_of_no_field(Catalog(ten, ten, ten, ""), []) == ""


def test_a_service_is_asked_once_for_a_field_and_a_file_never():
    dataset = Dataset.model_construct(name="wfc3-products", instrument="WFC3")
    field = Circle(290.2, 37.77, 0.05)
    nodes = FinishedArchive("/data", sky="gaia").catalogs(dataset, [field, field])
    assert list(nodes) == [catalog_node_name(field)] == ["catalog-290.2000+37.7700"]
    (node,) = nodes.values()
    assert isinstance(node.settings, GaiaSettings)
    cone = node.settings.cone
    assert (cone.ra, cone.dec, cone.radius, node.settings.epoch) == (290.2, 37.77, 3.0, "catalog")
    assert FinishedArchive("/data", sky="stars.ecsv").catalogs(dataset, [field]) == {}


def test_images_of_different_exposures_that_overlap_are_pairs(tmp_path):
    for name, inputs in (("a", "flt"), ("b", "c0m"), ("c", "flt")):
        path = image(tmp_path / f"{name}_drz_sci.fits", 0.1)
        rootname = "jcmc11e6q" if name != "c" else "jcmc11ctq"
        fits.setval(path, "D001DATA", value=f"{rootname}_{inputs}.fits[sci,1]")
    pairs = [str(pair) for pair in survey(tmp_path).instruments["ACS"].axes["image_pair"]]
    assert pairs == ["a_drz_sci / c_drz_sci", "b_drz_sci / c_drz_sci"]

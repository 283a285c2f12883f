"""Pixels that are the highest of those about them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import maximum_filter

from hubble_qa.checks.images.local_maxima import local_maxima

IMAGES = arrays(
    np.float32,
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    elements=st.integers(-3, 9).map(float),
)


@given(IMAGES, st.sampled_from([1, 3, 5, 9]), st.integers(-4, 8))
def test_they_are_those_that_a_maximum_filter_leaves(image: np.ndarray, width: int, above: int) -> None:
    rows, columns = local_maxima(image, image > above, width)

    expected = (image > above) & (image == maximum_filter(image, width, mode="nearest"))
    assert sorted(zip(rows, columns, strict=True)) == list(zip(*np.nonzero(expected), strict=True))


@pytest.mark.parametrize("beside", [np.nan, -np.inf])
def test_a_pixel_without_a_number_hides_no_peak(beside: float) -> None:
    image = np.zeros((5, 5))
    image[2, 2], image[2, 3] = 7.0, beside

    assert [each.tolist() for each in local_maxima(image, image > 1, 3)] == [[2], [2]]

"""What the pixels of a chip say of their flags."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hubble_qa.checks.detectors.pixel_flags import clipped, longest_run, negative_light

SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40))


def runs(line: np.ndarray, counted: np.ndarray) -> list[int]:
    """Lengths of the runs of one number, a pixel that does not count ending one."""
    named = [
        (float(value), place if not kept else -1)
        for place, (value, kept) in enumerate(zip(line, counted, strict=True))
    ]
    return [len([*run]) for (_, place), run in groupby(named) if place < 0]


@given(arrays(np.float32, SHAPES, elements=st.sampled_from([0.0, 0.0, 0.0, 1.0])), st.integers(0, 5))
def test_the_longest_run_is_that_of_any_row_or_column(image: np.ndarray, seed: int) -> None:
    counted = np.random.default_rng(seed).random(image.shape) > 0.1

    lines = [*zip(image, counted, strict=True), *zip(image.T, counted.T, strict=True)]
    expected = max([0, *(length for line in lines for length in runs(*line))])
    assert longest_run(image, counted) == expected


@pytest.mark.parametrize("size", [160, 1600])
def test_sources_that_are_darker_than_the_sky_are_told(size: int) -> None:
    """Alike where all pixels are looked at and where a part of them tells the sky's scatter."""
    generator = np.random.default_rng(1)
    image = generator.normal(100.0, 3.0, (size, size))
    image[generator.integers(0, size, 400), generator.integers(0, size, 400)] += 200.0
    all_pixels = np.ones(image.shape, dtype=bool)

    assert negative_light(image, all_pixels) == ""
    assert "the image has the wrong sign" in negative_light(-image, all_pixels)
    assert negative_light(np.full(image.shape, np.nan), all_pixels) == ""


@pytest.mark.parametrize(("part", "limit"), [("least", -2.0), ("most", 2.0)])
def test_values_that_were_cut_are_told(part: str, limit: float) -> None:
    """Of 40,000 normal deviates some 910 are beyond 2 on either side."""
    image = np.random.default_rng(2).normal(0.0, 1.0, (200, 200)).astype(np.float32)
    counted = np.ones(image.shape, dtype=bool)
    assert clipped(image, counted) == ""

    beyond = image < limit if part == "least" else image > limit
    number = int(np.count_nonzero(beyond))
    assert 800 < number < 1000
    cut = np.where(beyond, limit, image)
    assert (
        clipped(cut, counted) == f"{number} pixels read {limit:g}, the {part} of all: values were cut there"
    )
    assert clipped(cut, ~beyond) == ""
    assert clipped(np.full(image.shape, np.nan), counted) == ""


def test_the_brightest_pixel_seen_several_times_was_not_cut() -> None:
    """A drizzled image with pixels a fifth as wide sees it 25 times."""
    image = np.random.default_rng(2).normal(0.0, 1.0, (100, 100))
    image[:5, :5] = 9.0
    counted = np.ones(image.shape, dtype=bool)
    assert clipped(image, counted) == ""
    image[0, 5] = 9.0
    assert "26 pixels read 9, the most of all" in clipped(image, counted)


def test_counts_that_were_rounded_were_not_cut() -> None:
    """Four million pixels of 3 electrons of noise: the outermost number is read by one or a few."""
    image = np.round(np.random.default_rng(2).normal(40.0, 3.0, (2000, 2000)))
    assert clipped(image, np.ones(image.shape, dtype=bool)) == ""

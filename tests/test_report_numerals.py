"""Numbers, times and sizes as shown, and the place of a value on its bar."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hubble_qa.reports.pages.gauge import distance_text, gauge
from hubble_qa.reports.words.numerals import duration, margin_text, memory, moment, value_text

finite = st.floats(allow_nan=False, allow_infinity=False)
sensible = st.floats(min_value=-1e6, max_value=1e6, allow_subnormal=False)


@pytest.mark.parametrize(
    ("value", "uncertainty", "limits", "text"),
    [
        (3.439046e-18, None, (), "3.439046e-18"),
        (3.43904599999e-18, None, (3.4355e-18, 3.4425e-18), "3.4390e-18"),
        (1.0034217, 0.00123, (0.998, 1.008), "1.0034 ± 0.0012"),
        (3.4390461e-18, 1.2e-21, (), "(3.4390 ± 0.0012)e-18"),
        (123456.7, 1200.0, (), "(1.235 ± 0.012)e+05"),
        (0.14972318, None, (0, 0.2), "0.150"),
        (0.1000412345, 0.01, (None, 0.1), "0.10004 ± 0.010"),
        (1.0127645987, None, (1.01266, 1.01286), "1.012765"),
        (112.0, None, (20, None), "112"),
        (7, None, (20, None), "7"),
        (0.0, None, (None, 1e-6), "0"),
        (0.0, 0.1, (), "0.00 ± 0.10"),
        (-0.0, 0.1, (), "0.00 ± 0.10"),
        (-0.002, 0.1, (), "0.00 ± 0.10"),
        (1500.0, None, (0.5,), "1500"),
        (-0.00041239991, None, (-0.05, 0.05), "-0.000412"),
        (2.3e-8, None, (None, 1e-6), "2.3e-08"),
        (5e-324, None, (0,), "5e-324"),
        (1.7976931348623157e308, None, (0,), "1.80e+308"),
        (None, 0.1, (0, 1), ""),
    ],
)
def test_a_value_has_the_digits_that_mean_something(
    value: float | None, uncertainty: float | None, limits: tuple[float | None, ...], text: str
) -> None:
    assert value_text(value, uncertainty, limits) == text


def shown(text: str) -> float:
    """Read a value back from how it is shown."""
    found = re.fullmatch(r"\(?([-\d.]+(?:e[-+]\d+)?)(?: ± [\d.]+)?\)?(e[-+]\d+)?", text)
    assert found is not None, text
    return float(found[1] + (found[2] or ""))


@given(finite, st.none() | finite.map(abs), finite, finite)
def test_a_shown_value_is_on_the_same_side_of_its_bounds(
    value: float, uncertainty: float | None, lower: float, upper: float
) -> None:
    assume(lower <= upper)
    read = shown(value_text(value, uncertainty, (lower, upper)))
    assert (read < lower, read > upper) == (value < lower, value > upper)


@given(sensible, sensible.map(abs))
def test_a_shown_value_is_within_a_tenth_of_its_uncertainty(value: float, uncertainty: float) -> None:
    assume(uncertainty > abs(value) * 1e-7)
    assert abs(shown(value_text(value, uncertainty)) - value) <= uncertainty * 0.1


@pytest.mark.parametrize(
    ("margin", "text"),
    [(0.05, "+0.050"), (-0.031, "-0.031"), (92.0, "+92"), (0.0, "+0"), (0.0009959, "+0.0010"), (None, "")],
)
def test_a_margin_has_a_sign_and_two_digits(margin: float | None, text: str) -> None:
    assert margin_text(margin) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.00 s"),
        (0.034, "0.03 s"),
        (9.14, "9.1 s"),
        (59.97, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3725, "1 h 02 min"),
    ],
)
def test_a_duration_reads_as_people_say_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, ""), (312_000_000, "312 MB"), (1_300_000_000, "1.3 GB"), (999_900_000, "1.0 GB")]
)
def test_memory_has_a_unit(size: int, text: str) -> None:
    assert memory(size) == text


def test_a_moment_is_in_utc_and_what_is_none_stays() -> None:
    assert moment("2026-03-01T23:04:11.5+02:00") == "2026-03-01 21:04:11 UTC"
    assert moment("2026-03-01T21:04:11") == "2026-03-01 21:04:11 UTC"
    assert moment("<b>yesterday</b>") == "<b>yesterday</b>"


@given(finite, finite, finite, st.none() | finite)
def test_a_bar_puts_a_value_where_it_belongs(
    value: float, lower: float, upper: float, spread: float | None
) -> None:
    assume(lower < upper)
    for low, high in ((lower, upper), (None, upper), (lower, None)):
        bar = gauge(value, low, high, spread)
        if bar is None:  # beyond the range of doubles
            continue
        assert 0 <= bar.low <= bar.value <= bar.high <= 1
        assert 0 <= bar.start <= bar.end <= 1
        inside = (low is None or value >= low) and (high is None or value <= high)
        assert (bar.start <= bar.value <= bar.end) or not inside
        assert bar.clipped == 0 or bar.value in (0, 1)


def test_bars_of_simple_bounds() -> None:
    middle = gauge(0.1, 0.0, 0.2)
    assert middle is not None
    assert (middle.start, middle.value, middle.end) == pytest.approx((0.25, 0.5, 0.75))
    beyond = gauge(112.0, 20.0, None)
    assert beyond is not None
    assert (beyond.clipped, beyond.value, beyond.end) == (1, 1.0, 1.0)
    outside = gauge(1.25e-6, None, 1e-6)
    assert outside is not None
    assert outside.value == pytest.approx(1.25 / 1.5)
    assert outside.value > outside.end


@pytest.mark.parametrize(("value", "lower", "upper"), [(None, 0, 1), (1, None, None), (1, 1, 1)])
def test_there_is_no_bar_where_it_would_say_nothing(
    value: float | None, lower: float | None, upper: float | None
) -> None:
    assert gauge(value, lower, upper) is None


@pytest.mark.parametrize(
    ("value", "lower", "upper", "text"),
    [
        (0.413, 0.0, 0.1, "4.1 × the limit"),
        (0.06, 0.0, 0.1, "0.6 × the limit"),
        (0.0, 0.0, 0.1, "at the limit"),
        (-0.1, 0.0, 0.1, "below the lower limit"),
        (-0.2, -0.05, 0.05, "4.0 × the lower limit"),
        (12.0, 20.0, None, "0.6 × the lower limit"),
        (112.0, 20.0, None, "5.6 × the lower limit"),
        (3.0, None, 0.0, "above the limit"),
        (-3.0, None, 5.0, "below the limit"),
        (1.2e6, None, 10.0, "more than 1000 × the limit"),
        (3e-9, None, 10.0, "less than 0.01 × the limit"),
        (0.5, None, 10.0, "0.05 × the limit"),
        (1.02, None, 1.0, "1.02 × the limit"),
        (1.002, None, 1.0, "just outside the limit"),
        (0.998, None, 1.0, "just inside the limit"),
        (0.969, 0.99, 1.01, "3.1 × the allowed deviation"),
        (1.004, 0.99, 1.01, "0.4 × the allowed deviation"),
        (0.06, 0.002, 0.05, "1.2 × the limit"),
        (None, 0.0, 1.0, ""),
        (math.nan, 0.0, 1.0, ""),
        (1.0, None, None, ""),
        (2.0, 1.0, 1.0, ""),
    ],
)
def test_a_distance_is_in_units_of_the_limit(
    value: float | None, lower: float | None, upper: float | None, text: str
) -> None:
    assert distance_text(value, lower, upper) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.001, "0.01 × the limit"),
        (0.099, "0.99 × the limit"),
        (0.513, "5.1 × the limit"),
        (0.0, "at the limit"),
        (-0.01, "below the lower limit"),
    ],
)
def test_above_a_floor_of_validity_only_the_other_limit_counts(value: float, text: str) -> None:
    assert distance_text(value, 0.0, 0.1, floor=True) == text


@given(sensible, sensible, sensible)
def test_a_distance_names_a_side_of_the_limits(value: float, lower: float, upper: float) -> None:
    assume(lower < upper)
    for low, high in ((lower, upper), (None, upper), (lower, None)):
        text = distance_text(value, low, high)
        inside = (low is None or value >= low) and (high is None or value <= high)
        assert text
        assert not (inside and "outside" in text)
        assert inside or "inside" not in text

"""Distributions: exact while they are small, within a stated error beyond."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.scenario.measures import distribution
from orchestrator.scenario.measures.distribution import RELATIVE_ERROR, Distribution

SECONDS = st.lists(st.floats(0.0, 1e6), max_size=60)
SHARES = st.sampled_from((0.0, 0.01, 0.5, 0.9, 0.99, 1.0))


def _of(values: list[float]) -> Distribution:
    found = Distribution()
    for value in values:
        found.add(value)
    return found


def _nearest_rank(values: list[float], share: float) -> float:
    return sorted(values)[max(1, math.ceil(share * len(values) - 1e-9)) - 1]


@given(SECONDS, SHARES)
def test_a_quantile_is_one_of_the_values_at_its_rank(values: list[float], share: float) -> None:
    """Exactly, and none of nothing."""
    assert _of(values).quantile(share) == (_nearest_rank(values, share) if values else None)


@given(SECONDS, SECONDS, SHARES)
def test_what_came_since_a_mark_is_a_distribution_of_its_own(
    before: list[float], after: list[float], share: float
) -> None:
    """As if nothing had come before."""
    both = _of(before)
    both.quantile(share)
    mark = both.mark()
    for value in after:
        both.add(value)
    assert both.since(mark).summary() == _of(after).summary()


def test_at_the_limit_quantiles_are_exact_and_one_more_is_a_sketch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The limit itself is what the documentation promises to be exact."""
    monkeypatch.setattr(distribution, "LIMIT", 1_000)
    dice = random.Random(5)
    values = [dice.lognormvariate(0.7, 0.5) for _ in range(1_000)]
    found = _of(values)
    assert found.is_exact
    for share in (0.5, 0.9, 0.99, 1.0):
        assert found.quantile(share) == _nearest_rank(values, share)
    found = _of([*values, 1.0])
    assert not found.is_exact
    assert found.quantile(0.5) == pytest.approx(_nearest_rank([*values, 1.0], 0.5), rel=0.00501)


@pytest.mark.parametrize("marked", [0, 500, 1_500])
def test_beyond_the_limit_every_quantile_is_right_within_the_stated_error(
    monkeypatch: pytest.MonkeyPatch, marked: int
) -> None:
    """Of all of them, and of those since a mark before or after the limit."""
    monkeypatch.setattr(distribution, "LIMIT", 1_000)
    dice = random.Random(7)
    values = [dice.lognormvariate(0.7, 0.5) if dice.random() > 0.1 else 0.0 for _ in range(9_000)]
    whole = _of(values[:marked])
    mark = whole.mark()
    for value in values[marked:]:
        whole.add(value)
    found, expected = whole.since(mark), values[marked:]
    assert not found.is_exact
    assert found.summary().relative_error == RELATIVE_ERROR
    assert found.count == len(expected)
    for share in (0.05, 0.5, 0.9, 0.99, 1.0):
        exact = _nearest_rank(expected, share)
        assert found.quantile(share) == pytest.approx(exact, rel=RELATIVE_ERROR * 1.001)
    assert found.summary().mean == pytest.approx(sum(expected) / len(expected))


def test_quantiles_of_a_small_lognormal_are_not_the_bounds_of_buckets() -> None:
    """The median of lognormal(2, 0.5) is told as it is, not up to a tenth above it."""
    dice = random.Random(1)
    values = [dice.lognormvariate(math.log(2), 0.5) for _ in range(2_000)]
    assert _of(values).summary().p50 == _nearest_rank(values, 0.5)


@given(SECONDS)
def test_pictures_have_buckets_that_hold_every_value(values: list[float]) -> None:
    """Ascending bounds, and as many as there are."""
    buckets = _of(values).summary().buckets
    assert sum(count for _, count in buckets) == len(values)
    assert all(low < high for (low, _), (high, _) in pairwise(buckets))

"""Pools: numbers are drawn, owned and given back."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.apiserver.allocation import Exhausted, Pool, ServiceAllocations


def test_the_reserved_part_is_used_last() -> None:
    """Those who choose a number find it free for longer."""
    pool = Pool(0, 9, reserved=4)
    drawn = []
    for _ in range(10):
        drawn.append(pool.draw(Random(1), set()))
        pool.take(drawn[-1], "me")
    assert sorted(drawn[:6]) == [4, 5, 6, 7, 8, 9]
    assert sorted(drawn[6:]) == [0, 1, 2, 3]
    with pytest.raises(Exhausted):
        pool.draw(Random(1), set())


def test_only_its_owner_gives_a_number_back() -> None:
    """A late release does not take it from the next one."""
    pool = Pool(0, 9)
    pool.take(3, "old")
    pool.take(3, "new")
    pool.release(3, "old")
    assert pool.owner(3) == "new"
    pool.release(3, "new")
    assert pool.owner(3) is None


@given(
    reserved=st.integers(0, 12),
    taken=st.sets(st.integers(0, 9)),
    drawn=st.sets(st.integers(0, 9)),
    seed=st.integers(0, 100),
)
def test_a_draw_is_free_or_there_is_none(
    reserved: int, taken: set[int], drawn: set[int], seed: int
) -> None:
    """Whatever is owned already, or drawn in the same request."""
    pool = Pool(0, 9, reserved=reserved)
    for number in taken:
        pool.take(number, "somebody")
    free = set(range(10)) - taken - drawn
    if not free:
        with pytest.raises(Exhausted):
            pool.draw(Random(seed), drawn)
    else:
        assert pool.draw(Random(seed), drawn) in free


def test_the_ranges_are_kubernetes_own() -> None:
    """Neither the network's own address nor its broadcast address is given out."""
    allocations = ServiceAllocations()
    addresses = allocations.addresses
    assert str(allocations.network) == "10.96.0.0/12"
    assert int(allocations.network.network_address) not in addresses
    assert int(allocations.network.broadcast_address) not in addresses
    assert allocations.port_range == "30000-32767"

"""A number over time."""

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.scenario.measures.gauge import Gauge

STEPS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), min_size=1, max_size=30)


@given(STEPS, st.integers(0, 29))
def test_it_knows_what_a_list_of_every_second_would(
    steps: list[tuple[int, int]], marked: int
) -> None:
    """Mean, time above zero, and greatest value, since a mark as well."""
    gauge, now, seconds, mark, begun = Gauge(), 0, list[int](), None, 0
    value = 0
    for number, (duration, new) in enumerate(steps):
        seconds += [value] * duration
        now += duration
        if number == marked:
            mark, begun = gauge.mark(now), now
        gauge.set(value := new, now)
    use, since = gauge.since(mark, now), seconds[begun:]
    assert use.seconds == len(since)
    assert use.area == sum(since)
    assert use.mean == (sum(since) / len(since) if since else None)
    assert use.above_zero_seconds == sum(each > 0 for each in since)
    assert use.highest == max([*since, value])


def test_it_knows_since_when_it_has_been_zero() -> None:
    """The last time, and not at all while it is not."""
    gauge = Gauge()
    for value, at in ((2, 1), (0, 3), (1, 5)):
        gauge.set(value, at)
    assert gauge.since(None, 6).zero_since is None
    gauge.set(0, 8)
    assert gauge.since(None, 10).zero_since == 8
    mark = gauge.mark(12)
    assert gauge.since(mark, 15).zero_since == 12

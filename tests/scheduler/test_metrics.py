"""What the scheduler counts of itself."""

from orchestrator.scheduler.metrics import MANY, Attempt, Family, Measurements, Observations


def test_values_fall_into_the_first_bucket_that_reaches_them() -> None:
    """One that a bucket ends with is in it; the last place is for what is beyond all buckets."""
    observed = Observations((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.0, 3.0):
        observed.observe(value, "a")
    observed.observe(9.0, "b")
    assert list(observed.found) == [("a",), ("b",)]
    assert observed.found["a",].counts == [2, 2, 1]
    assert observed.found["a",].sum == 8.0
    assert observed.found["b",].counts == [0, 0, 1]


def test_nothing_is_lost_or_told_twice_however_many_values_come() -> None:
    observed = Observations((1.0,))
    for _ in range(2 * MANY + 3):
        observed.observe(0.5)
    observed.observe_all(2.0 for _ in range(5))
    assert observed.found[()].counts == observed.found[()].counts == [2 * MANY + 3, 5]


def _families(measured: Measurements) -> dict[str, Family]:
    return {each.name: each for each in measured.families({}, {"assumed_pods": 0}, {}, {})}


def test_attempts_are_told_by_how_they_ended() -> None:
    """Of those that ended in a binding how long each part took, and which attempt it was."""
    measured = Measurements()
    for number in range(MANY + 2):
        uid = str(number)
        measured.begins(uid, Attempt(began=1.0, came=0.0, number=2 if number else 20))
        measured.decides(uid, 1.0)
        measured.scheduled(uid, "p", 1.5)
    measured.begins("x", Attempt(began=1.0, came=0.0, number=1))
    measured.failed("x", "p", 2.0, fault=False)
    measured.scheduled("unknown", "p", 2.0)
    for _ in range(2):  # to tell does not change what is told
        found = _families(measured)
        attempts = found["scheduler_schedule_attempts_total"].values
        assert attempts == {("scheduled", "p"): MANY + 2, ("unschedulable", "p"): 1}
        took = found["scheduler_scheduling_attempt_duration_seconds"].distributions
        assert took["scheduled", "p"].sum == 0.5 * (MANY + 2)
        assert took["unschedulable", "p"].sum == 1.0
        waited = found["scheduler_pod_scheduling_sli_duration_seconds"].distributions
        counts = {labels: sum(each.counts) for labels, each in waited.items()}
        assert counts == {("2",): MANY + 1, ("15+",): 1}

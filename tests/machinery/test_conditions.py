"""Conditions of any kind."""

from orchestrator.api.apps.v1 import DeploymentCondition
from orchestrator.api.core.v1 import PodCondition
from orchestrator.api.meta.v1 import Condition, Time
from orchestrator.machinery import conditions

T1, T2, T3 = (Time(f"2024-01-01T00:00:0{second}Z") for second in (1, 2, 3))


def test_a_new_condition_begins_now() -> None:
    """A condition that was never set transitions now, unless it says since when."""
    first = conditions.with_condition((), PodCondition(type="Ready", status="False"), T1)
    assert first == (PodCondition(type="Ready", status="False", last_transition_time=T1),)
    said = Condition(type="Ready", status="True", last_transition_time=T2)
    assert conditions.with_condition((), said, T1) == (said,)


def test_the_transition_time_follows_the_status() -> None:
    """A new reason keeps the time, a new status changes it; order is kept."""
    other = PodCondition(type="Other", status="True", last_transition_time=T1)
    before = (PodCondition(type="Ready", status="False", last_transition_time=T1), other)
    reason = conditions.with_condition(
        before, PodCondition(type="Ready", status="False", reason="Because"), T2
    )
    assert reason[0].last_transition_time == T1
    assert reason[0].reason == "Because"
    assert reason[1] is other
    ready = conditions.with_condition(reason, PodCondition(type="Ready", status="True"), T2)
    assert ready[0] == PodCondition(type="Ready", status="True", last_transition_time=T2)
    said = PodCondition(type="Ready", status="False", last_transition_time=T3)
    assert conditions.with_condition(ready, said, T2)[0].last_transition_time == T3


def test_no_change_is_the_same_tuple() -> None:
    """Setting what is set gives the very same conditions, whatever the clock says."""
    before = conditions.with_condition((), PodCondition(type="Ready", status="True"), T1)
    again = conditions.with_condition(before, PodCondition(type="Ready", status="True"), T2)
    assert again is before
    assert conditions.without_condition(before, "Other") is before
    assert conditions.without_condition(before, "Ready") == ()


def test_an_update_time_alone_is_no_change() -> None:
    """A Deployment's condition does not change because it was looked at."""
    before = conditions.with_condition(
        (), DeploymentCondition(type="Available", status="True", last_update_time=T1), T1
    )
    same = DeploymentCondition(type="Available", status="True", last_update_time=T2)
    assert conditions.with_condition(before, same, T2) is before
    reason = DeploymentCondition(
        type="Available", status="True", last_update_time=T2, reason="Because"
    )
    after = conditions.with_condition(before, reason, T2)
    assert (after[0].last_update_time, after[0].last_transition_time) == (T2, T1)


def test_reading() -> None:
    """A condition that was never set is unknown, neither true nor false."""
    given = (PodCondition(type="A", status="True"), PodCondition(type="B", status="False"))
    assert conditions.is_true(given, "A")
    assert not conditions.is_false(given, "A")
    assert conditions.is_false(given, "B")
    assert conditions.status_of(given, "B") == "False"
    assert conditions.status_of(given, "C") == "Unknown"
    assert not conditions.is_true(given, "C")
    assert not conditions.is_false(given, "C")
    assert conditions.find(given, "B") is given[1]
    assert conditions.find(given, "C") is None

"""What holds of all numbers that controllers reckon with: autoscalers' pods, and the times of schedules."""

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.api.autoscaling.v2 import (
    HorizontalPodAutoscalerBehavior,
    HPAScalingPolicy,
    HPAScalingRules,
)
from orchestrator.api.batch.v1 import CronJob, CronJobSpec
from orchestrator.api.core.v1 import (
    Container,
    Pod,
    PodCondition,
    PodSpec,
    PodStatus,
    ResourceRequirements,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.controllers.cron_job.timing import due
from orchestrator.controllers.horizontal_pod_autoscaler.calculator import (
    Sample,
    Tolerance,
    by_utilization,
    by_value,
)
from orchestrator.controllers.horizontal_pod_autoscaler.history import History
from orchestrator.controllers.horizontal_pod_autoscaler.limits import Bounds, limited
from orchestrator.machinery.cron import parse_schedule
from orchestrator.machinery.times import format_time

_NOW = 1_800_000_000.0
_REQUESTED = 200  # thousandths of a CPU, of each pod
_TARGET = 50  # percent

_policies = st.builds(
    HPAScalingPolicy,
    type=st.sampled_from(["Pods", "Percent"]),
    value=st.integers(1, 200),
    period_seconds=st.integers(1, 1800),
)
_rules = st.builds(
    HPAScalingRules,
    policies=st.lists(_policies, min_size=1, max_size=3).map(tuple),
    select_policy=st.sampled_from(["Max", "Min", "Disabled"]),
    stabilization_window_seconds=st.integers(0, 3600),
)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 900)), min_size=1, max_size=12),
    _rules,
    _rules,
    st.integers(1, 10),
    st.integers(0, 30),
)
def test_rules_hold_at_every_look(
    looks: list[tuple[int, int]], up: HPAScalingRules, down: HPAScalingRules, least: int, room: int
) -> None:
    """Within the bounds, in no direction that is disabled, and no faster than the rules allow from where a period began."""
    behavior = HorizontalPodAutoscalerBehavior(scale_up=up, scale_down=down)
    current, now = least, 0.0
    history = History(current, now)
    for wanted, seconds in looks:
        now += seconds
        result = limited(wanted, Bounds(current, least, least + room), behavior, history, now)
        assert least <= result.replicas <= least + room
        rules = up if result.replicas > current else down
        if result.replicas != current:
            assert rules.select_policy != "Disabled"
            reached = [_reach(each, history, current, now, rules is up) for each in rules.policies]
            least_change = rules.select_policy == "Min"
            furthest = min if least_change is (rules is up) else max
            assert (
                (result.replicas <= furthest(reached))
                if rules is up
                else (result.replicas >= furthest(reached))
            )
            history.scaled(current, result.replicas, now)
        current = result.replicas


def _reach(policy: HPAScalingPolicy, history: History, current: int, now: float, up: bool) -> float:
    """How many pods a policy allows, from what there was when its period began; never fewer than there are."""
    start = history.at_start_of(policy.period_seconds, current, now)
    share = policy.value if policy.type == "Pods" else start * policy.value / 100
    return max(current, math.ceil(start + share)) if up else min(current, int(start - share))


def _pod(name: str, phase: str, ready: bool, going: bool) -> Pod:
    long_ago = format_time(_NOW - 3600)
    conditions = (
        PodCondition(
            type="Ready", status="True" if ready else "False", last_transition_time=long_ago
        ),
    )
    requests = ResourceRequirements(requests={"cpu": f"{_REQUESTED}m"})
    return Pod(
        metadata=ObjectMeta(name=name, deletion_timestamp=long_ago if going else None),
        spec=PodSpec(containers=(Container(name="c", image="i", resources=requests),)),
        status=PodStatus(phase=phase, start_time=long_ago, conditions=conditions),
    )


_kinds = st.sampled_from(["measured", "measured", "measured", "missing", "pending", "going"])


@given(st.lists(st.tuples(_kinds, st.integers(0, 400)), min_size=1, max_size=12), st.booleans())
def test_what_is_not_known_never_turns_the_direction(
    pods: list[tuple[str, int]], by_requests: bool
) -> None:
    """Pods that are missing or starting make the change smaller, down to none, but not another one."""
    there, samples = [], {}
    for number, (kind, used) in enumerate(pods):
        name = f"p-{number}"
        phase = "Pending" if kind == "pending" else "Running"
        there.append(_pod(name, phase, ready=True, going=kind == "going"))
        if kind == "measured":
            samples[name] = Sample(used, _NOW, 15.0)
    if not samples:
        return
    current = sum(kind != "going" for kind, _ in pods)
    target = _REQUESTED * _TARGET // 100
    if by_requests:
        found = by_utilization(
            there,
            samples,
            current=current,
            target=_TARGET,
            resource="cpu",
            container="",
            tolerance=Tolerance(),
            now=_NOW,
        )
        used_by_all = sum(each.value for each in samples.values())
        percent = used_by_all * 100 // (_REQUESTED * len(samples))
        assert found.utilization == percent
        ratio = percent / _TARGET
    else:
        found = by_value(
            there,
            samples,
            current=current,
            target=target,
            resource="cpu",
            tolerance=Tolerance(),
            now=_NOW,
        )
        ratio = found.usage / target
    if all(kind in ("measured", "going") for kind, _ in pods):
        near = 0.9 <= ratio <= 1.1
        assert found.replicas == (current if near else math.ceil(ratio * current))
    elif ratio > 1.1:
        assert current <= found.replicas <= math.ceil(ratio * current)
    elif ratio < 0.9 and "pending" not in {kind for kind, _ in pods}:
        assert math.ceil(ratio * current) <= found.replicas <= current


_minutes = st.one_of(st.just("*"), st.integers(0, 59).map(str), st.sampled_from(["*/5", "*/17"]))
_hours = st.one_of(st.just("*"), st.integers(0, 23).map(str), st.sampled_from(["*/2", "9-17"]))
_days = st.sampled_from(["*", "1", "15"])
_weekdays = st.sampled_from(["*", "1-5", "sun"])


@given(
    st.tuples(_minutes, _hours, _days, st.just("*"), _weekdays),
    st.integers(1_700_000_000, 1_900_000_000),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/New_York"]),
)
def test_the_next_time_is_the_first_that_fits(
    fields: tuple[str, ...], now: int, zone_name: str
) -> None:
    """After now, at a whole minute, and nothing between fits: looked for minute by minute for two days."""
    schedule = parse_schedule(" ".join(fields))
    assert schedule is not None
    zone = ZoneInfo(zone_name)
    found = schedule.after(now, zone)
    assert found is not None
    assert found > now
    assert found % 60 == 0
    minute, hour, day, _, weekday = fields
    start = datetime.fromtimestamp(now - now % 60 + 60, UTC)
    for step in range(2 * 24 * 60):
        at = start + timedelta(minutes=step)
        local = at.astimezone(zone)
        if _fits(minute, local.minute) and _fits(hour, local.hour) and _is_day(day, weekday, local):
            assert found == int(at.timestamp())
            return
    assert found > now + 2 * 24 * 3600 - 120


def _fits(field: str, value: int) -> bool:
    if field.startswith("*/"):
        return value % int(field[2:]) == 0
    if "-" in field:
        low, high = field.split("-")
        return int(low) <= value <= int(high)
    return field == "*" or int(field) == value


def _is_day(day: str, weekday: str, local: datetime) -> bool:
    """Cron's rule: either of the two, where both are said."""
    of_month = _fits(day, local.day)
    of_week = weekday == "*" or local.isoweekday() in ((7,) if weekday == "sun" else range(1, 6))
    if day == "*" or weekday == "*":
        return of_month and of_week
    return of_month or of_week


@given(
    st.sampled_from(["* * * * *", "*/5 * * * *", "0 * * * *", "0 3 * * *"]),
    st.integers(0, 40 * 24 * 3600),
    st.one_of(st.none(), st.integers(1, 7 * 24 * 3600)),
)
def test_what_is_due_is_the_latest_time_that_has_come(
    schedule_text: str, seconds: int, deadline: int | None
) -> None:
    """Of evenly spaced times; none from before the starting deadline, and as many missed as there were."""
    schedule = parse_schedule(schedule_text)
    assert schedule is not None
    made = 1_800_000_000 - 1_800_000_000 % 86_400 + 30
    spec = CronJobSpec(schedule=schedule_text, starting_deadline_seconds=deadline)
    cron_job = CronJob(metadata=ObjectMeta(creation_timestamp=format_time(made)), spec=spec)
    now = made + seconds
    found = due(cron_job, schedule, UTC, float(now))
    period = {"* * * * *": 60, "*/5 * * * *": 300, "0 * * * *": 3600}.get(schedule_text, 86_400)
    phase = 3 * 3600 if period == 86_400 else 0
    last = now - (now - phase) % period
    since = max(made, now - deadline) if deadline is not None else made
    assert found.latest == (last if last > since else None)
    times = (last - phase) // period - (since - phase) // period
    assert found.missed == (times if times > 1 else 0)


@pytest.mark.parametrize("percent", [1, 50, 100])
def test_a_share_that_is_rounded_up_always_grows(percent: int) -> None:
    """By one pod at least: or an autoscaler of one would never scale."""
    policy = HPAScalingPolicy(type="Percent", value=percent, period_seconds=60)
    up = HPAScalingRules(policies=(policy,), select_policy="Max", stabilization_window_seconds=0)
    behavior = HorizontalPodAutoscalerBehavior(scale_up=up)
    assert limited(50, Bounds(1, 1, 100), behavior, History(1, 0.0), 0.0).replicas == 2

"""How many pods a metric asks for. Pure; values are thousandths of the metric's unit.

Follows Kubernetes' replica calculator: pods that are going are not looked at; pods that are not ready, or
that nobody measures, count as what makes the smallest change, and never turn its direction.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from orchestrator.api.core.v1 import Container, Pod
from orchestrator.controllers.pods import is_ready, ready_condition
from orchestrator.machinery.quantities import milli
from orchestrator.machinery.resources import is_sidecar, pod_requests
from orchestrator.machinery.times import parse_time

# A pod that started so lately may be busy with starting: its use of CPU counts when it has been ready.
CPU_INITIALIZATION_SECONDS: Final = 300.0
# A pod that has not been ready later than this after its start has never been.
INITIAL_READINESS_SECONDS: Final = 30.0
_MAX_INT32: Final = 2**31 - 1


class Uncountable(Exception):
    """The number of pods cannot be computed; says why, in Kubernetes' words."""


class Sample(Struct, frozen=True):
    """What was measured of a pod: `value` in thousandths, over `window_seconds` until `at` (epoch)."""

    value: int
    at: float
    window_seconds: float


class Tolerance(Struct, frozen=True):
    """How far from 1 the ratio of use to target may be without a change: a share of it."""

    down: float = 0.1
    up: float = 0.1

    def covers(self, ratio: float) -> bool:
        """Whether the ratio is near enough."""
        return 1.0 - self.down <= ratio <= 1.0 + self.up


class Proposal(Struct, frozen=True):
    """How many pods there should be, what they use on average, and of their requests in percent."""

    replicas: int
    usage: int
    utilization: int | None = None


class _Groups(Struct, frozen=True):
    ready: int
    unready: tuple[str, ...]
    missing: tuple[str, ...]
    ignored: tuple[str, ...]


def by_utilization(
    pods: Sequence[Pod],
    samples: Mapping[str, Sample],
    *,
    current: int,
    target: int,
    resource: str,
    container: str,
    tolerance: Tolerance,
    now: float,
) -> Proposal:
    """By the use in percent of what the pods request. Raises Uncountable."""
    groups, values = _measured(pods, samples, resource, now)
    requests = {pod.metadata.name: _request_of(pod, resource, container) for pod in pods}
    ratio, utilization, usage = _utilization(values, requests, target)
    fallback = max(100, target)

    def missing(name: str) -> int:
        return requests[name] * fallback // 100

    def again(filled: Mapping[str, int]) -> float:
        return _utilization(filled, requests, target)[0]

    replicas = _replicas(groups, values, current, ratio, tolerance, missing, again)
    return Proposal(replicas, usage, utilization)


def by_value(
    pods: Sequence[Pod],
    samples: Mapping[str, Sample],
    *,
    current: int,
    target: int,
    resource: str,
    tolerance: Tolerance,
    now: float,
) -> Proposal:
    """By the average of what is measured; `resource` is empty for a metric that is none."""
    groups, values = _measured(pods, samples, resource, now)

    def again(filled: Mapping[str, int]) -> float:
        return sum(filled.values()) // len(filled) / target

    usage = sum(values.values()) // len(values)
    ratio = usage / target
    replicas = _replicas(groups, values, current, ratio, tolerance, lambda _: target, again)
    return Proposal(replicas, usage)


def by_total(
    pods: Sequence[Pod], usage: int, *, current: int, target: int, tolerance: Tolerance
) -> Proposal:
    """By one value that all pods bring down together: the ready pods, times its ratio to the target."""
    ratio = usage / target
    if current == 0:
        return Proposal(_bounded(math.ceil(ratio)), usage)
    if tolerance.covers(ratio):
        return Proposal(current, usage)
    if not pods:
        raise Uncountable(
            "unable to calculate ready pods: no pods returned by selector while calculating replica count"
        )
    ready = sum(_phase(pod) == "Running" and is_ready(pod) for pod in pods)
    return Proposal(_bounded(math.ceil(ratio * ready)), usage)


def by_share(usage: int, *, current: int, target: int, tolerance: Tolerance) -> Proposal:
    """By one value of which each of `current` pods shall have `target`."""
    replicas = current
    ratio = usage / (target * current) if current else math.inf
    if not tolerance.covers(ratio):
        replicas = _bounded(math.ceil(usage / target))
    return Proposal(replicas, math.ceil(usage / current) if current else 0)


def _bounded(number: int) -> int:
    return min(number, _MAX_INT32)


def _replicas(
    groups: _Groups,
    values: Mapping[str, int],
    current: int,
    ratio: float,
    tolerance: Tolerance,
    missing: Callable[[str], int],
    again: Callable[[Mapping[str, int]], float],
) -> int:
    """The number of pods; what is not measured counts as what makes the smaller change."""
    up_with_unready = bool(groups.unready) and ratio > 1.0
    if not up_with_unready and not groups.missing:
        return current if tolerance.covers(ratio) else math.ceil(ratio * groups.ready)
    filled = dict(values)
    if ratio < 1.0:
        filled |= {name: missing(name) for name in groups.missing}
    elif ratio > 1.0:
        filled |= dict.fromkeys(groups.missing, 0)
    if up_with_unready:
        filled |= dict.fromkeys(groups.unready, 0)
    new_ratio = again(filled)
    if tolerance.covers(new_ratio) or (ratio < 1.0 < new_ratio) or (new_ratio < 1.0 < ratio):
        return current
    replicas = math.ceil(new_ratio * len(filled))
    turned = (new_ratio < 1.0 and replicas > current) or (new_ratio > 1.0 and replicas < current)
    return current if turned else replicas


def _measured(
    pods: Sequence[Pod], samples: Mapping[str, Sample], resource: str, now: float
) -> tuple[_Groups, dict[str, int]]:
    """The pods in groups, and the values of those that count. Raises Uncountable."""
    if not pods:
        raise Uncountable("no pods returned by selector while calculating replica count")
    groups = _grouped(pods, samples, resource, now)
    left_out = {*groups.ignored, *groups.unready}
    values = {name: each.value for name, each in samples.items() if name not in left_out}
    if not values:
        raise Uncountable("did not receive metrics for targeted pods (pods might be unready)")
    return groups, values


def _grouped(
    pods: Iterable[Pod], samples: Mapping[str, Sample], resource: str, now: float
) -> _Groups:
    ready = 0
    unready: list[str] = []
    missing: list[str] = []
    ignored: list[str] = []
    for pod in pods:
        name = pod.metadata.name
        if pod.metadata.deletion_timestamp is not None or _phase(pod) == "Failed":
            ignored.append(name)
        elif _phase(pod) == "Pending":
            unready.append(name)
        elif name not in samples:
            missing.append(name)
        elif resource == "cpu" and _is_starting(pod, samples[name], now):
            unready.append(name)
        else:
            ready += 1
    return _Groups(ready, tuple(unready), tuple(missing), tuple(ignored))


def _is_starting(pod: Pod, sample: Sample, now: float) -> bool:
    """Whether the use of CPU tells nothing yet of the work."""
    condition = ready_condition(pod)
    started = pod.status.start_time if pod.status is not None else None
    if condition is None or not started:
        return True
    start = parse_time(started)
    changed = condition.last_transition_time
    since = parse_time(changed) if changed else 0.0
    if start + CPU_INITIALIZATION_SECONDS > now:
        return condition.status == "False" or sample.at < since + sample.window_seconds
    return condition.status == "False" and start + INITIAL_READINESS_SECONDS > since


def _utilization(
    values: Mapping[str, int], requests: Mapping[str, int], target: int
) -> tuple[float, int, int]:
    """Ratio to the target, percent of the requests, average use. Raises Uncountable."""
    known = [name for name in values if name in requests]
    requested = sum(requests[name] for name in known)
    if requested == 0:
        raise Uncountable("no metrics returned matched known pods")
    used = sum(values[name] for name in known)
    percent = used * 100 // requested
    return percent / target, percent, used // len(known)


def _request_of(pod: Pod, resource: str, container: str) -> int:
    """What the pod, or one of its containers, requests, in thousandths. Raises Uncountable."""
    spec, name = pod.spec, pod.metadata.name
    assert spec is not None
    if not container and spec.resources is not None and spec.resources.requests:
        asked = pod_requests(pod).get(resource)
        if asked is None:
            raise Uncountable(f"missing pod-level request for {resource} in Pod {name}")
        return milli(asked)
    containers = (*spec.containers, *(c for c in spec.init_containers if is_sidecar(c)))
    if container:
        chosen = [c for c in containers if c.name == container]
        if not chosen:
            raise Uncountable(f"container {container} not found in Pod {name}")
        containers = tuple(chosen)
    return sum(_request(each, resource, name) for each in containers)


def _request(container: Container, resource: str, pod: str) -> int:
    requests = container.resources.requests if container.resources is not None else {}
    if resource not in requests:
        raise Uncountable(
            f"missing request for {resource} in container {container.name} of Pod {pod}"
        )
    return milli(requests[resource])


def _phase(pod: Pod) -> str:
    return pod.status.phase or "" if pod.status is not None else ""

"""How far one look may go: stabilisation, policies, and the bounds of the autoscaler. Pure.

Without `behavior` Kubernetes' older rules hold: what was recommended in the last five minutes keeps the
number up, and it at most doubles (or becomes four). With it, the rules are the autoscaler's own.
"""

import math
from typing import Final, NamedTuple

from orchestrator.api.autoscaling.v2 import HorizontalPodAutoscalerBehavior, HPAScalingRules
from orchestrator.controllers.horizontal_pod_autoscaler.history import History

DOWNSCALE_SECONDS: Final = 300.0
_FACTOR: Final = 2
_LEAST: Final = 4
_HIGHER: Final = "recent recommendations were higher than current one, applying the highest recent recommendation"
_LOWER: Final = (
    "recent recommendations were lower than current one, applying the lowest recent recommendation"
)
_FITS: Final = "recommended size matches current size"
_TOO_FAST: Final = "the desired replica count is increasing faster than the maximum scale rate"
_TOO_FAST_DOWN: Final = "the desired replica count is decreasing faster than the maximum scale rate"
_TOO_MANY: Final = "the desired replica count is more than the maximum replica count"
_TOO_FEW: Final = "the desired replica count is less than the minimum replica count"
_WITHIN: Final = "the desired count is within the acceptable range"


class Why(NamedTuple):
    """Reason and message of a condition."""

    reason: str
    message: str


class Limited(NamedTuple):
    """How many pods there may be now; why it may scale, and whether and why it is limited."""

    replicas: int
    able: Why
    is_limited: bool
    limit: Why


class Bounds(NamedTuple):
    """What there is, and the autoscaler's least and most."""

    current: int
    least: int
    most: int


def limited(
    wanted: int,
    bounds: Bounds,
    behavior: HorizontalPodAutoscalerBehavior | None,
    history: History,
    now: float,
) -> Limited:
    """What becomes of a wanted number, which is noted in the history."""
    if behavior is None:
        stable = _highest_lately(wanted, history, now)
        why = Why("ScaleDownStabilized", _HIGHER)
    else:
        stable = _stabilized(wanted, bounds.current, behavior, history, now)
        why = (
            Why("ScaleUpStabilized", _LOWER)
            if wanted >= bounds.current
            else Why("ScaleDownStabilized", _HIGHER)
        )
    history.recommend(wanted, now)
    able = Why("ReadyForNewScale", _FITS) if stable == wanted else why
    replicas, limit = (
        _by_default(stable, bounds)
        if behavior is None
        else _by_rules(stable, bounds, behavior, history, now)
    )
    return Limited(replicas, able, replicas != stable, limit)


def _highest_lately(wanted: int, history: History, now: float) -> int:
    since = now - DOWNSCALE_SECONDS
    return max([wanted, *(r.replicas for r in history.recommendations if r.at >= since)])


def _stabilized(
    wanted: int,
    current: int,
    behavior: HorizontalPodAutoscalerBehavior,
    history: History,
    now: float,
) -> int:
    """What there is, moved into what was recommended of late."""
    up = now - (_window(behavior.scale_up, 0.0))
    down = now - (_window(behavior.scale_down, DOWNSCALE_SECONDS))
    lowest = min([wanted, *(r.replicas for r in history.recommendations if r.at > up)])
    highest = max([wanted, *(r.replicas for r in history.recommendations if r.at > down)])
    return min(max(current, lowest), highest)


def _window(rules: HPAScalingRules | None, default: float) -> float:
    seconds = rules.stabilization_window_seconds if rules is not None else None
    return default if seconds is None else float(seconds)


def _by_default(wanted: int, bounds: Bounds) -> tuple[int, Why]:
    rate = max(_FACTOR * bounds.current, _LEAST)
    if wanted < bounds.least:
        return bounds.least, Why("TooFewReplicas", _TOO_FEW)
    if wanted > min(rate, bounds.most):
        if bounds.most > rate:
            return rate, Why("ScaleUpLimit", _TOO_FAST)
        return bounds.most, Why("TooManyReplicas", _TOO_MANY)
    return wanted, Why("DesiredWithinRange", _WITHIN)


def _by_rules(
    wanted: int,
    bounds: Bounds,
    behavior: HorizontalPodAutoscalerBehavior,
    history: History,
    now: float,
) -> tuple[int, Why]:
    current = bounds.current
    if wanted > current:
        rate = max(current, _most(current, behavior.scale_up, history, now))
        if wanted > min(rate, bounds.most):
            if bounds.most > rate:
                return rate, Why("ScaleUpLimit", _TOO_FAST)
            return bounds.most, Why("TooManyReplicas", _TOO_MANY)
    elif wanted < current:
        rate = min(current, _fewest(current, behavior.scale_down, history, now))
        if wanted < max(rate, bounds.least):
            if bounds.least < rate:
                return rate, Why("ScaleDownLimit", _TOO_FAST_DOWN)
            return bounds.least, Why("TooFewReplicas", _TOO_FEW)
    return wanted, Why("DesiredWithinRange", _WITHIN)


def _most(current: int, rules: HPAScalingRules | None, history: History, now: float) -> int:
    if rules is None or rules.select_policy == "Disabled":
        return current
    proposals = []
    for policy in rules.policies:
        start = history.at_start_of(policy.period_seconds, current, now)
        grown = math.ceil(start * (1 + policy.value / 100))
        proposals.append(start + policy.value if policy.type == "Pods" else grown)
    return min(proposals) if rules.select_policy == "Min" else max(proposals)


def _fewest(current: int, rules: HPAScalingRules | None, history: History, now: float) -> int:
    if rules is None or rules.select_policy == "Disabled":
        return current
    proposals = []
    for policy in rules.policies:
        start = history.at_start_of(policy.period_seconds, current, now)
        shrunk = int(start * (1 - policy.value / 100))
        proposals.append(start - policy.value if policy.type == "Pods" else shrunk)
    return max(proposals) if rules.select_policy == "Min" else min(proposals)

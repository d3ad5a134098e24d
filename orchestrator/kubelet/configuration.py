"""KubeletConfiguration to what a NodeSpec says: when a node gives pods up, and how long what fails is held back.

As kubelet's own file has it (kubelet.config.k8s.io/v1beta1), as far as it has a meaning here; a field that has none is
refused with its path, so that nobody waits for what it would have done.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct, field

from orchestrator.api.scalars import EMPTY
from orchestrator.kubelet.backoff import MAX_SECONDS
from orchestrator.kubelet.eviction import EvictionError, thresholds_of
from orchestrator.kubelet.image_policy import ImagePolicy
from orchestrator.kubelet.machine_facts import SIMULATED
from orchestrator.kubelet.node_spec import DEFAULT_CAPACITY
from orchestrator.machinery.errors import DurationError
from orchestrator.machinery.literals import with_words
from orchestrator.machinery.times import parse_duration

_CAPACITY: Final = {
    **DEFAULT_CAPACITY,
    "pids": str(SIMULATED.most_processes),
    "inodes": str(SIMULATED.most_files),
}


class InvalidKubeletConfiguration(ValueError):
    """A field of a configuration is wrong; `path` says which (`crashLoopBackOff.maxContainerRestartPeriod`)."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


class _Strict(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    pass


class BackOffDocument(_Strict, frozen=True):
    """How long a container that fails again and again is held back at the most."""

    max_container_restart_period: str = ""


class KubeletDocument(_Strict, frozen=True):
    """A KubeletConfiguration."""

    api_version: Literal["kubelet.config.k8s.io/v1beta1"] = "kubelet.config.k8s.io/v1beta1"
    kind: Literal["KubeletConfiguration"] = "KubeletConfiguration"
    eviction_hard: dict[str, str] = {}
    eviction_soft: dict[str, str] = {}
    eviction_soft_grace_period: dict[str, str] = {}
    eviction_minimum_reclaim: dict[str, str] = {}
    eviction_max_pod_grace_period: int = 0
    eviction_pressure_transition_period: str = ""
    crash_loop_back_off: BackOffDocument = BackOffDocument()
    image_high: int = field(default=ImagePolicy().high_percent, name="imageGCHighThresholdPercent")
    image_low: int = field(default=ImagePolicy().low_percent, name="imageGCLowThresholdPercent")
    image_least_age: str = field(default="", name="imageMinimumGCAge")
    image_most_age: str = field(default="", name="imageMaximumGCAge")
    max_pods: int | None = None
    static_pod_path: str = ""


def node_fields(document: Mapping[str, Any], capacity: Mapping[str, str] = EMPTY) -> dict[str, Any]:
    """The fields of the NodeSpec of each node that has this configuration, and beside it this `capacity`.

    Raises InvalidKubeletConfiguration.
    """
    try:
        given = msgspec.convert(dict(document), KubeletDocument)
    except msgspec.ValidationError as error:
        problem, _, where = str(error).partition(" - at `$.")
        where = where.rstrip("`")
        problem = with_words(problem, KubeletDocument, where)
        raise InvalidKubeletConfiguration(where, problem) from None
    try:
        thresholds_of(
            given.eviction_hard,
            {**_CAPACITY, **capacity},
            given.eviction_soft,
            given.eviction_soft_grace_period,
            given.eviction_minimum_reclaim,
        )
    except EvictionError as error:
        raise InvalidKubeletConfiguration("", str(error)) from None
    if given.eviction_max_pod_grace_period < 0:
        raise InvalidKubeletConfiguration(
            "evictionMaxPodGracePeriod",
            f"must not be negative, got {given.eviction_max_pod_grace_period}",
        )
    found: dict[str, Any] = {
        "eviction_hard": given.eviction_hard,
        "eviction_soft": given.eviction_soft,
        "eviction_soft_grace_period": given.eviction_soft_grace_period,
        "eviction_minimum_reclaim": given.eviction_minimum_reclaim,
        "image_policy": _image_policy(given),
        "eviction_max_pod_grace_period": float(given.eviction_max_pod_grace_period),
        "static_pod_path": given.static_pod_path,
    }
    path = "evictionPressureTransitionPeriod"
    if text := given.eviction_pressure_transition_period:
        found["eviction_pressure_transition_period"] = _seconds(text, path)
    path = "crashLoopBackOff.maxContainerRestartPeriod"
    if text := given.crash_loop_back_off.max_container_restart_period:
        seconds = found["max_container_restart_period"] = _seconds(text, path)
        if not 1 <= seconds <= MAX_SECONDS:
            said = f"(got: {seconds:g} seconds) must be set between 1s and {MAX_SECONDS:g}s"
            raise InvalidKubeletConfiguration(path, said)
    if given.max_pods is not None:
        if given.max_pods < 0:
            raise InvalidKubeletConfiguration(
                "maxPods", f"must not be negative, got {given.max_pods}"
            )
        found["capacity"] = {**capacity, "pods": str(given.max_pods)}
    return found


def _image_policy(given: KubeletDocument) -> ImagePolicy:
    """When images go. Raises InvalidKubeletConfiguration."""
    high, low = given.image_high, given.image_low
    for name, percent in (
        ("imageGCHighThresholdPercent", high),
        ("imageGCLowThresholdPercent", low),
    ):
        if not 0 <= percent <= 100:
            raise InvalidKubeletConfiguration(
                name, f"must be between 0 and 100, inclusive, got {percent}"
            )
    if low >= high:
        said = f"must be less than imageGCHighThresholdPercent ({high}), got {low}"
        raise InvalidKubeletConfiguration("imageGCLowThresholdPercent", said)
    least = _seconds(given.image_least_age, "imageMinimumGCAge") if given.image_least_age else 0.0
    most = _seconds(given.image_most_age, "imageMaximumGCAge") if given.image_most_age else 0.0
    least = least or ImagePolicy().least_age  # as the kubelet reads 0
    if 0 < most <= least:
        said = f"must be greater than imageMinimumGCAge ({least:g} seconds), got {given.image_most_age}"
        raise InvalidKubeletConfiguration("imageMaximumGCAge", said)
    return ImagePolicy(high, low, least, most)


def _seconds(text: str, path: str) -> float:
    try:
        seconds = parse_duration(text)
    except DurationError as error:
        raise InvalidKubeletConfiguration(path, str(error)) from None
    if seconds < 0:
        raise InvalidKubeletConfiguration(path, f"must not be negative, got {text}")
    return seconds

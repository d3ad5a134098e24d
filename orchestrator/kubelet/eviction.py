"""Which pods a node gives up when it runs short: thresholds, ranks and words, over plain values.

As kubelet's eviction manager: first those that use more than they asked for, then by priority, then by how much more
than asked for they use; one pod at a time. A hard threshold is acted on when it is met, a soft one when it has been met
for its grace period, and the pod has time to end then.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.core.v1 import Container, Pod, Volume
from orchestrator.api.scalars import EMPTY
from orchestrator.machinery.errors import DurationError
from orchestrator.machinery.quantities import canonical, format_bytes, value
from orchestrator.machinery.resources import pod_limits, pod_needs
from orchestrator.machinery.times import parse_duration

MEMORY: Final = "memory.available"
PROCESSES: Final = "pid.available"
# Images lie on the disk on which all else of the node's lies, so that both speak of the same.
DISK: Final = frozenset({"nodefs.available", "imagefs.available"})
FILES: Final = frozenset({"nodefs.inodesFree", "imagefs.inodesFree"})
# What each signal is about, in the order in which they matter: the resource, and the node's condition.
RESOURCES: Final[Mapping[str, str]] = {
    MEMORY: "memory",
    "nodefs.available": "ephemeral-storage",
    "imagefs.available": "ephemeral-storage",
    "nodefs.inodesFree": "inodes",
    "imagefs.inodesFree": "inodes",
    PROCESSES: "pids",
}
CONDITIONS: Final[Mapping[str, str]] = {
    MEMORY: "MemoryPressure",
    **dict.fromkeys((*DISK, *FILES), "DiskPressure"),
    PROCESSES: "PIDPressure",
}
EVICTED: Final = "Evicted"


class EvictionError(ValueError):
    """A threshold is not what it should be; the text says which and what would be right."""


class Threshold(Struct, frozen=True):
    """Less than `least` bytes (or files, or processes) available of a resource, of which the node has `capacity`, is too
    little. Once it was, it is until there are `reclaim` more than that.

    A soft one has `grace_seconds`, for which that has to be so before a pod is given up.
    """

    signal: str
    least: int
    capacity: int
    grace_seconds: float = 0.0
    reclaim: int = 0

    @property
    def soft(self) -> bool:
        """Whether a pod that is given up has time to end."""
        return self.grace_seconds > 0


class PodUse(Struct, frozen=True):
    """What a pod uses of a resource in bytes (or files, or processes), altogether and by container."""

    pod: Pod
    used: int
    by_container: Mapping[str, int]


def thresholds_of(
    hard: Mapping[str, str],
    capacity: Mapping[str, object],
    soft: Mapping[str, str] = EMPTY,
    grace: Mapping[str, str] = EMPTY,
    reclaim: Mapping[str, str] = EMPTY,
) -> list[Threshold]:
    """The thresholds of `evictionHard`, `evictionSoft` and `evictionSoftGracePeriod`, in the order in which they matter,
    each with its `evictionMinimumReclaim`.

    They are amounts, or a part of the capacity in percent; the grace periods are Go durations. Raises EvictionError.
    """
    setting = "evictionMinimumReclaim"
    more = {each: _amount(setting, each, text, capacity) for each, text in reclaim.items()}
    for signal, amount in more.items():
        if amount < 0:
            raise EvictionError(
                f"{setting}: {signal}: must not be negative, got {reclaim[signal]!r}"
            )
    found = [_threshold("evictionHard", each, text, capacity) for each, text in hard.items()]
    for signal, text in soft.items():
        threshold = _threshold("evictionSoft", signal, text, capacity)
        if signal not in grace:
            raise EvictionError(
                f"grace period must be specified for the soft eviction threshold {signal}"
            )
        try:
            seconds = parse_duration(grace[signal])
        except DurationError as error:
            raise EvictionError(f"evictionSoftGracePeriod: {signal}: {error}") from None
        if seconds <= 0:
            raise EvictionError(
                f"invalid eviction grace period specified: {grace[signal]}, must be a positive value"
            )
        found.append(replace(threshold, grace_seconds=seconds))
    order = list(RESOURCES)
    return sorted(
        (replace(each, reclaim=more.get(each.signal, 0)) for each in found),
        key=lambda each: (order.index(each.signal), each.soft),
    )


def _threshold(setting: str, signal: str, text: str, capacity: Mapping[str, object]) -> Threshold:
    least = _amount(setting, signal, text, capacity)
    if least <= 0:
        raise EvictionError(f"{setting}: {signal}: must be positive, got {text!r}")
    return Threshold(signal, least, _capacity(signal, capacity))


def _amount(setting: str, signal: str, text: str, capacity: Mapping[str, object]) -> int:
    if signal not in RESOURCES:
        known = ", ".join(RESOURCES)
        raise EvictionError(f"{setting}: unknown signal {signal!r}; there are {known}")
    try:
        if text.endswith("%"):
            return int(_capacity(signal, capacity) * float(text[:-1]) / 100)
        return value(text)
    except ValueError as error:
        raise EvictionError(f"{setting}: {signal}: {error}") from None


def _capacity(signal: str, capacity: Mapping[str, object]) -> int:
    return value(str(capacity.get(RESOURCES[signal], "0")))


def is_met(threshold: Threshold, used: int, *, again: bool = False) -> int | None:
    """What is available where so much is used, if that is less than it should be; else None.

    `again`: it was less before, so that more has to be there.
    """
    available = threshold.capacity - used
    wanted = threshold.least + (threshold.reclaim if again else 0)
    return available if available < wanted else None


def ranked(signal: str, uses: Iterable[PodUse]) -> list[PodUse]:
    """Pods in the order in which they are given up; static and critical ones never are."""

    def rank(use: PodUse) -> tuple[bool, int, int]:
        asked = _asked(signal, use.pod)
        priority = use.pod.spec.priority if use.pod.spec is not None else None
        if (
            signal == PROCESSES
        ):  # nobody can ask for them; nor for files, but who has none is spared
            return False, priority or 0, -use.used
        return use.used <= asked, priority or 0, asked - use.used

    return sorted((use for use in uses if not _is_critical(use.pod)), key=rank)


def _asked(signal: str, pod: Pod) -> int:
    needs = pod_needs(pod)
    if signal in DISK:
        return needs.ephemeral_storage_bytes
    return needs.memory_bytes if signal == MEMORY else 0


_CRITICAL_PRIORITY: Final = 2_000_000_000


def _is_critical(pod: Pod) -> bool:
    if "kubernetes.io/config.source" in pod.metadata.annotations:
        return True
    spec = pod.spec
    return spec is not None and (spec.priority or 0) >= _CRITICAL_PRIORITY


def message_of(threshold: Threshold, available: int, use: PodUse) -> str:
    """What is said of a pod that is given up."""
    resource = RESOURCES[threshold.signal]
    counted = threshold.signal == PROCESSES or threshold.signal in FILES
    form = _format_count if counted else format_bytes
    least, left = form(threshold.least), form(max(0, available))
    said = f"The node was low on resource: {resource}. "
    said += f"Threshold quantity: {least}, available: {left}. "
    spec = None if counted else use.pod.spec
    for container in (*spec.containers, *spec.init_containers) if spec is not None else ():
        used = use.by_container.get(container.name, 0)
        requests = container.resources.requests if container.resources is not None else {}
        asked = value(requests.get(resource, "0"))
        if used > asked:
            shown = f"Container {container.name} was using {format_bytes(used)}"
            said += f"{shown}, request is {format_bytes(asked) if asked else '0'}, "
            said += f"has larger consumption of {resource}. "
    return said


def _format_count(number: int) -> str:
    return canonical(str(number))


_STORAGE: Final = "ephemeral-storage"


def is_limited(containers: Iterable[Container], volumes: Iterable[Volume]) -> bool:
    """Whether a pod with these may keep less than the node's disk holds."""
    return any(
        volume.empty_dir is not None and volume.empty_dir.size_limit is not None
        for volume in volumes
    ) or any(
        each.resources is not None and _STORAGE in each.resources.limits for each in containers
    )


def overstepped(pod: Pod, volumes: Mapping[str, int], logs: Mapping[str, int]) -> str:
    """What is said of a pod that keeps more on the node's disk than it may; empty if it does not.

    `volumes` are the bytes in its emptyDirs, `logs` those of its containers' logs.
    """
    spec = pod.spec
    if spec is None:
        return ""
    for volume in spec.volumes:
        limit = volume.empty_dir.size_limit if volume.empty_dir is not None else None
        if limit is not None and value(limit) and volumes.get(volume.name, 0) > value(limit):
            return f'Usage of EmptyDir volume "{volume.name}" exceeds the limit "{limit}". '
    whole = pod_limits(pod).get(_STORAGE)
    if whole is not None and sum(volumes.values()) + sum(logs.values()) > value(whole):
        return f"Pod ephemeral local storage usage exceeds the total limit of containers {whole}. "
    for container in spec.containers:
        limits = container.resources.limits if container.resources is not None else {}
        own = limits.get(_STORAGE)
        if own is not None and value(own) and logs.get(container.name, 0) > value(own):
            return (
                f'Container {container.name} exceeded its local ephemeral storage limit "{own}". '
            )
    return ""

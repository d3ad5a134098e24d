"""What containers use as families of metrics: the kubelet's `metrics/resource`, and cAdvisor's, which it passes on.

Of cAdvisor's there are those of CPU, memory, processes and limits, for containers and, with an empty `container`, for
pods, and those of the pods' networks. Disks are in the summary, as with the original's runtimes.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from orchestrator.api.core.v1 import Container, ContainerStatus, Node, Pod
from orchestrator.apiserver.http.usage import Usages, cpu_seconds, memory_bytes
from orchestrator.apiserver.telemetry.families import Series
from orchestrator.machinery.quantities import milli, value
from orchestrator.machinery.resources import qos_class
from orchestrator.machinery.times import parse_time
from orchestrator.protocol import ContainerUsage

_OF_CONTAINER: Final = ("container", "namespace", "pod")
_OF_POD: Final = ("namespace", "pod")
_LEVELS: Final = (("node", ()), ("pod", _OF_POD), ("container", _OF_CONTAINER))
_OF_CGROUP: Final = ("container", "id", "image", "name", "namespace", "pod")
_COUNTED: Final = tuple(
    (way, what, text.format(verb))
    for way, verb in (("receive", "receiv"), ("transmit", "transmitt"))
    for what, text in (
        ("bytes", "bytes {}ed"),
        ("packets", "packets {}ed"),
        ("errors", "errors encountered while {}ing"),
        ("packets_dropped", "packets dropped while {}ing"),
    )
)
_STALLING: Final = (("cpu", "CPU"), ("memory", "memory"), ("io", "IO"))
_STALLS: Final = (
    ("waiting", "tasks in the container have waited"),
    ("stalled", "no tasks in the container could make progress"),
)
_PERIOD: Final = 100_000  # microseconds in which a limit of CPU is meant


def resource_families(pods: Sequence[Pod], usages: Usages) -> list[Series]:
    """`metrics/resource`: nodes, pods and containers."""
    cpu = [
        Series(
            f"{what}_cpu_usage_seconds_total",
            f"[STABLE] Cumulative cpu time consumed by the {what} in core-seconds",
            labels,
        )
        for what, labels in _LEVELS
    ]
    memory = [
        _gauge(
            f"{what}_memory_working_set_bytes",
            f"[STABLE] Current working set of the {what} in bytes",
            labels,
        )
        for what, labels in _LEVELS
    ]
    start = _gauge(
        "container_start_time_seconds",
        "[STABLE] Start time of the container since unix epoch in seconds",
        _OF_CONTAINER,
    )
    cpu[0].set(0)
    memory[0].set(0)
    for one in _running(pods, usages):
        of_pod = one.pod.metadata.namespace, one.pod.metadata.name
        for level, labels in enumerate(((), of_pod, (one.name, *of_pod))):
            cpu[level].add(*labels, amount=cpu_seconds(one.usage))
            memory[level].add(*labels, amount=memory_bytes(one.usage))
        if one.started_at is not None:
            start.set(one.started_at, one.name, *of_pod)
    return [*cpu, *memory, start, *_errors()]


def _errors() -> list[Series]:
    said = "[{}] 1 if there was an error while getting container metrics, 0 otherwise"
    errors = [
        _gauge("scrape_error", said.format("ALPHA")),
        _gauge("resource_scrape_error", said.format("STABLE")),
    ]
    for each in errors:
        each.set(0)
    return errors


def cadvisor_families(node: Node, pods: Sequence[Pod], usages: Usages) -> list[Series]:
    """`metrics/cadvisor`: containers and pods by their control groups, and the machine."""
    used, limits, stalls = _Used(), _Limits(), _Stalls()
    start = _gauge(
        "container_start_time_seconds",
        "Start time of the container since unix epoch in seconds.",
        _OF_CGROUP,
    )
    for one in _running(pods, usages):
        for labels in (one.labels, one.pod_labels):
            used.tell(one.usage, labels)
        if one.started_at is not None:
            start.set(one.started_at, *one.labels)
        if one.container is not None:
            limits.tell(one.container, one.labels)
        stalls.tell(one.usage, one.labels)
    return [
        *used.families,
        start,
        *limits.families,
        *stalls.families,
        *_traffic(pods, usages),
        *_machine(node),
    ]


class _Used:
    """What control groups have used."""

    def __init__(self) -> None:
        self._cpu = Series(
            "container_cpu_usage_seconds_total",
            "Cumulative cpu time consumed in seconds.",
            (*_OF_CGROUP, "cpu"),
        )
        self._memory = _gauge(
            "container_memory_usage_bytes",
            "Current memory usage in bytes, including all memory regardless of when it was accessed",
            _OF_CGROUP,
        )
        self._working_set = _gauge(
            "container_memory_working_set_bytes", "Current working set in bytes.", _OF_CGROUP
        )
        self._rss = _gauge("container_memory_rss", "Size of RSS in bytes.", _OF_CGROUP)
        self._faults = Series(
            "container_memory_failures_total",
            "Cumulative count of memory allocation failures.",
            (*_OF_CGROUP, "failure_type", "scope"),
        )
        self._processes = _gauge(
            "container_processes", "Number of processes running inside the container.", _OF_CGROUP
        )
        memory = (self._memory, self._working_set, self._rss, self._faults)
        self.families = [self._cpu, *memory, self._processes]

    def tell(self, usage: ContainerUsage, labels: tuple[str, ...]) -> None:
        """Add what a container uses; what its runtime does not know is left out."""
        self._cpu.add(*labels, "total", amount=cpu_seconds(usage))
        for each in (self._memory, self._working_set):
            each.add(*labels, amount=memory_bytes(usage))
        if usage.rss_bytes is not None:
            self._rss.add(*labels, amount=usage.rss_bytes)
        faults = (("pgfault", usage.page_faults), ("pgmajfault", usage.major_page_faults))
        for kind, count in faults:
            if count is not None:
                self._faults.add(*labels, kind, "container", amount=count)
        if usage.processes is not None:
            self._processes.add(*labels, amount=usage.processes)


class _Stalls:
    """For how long containers' tasks waited for what others use."""

    def __init__(self) -> None:
        self._seconds = {
            (resource, way): Series(
                f"container_pressure_{resource}_{way}_seconds_total",
                f"Total time duration {said} due to {name} congestion.",
                _OF_CGROUP,
            )
            for resource, name in _STALLING
            for way, said in _STALLS
        }
        self.families = [*self._seconds.values()]

    def tell(self, usage: ContainerUsage, labels: tuple[str, ...]) -> None:
        """Add a container's."""
        for resource, stall in usage.stalls.items():
            for way, waited in (("waiting", stall.some), ("stalled", stall.full)):
                self._seconds[resource, way].add(*labels, amount=waited.microseconds / 1e6)


def _traffic(pods: Sequence[Pod], usages: Usages) -> list[Series]:
    """What came in and went out by the interfaces of pods' own networks."""
    families = [
        Series(
            f"container_network_{way}_{what}_total",
            f"Cumulative count of {text}",
            (*_OF_CGROUP, "interface"),
        )
        for way, what, text in _COUNTED
    ]
    seen = set[str]()
    for one in _running(pods, usages):
        if one.pod.metadata.uid in seen:
            continue  # its containers share the network
        seen.add(one.pod.metadata.uid)
        for each in one.usage.interfaces:
            received = (
                each.received_bytes,
                each.received_packets,
                each.received_errors,
                each.received_dropped,
            )
            sent = each.sent_bytes, each.sent_packets, each.sent_errors, each.sent_dropped
            for family, count in zip(families, (*received, *sent), strict=True):
                family.add(*one.pod_labels, each.name, amount=count)
    return families


class _Limits:
    """What containers may use, as their control groups say it."""

    def __init__(self) -> None:
        self._shares = _gauge(
            "container_spec_cpu_shares", "CPU share of the container.", _OF_CGROUP
        )
        self._period = _gauge(
            "container_spec_cpu_period", "CPU period of the container.", _OF_CGROUP
        )
        self._quota = _gauge("container_spec_cpu_quota", "CPU quota of the container.", _OF_CGROUP)
        self._memory = _gauge(
            "container_spec_memory_limit_bytes", "Memory limit for the container.", _OF_CGROUP
        )
        self.families = [self._shares, self._period, self._quota, self._memory]

    def tell(self, container: Container, labels: tuple[str, ...]) -> None:
        """Take a container's limits; without one of memory it is 0, without one of CPU there is no quota."""
        limits = container.resources.limits if container.resources is not None else {}
        requests = container.resources.requests if container.resources is not None else {}
        self._shares.set(max(2, milli(requests.get("cpu", "0")) * 1024 // 1000), *labels)
        self._period.set(_PERIOD, *labels)
        if "cpu" in limits:
            self._quota.set(milli(limits["cpu"]) * _PERIOD // 1000, *labels)
        self._memory.set(value(limits.get("memory", "0")), *labels)


class _Running(NamedTuple):
    """A container that runs, and what it uses."""

    pod: Pod
    name: str
    usage: ContainerUsage
    container: Container | None
    status: ContainerStatus | None

    @property
    def started_at(self) -> float | None:
        """When it was started, in epoch seconds."""
        running = (
            self.status.state.running if self.status is not None and self.status.state else None
        )
        at = running.started_at if running is not None else None
        return None if at is None else parse_time(at)

    @property
    def pod_labels(self) -> tuple[str, ...]:
        """Those of the pod's control group."""
        metadata = self.pod.metadata
        quality = qos_class(self.pod).lower()
        place = "/kubepods/" + (f"{quality}/" if quality != "guaranteed" else "")
        return "", f"{place}pod{metadata.uid}", "", "", metadata.namespace, metadata.name

    @property
    def labels(self) -> tuple[str, ...]:
        """Those of its own."""
        _, group, *_, namespace, pod = self.pod_labels
        image = self.status.image if self.status is not None else ""
        identifier = (self.status.container_id if self.status is not None else "").rpartition("/")[
            2
        ]
        return self.name, f"{group}/{identifier}", image, identifier, namespace, pod


def _running(pods: Sequence[Pod], usages: Usages) -> Iterator[_Running]:
    for pod in pods:
        found = usages.get(pod.metadata.uid)
        if not found or pod.spec is None:
            continue
        specs = {each.name: each for each in (*pod.spec.init_containers, *pod.spec.containers)}
        statuses = {each.name: each for each in _statuses(pod)}
        for name, usage in found.items():
            yield _Running(pod, name, usage, specs.get(name), statuses.get(name))


def _statuses(pod: Pod) -> tuple[ContainerStatus, ...]:
    status = pod.status
    if status is None:
        return ()
    return (
        *status.init_container_statuses,
        *status.container_statuses,
        *status.ephemeral_container_statuses,
    )


def _machine(node: Node) -> list[Series]:
    capacity = node.status.capacity if node.status is not None else {}
    cores = _gauge("machine_cpu_cores", "Number of logical CPU cores.")
    cores.set(value(capacity.get("cpu", "0")))
    memory = _gauge("machine_memory_bytes", "Amount of memory installed on the machine.")
    memory.set(value(capacity.get("memory", "0")))
    return [cores, memory]


def _gauge(name: str, text: str, labels: Sequence[str] = ()) -> Series:
    return Series(name, text, labels, "gauge")

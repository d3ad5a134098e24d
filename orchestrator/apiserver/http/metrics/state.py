"""What is read when somebody asks: seats and queues, objects, and the process."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from orchestrator.apiserver.http.fairness import Fairness
from orchestrator.apiserver.http.metrics.families import Series
from orchestrator.apiserver.http.version import GIT_VERSION, MAJOR, MINOR
from orchestrator.apiserver.state import ServerState

_SELF: Final = Path("/proc/self")
_FLOW: Final = "apiserver_flowcontrol_"
_LEVEL: Final = ("priority_level",)
_SCHEMA: Final = ("priority_level", "flow_schema")


def present_families(fairness: Fairness, state: ServerState) -> Iterator[Series]:
    """All of them, as they are now."""
    yield from _levels(fairness)
    yield from _flows(fairness)
    yield from _objects(state)
    yield from process_families()


def _gauge(name: str, text: str, labels: tuple[str, ...] = ()) -> Series:
    return Series(name, text, labels, "gauge")


def _levels(fairness: Fairness) -> Iterator[Series]:
    nominal = _gauge(f"{_FLOW}nominal_limit_seats", "Seats that a level has by right.", _LEVEL)
    least = _gauge(f"{_FLOW}lower_limit_seats", "Seats that it keeps at least.", _LEVEL)
    most = _gauge(f"{_FLOW}upper_limit_seats", "Seats that it gets at most.", _LEVEL)
    limit = _gauge(f"{_FLOW}current_limit_seats", "Seats that it has now.", _LEVEL)
    seats = _gauge(f"{_FLOW}current_executing_seats", "Seats that are taken.", _LEVEL)
    smoothed = _gauge(f"{_FLOW}demand_seats_smoothed", "Seats asked for, of late.", _LEVEL)
    peak = _gauge(f"{_FLOW}demand_seats_high_watermark", "Most seats asked for.", _LEVEL)
    waiting = _gauge(f"{_FLOW}current_inqueue_requests", "Requests that wait.", _LEVEL)
    for name, level in fairness.levels.items():
        nominal.set(level.bounds.nominal, name)
        least.set(level.bounds.least, name)
        most.set(level.bounds.most, name)
        limit.set(level.queues.limit or 0, name)
        seats.set(level.queues.seats_in_use, name)
        smoothed.set(level.smoothed, name)
        peak.set(level.peak, name)
        waiting.set(level.queues.waiting, name)
    yield from (nominal, least, most, limit, seats, smoothed, peak, waiting)


def _flows(fairness: Fairness) -> Iterator[Series]:
    dispatched = Series(f"{_FLOW}dispatched_requests_total", "Requests that got seats.", _SCHEMA)
    rejected = Series(
        f"{_FLOW}rejected_requests_total", "Requests that got none.", (*_SCHEMA, "reason")
    )
    executing = _gauge(f"{_FLOW}current_executing_requests", "Requests that have seats.", _SCHEMA)
    for key, tally in fairness.tallies.items():
        dispatched.set(tally.dispatched, *key)
        executing.set(tally.executing, *key)
        for reason, count in tally.rejected.items():
            rejected.set(count, *key, reason)
    queued = _gauge("apiserver_current_inqueue_requests", "Requests that wait.", ("request_kind",))
    queued.set(sum(level.queues.waiting for level in fairness.levels.values()), "all")
    yield from (dispatched, rejected, executing, queued)


def _objects(state: ServerState) -> Iterator[Series]:
    by_group = _gauge("apiserver_resource_objects", "Objects by resource.", ("group", "resource"))
    by_name = _gauge("apiserver_storage_objects", "Objects by resource.", ("resource",))
    for bucket, count in state.objects.items():
        plural, _, group = bucket.partition(".")
        by_group.set(count, group, plural)
        by_name.set(count, bucket)
    yield from (by_group, by_name)
    addresses = ("kube_apiserver_clusterip_allocator_", "Addresses of Services")
    for name, value in (
        ("allocated_ips", state.addresses[0]),
        ("available_ips", state.addresses[1]),
    ):
        series = _gauge(addresses[0] + name, f"{addresses[1]}, {name}.", ("cidr",))
        series.set(value, state.network)
        yield series
    for name, value in (("allocated_ports", state.ports[0]), ("available_ports", state.ports[1])):
        series = _gauge(f"kube_apiserver_nodeport_allocator_{name}", f"Node ports, {name}.")
        series.set(value)
        yield series


def process_families() -> Iterator[Series]:
    """What Prometheus asks of every process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    yield _of("process_cpu_seconds_total", "Processor time.", usage.ru_utime + usage.ru_stime)
    yield _of(
        "process_max_fds", "Files that may be open.", resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    )
    build = _gauge(
        "kubernetes_build_info",
        "Which Kubernetes the server says it is.",
        ("git_version", "major", "minor"),
    )
    build.set(1, GIT_VERSION, MAJOR, MINOR)
    yield build
    if not _SELF.is_dir():
        return  # what follows is Linux's alone
    fields = (_SELF / "stat").read_text().rpartition(")")[2].split()
    ticks, pages = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    booted = next(
        float(line.split()[1])
        for line in Path("/proc/stat").read_text().splitlines()
        if line.startswith("btime ")
    )
    yield _of("process_open_fds", "Open files.", len(os.listdir(_SELF / "fd")))
    yield _of("process_start_time_seconds", "When it began.", booted + int(fields[19]) / ticks)
    yield _of("process_virtual_memory_bytes", "Memory that it asked for.", int(fields[20]))
    yield _of("process_resident_memory_bytes", "Memory that it has.", int(fields[21]) * pages)


def _of(name: str, text: str, value: float) -> Series:
    kind = "counter" if name.endswith("_total") else "gauge"
    series = Series(name, text, (), "counter" if kind == "counter" else "gauge")
    series.set(value)
    return series

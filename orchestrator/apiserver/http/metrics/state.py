"""What is read when somebody asks: seats and queues, objects, and the process."""

import json
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from orchestrator.api.scheme import DEFAULT
from orchestrator.apiserver.http.encodings import Encodings
from orchestrator.apiserver.http.fairness import Fairness
from orchestrator.apiserver.http.version import MAJOR, MINOR, version_document
from orchestrator.apiserver.state import ServerState
from orchestrator.apiserver.telemetry.families import Histogram, Series, split_bucket

_SELF: Final = Path("/proc/self")
_FLOW: Final = "apiserver_flowcontrol_"
_LEVEL: Final = ("priority_level",)
_SCHEMA: Final = ("priority_level", "flow_schema")
# The labels of a build, by the document of `/version`.
_BUILD: Final = {
    "build_date": "buildDate",
    "compiler": "compiler",
    "git_commit": "gitCommit",
    "git_tree_state": "gitTreeState",
    "git_version": "gitVersion",
    "go_version": "goVersion",
    "major": "major",
    "minor": "minor",
    "platform": "platform",
}


def present_families(
    fairness: Fairness, state: ServerState, encodings: Encodings
) -> Iterator[Series | Histogram]:
    """All of them, as they are now."""
    yield from state.families
    yield from fairness.families()
    yield from _levels(fairness)
    yield from _flows(fairness)
    yield from _queues(fairness)
    yield from _objects(state)
    yield _sizes(state, encodings)
    yield from process_families()


def _gauge(name: str, text: str, labels: tuple[str, ...] = ()) -> Series:
    return Series(name, text, labels, "gauge")


def _levels(fairness: Fairness) -> Iterator[Series]:
    nominal = _gauge(f"{_FLOW}nominal_limit_seats", "Seats that a level has by right.", _LEVEL)
    least = _gauge(f"{_FLOW}lower_limit_seats", "Seats that it keeps at least.", _LEVEL)
    most = _gauge(f"{_FLOW}upper_limit_seats", "Seats that it gets at most.", _LEVEL)
    limit = _gauge(f"{_FLOW}current_limit_seats", "Seats that it has now.", _LEVEL)
    target = _gauge(f"{_FLOW}target_seats", "Seats that it would get if there were enough.", _LEVEL)
    smoothed = _gauge(f"{_FLOW}demand_seats_smoothed", "Seats asked for, of late.", _LEVEL)
    peak = _gauge(f"{_FLOW}demand_seats_high_watermark", "Most seats asked for.", _LEVEL)
    average = _gauge(
        f"{_FLOW}demand_seats_average", "Seats asked for, over the last period.", _LEVEL
    )
    deviation = _gauge(f"{_FLOW}demand_seats_stdev", "How far that varied in it.", _LEVEL)
    part = _gauge(f"{_FLOW}seat_fair_frac", "Part of its target that each level was given.")
    part.set(fairness.fair_part)
    for name, level in fairness.levels.items():
        nominal.set(level.bounds.nominal, name)
        least.set(level.bounds.least, name)
        most.set(level.bounds.most, name)
        limit.set(level.queues.limit or 0, name)
        target.set(level.target, name)
        average.set(level.average, name)
        deviation.set(level.deviation, name)
        smoothed.set(level.smoothed, name)
        peak.set(level.peak, name)
    yield from (nominal, least, most, limit, target, smoothed, peak, average, deviation, part)


def _flows(fairness: Fairness) -> Iterator[Series]:
    dispatched = Series(f"{_FLOW}dispatched_requests_total", "Requests that got seats.", _SCHEMA)
    rejected = Series(
        f"{_FLOW}rejected_requests_total", "Requests that got none.", (*_SCHEMA, "reason")
    )
    executing = _gauge(f"{_FLOW}current_executing_requests", "Requests that have seats.", _SCHEMA)
    seats = _gauge(f"{_FLOW}current_executing_seats", "Seats that are taken.", _SCHEMA)
    waiting = _gauge(f"{_FLOW}current_inqueue_requests", "Requests that wait.", _SCHEMA)
    waiting_seats = _gauge(f"{_FLOW}current_inqueue_seats", "Seats that are waited for.", _SCHEMA)
    for key, tally in fairness.tallies.items():
        dispatched.set(tally.dispatched, *key)
        executing.set(tally.executing, *key)
        seats.set(tally.seats, *key)
        waiting.set(tally.waiting, *key)
        waiting_seats.set(tally.waiting_seats, *key)
        for reason, count in tally.rejected.items():
            rejected.set(count, *key, reason)
    queued = _gauge("apiserver_current_inqueue_requests", "Requests that wait.", ("request_kind",))
    for kind in ("mutating", "readOnly"):
        queued.set(fairness.waiting(kind), kind)
    yield from (dispatched, rejected, executing, seats, waiting, waiting_seats, queued)


def _queues(fairness: Fairness) -> Iterator[Series]:
    """The virtual times of fair queuing, in seat-seconds."""
    now = _gauge(f"{_FLOW}current_r", "The virtual time of a level.", _LEVEL)
    given = _gauge(f"{_FLOW}dispatch_r", "The virtual time when seats were given last.", _LEVEL)
    latest = _gauge(f"{_FLOW}latest_s", "When the last one served would have begun.", _LEVEL)
    bounds = _gauge(
        f"{_FLOW}next_s_bounds", "When the next ones of queues would begin.", (*_LEVEL, "bound")
    )
    for name, level in fairness.levels.items():
        queues = level.queues
        now.set(queues.virtual, name)
        if queues.latest is None or not queues.queues():
            continue
        given.set(queues.dispatched_at, name)
        latest.set(queues.latest, name)
        nexts = [queue.next for queue in queues.queues() if queue.next]
        if nexts:
            bounds.set(min(nexts), name, "min")
            bounds.set(max(nexts), name, "max")
    yield from (now, given, latest, bounds)


def _sizes(state: ServerState, encodings: Encodings) -> Series:
    """-1 says, as it does in the original, that nobody has seen how large such objects are."""
    sizes = _gauge(
        "apiserver_resource_size_estimate_bytes",
        "Bytes of all objects of a resource, by those that were encoded of late.",
        ("group", "resource"),
    )
    averages = {each.key: encodings.average(each.type) for each in DEFAULT.resources()}
    for bucket, count in state.objects.items():
        average = averages.get(bucket, 0.0)
        sizes.set(round(average * count) if average or not count else -1, *split_bucket(bucket))
    return sizes


def _objects(state: ServerState) -> Iterator[Series]:
    by_group = _gauge("apiserver_resource_objects", "Objects by resource.", ("group", "resource"))
    by_name = _gauge("apiserver_storage_objects", "Objects by resource.", ("resource",))
    for bucket, count in state.objects.items():
        by_group.set(count, *split_bucket(bucket))
        by_name.set(count, bucket)
    yield from (by_group, by_name)
    revision = _gauge(
        "apiserver_watch_cache_resource_version",
        "The revision up to which watchers have been told.",
        ("group", "resource"),
    )
    for bucket in state.objects:
        revision.set(state.revision, *split_bucket(bucket))
    yield revision
    addresses = ("kube_apiserver_clusterip_allocator_", "Addresses of Services")
    for name, value in (
        ("allocated_ips", state.addresses[0]),
        ("available_ips", state.addresses[1]),
    ):
        series = _gauge(addresses[0] + name, f"{addresses[1]}, {name}.", ("cidr",))
        series.set(value, state.network)
        yield series
    total = Series(f"{addresses[0]}allocation_total", "Addresses given out.", ("cidr", "scope"))
    for scope, count in state.drawn.items():
        if count:
            total.set(count, state.network, scope)
    yield total
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
    yield from _versions()
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
    yield from _network()
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    # Prometheus' own libraries say -1 of a limit that there is not as the largest number.
    most = float(2**64 - 1) if limit == resource.RLIM_INFINITY else limit
    yield _of("process_virtual_memory_max_bytes", "Memory that it may ask for.", most)
    yield _of("process_resident_memory_bytes", "Memory that it has.", int(fields[21]) * pages)


def _network() -> Iterator[Series]:
    """Bytes of the process' network namespace; nothing where the kernel does not tell."""
    lines = (_SELF / "net/netstat").read_text().splitlines()
    told = [line.split() for line in lines if line.startswith("IpExt:")]
    if len(told) == 2:
        values = dict(zip(*told, strict=True))
        for way, field in (("receive", "InOctets"), ("transmit", "OutOctets")):
            name = f"process_network_{way}_bytes_total"
            yield _of(name, f"Bytes that it could {way}.", int(values[field]))


def _versions() -> Iterator[Series]:
    told = json.loads(version_document())
    labels = tuple(sorted(_BUILD))
    build = _gauge("kubernetes_build_info", "Which Kubernetes the server says it is.", labels)
    build.set(1, *(str(told[_BUILD[label]]) for label in labels))
    minor = f"{MAJOR}.{MINOR}"
    info = _gauge(
        "version_info",
        "Which minor version it is like.",
        ("binary", "component", "emulation", "min_compat"),
    )
    oldest = f"{told['minCompatibilityMajor']}.{told['minCompatibilityMinor']}"
    info.set(1, minor, "kube", minor, oldest)
    yield from (build, info)


def _of(name: str, text: str, value: float) -> Series:
    kind = "counter" if name.endswith("_total") else "gauge"
    series = Series(name, text, (), "counter" if kind == "counter" else "gauge")
    series.set(value)
    return series

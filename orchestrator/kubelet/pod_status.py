"""The status that a kubelet reports of a pod: phase, conditions, container statuses.

A pure function of the pod worker's state. Conditions are remembered and shared: most pods of a
deployment become ready in the same second and then hold the same condition objects.
"""

from functools import lru_cache
from typing import Final, TypeAlias

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    ContainerStatus,
    HostIP,
    Pod,
    PodCondition,
    PodIP,
    PodStatus,
)
from orchestrator.api.meta.v1 import Time
from orchestrator.kubelet.container_record import ContainerRecord, Stage
from orchestrator.kubelet.pod_worker import PodWorker
from orchestrator.machinery.memo import MixedMemo
from orchestrator.machinery.resources import qos_class
from orchestrator.machinery.times import format_time

_Wanted: TypeAlias = tuple[str, str, str, str]  # type, status, reason, message
_NO_STATUS: Final = PodStatus()

# The conditions that are the kubelet's to set, in the order in which it lists them.
OWN_CONDITIONS: Final = (
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
)
# A pod on a node has been scheduled, whoever bound it.
_SCHEDULED: Final[_Wanted] = ("PodScheduled", "True", "", "")


def phase_of(worker: PodWorker) -> str:
    """Pending, Running, Succeeded or Failed, as kubelet's `getPhase` decides."""
    if worker.failure is not None:
        return "Failed" if worker.terminal else _live_phase(worker)
    return _live_phase(worker)


def _live_phase(worker: PodWorker) -> str:
    policy = worker.pod.spec.restart_policy if worker.pod.spec is not None else "Always"
    for record in worker.init_containers:
        if record.sidecar:
            if not (record.started or record.restarts or worker.terminal):
                return "Pending"
        elif not (record.stage == Stage.EXITED and record.exit_code == 0):
            failed = record.stage == Stage.EXITED and record.exit_code != 0
            return "Failed" if failed and policy == "Never" else "Pending"
    running = stopped = succeeded = 0
    for record in worker.containers:
        if record.state.running is not None:
            running += 1
        elif record.state.terminated is not None:
            stopped += 1
            succeeded += record.exit_code == 0
        elif record.last_state is not None:
            stopped += 1
        else:
            return "Pending"
    if worker.finished:  # nothing restarts in a pod that was deleted, whatever its policy
        return "Succeeded" if succeeded == len(worker.containers) else "Failed"
    if running or policy in ("", "Always"):
        return "Running"
    if any(r.sidecar and r.active for r in worker.init_containers):
        return "Running"
    if succeeded == len(worker.containers):
        return "Succeeded"
    return "Running" if policy == "OnFailure" else "Failed"


def status_of(
    worker: PodWorker, *, node_ips: tuple[str, ...], pod_ips: tuple[str, ...], now: float
) -> PodStatus:
    """The whole status to report at `now`; keeps the conditions that others have set.

    `pod_ips` is empty until the pod has its network.
    """
    pod = worker.pod
    phase = phase_of(worker)
    old = pod.status or _NO_STATUS
    failure = worker.failure
    return replace(
        old,
        phase=phase,
        reason=(failure.reason if failure is not None else old.reason),
        message=(failure.message if failure is not None else old.message),
        conditions=_CONDITIONS(
            old.conditions,
            _wanted_conditions(worker, phase, bool(pod_ips)),
            pod.metadata.generation,
            format_time(now),
        ),
        start_time=format_time(worker.start_time),
        host_ip=node_ips[0] if node_ips else "",
        host_ips=_host_ips(node_ips),
        pod_ip=pod_ips[0] if pod_ips else "",
        pod_ips=_pod_ips(pod_ips, old.pod_ips),
        qos_class=old.qos_class or qos_class(pod),
        init_container_statuses=tuple(
            [_container_status(r, completed=_completed_init(r)) for r in worker.init_containers]
        ),
        container_statuses=tuple([_container_status(r) for r in worker.containers]),
        observed_generation=pod.metadata.generation,
    )


@lru_cache(maxsize=16384)
def _host_ips(ips: tuple[str, ...]) -> tuple[HostIP, ...]:
    return tuple(HostIP(ip=ip) for ip in ips)


def _pod_ips(ips: tuple[str, ...], old: tuple[PodIP, ...]) -> tuple[PodIP, ...]:
    """The very same addresses as before, if they are equal."""
    if len(ips) == len(old) and all(ip == known.ip for ip, known in zip(ips, old, strict=True)):
        return old
    return tuple([PodIP(ip=ip) for ip in ips])


def _container_status(record: ContainerRecord, completed: bool = False) -> ContainerStatus:
    image = record.spec.image or ""
    ran = bool(record.container_id)
    return ContainerStatus(
        name=record.spec.name,
        state=record.state,
        last_state=record.last_state,
        ready=record.is_ready or completed,
        restart_count=record.restarts,
        image=image,
        image_id=image if ran else "",
        container_id=record.container_id if ran else "",
        started=record.started,
    )


def _completed_init(record: ContainerRecord) -> bool:
    """An init container that ended well counts as ready."""
    return not record.sidecar and record.stage == Stage.EXITED and record.exit_code == 0


def _initialized(worker: PodWorker) -> bool:
    return all(
        r.started or r.restarts > 0 if r.sidecar else r.stage == Stage.EXITED and r.exit_code == 0
        for r in worker.init_containers
    )


def _conditions(
    old: tuple[PodCondition, ...], wanted: tuple[_Wanted, ...], generation: int | None, at: Time
) -> tuple[PodCondition, ...]:
    """The wanted ones, each with the time at which its status became so, and those of others."""
    known = {c.type: c for c in old}
    result = []
    for type_, status, reason, message in wanted:
        was = known.get(type_)
        since = was.last_transition_time if was is not None and was.status == status else at
        result.append(_condition(type_, status, reason, message, since, generation))
    result.extend(c for c in old if c.type not in OWN_CONDITIONS)
    return tuple(result)


_CONDITIONS: Final[MixedMemo[tuple[PodCondition, ...], tuple[PodCondition, ...]]] = MixedMemo(
    _conditions
)


@lru_cache(maxsize=4096)
def _condition(
    type_: str, status: str, reason: str, message: str, since: Time | None, generation: int | None
) -> PodCondition:
    return PodCondition(
        type=type_,
        status=status,
        reason=reason,
        message=message,
        last_transition_time=since,
        observed_generation=generation,
    )


def _wanted_conditions(worker: PodWorker, phase: str, has_network: bool) -> tuple[_Wanted, ...]:
    """The kubelet's own conditions."""
    if not worker.init_containers and not _open_gates(worker.pod):
        return _usual_conditions(phase, has_network, *_unready(worker, phase))
    done = phase in ("Succeeded", "Failed")
    initialized = _initialized(worker)
    sandbox = has_network and not done
    conditions = [("PodReadyToStartContainers", "True" if sandbox else "False", "", "")]
    if initialized:
        reason = "PodCompleted" if phase == "Succeeded" else ""
        conditions.append(("Initialized", "True", reason, ""))
    else:
        incomplete = " ".join(
            r.spec.name
            for r in worker.init_containers
            if not (r.started if r.sidecar else r.exit_code == 0)
        )
        message = f"containers with incomplete status: [{incomplete}]"
        conditions.append(("Initialized", "False", "ContainersNotInitialized", message))
    reason, message = _unready(worker, phase)
    ready = ("True", "", "") if not reason else ("False", reason, message)
    gates = _open_gates(worker.pod)
    if gates and ready[0] == "True":
        text = "corresponding condition of pod readiness gate"
        message = "\n".join(f'{text} "{gate}" does not exist.' for gate in gates)
        conditions.append(("Ready", "False", "ReadinessGatesNotReady", message))
    else:
        conditions.append(("Ready", *ready))
    conditions += [("ContainersReady", *ready), _SCHEDULED]
    return tuple(conditions)


@lru_cache(maxsize=1024)
def _usual_conditions(
    phase: str, has_network: bool, reason: str, message: str
) -> tuple[_Wanted, ...]:
    """Those of a pod without init containers and readiness gates; `reason`: why it is not ready."""
    sandbox = has_network and phase not in ("Succeeded", "Failed")
    ready = ("True", "", "") if not reason else ("False", reason, message)
    return (
        ("PodReadyToStartContainers", "True" if sandbox else "False", "", ""),
        ("Initialized", "True", "PodCompleted" if phase == "Succeeded" else "", ""),
        ("Ready", *ready),
        ("ContainersReady", *ready),
        _SCHEDULED,
    )


def _unready(worker: PodWorker, phase: str) -> tuple[str, str]:
    """Why the containers are not ready; empty when they are."""
    if phase == "Succeeded":
        return "PodCompleted", ""
    if phase == "Failed":
        return "PodFailed", ""
    waiting = [r.spec.name for r in worker.init_containers if r.sidecar and not r.is_ready]
    waiting += [r.spec.name for r in worker.containers if not r.is_ready]
    if not waiting:
        return "", ""
    return "ContainersNotReady", f"containers with unready status: [{' '.join(waiting)}]"


def _open_gates(pod: Pod) -> list[str]:
    """The readiness gates whose condition is not True."""
    if pod.spec is None or not pod.spec.readiness_gates:
        return []
    true = {c.type for c in pod.status.conditions if c.status == "True"} if pod.status else set()
    return [g.condition_type for g in pod.spec.readiness_gates if g.condition_type not in true]

"""The status that a kubelet reports of a pod: phase, conditions, container statuses.

A pure function of the pod worker's state. Conditions are remembered and shared: most pods of a
deployment become ready in the same second and then hold the same condition objects.
"""

from functools import lru_cache, partial
from typing import Final, TypeAlias

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    Container,
    ContainerState,
    ContainerStateTerminated,
    ContainerStatus,
    ContainerUser,
    HostIP,
    LinuxContainerUser,
    Pod,
    PodCondition,
    PodIP,
    PodSecurityContext,
    PodStatus,
    SecurityContext,
    VolumeMountStatus,
)
from orchestrator.api.meta.v1 import Time
from orchestrator.api.scalars import EMPTY
from orchestrator.kubelet.container_record import ContainerRecord, Role
from orchestrator.kubelet.image_names import image_id
from orchestrator.kubelet.pod_state import PodState
from orchestrator.kubelet.resetting import RESETTING
from orchestrator.machinery.memo import IdentityMemo, PartsMemo
from orchestrator.machinery.resources import qos_class
from orchestrator.machinery.restarts import restarts
from orchestrator.machinery.times import format_time

_Wanted: TypeAlias = tuple[str, str, str, str]  # type, status, reason, message
_NO_STATUS: Final = PodStatus()
_NO_STATE: Final = ContainerState()  # written as {}

# The one condition of which kubelet does not say for which generation it holds.
_RESTARTING: Final = "AllContainersRestarting"
# The conditions that are the kubelet's to set, in the order in which it lists them.
OWN_CONDITIONS: Final = (
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
    "PodResizePending",
    _RESTARTING,
)
_OWN_FIELDS: Final = (
    "phase",
    "reason",
    "message",
    "container_statuses",
    "init_container_statuses",
    "ephemeral_container_statuses",
    "host_ip",
    "host_ips",
    "pod_ip",
    "pod_ips",
    "start_time",
)
_ENDED: Final = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}
# A pod on a node has been scheduled, whoever bound it.
_SCHEDULED: Final[_Wanted] = ("PodScheduled", "True", "", "")


def phase_of(worker: PodState) -> str:
    """Pending, Running, Succeeded or Failed, as kubelet's `getPhase` decides.

    A pod that has been stopped has ended, so that what waits for its end behind a finalizer does not hang.
    """
    if worker.failure is not None and worker.terminal:
        return "Failed"
    phase = _live_phase(worker)
    if phase in _ENDED and any(record.active for record in worker.records()):
        # It has ended when nothing of it runs any more: others take that for leave to go on.
        phase = "Running" if worker.initialized else "Pending"
    over = worker.finished and not worker.vanished
    return "Failed" if over and phase in ("Pending", "Running") else phase


def _live_phase(worker: PodState) -> str:
    policy = worker.pod.spec.restart_policy if worker.pod.spec is not None else "Always"
    pending = False
    for record in worker.init_containers:
        if record.sidecar:
            if not (record.started or _ended(record) is not None or worker.terminal):
                pending = pending or not worker.initialized
        elif record.state.running is not None:
            pending = True
        elif not record.completed:
            ended = _ended(record)
            if ended is None or not ended.exit_code:
                pending = True
            elif not _again(worker, record, policy, ended):
                return "Failed"
    running = sum([r.sidecar and r.state.running is not None for r in worker.init_containers])
    stopped = for_good = succeeded = 0
    for record in worker.containers:
        if record.state.running is not None:
            running += 1
            continue
        ended = _ended(record)
        if ended is None:
            return "Pending"
        stopped += 1
        for_good += not _again(worker, record, policy, ended)
        succeeded += record.exit_code == 0
    if pending or not (running or stopped):
        return "Pending"
    if running:
        return "Running"
    if not worker.stopped and stopped != for_good:
        return "Running"
    return "Succeeded" if succeeded == stopped else "Failed"


def _again(
    worker: PodState, record: ContainerRecord, policy: str, ended: ContainerStateTerminated
) -> bool:
    """Whether another run follows one that ended so."""
    reset = worker.resetting or ended.reason == RESETTING
    return reset or restarts(record.spec, policy, ended.exit_code)


def _ended(record: ContainerRecord) -> ContainerStateTerminated | None:
    """The end of the container's last run, unless it runs again."""
    if record.state.terminated is not None:
        return record.state.terminated
    return record.last_state.terminated if record.last_state is not None else None


def status_of(
    worker: PodState,
    *,
    node_ips: tuple[str, ...],
    pod_ips: tuple[str, ...],
    now: float,
    reported: PodStatus | None = None,
) -> PodStatus:
    """The whole status to report at `now`; keeps the conditions that others have set.

    `pod_ips` is empty until the pod has its network. What was `reported` last has the words for the phase, until
    that is another, and the times of the conditions.
    """
    pod = worker.pod
    phase = phase_of(worker)
    old = pod.status or _NO_STATUS
    before = reported or old
    words = (before.reason, before.message) if before.phase == phase else ("", "")
    failure = worker.failure
    # Of a pod that has ended nothing is looked at again, whatever becomes of its specification.
    over = phase in _ENDED and before.phase == phase
    generation = before.observed_generation if over else pod.metadata.generation
    general = pod.spec.security_context if pod.spec is not None else None
    return replace(
        old,
        phase=phase,
        reason=(failure.reason if failure is not None else words[0]),
        message=(failure.message if failure is not None else words[1]),
        conditions=_CONDITIONS(
            before.conditions,
            old.conditions,
            _wanted_conditions(worker, phase, bool(pod_ips)),
            generation,
            format_time(now),
        ),
        start_time=format_time(worker.start_time),
        host_ip=node_ips[0] if node_ips else "",
        host_ips=_host_ips(node_ips),
        pod_ip=pod_ips[0] if pod_ips else "",
        pod_ips=_pod_ips(pod_ips, old.pod_ips),
        qos_class=old.qos_class or qos_class(pod),
        init_container_statuses=tuple(
            [
                _container_status(r, general, completed=r.completed and not r.sidecar)
                for r in worker.init_containers
            ]
        ),
        container_statuses=tuple([_container_status(r, general) for r in worker.containers]),
        ephemeral_container_statuses=tuple(
            [_container_status(r, general) for r in worker.debuggers]
        ),
        observed_generation=generation,
    )


def is_overwritten(status: PodStatus, reported: PodStatus) -> bool:
    """Whether somebody else has changed what a kubelet reported, as far as that is the kubelet's to say."""
    if any(getattr(status, name) != getattr(reported, name) for name in _OWN_FIELDS):
        return True
    own, told = (
        [c for c in each.conditions if c.type in OWN_CONDITIONS] for each in (status, reported)
    )
    return own != told


def with_addresses(pod: Pod, node_ip: str, pod_ips: tuple[str, ...]) -> Pod:
    """The pod with the addresses that it has, whether they have been reported or not."""
    status = pod.status or _NO_STATUS
    if not pod_ips or status.pod_ip == pod_ips[0]:
        return pod
    known = replace(
        status,
        host_ip=node_ip,
        host_ips=_host_ips((node_ip,)),
        pod_ip=pod_ips[0],
        pod_ips=_pod_ips(pod_ips, status.pod_ips),
    )
    return replace(pod, status=known)


@lru_cache(maxsize=16384)
def _host_ips(ips: tuple[str, ...]) -> tuple[HostIP, ...]:
    return tuple(HostIP(ip=ip) for ip in ips)


def _pod_ips(ips: tuple[str, ...], old: tuple[PodIP, ...]) -> tuple[PodIP, ...]:
    """The very same addresses as before, if they are equal."""
    if len(ips) == len(old) and ips == tuple([known.ip for known in old]):
        return old
    return tuple([PodIP(ip=ip) for ip in ips])


def _container_status(
    record: ContainerRecord, general: PodSecurityContext | None, completed: bool = False
) -> ContainerStatus:
    spec = record.spec
    image = record.image or spec.image
    mounts = _RECURSIVE_MOUNTS if record.recursive else _FLAT_MOUNTS
    ran = bool(record.container_id)
    resources = spec.resources if ran else None
    # Nobody asks whether an ephemeral container is ready or has started, nor a probe whether an init container is ready.
    asked = record.role is not Role.DEBUG
    probed = asked and record.role is not Role.INIT
    return ContainerStatus(
        name=record.spec.name,
        state=record.state,
        last_state=record.last_state or _NO_STATE,
        ready=completed or (probed and record.is_ready),
        restart_count=record.restarts,
        image=image,
        image_id=image_id(image) if ran else "",
        container_id=record.container_id if ran else "",
        started=record.started if asked else None,
        resources=resources,
        allocated_resources=resources.requests if resources is not None else EMPTY,
        volume_mounts=mounts(spec) if ran and spec.volume_mounts else (),
        user=_user(general, spec.security_context) if ran else None,
    )


def _mount_statuses(container: Container, recursive: bool) -> tuple[VolumeMountStatus, ...]:
    found = []
    for mount in container.volume_mounts:
        deep = recursive and mount.recursive_read_only in ("IfPossible", "Enabled")
        found.append(
            VolumeMountStatus(
                name=mount.name,
                mount_path=mount.mount_path,
                read_only=mount.read_only,
                recursive_read_only=("Enabled" if deep else "Disabled")
                if mount.read_only
                else None,
            )
        )
    return tuple(found)


_Mounts: TypeAlias = IdentityMemo[Container, tuple[VolumeMountStatus, ...]]
_RECURSIVE_MOUNTS: Final[_Mounts] = IdentityMemo(partial(_mount_statuses, recursive=True))
_FLAT_MOUNTS: Final[_Mounts] = IdentityMemo(partial(_mount_statuses, recursive=False))


def _user(general: PodSecurityContext | None, own: SecurityContext | None) -> ContainerUser:
    """Who the container's first process is: what the image says if nobody says otherwise, root."""
    uid = gid = None
    if own is not None:
        uid, gid = own.run_as_user, own.run_as_group
    if general is None:
        return _linux_user(uid or 0, gid or 0)
    uid = general.run_as_user if uid is None else uid
    gid = general.run_as_group if gid is None else gid
    groups = general.supplemental_groups
    if general.fs_group is not None:
        groups = (*groups, general.fs_group)
    return _linux_user(uid or 0, gid or 0, groups)


@lru_cache(maxsize=256)
def _linux_user(uid: int, gid: int, groups: tuple[int, ...] = ()) -> ContainerUser:
    groups = tuple(dict.fromkeys((gid, *groups)))
    return ContainerUser(linux=LinuxContainerUser(uid=uid, gid=gid, supplemental_groups=groups))


def _initialized(worker: PodState) -> bool:
    # Who has been initialized once stays so, even while all containers begin anew.
    return any(r.attempt >= 0 for r in worker.containers) or all(
        r.started if r.sidecar else r.completed for r in worker.init_containers
    )


def _conditions(
    before: tuple[PodCondition, ...],
    old: tuple[PodCondition, ...],
    wanted: tuple[_Wanted, ...],
    generation: int | None,
    at: Time,
) -> tuple[PodCondition, ...]:
    """The wanted ones, each with the time at which its status became so as it was told `before`; and those of others."""
    known = {c.type: c for c in before}
    result = []
    for type_, status, reason, message in wanted:
        was = known.get(type_)
        since = was.last_transition_time if was is not None and was.status == status else at
        observed = None if type_ == _RESTARTING else generation
        result.append(_condition(type_, status, reason, message, since, observed))
    told = {type_ for type_, *_ in wanted}
    result.extend(c for c in old if c.type not in OWN_CONDITIONS and c.type not in told)
    return tuple(result)


# Kubelets in step write the same words at the same moment, which are the very same objects.
_CONDITIONS: Final = PartsMemo(_conditions)


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


def _wanted_conditions(worker: PodState, phase: str, has_network: bool) -> tuple[_Wanted, ...]:
    """The kubelet's own conditions."""
    disrupted = worker.failure is not None and bool(worker.failure.disrupted)
    plain = worker.resize_pending is None and not worker.init_containers and not disrupted
    if plain and not worker.traits.resets and not _open_gates(worker.pod):
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
            if not (r.started if r.sidecar else r.completed)
        )
        message = f"containers with incomplete status: [{incomplete}]"
        conditions.append(("Initialized", "False", "ContainersNotInitialized", message))
    reason, message = _unready(worker, phase)
    ready = ("True", "", "") if not reason else ("False", reason, message)
    gates = _open_gates(worker.pod)
    if gates and ready[0] == "True":
        message = ", ".join(gates)
        conditions.append(("Ready", "False", "ReadinessGatesNotReady", message))
    else:
        conditions.append(("Ready", *ready))
    conditions += [("ContainersReady", *ready), _SCHEDULED]
    if worker.traits.resets:
        conditions.append(_resetting(worker, phase))
    if worker.resize_pending is not None and not done:
        conditions.append(("PodResizePending", "True", *worker.resize_pending))
    if worker.failure is not None and worker.failure.disrupted:
        failure = worker.failure
        conditions.append(("DisruptionTarget", "True", failure.disrupted, failure.message))
    return tuple(conditions)


def _resetting(worker: PodState, phase: str) -> _Wanted:
    """Whether all containers are about to begin anew."""
    if phase in _ENDED:
        cut = worker.finished and _is_cut_short(worker)
        return _RESTARTING, "False", "" if cut else _ENDED[phase], ""
    if not worker.resetting:
        return _RESTARTING, "False", "", ""
    why = "container exited with restart policy rule"
    return _RESTARTING, "True", "RestartAllContainersStarted", why


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


def _unready(worker: PodState, phase: str) -> tuple[str, str]:
    """Why the containers are not ready; empty when they are."""
    if phase in _ENDED and not (worker.finished and _is_cut_short(worker)):
        return _ENDED[phase], ""
    waiting = [r.spec.name for r in worker.init_containers if r.sidecar and not r.is_ready]
    waiting += [r.spec.name for r in worker.containers if not r.is_ready]
    if not waiting:
        return "", ""
    return "ContainersNotReady", f"containers with unready status: [{' '.join(waiting)}]"


def _is_cut_short(worker: PodState) -> bool:
    """Whether the pod was deleted before each container had run.

    What is said of its containers is then what was said while it was pending: kubelet lets it fail afterwards.
    """
    if worker.failure is not None:
        return False
    if any(not r.sidecar and worker.failed_for_good(r) for r in worker.init_containers):
        return False
    return any(not record.container_id for record in worker.containers)


def _open_gates(pod: Pod) -> list[str]:
    """What is said of each readiness gate whose condition is not True."""
    if pod.spec is None or not pod.spec.readiness_gates:
        return []
    known = {c.type: c.status for c in pod.status.conditions} if pod.status is not None else {}
    said = []
    for gate in pod.spec.readiness_gates:
        status = known.get(gate.condition_type)
        name = f'pod readiness gate "{gate.condition_type}"'
        if status is None:
            said.append(f"corresponding condition of {name} does not exist.")
        elif status != "True":
            said.append(f'the status of {name} is not "True", but {status}')
    return said

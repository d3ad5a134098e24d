"""A node's conditions and its lease, as the kubelet reports them."""

from typing import Final

from msgspec.structs import replace

from orchestrator.api.coordination.v1 import Lease, LeaseSpec
from orchestrator.api.core.v1 import NodeCondition
from orchestrator.api.meta.v1 import ObjectMeta, OwnerReference
from orchestrator.machinery.times import format_micro_time, format_time

LEASE_NAMESPACE: Final = "kube-node-lease"
LEASE_DURATION_SECONDS: Final = 40

# type, status, reason, message of a node that is well, in the kubelet's order
_WELL: Final = (
    (
        "MemoryPressure",
        "False",
        "KubeletHasSufficientMemory",
        "kubelet has sufficient memory available",
    ),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)


_PRESSED: Final = {
    "MemoryPressure": (
        "KubeletHasInsufficientMemory",
        "kubelet has insufficient memory available",
    ),
    "DiskPressure": ("KubeletHasDiskPressure", "kubelet has disk pressure"),
    "PIDPressure": ("KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
}


def conditions_at(
    now: float,
    old: tuple[NodeCondition, ...],
    pressed: frozenset[str] = frozenset(),
    not_ready: str = "",
) -> tuple[NodeCondition, ...]:
    """The conditions of a node at `now` that is well but for those that are `pressed`, and unless `not_ready` says why
    it is not; a status that stays keeps its time.
    """
    at = format_time(now)
    known = {c.type: c for c in old}
    result = []
    for type_, status, reason, message in _WELL:
        if type_ in pressed:
            status, (reason, message) = "True", _PRESSED[type_]
        elif type_ == "Ready" and not_ready:
            status, reason, message = "False", "KubeletNotReady", not_ready
        was = known.get(type_)
        result.append(
            NodeCondition(
                type=type_,
                status=status,
                reason=reason,
                message=message,
                last_heartbeat_time=at,
                last_transition_time=(
                    was.last_transition_time if was is not None and was.status == status else at
                ),
            )
        )
    own = {type_ for type_, *_ in _WELL}
    return (*result, *(c for c in old if c.type not in own))


def lease_at(now: float, node_name: str, node_uid: str) -> Lease:
    """The node's lease, renewed at `now` and owned by the Node."""
    return Lease(
        metadata=ObjectMeta(
            name=node_name,
            namespace=LEASE_NAMESPACE,
            owner_references=(
                OwnerReference(api_version="v1", kind="Node", name=node_name, uid=node_uid),
            ),
        ),
        spec=LeaseSpec(
            holder_identity=node_name,
            lease_duration_seconds=LEASE_DURATION_SECONDS,
            renew_time=format_micro_time(now),
        ),
    )


def renewed(lease: Lease, now: float) -> Lease:
    """The lease with a new time; its revision makes the write fail if somebody else wrote it."""
    spec = lease.spec or LeaseSpec()
    return replace(lease, spec=replace(spec, renew_time=format_micro_time(now)))

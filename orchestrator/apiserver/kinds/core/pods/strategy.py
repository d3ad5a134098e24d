"""Pods: they begin Pending with a QoS class, and end gracefully on their node."""

from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Pod, PodCondition, PodIP, PodSpec, PodStatus
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.core.pods.label_keys import uses_label_keys, with_label_keys
from orchestrator.apiserver.kinds.core.pods.profile_annotations import (
    names_app_armor,
    with_app_armor_fields,
)
from orchestrator.apiserver.kinds.strategy import Strategy
from orchestrator.machinery.claim_names import apart
from orchestrator.machinery.errors import QuantityError
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.machinery.resources import qos_class

_TERMINAL: Final = ("Succeeded", "Failed")
_GATED: Final = PodCondition(
    type="PodScheduled",
    status="False",
    reason="SchedulingGated",
    message="Scheduling is blocked due to non-empty scheduling gates",
)


class PodStrategy(Strategy):
    """What is special about pods."""

    def prepare_for_create(self, new: Pod, env: Environment) -> Pod:
        """Pending, whatever the client says."""
        spec = new.spec or _NO_SPEC
        status = _FIRST_STATUS(apart(spec)[0])
        if spec.scheduling_gates:
            gated = replace(_GATED, last_transition_time=env.time())
            status = replace(status, conditions=(gated,))
        if uses_label_keys(spec):
            spec = with_label_keys(spec, new.metadata.labels)
        if names_app_armor(new.metadata.annotations):
            spec = with_app_armor_fields(spec, new.metadata.annotations)
        if spec is new.spec:
            return replace(new, status=status)
        return replace(new, spec=spec, status=status)

    def prepare_for_status_update(self, new: Pod, old: Pod, env: Environment) -> Pod:
        """The QoS class is decided once, and stays where none is said; owners are not a kubelet's business."""
        status = new.status or PodStatus()
        before = old.status.qos_class if old.status is not None else None
        if not status.qos_class and before:
            status = replace(status, qos_class=before)
        status = _with_addresses(status)
        metadata = new.metadata
        if metadata.owner_references is not old.metadata.owner_references:
            metadata = replace(metadata, owner_references=old.metadata.owner_references)
        return replace(old, metadata=metadata, status=status)

    def grace_seconds(self, stored: Pod, asked: int | None) -> int:
        """None for pods that run nowhere; at least a second for one asked to go in no time."""
        spec, status = stored.spec or _NO_SPEC, stored.status
        if not spec.node_name or (status is not None and status.phase in _TERMINAL):
            return 0
        seconds = spec.termination_grace_period_seconds if asked is None else asked
        return 1 if seconds is not None and seconds < 0 else seconds or 0


_NO_SPEC: Final = PodSpec()


def _with_addresses(status: PodStatus) -> PodStatus:
    """One address is said in two fields, of which the older one decides; on claims to a node's own resources nothing acts."""
    first = status.pod_ips[0].ip if status.pod_ips else ""
    if status.pod_ip and status.pod_ip != first:
        status = replace(status, pod_ips=(PodIP(ip=status.pod_ip),))
    elif first and not status.pod_ip:
        status = replace(status, pod_ip=first)
    if status.node_allocatable_resource_claim_statuses:
        status = replace(status, node_allocatable_resource_claim_statuses=())
    return status


def _first_status(spec: PodSpec) -> PodStatus:
    try:
        quality: Any = qos_class(Pod(spec=spec))
    except QuantityError:  # validation will say so, with all else that is wrong
        quality = "BestEffort"
    return PodStatus(phase="Pending", qos_class=quality)


# Pods of one template begin with the very same status object.
_FIRST_STATUS: Final = IdentityMemo(_first_status)

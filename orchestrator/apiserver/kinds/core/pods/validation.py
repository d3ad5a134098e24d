"""Pods: what may be created, the little that may change, and the steps of their status."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    Binding,
    Container,
    ContainerStatus,
    Pod,
    PodCondition,
    PodSchedulingGate,
    PodSpec,
    PodStatus,
    PodTemplate,
    Toleration,
)
from orchestrator.apiserver.kinds.core.pods.placement_validation import toleration_errors
from orchestrator.apiserver.kinds.core.pods.spec_validation import (
    MIRROR,
    pod_annotation_errors,
    pod_spec_errors,
    template_errors,
)
from orchestrator.apiserver.kinds.core.pods.volume_validation import own_claim_errors
from orchestrator.apiserver.validation.diff import difference
from orchestrator.apiserver.validation.field import (
    MAX_INT32,
    Errors,
    FieldError,
    between,
    complaints,
    forbidden,
    invalid,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.formats import address_errors
from orchestrator.apiserver.validation.metadata import dns_subdomain
from orchestrator.apiserver.validation.rules import CHANGE_AND_WHOLE, Rules
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.machinery.names import qualified_name_errors
from orchestrator.machinery.restarts import may_restart_all, restarts

_UPDATABLE: Final = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n"
)
_SYSTEM_CONDITIONS: Final = frozenset({"PodScheduled", "Ready", "Initialized"})
_NO_SPEC: Final = PodSpec()
_NO_STATUS: Final = PodStatus()
_NO_CONTAINER: Final = Container()


def _create_errors(pod: Pod) -> Iterable[FieldError]:
    spec = pod.spec
    if spec is not None and not pod.metadata.annotations and _is_sound(spec):
        return ()
    return _all_create_errors(pod, spec or _NO_SPEC)


def _is_sound_spec(spec: PodSpec) -> bool:
    """Whether the spec has no fault whatever the pod's metadata are."""
    if spec.resource_claims or any(volume.ephemeral is not None for volume in spec.volumes):
        return False
    return not any(_all_create_errors(Pod(spec=spec), spec))


_is_sound: Final = IdentityMemo(_is_sound_spec, 1 << 11)


def _all_create_errors(pod: Pod, spec: PodSpec) -> Errors:
    yield from _metadata_and_spec_errors(pod, spec)
    if spec.ephemeral_containers:
        yield forbidden("spec.ephemeralContainers", "cannot be set on create")
    if spec.node_name and spec.scheduling_gates:
        detail = "cannot be set until all schedulingGates have been cleared"
        yield forbidden("spec.nodeName", detail)


def _metadata_and_spec_errors(pod: Pod, spec: PodSpec) -> Errors:
    annotations = pod.metadata.annotations
    if annotations:
        yield from pod_annotation_errors("metadata.annotations", annotations, spec)
    yield from pod_spec_errors("spec", spec, is_pod=True)
    if spec.volumes:
        yield from own_claim_errors("spec.volumes", spec.volumes, pod.metadata.name)
    if spec.resource_claims and MIRROR in annotations:
        yield forbidden("", "static pods do not support resource claims")


# --- updates -------------------------------------------------------------------------------


def _update_errors(new: Pod, old: Pod) -> Errors:
    if new.metadata.annotations is not old.metadata.annotations:
        yield from _annotation_change_errors(new, old)
    if new.spec is old.spec:
        return
    spec, before = new.spec or _NO_SPEC, old.spec or _NO_SPEC
    yield from _metadata_and_spec_errors(new, spec)
    groups = (
        ("spec.containers", spec.containers, before.containers),
        ("spec.initContainers", spec.init_containers, before.init_containers),
    )
    for path, containers, present in groups:
        yield from _image_change_errors(path, containers, present)
        if len(containers) != len(present):
            return
    yield from _deadline_errors(spec.active_deadline_seconds, before.active_deadline_seconds)
    yield from _toleration_change_errors(spec.tolerations, before.tolerations)
    yield from _gate_change_errors(spec.scheduling_gates, before.scheduling_gates)
    yield from _forbidden_change_errors(spec, before)


def _annotation_change_errors(new: Pod, old: Pod) -> Errors:
    before, after = old.metadata.annotations.get(MIRROR), new.metadata.annotations.get(MIRROR)
    if before != after:
        verb = "add" if before is None else "remove or update"
        where = f"metadata.annotations[{MIRROR}]"
        yield forbidden(where, f"may not {verb} mirror pod annotation")
    annotations = new.metadata.annotations
    yield from pod_annotation_errors("metadata.annotations", annotations, new.spec or _NO_SPEC)


def _image_change_errors(path: str, new: Sequence[Container], old: Sequence[Container]) -> Errors:
    if len(new) != len(old):
        yield forbidden(path, "pod updates may not add or remove containers")
        return
    for i, container in enumerate(new):
        if not container.image:
            yield required(f"{path}[{i}].image")


def _deadline_errors(new: int | None, old: int | None) -> Errors:
    path = "spec.activeDeadlineSeconds"
    if new is None:
        if old is not None:
            yield invalid(path, None, "must not update from a positive integer to nil value")
        return
    yield from between(path, new, 0, MAX_INT32)
    if old is not None and old < new:
        yield invalid(path, new, "must be less than or equal to previous value")


def _toleration_change_errors(new: Sequence[Toleration], old: Sequence[Toleration]) -> Errors:
    path = "spec.tolerations"
    kept = [replace(each, toleration_seconds=None) for each in new]
    for toleration in old:
        if replace(toleration, toleration_seconds=None) not in kept:
            detail = "existing toleration can not be modified except its tolerationSeconds"
            yield forbidden(path, detail)
            return
    yield from toleration_errors(path, new)


def _gate_change_errors(
    new: Sequence[PodSchedulingGate], old: Sequence[PodSchedulingGate]
) -> Errors:
    present = {gate.name for gate in old}
    for i, gate in enumerate(new):
        if gate.name not in present:
            detail = f"only deletion is allowed, but found new scheduling gate '{gate.name}'"
            yield forbidden(f"spec.schedulingGates[{i}].name", detail)


def _forbidden_change_errors(new: PodSpec, old: PodSpec) -> Errors:
    munged = replace(
        new,
        containers=_with_images(new.containers, old.containers),
        init_containers=_with_images(new.init_containers, old.init_containers),
        active_deadline_seconds=old.active_deadline_seconds,
        scheduling_gates=old.scheduling_gates,
        tolerations=old.tolerations,
    )
    grace = old.termination_grace_period_seconds
    if grace is not None and grace < 0 and new.termination_grace_period_seconds == 1:
        munged = replace(munged, termination_grace_period_seconds=grace)
    if old.scheduling_gates:
        yield from _gated_change_errors(munged, old)
        munged = replace(
            munged, node_selector=old.node_selector, affinity=_with_node_affinity(munged, old)
        )
    if munged != old:
        yield forbidden("spec", _UPDATABLE + difference(old, munged))


def _with_images(new: tuple[Container, ...], old: tuple[Container, ...]) -> tuple[Container, ...]:
    """The new containers with the old images: images may change."""
    return tuple(replace(n, image=o.image) for n, o in zip(new, old, strict=True))


def _gated_change_errors(new: PodSpec, old: PodSpec) -> Errors:
    """A pod that is held at a gate may still be narrowed to fewer nodes."""
    for key, value in old.node_selector.items():
        if new.node_selector.get(key) != value:
            detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
            yield invalid("spec.nodeSelector", new.node_selector, detail)
    before, after = _required_terms(old), _required_terms(new)
    path = (
        "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"
        ".nodeSelectorTerms"
    )
    if before and len(before) != len(after):
        detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        yield invalid(path, after, detail)
        return
    for i, (term, present) in enumerate(zip(after, before, strict=False)):
        if not _only_added(term, present):
            detail = "only additions are allowed (no mutations or deletions)"
            yield invalid(f"{path}[{i}]", term, detail)


def _required_terms(spec: PodSpec) -> tuple[Any, ...]:
    affinity = spec.affinity.node_affinity if spec.affinity else None
    hard = affinity.required_during_scheduling_ignored_during_execution if affinity else None
    return hard.node_selector_terms if hard else ()


def _only_added(new: Any, old: Any) -> bool:
    if not old.match_expressions and not old.match_fields:
        # An empty term matches nothing: adding to it would make it match something.
        return not new.match_expressions and not new.match_fields
    expressions, fields = len(old.match_expressions), len(old.match_fields)
    kept: bool = new.match_expressions[:expressions] == old.match_expressions
    return kept and bool(new.match_fields[:fields] == old.match_fields)


def _with_node_affinity(new: PodSpec, old: PodSpec) -> Any:
    """The new affinity with the old affinity to nodes, which was judged already."""
    before = old.affinity.node_affinity if old.affinity else None
    if new.affinity is None:
        return old.affinity if before is not None else None
    merged = replace(new.affinity, node_affinity=before)
    return None if old.affinity is None and merged == type(merged)() else merged


# --- status --------------------------------------------------------------------------------


def _status_errors(new: Pod, old: Pod) -> Errors:
    if new.metadata.annotations is not old.metadata.annotations:
        yield from _annotation_change_errors(new, old)
    status, before = new.status, old.status
    if status is None or status is before:
        return
    before = before or _NO_STATUS
    if status.conditions is not before.conditions:
        yield from _CONDITION_ERRORS(status.conditions)
    spec, old_spec = new.spec or _NO_SPEC, old.spec or _NO_SPEC
    if spec is not old_spec and spec.node_name != old_spec.node_name:
        yield forbidden("status.nodeName", "may not be changed directly")
    if status.nominated_node_name and status.nominated_node_name != before.nominated_node_name:
        name = status.nominated_node_name
        yield from complaints("status.nominatedNodeName", name, dns_subdomain(name))
    if status.qos_class and before.qos_class and status.qos_class != before.qos_class:
        yield invalid("status.qosClass", status.qos_class, "field is immutable")
    yield from _transition_errors(status, before, old_spec)
    if (
        status.pod_ips is not before.pod_ips
        or status.host_ip != before.host_ip
        or (status.host_ips is not before.host_ips)
    ):
        yield from _address_errors(status)


def _condition_errors(conditions: Sequence[PodCondition]) -> tuple[FieldError, ...]:
    found: list[FieldError] = []
    for i, condition in enumerate(conditions):
        if condition.type not in _SYSTEM_CONDITIONS and (
            messages := qualified_name_errors(condition.type)
        ):
            found += complaints(f"status.conditions[{i}].Type", condition.type, messages)
    return tuple(found)


# Kubelets write the very same conditions for many pods.
_CONDITION_ERRORS: Final = IdentityMemo(_condition_errors, 1 << 11)


def _transition_errors(new: PodStatus, old: PodStatus, spec: PodSpec) -> Errors:
    if spec.restart_policy == "Always" or not (
        old.container_statuses or old.init_container_statuses
    ):
        return
    if any(may_restart_all(c) for c in (*spec.init_containers, *spec.containers)):
        return
    if old.container_statuses:
        yield from _revival_errors(
            "containerStatuses",
            new.container_statuses,
            old.container_statuses,
            spec.restart_policy,
            spec.containers,
        )
    if old.init_container_statuses:
        statuses = (new.init_container_statuses, old.init_container_statuses)
        yield from _revival_errors(
            "initContainerStatuses", *statuses, spec.restart_policy, spec.init_containers
        )


def _revival_errors(
    name: str,
    new: Sequence[ContainerStatus],
    old: Sequence[ContainerStatus],
    policy: str,
    containers: Sequence[Container],
) -> Errors:
    """A container that ended stays ended, unless it may be restarted."""
    specs = {container.name: container for container in containers}
    after = {status.name: status for status in new}
    for i, status in enumerate(old):
        ended = status.state.terminated if status.state else None
        present = after.get(status.name)
        if ended is None or present is None:
            continue
        if present.state is not None and present.state.terminated is not None:
            continue
        container = specs.get(status.name, _NO_CONTAINER)
        if restarts(container, policy, ended.exit_code):
            continue
        detail = "may not be transitioned to non-terminated state"
        yield forbidden(f"status.{name}[{i}].state", detail)


def _address_errors(status: PodStatus) -> Errors:
    for i, address in enumerate(status.pod_ips):
        if messages := address_errors(address.ip):
            yield from complaints(f"status.podIPs[{i}]", address.ip, messages)
    if status.host_ips and status.host_ip != status.host_ips[0].ip:
        first = status.host_ips[0].ip
        yield invalid("status.hostIPs[0].ip", first, "must be equal to `hostIP`")
    for i, host in enumerate(status.host_ips):
        if messages := address_errors(host.ip):
            yield from complaints(f"status.hostIPs[{i}]", host.ip, messages)


# --- templates and bindings ----------------------------------------------------------------


def _template_errors(template: PodTemplate) -> Errors:
    yield from template_errors("template", template.template)


def _binding_errors(binding: Binding) -> Errors:
    target = binding.target
    if target.kind and target.kind != "Node":
        yield not_supported("target.kind", target.kind, ("Node", "<empty>"))
    if not target.name:
        yield required("target.name")


POD_RULES: Final = Rules(
    spec=_create_errors,
    update=_update_errors,
    status=_status_errors,
    recheck="never",
    metadata_again=CHANGE_AND_WHOLE,
)

POD_TEMPLATE_RULES: Final = Rules(spec=_template_errors)

BINDING_RULES: Final = Rules(spec=_binding_errors)

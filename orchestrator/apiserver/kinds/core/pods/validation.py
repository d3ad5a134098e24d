"""Pods: what may be created, the little that may change, and the steps of their status."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    Binding,
    Container,
    Pod,
    PodSchedulingGate,
    PodSpec,
    PodTemplate,
    Toleration,
)
from orchestrator.apiserver.kinds.core.pods.placement_validation import toleration_errors
from orchestrator.apiserver.kinds.core.pods.profile_annotations import mismatch_errors
from orchestrator.apiserver.kinds.core.pods.spec_validation import (
    MIRROR,
    pod_annotation_errors,
    pod_spec_errors,
    template_errors,
)
from orchestrator.apiserver.kinds.core.pods.status_validation import status_errors
from orchestrator.apiserver.kinds.core.pods.volume_validation import own_claim_errors
from orchestrator.apiserver.validation.diff import difference
from orchestrator.apiserver.validation.field import (
    MAX_INT32,
    WHOLE,
    Errors,
    FieldError,
    between,
    forbidden,
    invalid,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.rules import CHANGE_AND_WHOLE, Rules
from orchestrator.machinery.claim_names import apart
from orchestrator.machinery.memo import IdentityMemo

_UPDATABLE: Final = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n"
)
_NO_SPEC: Final = PodSpec()


def _create_errors(pod: Pod) -> Iterable[FieldError]:
    spec = pod.spec
    if spec is not None and not pod.metadata.annotations and _is_sound(apart(spec)[0]):
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
    if pod.metadata.annotations:
        yield from mismatch_errors("spec", pod.metadata.annotations, spec)


def _metadata_and_spec_errors(pod: Pod, spec: PodSpec) -> Errors:
    annotations = pod.metadata.annotations
    if annotations:
        yield from pod_annotation_errors("metadata.annotations", annotations, spec)
    yield from pod_spec_errors("spec", spec, is_pod=True)
    if spec.volumes:
        yield from own_claim_errors("spec.volumes", spec.volumes, pod.metadata.name)
    if spec.resource_claims and MIRROR in annotations:
        yield forbidden(WHOLE, "static pods do not support resource claims")


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
    yield from status_errors(new, old)


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

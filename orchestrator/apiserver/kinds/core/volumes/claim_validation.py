"""PersistentVolumeClaims: as objects and as templates inside pods and StatefulSets."""

from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    PersistentVolumeClaimTemplate,
    TypedLocalObjectReference,
    TypedObjectReference,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.validation.diff import difference
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    forbidden,
    immutable,
    invalid,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.metadata import (
    annotation_errors,
    dns_subdomain,
    label_errors,
)
from orchestrator.apiserver.validation.resources import (
    basic_quantity_errors,
    is_native,
    positive_quantity_errors,
    quantity_errors,
)
from orchestrator.apiserver.validation.rules import CHANGE_AND_WHOLE, Rules
from orchestrator.apiserver.validation.selectors import label_selector_errors
from orchestrator.machinery.names import (
    dns1123_label_errors,
    dns1123_subdomain_errors,
    qualified_name_errors,
)
from orchestrator.machinery.quantities import compare

ACCESS_MODES: Final = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
VOLUME_MODES: Final = ("Block", "Filesystem")
# What a template may not say, in the order of Go's struct, and with one of its spellings.
_NOT_IN_TEMPLATES: Final = {
    "name": "name",
    "generate_name": "generateName",
    "namespace": "namespace",
    "self_link": "selfLink",
    "uid": "uID",
    "resource_version": "resourceVersion",
    "generation": "generation",
    "creation_timestamp": "creationTimestamp",
    "deletion_timestamp": "deletionTimestamp",
    "deletion_grace_period_seconds": "deletionGracePeriodSeconds",
    "owner_references": "ownerReferences",
    "finalizers": "finalizers",
    "managed_fields": "managedFields",
}
_RESIZE_STATES: Final = (
    "ControllerResizeInProgress",
    "ControllerResizeInfeasible",
    "NodeResizeInProgress",
    "NodeResizeInfeasible",
    "NodeResizePending",
)
_BETA_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
_SPEC_IMMUTABLE: Final = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName "
    "for bound claims\n"
)


def access_mode_errors(path: str, modes: tuple[str, ...]) -> Errors:
    """Who may use a volume at once; ReadWriteOncePod goes with no other mode."""
    for mode in modes:
        if mode not in ACCESS_MODES:
            yield not_supported(path, mode, ACCESS_MODES)
    if "ReadWriteOncePod" in modes and any(
        mode in ACCESS_MODES and mode != "ReadWriteOncePod" for mode in modes
    ):
        yield forbidden(path, "may not use ReadWriteOncePod with other access modes")


def claim_spec_errors(path: str, spec: PersistentVolumeClaimSpec) -> Errors:
    """What a claim asks for."""
    if not spec.access_modes:
        yield required(f"{path}.accessModes", "at least 1 access mode is required")
    yield from label_selector_errors(f"{path}.selector", spec.selector)
    yield from access_mode_errors(f"{path}.accessModes", spec.access_modes)
    storage = spec.resources.requests.get("storage") if spec.resources else None
    if storage is None:
        yield required(f"{path}.resources[storage]")
    else:
        yield from positive_quantity_errors(f"{path}.resources[storage]", storage)
    if spec.storage_class_name:
        messages = dns_subdomain(spec.storage_class_name)
        yield from complaints(f"{path}.storageClassName", spec.storage_class_name, messages)
    if spec.volume_mode is not None and spec.volume_mode not in VOLUME_MODES:
        yield not_supported(f"{path}.volumeMode", spec.volume_mode, VOLUME_MODES)
    yield from _source_errors(path, spec)
    if spec.volume_attributes_class_name:
        messages = dns_subdomain(spec.volume_attributes_class_name)
        where = f"{path}.volumeAttributesClassName"
        yield from complaints(where, spec.volume_attributes_class_name, messages)


def _source_errors(path: str, spec: PersistentVolumeClaimSpec) -> Errors:
    source, ref = spec.data_source, spec.data_source_ref
    if source is not None:
        yield from _reference_errors(f"{path}.dataSource", source)
    if ref is not None:
        yield from _reference_errors(f"{path}.dataSourceRef", ref)
        if ref.namespace:
            messages = dns1123_label_errors(ref.namespace)
            yield from complaints(f"{path}.dataSourceRef.namespace", ref.namespace, messages)
    if source is None or ref is None:
        return
    if ref.namespace:
        detail = "may not be specified when dataSourceRef.namespace is specified"
        yield invalid(path, {}, detail)
    elif (source.api_group, source.kind, source.name) != (ref.api_group, ref.kind, ref.name):
        # The original prints a path here, which is a struct without fields to show.
        yield invalid(path, {}, "must match dataSourceRef")


def _reference_errors(path: str, ref: TypedLocalObjectReference | TypedObjectReference) -> Errors:
    if not ref.name:
        yield required(f"{path}.name")
    if not ref.kind:
        yield required(f"{path}.kind")
    if ref.api_group:
        messages = dns1123_subdomain_errors(ref.api_group)
        yield from complaints(f"{path}.apiGroup", ref.api_group, messages)
    elif ref.kind != "PersistentVolumeClaim":
        detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        yield invalid(path, ref.kind, detail)


def template_metadata_errors(path: str, meta: ObjectMeta) -> Errors:
    """What a template says of the object to be made: annotations and labels, and nothing else."""
    yield from annotation_errors(meta.annotations, f"{path}.annotations")
    yield from label_errors(meta.labels, f"{path}.labels")
    for attribute, wire in _NOT_IN_TEMPLATES.items():
        if getattr(meta, attribute) not in (None, "", ()):
            yield forbidden(f"{path}.{wire}", "cannot be set")


def claim_template_errors(path: str, template: PersistentVolumeClaimTemplate) -> Errors:
    """The claim that a pod makes for an ephemeral volume."""
    if template.metadata is not None:
        yield from template_metadata_errors(f"{path}.metadata", template.metadata)
    yield from claim_spec_errors(f"{path}.spec", template.spec)


# --- the kind ------------------------------------------------------------------------------


def _spec_errors(claim: PersistentVolumeClaim) -> Errors:
    yield from claim_spec_errors("spec", claim.spec or PersistentVolumeClaimSpec())


def _requested(spec: PersistentVolumeClaimSpec) -> Any:
    return spec.resources.requests.get("storage", "0") if spec.resources else "0"


def _update_errors(new: PersistentVolumeClaim, old: PersistentVolumeClaim) -> Errors:
    if new.spec is None or old.spec is None or new.spec is old.spec:
        return
    beta = (new.metadata.annotations.get(_BETA_CLASS), old.metadata.annotations.get(_BETA_CLASS))
    yield from immutable(f"metadata.annotations.{_BETA_CLASS}", *beta)
    allowed = _with_allowed_changes(new, old)
    if allowed != old.spec:
        yield forbidden("spec", _SPEC_IMMUTABLE + difference(old.spec, allowed))
    if compare(_requested(new.spec), _requested(old.spec)) < 0:
        # A claim may take back a growth that did not come to pass, never go below what it has.
        present = old.status.capacity.get("storage", "0") if old.status else "0"
        if compare(_requested(new.spec), present) <= 0:
            detail = "field can not be less than status.capacity"
            yield forbidden("spec.resources.requests.storage", detail)
    yield from immutable("volumeMode", new.spec.volume_mode, old.spec.volume_mode)


def _with_allowed_changes(
    new: PersistentVolumeClaim, old: PersistentVolumeClaim
) -> PersistentVolumeClaimSpec:
    """The new spec, with the old values where a change is allowed."""
    assert new.spec is not None
    assert old.spec is not None
    spec = new.spec
    if not old.spec.volume_name:
        spec = replace(spec, volume_name=old.spec.volume_name)
    if old.spec.storage_class_name is None:
        spec = replace(spec, storage_class_name=None)
    if new.status is not None and new.status.phase == "Bound":
        class_name = old.spec.volume_attributes_class_name
        spec = replace(spec, resources=old.spec.resources, volume_attributes_class_name=class_name)
    return spec


def _status_errors(new: PersistentVolumeClaim, old: PersistentVolumeClaim) -> Errors:
    if new.status is None:
        return
    for name, quantity in new.status.capacity.items():
        yield from basic_quantity_errors(f"status.capacity[{name}]", quantity)
    path = "status.allocatedResourceStatuses"
    for name, state in new.status.allocated_resource_statuses.items():
        yield from _resource_key_errors(path, name)
        if state not in _RESIZE_STATES:
            # The original names the resource here, not its state.
            yield not_supported(path, name, _RESIZE_STATES)
    path = "status.allocatedResources"
    for name, quantity in new.status.allocated_resources.items():
        if (found := list(_resource_key_errors(path, name))) or (
            found := list(basic_quantity_errors(f"{path}[{name}]", quantity))
        ):
            yield from found
        else:
            yield from quantity_errors(f"{path}[{name}]", "storage", quantity)


def _resource_key_errors(path: str, name: str) -> Errors:
    messages = qualified_name_errors(name)
    yield from complaints(path, name, messages)
    if not messages and is_native(name) and name != "storage":
        yield not_supported(path, name, ("storage",))


PERSISTENT_VOLUME_CLAIM_RULES: Final = Rules(
    spec=_spec_errors, update=_update_errors, status=_status_errors, metadata_again=CHANGE_AND_WHOLE
)

"""`metadata` of every kind: names by the kind's rule, labels, annotations, owners, finalizers.

Every pod that is created and every status that is written passes through here, so the usual case
is a few comparisons and remembered verdicts; the sentences are made only for what is wrong.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from orchestrator.api.meta.v1 import ObjectMeta, OwnerReference
from orchestrator.apiserver.validation.field import (
    Errors,
    FieldError,
    NameRule,
    complaints,
    forbidden,
    immutable,
    invalid,
    not_supported,
    required,
    too_long,
)
from orchestrator.machinery import names
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.memo import remembered

__all__ = [
    "annotation_errors",
    "dns_label",
    "dns_subdomain",
    "label_errors",
    "metadata_change_faults",
    "metadata_errors",
    "metadata_faults",
    "metadata_update_errors",
    "named_by",
]

_STANDARD_FINALIZERS: Final = ("kubernetes", "orphan", "foregroundDeletion")
_OPERATIONS: Final = ("Apply", "Update")
_MAX_MANAGER: Final = 128  # bytes
_MAX_SUBRESOURCE: Final = 256  # bytes
_PATH: Final = "metadata"
_FEW_LABELS: Final = 64  # of one object that are remembered to be right

# Names that keep every rule but DNS-1035's: most are told right by this alone. Names of pods are
# different each time, so that remembering verdicts on them would only fill the memory.
_plain: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?").fullmatch


def dns_subdomain(name: str) -> tuple[str, ...]:
    """The rule for most kinds' names."""
    return () if _plain(name) else names.dns1123_subdomain_errors(name)


def dns_label(name: str) -> tuple[str, ...]:
    """The rule for names that become one DNS label: namespaces."""
    return () if _plain(name) else names.dns1123_label_errors(name)


_PLAIN_RULES: Final = (dns_subdomain, dns_label)


def metadata_errors(
    meta: ObjectMeta, namespaced: bool, rule: NameRule, *, finalizer_names: bool = True
) -> Iterable[FieldError]:
    """What a new object's metadata must keep. `rule` is the kind's rule for names."""
    if _is_usual(meta, namespaced, rule):
        return ()
    return metadata_faults(meta, namespaced, rule, finalizer_names=finalizer_names)


def _is_usual(meta: ObjectMeta, namespaced: bool, rule: NameRule) -> bool:
    """Whether the metadata is right for sure, as most is; False only means: look closely."""
    name = meta.name
    if not (_plain(name) if rule in _PLAIN_RULES else name and not rule(name)):
        return False
    if namespaced:
        if not _is_namespace(meta.namespace):
            return False
    elif meta.namespace:
        return False
    if meta.annotations or meta.finalizers or meta.managed_fields or (meta.generation or 0) < 0:
        return False
    if meta.generate_name and not _is_prefix(meta.generate_name, rule):
        return False
    # Pods of one template come with equal labels: one look-up for all of them together.
    if meta.labels and not _are_sound(meta.labels):
        return False
    owners = meta.owner_references
    return not owners or (len(owners) == 1 and _is_owner(owners[0]))


@remembered(1 << 12)
def _is_namespace(name: str) -> bool:
    return bool(name) and not names.dns1123_label_errors(name)


@remembered(1 << 12)
def _is_prefix(prefix: str, rule: NameRule) -> bool:
    return not _prefix_messages(prefix, rule)


def _is_owner(owner: OwnerReference) -> bool:
    version = owner.api_version
    if not (owner.uid and owner.name and owner.kind and version) or version.endswith("/"):
        return False
    return version != "v1" or owner.kind != "Event"


def metadata_faults(
    meta: ObjectMeta, namespaced: bool, rule: NameRule, *, finalizer_names: bool = True
) -> Errors:
    """All that is wrong with metadata. `finalizer_names`: ask for words or domains, too."""
    if meta.generate_name:
        prefix = meta.generate_name
        messages = _prefix_messages(prefix, rule)
        yield from complaints(f"{_PATH}.generateName", prefix, messages)
    if not meta.name:
        yield required(f"{_PATH}.name", "name or generateName is required")
    else:
        yield from complaints(f"{_PATH}.name", meta.name, rule(meta.name))
    if namespaced:
        if not meta.namespace:
            yield required(f"{_PATH}.namespace")
        elif messages := names.dns1123_label_errors(meta.namespace):
            yield from complaints(f"{_PATH}.namespace", meta.namespace, messages)
    elif meta.namespace:
        yield forbidden(f"{_PATH}.namespace", "not allowed on this type")
    if meta.generation and meta.generation < 0:
        yield invalid(f"{_PATH}.generation", meta.generation, "must be greater than or equal to 0")
    if meta.labels:
        yield from label_errors(meta.labels, f"{_PATH}.labels")
    if meta.annotations:
        yield from annotation_errors(meta.annotations, f"{_PATH}.annotations")
    if meta.owner_references:
        yield from _owner_errors(meta.owner_references)
    if meta.finalizers:
        yield from _finalizer_errors(meta.finalizers)
        if finalizer_names:
            yield from _standard_finalizer_errors(meta.finalizers)
    if type(meta.managed_fields) is tuple and meta.managed_fields:
        yield from _managed_field_errors(meta)


def named_by(meta: ObjectMeta) -> Iterable[tuple[str, str]]:
    """What an object is named by, each with its path, for kinds whose names say what is in them."""
    if meta.generate_name:
        yield f"{_PATH}.generateName", meta.generate_name
    if meta.name:
        yield f"{_PATH}.name", meta.name


def _prefix_messages(prefix: str, rule: NameRule) -> tuple[str, ...]:
    if rule is names.path_segment_errors:
        return names.path_segment_prefix_errors(prefix)
    if rule is names.long_name_errors:
        return ()  # Kubernetes asks nothing of it
    return tuple(rule(names.as_prefix(prefix)))


def label_errors(labels: Mapping[str, str], path: str) -> Errors:
    """Keys are qualified names, values up to 63 characters."""
    if not _are_sound(labels):
        for offender, message in names.label_errors(labels):
            yield invalid(path, offender, message)


def _are_sound(labels: Mapping[str, str]) -> bool:
    if len(labels) > _FEW_LABELS:
        return not names.label_errors(labels)
    try:
        _check_labels(tuple(labels.items()))
    except _UnsoundLabels:
        return False
    return True


class _UnsoundLabels(Exception):
    """Raised, lest it be remembered: labels that are wrong have any length."""


@lru_cache(maxsize=1 << 12)
def _check_labels(pairs: tuple[tuple[str, str], ...]) -> None:
    if names.label_errors(dict(pairs)):
        raise _UnsoundLabels


def annotation_errors(annotations: Mapping[str, str], path: str) -> Errors:
    """Keys are qualified names in any case; 256 KiB for all together."""
    for key, message in names.annotation_errors(annotations):
        if key is None:
            yield too_long(path, names.ANNOTATIONS_SIZE)
        else:
            yield invalid(path, key, message)


def _owner_errors(owners: tuple[OwnerReference, ...]) -> Errors:
    path = f"{_PATH}.ownerReferences"
    controller = ""
    for owner in owners:
        yield from _one_owner_errors(owner, path)  # without its index, as in Kubernetes
        if owner.controller:
            this = f"{owner.kind}/{owner.name}"
            if controller:
                yield invalid(
                    path,
                    [*map(_shown, owners)],
                    "Only one reference can have Controller set to true. "
                    f'Found "true" in references for {controller} and {this}',
                )
            controller = controller or this


def _one_owner_errors(owner: OwnerReference, path: str) -> Errors:
    group, _, version = owner.api_version.rpartition("/")
    if not version or "/" in group:  # what has two slashes is read as nothing
        yield invalid(f"{path}.apiVersion", owner.api_version, "version must not be empty")
    if not owner.kind:
        yield invalid(f"{path}.kind", owner.kind, "must not be empty")
    if not owner.name:
        yield invalid(f"{path}.name", owner.name, "must not be empty")
    if not owner.uid:
        yield invalid(f"{path}.uid", owner.uid, "must not be empty")
    if owner.api_version == "v1" and owner.kind == "Event":
        detail = "/v1, Kind=Event is disallowed from being an owner"
        yield invalid(path, _shown(owner), detail)


def _shown(owner: OwnerReference) -> dict[str, object]:
    """An owner as complaints show it: its fields in the order of Go's struct."""
    fields = {
        "apiVersion": owner.api_version,
        "kind": owner.kind,
        "name": owner.name,
        "uid": owner.uid,
        "controller": owner.controller,
        "blockOwnerDeletion": owner.block_owner_deletion,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _finalizer_errors(finalizers: tuple[str, ...]) -> Errors:
    path = f"{_PATH}.finalizers"
    for finalizer in finalizers:
        yield from complaints(path, finalizer, names.qualified_name_errors(finalizer))
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        detail = "finalizer orphan and foregroundDeletion cannot be both set"
        yield invalid(path, finalizers, detail)


def _standard_finalizer_errors(finalizers: tuple[str, ...]) -> Errors:
    for i, finalizer in enumerate(finalizers):
        yield from finalizer_name_errors(f"{_PATH}.finalizers[{i}]", finalizer)


def finalizer_name_errors(path: str, name: str) -> Errors:
    """A finalizer is one of Kubernetes' own words or has a domain."""
    if "/" not in name and name not in _STANDARD_FINALIZERS:
        detail = "name is neither a standard finalizer name nor is it fully qualified"
        yield invalid(path, name, detail)


def _managed_field_errors(meta: ObjectMeta) -> Errors:
    for i, entry in enumerate(meta.managed_fields):
        path = f"{_PATH}.managedFields[{i}]"
        if entry.operation not in _OPERATIONS:
            yield not_supported(f"{path}.operation", entry.operation or "", _OPERATIONS)
        if entry.fields_type and entry.fields_type != "FieldsV1":
            yield invalid(f"{path}.fieldsType", entry.fields_type, "must be `FieldsV1`")
        if len(entry.manager or "") > _MAX_MANAGER:
            yield too_long(f"{path}.manager", _MAX_MANAGER)
        if len(entry.subresource or "") > _MAX_SUBRESOURCE:
            yield too_long(f"{path}.subresource", _MAX_SUBRESOURCE)


# --- updates -------------------------------------------------------------------------------


def metadata_update_errors(new: ObjectMeta, old: ObjectMeta) -> Errors:
    """What an update may not do to metadata; parts that are the same object are not read.

    Parts that the server fills in (uid, timestamps) may be left out: that is no change.
    """
    if new is old:
        return
    if old.deletion_timestamp and new.finalizers is not old.finalizers:
        yield from _added_finalizer_errors(new.finalizers, old.finalizers)
    yield from _generation_errors(new.generation or 0, old.generation or 0)
    yield from immutable(f"{_PATH}.name", new.name, old.name)
    yield from immutable(f"{_PATH}.namespace", new.namespace, old.namespace)
    yield from _stamp_errors(new, old)
    if new.labels is not old.labels and new.labels:
        yield from label_errors(new.labels, f"{_PATH}.labels")
    if new.annotations is not old.annotations and new.annotations:
        yield from annotation_errors(new.annotations, f"{_PATH}.annotations")
    if new.owner_references is not old.owner_references and new.owner_references:
        yield from _owner_errors(new.owner_references)
    # A ledger is the server's own; only entries that a client sent can be wrong.
    if type(new.managed_fields) is tuple and new.managed_fields:
        yield from _managed_field_errors(new)
    if new.finalizers is not old.finalizers and new.finalizers:
        yield from _finalizer_errors(new.finalizers)
        yield from _standard_finalizer_errors(new.finalizers)


def metadata_change_faults(
    new: ObjectMeta, old: ObjectMeta, *, finalizer_names: bool = True
) -> Errors:
    """All that an update's metadata does wrong as a change, whichever of its parts are the same."""
    if old.deletion_timestamp:
        yield from _added_finalizer_errors(new.finalizers, old.finalizers)
    yield from _generation_errors(new.generation or 0, old.generation or 0)
    yield from immutable(f"{_PATH}.name", new.name, old.name)
    yield from immutable(f"{_PATH}.namespace", new.namespace, old.namespace)
    yield from _stamp_errors(new, old)
    yield from label_errors(new.labels, f"{_PATH}.labels")
    yield from annotation_errors(new.annotations, f"{_PATH}.annotations")
    yield from _owner_errors(new.owner_references)
    if type(new.managed_fields) is tuple:
        yield from _managed_field_errors(new)
    if finalizer_names:
        yield from _standard_finalizer_errors(new.finalizers)


def _added_finalizer_errors(new: tuple[str, ...], old: tuple[str, ...]) -> Errors:
    if added := sorted(set(new) - set(old)):
        listed = ", ".join(map(quote, added))
        yield forbidden(
            f"{_PATH}.finalizers",
            "no new finalizers can be added if the object is being deleted, "
            f"found new finalizers []string{{{listed}}}",
        )


def _generation_errors(new: int, old: int) -> Errors:
    # A client that leaves the generation out means the present one.
    if new and new < old:
        yield invalid(f"{_PATH}.generation", new, "must not be decremented")


_STAMPS: Final = (
    ("uid", "uid"),
    ("creation_timestamp", "creationTimestamp"),
    ("deletion_timestamp", "deletionTimestamp"),
    ("deletion_grace_period_seconds", "deletionGracePeriodSeconds"),
)


def _stamp_errors(new: ObjectMeta, old: ObjectMeta) -> Errors:
    for attribute, wire in _STAMPS:
        value, present = getattr(new, attribute), getattr(old, attribute)
        if value is not present and value not in (None, "") and value != present:
            yield invalid(f"{_PATH}.{wire}", value, "field is immutable")

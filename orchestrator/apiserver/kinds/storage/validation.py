"""What Kubernetes refuses of the kinds of `storage`."""

from collections.abc import Mapping, Sequence
from typing import Final

from orchestrator.api.core.v1 import TopologySelectorTerm
from orchestrator.api.storage.v1 import (
    StorageClass,
    VolumeAttachment,
    VolumeAttributesClass,
    VolumeError,
)
from orchestrator.apiserver.kinds.core.volumes.sources_validation import driver_errors
from orchestrator.apiserver.kinds.core.volumes.validation import inline_volume_errors
from orchestrator.apiserver.validation.field import (
    IMMUTABLE,
    MAX_INT32,
    Errors,
    between,
    complaints,
    duplicate,
    forbidden,
    immutable,
    invalid,
    not_supported,
    required,
    too_long,
)
from orchestrator.apiserver.validation.golang import as_go
from orchestrator.apiserver.validation.metadata import dns_subdomain
from orchestrator.apiserver.validation.rules import CHANGE_AND_WHOLE, WHOLE, Rules
from orchestrator.apiserver.validation.selectors import (
    topology_term_errors,
)
from orchestrator.machinery.names import qualified_name_errors

_CLASS_POLICIES: Final = ("Delete", "Retain")


_BINDING_MODES: Final = ("Immediate", "WaitForFirstConsumer")
_MAX_PARAMETERS: Final = 512
_MAX_BYTES: Final = 256 * 1024  # of all parameters, or of all of an attachment's metadata
_MAX_MESSAGE: Final = 1024  # bytes


def _class_errors(storage_class: StorageClass) -> Errors:
    yield from _provisioner_errors("provisioner", storage_class.provisioner)
    yield from _parameter_errors("parameters", storage_class.parameters)
    policy = storage_class.reclaim_policy
    if policy and policy not in _CLASS_POLICIES:
        yield not_supported("reclaimPolicy", policy, _CLASS_POLICIES)
    mode = storage_class.volume_binding_mode
    if mode is None:
        yield required("volumeBindingMode")
    elif mode not in _BINDING_MODES:
        yield not_supported("volumeBindingMode", mode, _BINDING_MODES)
    yield from _topology_errors("allowedTopologies", storage_class.allowed_topologies)


def _topology_errors(path: str, terms: Sequence[TopologySelectorTerm]) -> Errors:
    # The original begins with as many empty terms as there are, so that an empty one repeats each.
    seen: list[dict[str, frozenset[str]]] = [{} for _ in terms]
    for i, term in enumerate(terms):
        yield from topology_term_errors(f"{path}[{i}]", term)
        asked = {each.key: frozenset(each.values) for each in term.match_label_expressions}
        for other in seen:
            if asked == other:
                yield duplicate(f"{path}[{i}].matchLabelExpressions", "")
        seen.append(asked)


def _provisioner_errors(path: str, name: str) -> Errors:
    if not name:
        yield required(path)
    else:
        lower = name.lower()
        yield from complaints(path, lower, qualified_name_errors(lower))


def _parameter_errors(path: str, parameters: Mapping[str, str]) -> Errors:
    if len(parameters) > _MAX_PARAMETERS:
        yield too_long(path, _MAX_PARAMETERS)
        return
    if "" in parameters:
        yield invalid(path, "", "field can not be empty.")
    if _size(parameters) > _MAX_BYTES:
        yield too_long(path, _MAX_BYTES)


def _size(texts: Mapping[str, str]) -> int:
    return sum(len(key.encode()) + len(value.encode()) for key, value in texts.items())


def _class_change_errors(new: StorageClass, old: StorageClass) -> Errors:
    yield from immutable("parameters", dict(new.parameters), dict(old.parameters))
    yield from immutable("provisioner", new.provisioner, old.provisioner)
    yield from immutable("reclaimPolicy", new.reclaim_policy, old.reclaim_policy)
    modes = (new.volume_binding_mode, old.volume_binding_mode)
    yield from immutable("volumeBindingMode", *modes)


# --- attachments and attributes -----------------------------------------------------------


def _attachment_errors(attachment: VolumeAttachment) -> Errors:
    spec = attachment.spec
    if not spec.attacher:
        yield required("spec.attacher")
    else:
        yield from driver_errors("spec.attacher", spec.attacher)
    inline, name = spec.source.inline_volume_spec, spec.source.persistent_volume_name
    detail = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
    if inline is None and name is None:
        yield required("spec.source", detail)
    elif inline is not None and name is not None:
        yield forbidden("spec.source", detail)
    elif inline is not None:
        yield from inline_volume_errors("spec.source.inlineVolumeSpec", inline)
    elif not name:
        detail = "must specify non empty persistentVolumeName"
        yield required("spec.source.persistentVolumeName", detail)
    yield from complaints("spec.nodeName", spec.node_name, dns_subdomain(spec.node_name))
    yield from _attachment_status_errors(attachment, attachment)
    if name is not None:
        yield from complaints("spec.source.persistentVolumeName", name, dns_subdomain(name))


def _attachment_status_errors(new: VolumeAttachment, _old: VolumeAttachment) -> Errors:
    status = new.status
    if status is None:
        return
    if _size(status.attachment_metadata) > _MAX_BYTES:
        yield too_long("status.attachmentMetadata", _MAX_BYTES)
    yield from _failure_errors("status.attachError", status.attach_error)
    yield from _failure_errors("status.detachError", status.detach_error)


def _failure_errors(path: str, failure: VolumeError | None) -> Errors:
    if failure is None:
        return
    if len(failure.message.encode()) > _MAX_MESSAGE:
        yield too_long(f"{path}.message", _MAX_BYTES)  # the number that the original names
    yield from between(f"{path}.errorCode", failure.error_code, 0, MAX_INT32)


def _attachment_change_errors(new: VolumeAttachment, old: VolumeAttachment) -> Errors:
    if new.spec != old.spec:
        yield invalid("spec", as_go(new.spec), IMMUTABLE)


def _attributes_errors(attributes: VolumeAttributesClass) -> Errors:
    yield from _provisioner_errors("driverName", attributes.driver_name)
    yield from _parameter_errors("parameters", attributes.parameters)
    if not attributes.parameters:
        yield required("parameters", "must contain at least one key/value pair")


def _attributes_change_errors(new: VolumeAttributesClass, old: VolumeAttributesClass) -> Errors:
    if new.driver_name != old.driver_name:
        yield forbidden("driverName", "updates to driverName are forbidden.")
    if dict(new.parameters) != dict(old.parameters):
        yield forbidden("parameters", "updates to parameters are forbidden.")


ATTACHMENT_RULES: Final = Rules(
    spec=_attachment_errors,
    update=_attachment_change_errors,
    status=_attachment_status_errors,
    metadata_again=WHOLE,
)

ATTRIBUTES_CLASS_RULES: Final = Rules(
    spec=_attributes_errors,
    update=_attributes_change_errors,
    metadata_again=CHANGE_AND_WHOLE,
    recheck="after",
)

STORAGE_CLASS_RULES: Final = Rules(
    spec=_class_errors,
    update=_class_change_errors,
    metadata_again=CHANGE_AND_WHOLE,
)

"""What Kubernetes refuses of the kinds of `storage`."""

from typing import Final

from orchestrator.api.storage.v1 import StorageClass
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    forbidden,
    immutable,
    invalid,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.rules import Rules
from orchestrator.apiserver.validation.selectors import (
    topology_term_errors,
)
from orchestrator.machinery.names import qualified_name_errors

_CLASS_POLICIES: Final = ("Delete", "Retain")


_BINDING_MODES: Final = ("Immediate", "WaitForFirstConsumer")


def _class_errors(storage_class: StorageClass) -> Errors:
    name = storage_class.provisioner
    if not name:
        yield required("provisioner")
    else:
        yield from complaints("provisioner", name, qualified_name_errors(name.lower()))
    if "" in storage_class.parameters:
        yield invalid("parameters", "", "field can not be empty.")
    policy = storage_class.reclaim_policy
    if policy and policy not in _CLASS_POLICIES:
        yield not_supported("reclaimPolicy", policy, _CLASS_POLICIES)
    mode = storage_class.volume_binding_mode
    if mode is None:
        yield required("volumeBindingMode")
    elif mode not in _BINDING_MODES:
        yield not_supported("volumeBindingMode", mode, _BINDING_MODES)
    for i, term in enumerate(storage_class.allowed_topologies):
        yield from topology_term_errors(f"allowedTopologies[{i}]", term)


def _class_change_errors(new: StorageClass, old: StorageClass) -> Errors:
    if dict(new.parameters) != dict(old.parameters):
        yield forbidden("parameters", "updates to parameters are forbidden.")
    if new.provisioner != old.provisioner:
        yield forbidden("provisioner", "updates to provisioner are forbidden.")
    if new.reclaim_policy != old.reclaim_policy:
        yield forbidden("reclaimPolicy", "updates to reclaimPolicy are forbidden.")
    modes = (new.volume_binding_mode, old.volume_binding_mode)
    yield from immutable("volumeBindingMode", *modes)


STORAGE_CLASS_RULES: Final = Rules(spec=_class_errors, update=_class_change_errors, recheck=False)

"""What whoever writes a storage class, a capacity or a driver is told, though it is accepted."""

from typing import Final

from orchestrator.api.storage.v1 import CSIDriver, CSIStorageCapacity, StorageClass
from orchestrator.apiserver.validation.warnings import (
    Warnings,
    node_label,
    node_selector_warnings,
)

_TOKENS: Final = (
    "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to "
    "prevent possible logging of tokens in volume attributes"
)


def storage_class_warnings(new: StorageClass, _old: StorageClass | None) -> Warnings:
    """Of labels of nodes that are no longer used."""
    for i, term in enumerate(new.allowed_topologies):
        for j, each in enumerate(term.match_label_expressions):
            if message := node_label(each.key):
                yield f"allowedTopologies[{i}].matchLabelExpressions[{j}].key: {message}"


def capacity_warnings(new: CSIStorageCapacity, _old: CSIStorageCapacity | None) -> Warnings:
    """Of labels of nodes that are no longer used."""
    yield from node_selector_warnings("nodeTopology", new.node_topology)


def driver_warnings(new: CSIDriver, old: CSIDriver | None) -> Warnings:
    """Of tokens that may come to be logged, when they are asked for."""
    requests = new.spec.token_requests
    if old is not None and requests == old.spec.token_requests:
        return
    if requests and new.spec.service_account_token_in_secrets is None:
        yield _TOKENS

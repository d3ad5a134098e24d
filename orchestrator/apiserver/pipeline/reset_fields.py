"""Which fields a write by a path cannot change, so that it owns none of them.

A write of the main resource leaves the status as it is, one of the status the spec; some kinds
leave more alone (`GetResetFields` of Kubernetes' strategies).
"""

from collections.abc import Mapping
from typing import Final

from orchestrator.api.scheme import Resource
from orchestrator.api.unstructured import Unstructured
from orchestrator.machinery.managed_fields.field_sets import NOTHING, FieldSet

_STATUS: Final[FieldSet] = {"f:status": {}}
_SPEC: Final[FieldSet] = {"f:spec": {}}
_ALL_BUT_STATUS: Final[FieldSet] = {"f:metadata": {}, "f:spec": {}}

# Kinds whose status is written without the metadata beside it.
_STATUS_ALONE: Final = frozenset(
    {
        "apiservices.apiregistration.k8s.io",
        "customresourcedefinitions.apiextensions.k8s.io",
        "devicetaintrules.resource.k8s.io",
        "flowschemas.flowcontrol.apiserver.k8s.io",
        "podgroups.scheduling.k8s.io",
        "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
        "resourceclaims.resource.k8s.io",
        "servicecidrs.networking.k8s.io",
        "storageversionmigrations.storagemigration.k8s.io",
        "storageversions.internal.apiserver.k8s.io",
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        "volumeattachments.storage.k8s.io",
    }
)
_OTHERS: Final[Mapping[tuple[str, str], FieldSet]] = {
    ("certificatesigningrequests.certificates.k8s.io", ""): {**_SPEC, **_STATUS},
    ("certificatesigningrequests.certificates.k8s.io", "status"): {
        **_SPEC,
        "f:status": {"f:conditions": {}},
    },
    ("certificatesigningrequests.certificates.k8s.io", "approval"): {
        **_SPEC,
        "f:status": {"f:certificate": {}},
    },
    ("deployments.apps", "status"): {**_SPEC, "f:metadata": {"f:labels": {}}},
    ("pods", "status"): {
        **_SPEC,
        "f:metadata": {"f:deletionTimestamp": {}, "f:ownerReferences": {}},
    },
}


def reset_fields(resource: Resource, subresource: str) -> FieldSet:
    """The fields that a write by this path leaves as they are, with all inside them."""
    found = _OTHERS.get((resource.key, subresource))
    if found is not None:
        return found
    if subresource == "status":
        alone = resource.key in _STATUS_ALONE or resource.type is Unstructured
        return _ALL_BUT_STATUS if alone else _SPEC
    return NOTHING if resource.subresource("status") is None else _STATUS

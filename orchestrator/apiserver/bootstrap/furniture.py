"""The objects that lie in a new store: decoded once a process, dated once a moment, shared by all.

Clusters that begin at the same time, as all in virtual time do, hold the very same objects. So their
identifiers do not come from the cluster's chance: they follow from what the object is.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from orchestrator.api.apiregistration.v1 import APIService
from orchestrator.api.core.v1 import ComponentCondition, ComponentStatus
from orchestrator.api.flowcontrol.v1 import FlowSchema, PriorityLevelConfiguration
from orchestrator.api.meta.v1 import Condition, ManagedFieldsEntry, ObjectMeta, Time
from orchestrator.api.networking.v1 import (
    IPAddress,
    IPAddressSpec,
    ParentReference,
    ServiceCIDR,
    ServiceCIDRSpec,
    ServiceCIDRStatus,
)
from orchestrator.api.rbac.v1 import (
    ClusterRole,
    ClusterRoleBinding,
    PolicyRule,
    Role,
    RoleBinding,
)
from orchestrator.apiserver.bootstrap.group_rules import bindings_with_groups, roles_with_groups
from orchestrator.store import FIRST_REVISION

_FACTS: Final = Path(__file__).parent / "facts"
_KINDS: Final[Mapping[str, type[Any]]] = {
    "api-services": APIService,
    "cluster-role-bindings": ClusterRoleBinding,
    "cluster-roles": ClusterRole,
    "flow-schemas": FlowSchema,
    "priority-levels": PriorityLevelConfiguration,
    "role-bindings": RoleBinding,
    "roles": Role,
}
_MANDATORY: Final = ("catch-all", "exempt")
_COMPONENTS: Final = ("controller-manager", "etcd-0", "scheduler")
_HEALTHY: Final = (ComponentCondition(type="Healthy", status="True", message="ok"),)


def _by(manager: str, operation: str, fields: str, subresource: str = "") -> ManagedFieldsEntry:
    """Who wrote an object of the service network; `fields` is the JSON of a FieldsV1."""
    return ManagedFieldsEntry(
        manager=manager,
        operation=operation,
        api_version="networking.k8s.io/v1",
        fields_type="FieldsV1",
        fields_v1=msgspec.json.decode(fields),
        subresource=subresource,
    )


_SERVER_WROTE_RANGE: Final = _by("kube-apiserver", "Update", '{"f:spec":{"f:cidrs":{}}}')
_READY_BY_CONTROLLER: Final = _by(
    "kubernetes-service-cidr-controller",
    "Apply",
    '{"f:status":{"f:conditions":{"k:{\\"type\\":\\"Ready\\"}":'
    '{".":{},"f:lastTransitionTime":{},"f:message":{},"f:status":{},"f:type":{}}}}}',
    "status",
)
_SERVER_WROTE_ADDRESS: Final = _by(
    "kube-apiserver",
    "Update",
    '{"f:metadata":{"f:labels":{".":{},"f:ipaddress.kubernetes.io/ip-family":{},'
    '"f:ipaddress.kubernetes.io/managed-by":{}}},'
    '"f:spec":{"f:parentRef":{".":{},"f:name":{},"f:namespace":{},"f:resource":{}}}}',
)


@lru_cache(
    maxsize=2
)  # one suffices to clusters in virtual time, one a second to those in real time
def furniture(
    now: Time, network: IPv4Network, *, groups: bool = False
) -> Mapping[type[Any], Sequence[Any]]:
    """The objects by their kind, in the order of namespaces and names.

    `network` is where Services have their addresses, `groups` whether pod groups are served. All objects say that they were made at `now`, and
    written at the store's first revision.
    """
    found = {
        kind: tuple(_dated(each, now) for each in objects) for kind, objects in _read().items()
    }
    if groups:
        found[ClusterRole] = roles_with_groups(found[ClusterRole])
        found[ClusterRoleBinding] = bindings_with_groups(found[ClusterRoleBinding])
    for each in (_service_network(network), _first_address(network)):
        found[type(each)] = (_dated(each, now),)
    # These are made up when they are read, and have neither identity nor age.
    found[ComponentStatus] = tuple(
        ComponentStatus(metadata=ObjectMeta(name=name), conditions=_HEALTHY) for name in _COMPONENTS
    )
    return found


@lru_cache(maxsize=8)
def rules_of(role: str) -> tuple[PolicyRule, ...]:
    """The rules that a role of a new cluster has, whatever becomes of it. Raises LookupError.

    The cluster's roles are looked at before those of namespaces.
    """
    for each in (*_read()[ClusterRole], *_read()[Role]):
        if each.metadata.name == role:
            rules: tuple[PolicyRule, ...] = each.rules
            return rules
    raise LookupError(role)


@lru_cache(maxsize=1)
def mandatory_flows() -> tuple[tuple[FlowSchema, ...], tuple[PriorityLevelConfiguration, ...]]:
    """The flow schemas and priority levels without which no server is, even where somebody deletes them."""
    schemas, levels = (
        tuple(each for each in _read()[kind] if each.metadata.name in _MANDATORY)
        for kind in (FlowSchema, PriorityLevelConfiguration)
    )
    return schemas, levels


@lru_cache(maxsize=1)
def _read() -> Mapping[type[Any], Sequence[Any]]:
    """The facts, undated."""
    return {kind: _facts(file, kind) for file, kind in _KINDS.items()}


def _facts(file: str, kind: type[Any]) -> Sequence[Any]:
    found: Sequence[Any] = msgspec.json.decode(
        (_FACTS / f"{file}.json").read_bytes(),
        type=tuple[kind, ...],  # type: ignore[valid-type]
    )
    return found


def _dated(undated: Any, now: Time) -> Any:
    metadata = replace(
        undated.metadata,
        uid=_identifier(undated),
        creation_timestamp=now,
        resource_version=str(FIRST_REVISION),
        managed_fields=tuple(replace(each, time=now) for each in undated.metadata.managed_fields),
    )
    status = getattr(undated, "status", None)
    if status is None or not getattr(status, "conditions", ()):
        return replace(undated, metadata=metadata)
    conditions = tuple(replace(each, last_transition_time=now) for each in status.conditions)
    return replace(undated, metadata=metadata, status=replace(status, conditions=conditions))


def _identifier(undated: Any) -> str:
    metadata = undated.metadata
    text = f"{type(undated).__name__}/{metadata.namespace}/{metadata.name}"
    return str(UUID(bytes=hashlib.sha256(text.encode()).digest()[:16], version=4))


def _service_network(network: IPv4Network) -> ServiceCIDR:
    metadata = ObjectMeta(
        name="kubernetes",
        finalizers=("networking.k8s.io/service-cidr-finalizer",),
        managed_fields=(_READY_BY_CONTROLLER, _SERVER_WROTE_RANGE),
    )
    ready = Condition(type="Ready", status="True", message="Kubernetes Service CIDR is ready")
    return ServiceCIDR(
        metadata=metadata,
        spec=ServiceCIDRSpec(cidrs=(str(network),)),
        status=ServiceCIDRStatus(conditions=(ready,)),
    )


def _first_address(network: IPv4Network) -> IPAddress:
    """Whose the first address of the network is: that of the Service `kubernetes`."""
    metadata = ObjectMeta(
        name=str(network.network_address + 1),
        labels={
            "ipaddress.kubernetes.io/ip-family": "IPv4",
            "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
        },
        managed_fields=(_SERVER_WROTE_ADDRESS,),
    )
    parent = ParentReference(name="kubernetes", namespace="default", resource="services")
    return IPAddress(metadata=metadata, spec=IPAddressSpec(parent_ref=parent))

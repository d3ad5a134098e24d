# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes meta.v1."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import ClassVar

from msgspec import Struct, field

from orchestrator.api.scalars import (
    EMPTY as EMPTY,
    IntOrString as IntOrString,
    Json as Json,
    MicroTime as MicroTime,
    Quantity as Quantity,
    Time as Time,
    required_mapping as required_mapping,
    required_tuple as required_tuple,
    shared as shared,
)


class APIGroup(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "APIGroup"
    api_version: ClassVar[str] = "v1"
    name: str = field(default_factory=str)
    versions: tuple[GroupVersionForDiscovery, ...] = field(default_factory=required_tuple)
    preferred_version: GroupVersionForDiscovery | None = field(default_factory=shared(lambda: GroupVersionForDiscovery()))
    server_address_by_client_cidrs: tuple[ServerAddressByClientCIDR, ...] = field(default=(), name="serverAddressByClientCIDRs")


class APIGroupList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "APIGroupList"
    api_version: ClassVar[str] = "v1"
    groups: tuple[APIGroup, ...] = field(default_factory=required_tuple)


class APIResource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
    singular_name: str = field(default_factory=str)
    namespaced: bool = field(default_factory=bool)
    group: str = ""
    version: str = ""
    kind: str = field(default_factory=str)
    verbs: tuple[str, ...] = field(default_factory=required_tuple)
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    storage_version_hash: str = ""


class APIResourceList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "APIResourceList"
    api_version: ClassVar[str] = "v1"
    group_version: str = field(default_factory=str)
    resources: tuple[APIResource, ...] = field(default_factory=required_tuple)


class APIVersions(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "APIVersions"
    api_version: ClassVar[str] = "v1"
    versions: tuple[str, ...] = field(default_factory=required_tuple)
    server_address_by_client_cidrs: tuple[ServerAddressByClientCIDR, ...] = field(default_factory=required_tuple, name="serverAddressByClientCIDRs")


class Condition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str = field(default_factory=str)
    status: str = field(default_factory=str)
    observed_generation: int | None = None
    last_transition_time: Time | None = field(default_factory=NoneType)
    reason: str = field(default_factory=str)
    message: str = field(default_factory=str)


class DeleteOptions(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "DeleteOptions"
    api_version: ClassVar[str] = "v1"
    grace_period_seconds: int | None = None
    preconditions: Preconditions | None = None
    orphan_dependents: bool | None = None
    propagation_policy: str | None = None
    dry_run: tuple[str, ...] = ()
    ignore_store_read_error_with_cluster_breaking_potential: bool | None = None


class FieldSelectorRequirement(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    key: str = field(default_factory=str)
    operator: str = field(default_factory=str)
    values: tuple[str, ...] = ()


class GroupVersionForDiscovery(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    group_version: str = field(default_factory=str)
    version: str = field(default_factory=str)


class Info(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    major: str = field(default_factory=str)
    minor: str = field(default_factory=str)
    emulation_major: str = ""
    emulation_minor: str = ""
    min_compatibility_major: str = ""
    min_compatibility_minor: str = ""
    git_version: str = field(default_factory=str)
    git_commit: str = field(default_factory=str)
    git_tree_state: str = field(default_factory=str)
    build_date: str = field(default_factory=str)
    go_version: str = field(default_factory=str)
    compiler: str = field(default_factory=str)
    platform: str = field(default_factory=str)


class LabelSelector(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    match_labels: Mapping[str, str] = EMPTY
    match_expressions: tuple[LabelSelectorRequirement, ...] = ()


class LabelSelectorRequirement(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    key: str = field(default_factory=str)
    operator: str = field(default_factory=str)
    values: tuple[str, ...] = ()


class ListMeta(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    self_link: str = ""
    resource_version: str = ""
    continue_: str = ""
    remaining_item_count: int | None = None
    shard_info: ShardInfo | None = None


class ManagedFieldsEntry(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    manager: str = ""
    operation: str = ""
    api_version: str = ""
    time: Time | None = None
    fields_type: str = ""
    fields_v1: Json = None
    subresource: str = ""


class ObjectMeta(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    self_link: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int | None = None
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None
    deletion_grace_period_seconds: int | None = None
    labels: Mapping[str, str] = EMPTY
    annotations: Mapping[str, str] = EMPTY
    owner_references: tuple[OwnerReference, ...] = ()
    finalizers: tuple[str, ...] = ()
    managed_fields: tuple[ManagedFieldsEntry, ...] = ()


class OwnerReference(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    api_version: str = field(default_factory=str)
    kind: str = field(default_factory=str)
    name: str = field(default_factory=str)
    uid: str = field(default_factory=str)
    controller: bool | None = None
    block_owner_deletion: bool | None = None


class Preconditions(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    uid: str | None = None
    resource_version: str | None = None


class ServerAddressByClientCIDR(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    client_cidr: str = field(default_factory=str, name="clientCIDR")
    server_address: str = field(default_factory=str)


class ShardInfo(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    selector: str = field(default_factory=str)


class Status(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "Status"
    api_version: ClassVar[str] = "v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    status: str = ""
    message: str = ""
    reason: str = ""
    details: StatusDetails | None = None
    code: int | None = None


class StatusCause(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    reason: str = ""
    message: str = ""
    field: str = ""


class StatusDetails(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = ""
    group: str = ""
    kind: str = ""
    uid: str = ""
    causes: tuple[StatusCause, ...] = ()
    retry_after_seconds: int | None = None


class WatchEvent(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    object: Json = field(default_factory=NoneType)
    type: str = field(default_factory=str)

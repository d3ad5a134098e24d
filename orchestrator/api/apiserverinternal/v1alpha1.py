# Generated from kubernetes-1.35.json by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes apiserverinternal.v1alpha1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from msgspec import Struct, field

from orchestrator.api.meta.v1 import (
    ListMeta,
    ObjectMeta,
)
from orchestrator.api.scalars import (
    EMPTY as EMPTY,
    IntOrString as IntOrString,
    Json as Json,
    MicroTime as MicroTime,
    Quantity as Quantity,
    Time as Time,
    required_mapping as required_mapping,
    required_tuple as required_tuple,
)


class ServerStorageVersion(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    api_server_id: str | None = field(default=None, name="apiServerID")
    decodable_versions: tuple[str, ...] = ()
    encoding_version: str | None = None
    served_versions: tuple[str, ...] = ()


class StorageVersion(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "StorageVersion"
    api_version: ClassVar[str] = "internal.apiserver.k8s.io/v1alpha1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: StorageVersionSpec = field(default_factory=lambda: StorageVersionSpec())
    status: StorageVersionStatus = field(default_factory=lambda: StorageVersionStatus())


class StorageVersionCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    last_transition_time: Time | None = None
    message: str = field(default_factory=str)
    observed_generation: int | None = None
    reason: str = field(default_factory=str)
    status: str = field(default_factory=str)
    type: str = field(default_factory=str)


class StorageVersionList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "StorageVersionList"
    api_version: ClassVar[str] = "internal.apiserver.k8s.io/v1alpha1"
    items: tuple[StorageVersion, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class StorageVersionSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    pass


class StorageVersionStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    common_encoding_version: str | None = None
    conditions: tuple[StorageVersionCondition, ...] = ()
    storage_versions: tuple[ServerStorageVersion, ...] = ()

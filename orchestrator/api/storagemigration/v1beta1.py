# Generated from kubernetes-1.35.json by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes storagemigration.v1beta1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from msgspec import Struct, field

from orchestrator.api.meta.v1 import (
    Condition,
    GroupResource,
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


class StorageVersionMigration(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "StorageVersionMigration"
    api_version: ClassVar[str] = "storagemigration.k8s.io/v1beta1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: StorageVersionMigrationSpec | None = None
    status: StorageVersionMigrationStatus | None = None


class StorageVersionMigrationList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "StorageVersionMigrationList"
    api_version: ClassVar[str] = "storagemigration.k8s.io/v1beta1"
    items: tuple[StorageVersionMigration, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class StorageVersionMigrationSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    resource: GroupResource = field(default_factory=lambda: GroupResource())


class StorageVersionMigrationStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    conditions: tuple[Condition, ...] = ()
    resource_version: str | None = None

# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes core.v1.config."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import ClassVar

from msgspec import Struct, field

from orchestrator.api.core.v1.references import (
    LocalObjectReference,
    ObjectReference,
)
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
    shared as shared,
)


class ConfigMap(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ConfigMap"
    api_version: ClassVar[str] = "v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    immutable: bool | None = None
    data: Mapping[str, str] = EMPTY
    binary_data: Mapping[str, str] = EMPTY


class ConfigMapList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ConfigMapList"
    api_version: ClassVar[str] = "v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[ConfigMap, ...] = field(default_factory=required_tuple)


class Secret(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "Secret"
    api_version: ClassVar[str] = "v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    immutable: bool | None = None
    data: Mapping[str, str] = EMPTY
    string_data: Mapping[str, str] = EMPTY
    type: str = ""


class SecretList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "SecretList"
    api_version: ClassVar[str] = "v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[Secret, ...] = field(default_factory=required_tuple)


class ServiceAccount(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ServiceAccount"
    api_version: ClassVar[str] = "v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    secrets: tuple[ObjectReference, ...] = ()
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()
    automount_service_account_token: bool | None = None


class ServiceAccountList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ServiceAccountList"
    api_version: ClassVar[str] = "v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[ServiceAccount, ...] = field(default_factory=required_tuple)

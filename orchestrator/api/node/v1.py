# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes node.v1."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import ClassVar

from msgspec import Struct, field

from orchestrator.api.core.v1.pods import (
    Toleration,
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


class Overhead(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    pod_fixed: Mapping[str, Quantity] = EMPTY


class RuntimeClass(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "RuntimeClass"
    api_version: ClassVar[str] = "node.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    handler: str = field(default_factory=str)
    overhead: Overhead | None = None
    scheduling: Scheduling | None = None


class RuntimeClassList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "RuntimeClassList"
    api_version: ClassVar[str] = "node.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[RuntimeClass, ...] = field(default_factory=required_tuple)


class Scheduling(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    node_selector: Mapping[str, str] = EMPTY
    tolerations: tuple[Toleration, ...] = ()

# Generated from kubernetes-1.35.json by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes storage.v1beta1."""

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


class VolumeAttributesClass(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "VolumeAttributesClass"
    api_version: ClassVar[str] = "storage.k8s.io/v1beta1"
    driver_name: str = field(default_factory=str)
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    parameters: Mapping[str, str] = EMPTY


class VolumeAttributesClassList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "VolumeAttributesClassList"
    api_version: ClassVar[str] = "storage.k8s.io/v1beta1"
    items: tuple[VolumeAttributesClass, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)

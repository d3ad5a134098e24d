# Generated from kubernetes-1.35.json by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes resource.v1alpha3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from msgspec import Struct, field

from orchestrator.api.meta.v1 import (
    Condition,
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


class DeviceTaint(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    effect: str = field(default_factory=str)
    key: str = field(default_factory=str)
    time_added: Time | None = None
    value: str | None = None


class DeviceTaintRule(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "DeviceTaintRule"
    api_version: ClassVar[str] = "resource.k8s.io/v1alpha3"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: DeviceTaintRuleSpec = field(default_factory=lambda: DeviceTaintRuleSpec())
    status: DeviceTaintRuleStatus | None = None


class DeviceTaintRuleList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "DeviceTaintRuleList"
    api_version: ClassVar[str] = "resource.k8s.io/v1alpha3"
    items: tuple[DeviceTaintRule, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class DeviceTaintRuleSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    device_selector: DeviceTaintSelector | None = None
    taint: DeviceTaint = field(default_factory=lambda: DeviceTaint())


class DeviceTaintRuleStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    conditions: tuple[Condition, ...] = ()


class DeviceTaintSelector(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    device: str | None = None
    driver: str | None = None
    pool: str | None = None

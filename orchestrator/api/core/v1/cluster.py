# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes core.v1.cluster."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import ClassVar

from msgspec import Struct, field

from orchestrator.api.core.v1.references import (
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


class ComponentCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    error: str = ""
    message: str = ""
    status: str = field(default_factory=str)
    type: str = field(default_factory=str)


class ComponentStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ComponentStatus"
    api_version: ClassVar[str] = "v1"
    conditions: tuple[ComponentCondition, ...] = ()
    metadata: ObjectMeta = field(default_factory=ObjectMeta)


class ComponentStatusList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "ComponentStatusList"
    api_version: ClassVar[str] = "v1"
    items: tuple[ComponentStatus, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class Event(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "Event"
    api_version: ClassVar[str] = "v1"
    action: str = ""
    count: int | None = None
    event_time: MicroTime | None = field(default_factory=NoneType)
    first_timestamp: Time | None = field(default_factory=NoneType)
    involved_object: ObjectReference = field(default_factory=shared(lambda: ObjectReference()))
    last_timestamp: Time | None = field(default_factory=NoneType)
    message: str = ""
    metadata: ObjectMeta = field(default_factory=lambda: ObjectMeta())
    reason: str = ""
    related: ObjectReference | None = None
    reporting_component: str = field(default_factory=str)
    reporting_instance: str = field(default_factory=str)
    series: EventSeries | None = None
    source: EventSource | None = field(default_factory=shared(lambda: EventSource()))
    type: str = ""


class EventList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "EventList"
    api_version: ClassVar[str] = "v1"
    items: tuple[Event, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class EventSeries(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    count: int | None = None
    last_observed_time: MicroTime | None = field(default_factory=NoneType)


class EventSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    component: str = ""
    host: str = ""


class Namespace(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "Namespace"
    api_version: ClassVar[str] = "v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: NamespaceSpec | None = field(default_factory=shared(lambda: NamespaceSpec()))
    status: NamespaceStatus | None = field(default_factory=shared(lambda: NamespaceStatus()))


class NamespaceCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    last_transition_time: Time | None = field(default_factory=NoneType)
    message: str = ""
    reason: str = ""
    status: str = field(default_factory=str)
    type: str = field(default_factory=str)


class NamespaceList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "NamespaceList"
    api_version: ClassVar[str] = "v1"
    items: tuple[Namespace, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class NamespaceSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    finalizers: tuple[str, ...] = ()


class NamespaceStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    conditions: tuple[NamespaceCondition, ...] = ()
    phase: str = ""


class TopologySelectorLabelRequirement(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    key: str = field(default_factory=str)
    values: tuple[str, ...] = field(default_factory=required_tuple)


class TopologySelectorTerm(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    match_label_expressions: tuple[TopologySelectorLabelRequirement, ...] = ()

# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes events.v1."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import ClassVar

from msgspec import Struct, field

from orchestrator.api.core.v1.cluster import (
    EventSource,
)
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


class Event(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "Event"
    api_version: ClassVar[str] = "events.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    event_time: MicroTime | None = field(default_factory=NoneType)
    series: EventSeries | None = None
    reporting_controller: str = ""
    reporting_instance: str = ""
    action: str = ""
    reason: str = ""
    regarding: ObjectReference | None = field(default_factory=shared(lambda: ObjectReference()))
    related: ObjectReference | None = None
    note: str = ""
    type: str = ""
    deprecated_source: EventSource | None = field(default_factory=shared(lambda: EventSource()))
    deprecated_first_timestamp: Time | None = field(default_factory=NoneType)
    deprecated_last_timestamp: Time | None = field(default_factory=NoneType)
    deprecated_count: int | None = None


class EventList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "EventList"
    api_version: ClassVar[str] = "events.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[Event, ...] = field(default_factory=required_tuple)


class EventSeries(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    count: int = field(default_factory=int)
    last_observed_time: MicroTime | None = field(default_factory=NoneType)

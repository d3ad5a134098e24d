# Generated from kubernetes-1.35.json by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes coordination.v1beta1."""

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


class LeaseCandidate(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "LeaseCandidate"
    api_version: ClassVar[str] = "coordination.k8s.io/v1beta1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: LeaseCandidateSpec | None = None


class LeaseCandidateList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "LeaseCandidateList"
    api_version: ClassVar[str] = "coordination.k8s.io/v1beta1"
    items: tuple[LeaseCandidate, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class LeaseCandidateSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    binary_version: str = field(default_factory=str)
    emulation_version: str = ""
    lease_name: str = field(default_factory=str)
    ping_time: MicroTime | None = None
    renew_time: MicroTime | None = None
    strategy: str = field(default_factory=str)

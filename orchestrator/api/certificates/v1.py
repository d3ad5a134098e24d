# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes certificates.v1."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
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
    shared as shared,
)


class CertificateSigningRequest(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "CertificateSigningRequest"
    api_version: ClassVar[str] = "certificates.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: CertificateSigningRequestSpec = field(default_factory=shared(lambda: CertificateSigningRequestSpec()))
    status: CertificateSigningRequestStatus | None = field(default_factory=shared(lambda: CertificateSigningRequestStatus()))


class CertificateSigningRequestCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    last_transition_time: Time | None = field(default_factory=NoneType)
    last_update_time: Time | None = field(default_factory=NoneType)
    message: str | None = None
    reason: str | None = None
    status: str = field(default_factory=str)
    type: str = field(default_factory=str)


class CertificateSigningRequestList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "CertificateSigningRequestList"
    api_version: ClassVar[str] = "certificates.k8s.io/v1"
    items: tuple[CertificateSigningRequest, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class CertificateSigningRequestSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    expiration_seconds: int | None = None
    extra: Mapping[str, tuple[str, ...]] = EMPTY
    groups: tuple[str, ...] = ()
    request: str = field(default_factory=str)
    signer_name: str = field(default_factory=str)
    uid: str | None = None
    usages: tuple[str, ...] = ()
    username: str | None = None


class CertificateSigningRequestStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    certificate: str | None = None
    conditions: tuple[CertificateSigningRequestCondition, ...] = ()

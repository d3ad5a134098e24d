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
    type: str = field(default_factory=str)
    status: str = field(default_factory=str)
    reason: str | None = None
    message: str | None = None
    last_update_time: Time | None = field(default_factory=NoneType)
    last_transition_time: Time | None = field(default_factory=NoneType)


class CertificateSigningRequestList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "CertificateSigningRequestList"
    api_version: ClassVar[str] = "certificates.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[CertificateSigningRequest, ...] = field(default_factory=required_tuple)


class CertificateSigningRequestSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    request: str = field(default_factory=str)
    signer_name: str = field(default_factory=str)
    expiration_seconds: int | None = None
    usages: tuple[str, ...] = ()
    username: str | None = None
    uid: str | None = None
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = EMPTY


class CertificateSigningRequestStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    conditions: tuple[CertificateSigningRequestCondition, ...] = ()
    certificate: str | None = None

# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes authentication.v1."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import ClassVar

from msgspec import Struct, field

from orchestrator.api.meta.v1 import (
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


class BoundObjectReference(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: str | None = None
    api_version: str | None = None
    name: str | None = None
    uid: str | None = None


class SelfSubjectReview(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "SelfSubjectReview"
    api_version: ClassVar[str] = "authentication.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    status: SelfSubjectReviewStatus | None = field(default_factory=shared(lambda: SelfSubjectReviewStatus()))


class SelfSubjectReviewStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    user_info: UserInfo | None = field(default_factory=shared(lambda: UserInfo()))


class TokenRequest(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "TokenRequest"
    api_version: ClassVar[str] = "authentication.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: TokenRequestSpec | None = field(default_factory=shared(lambda: TokenRequestSpec()))
    status: TokenRequestStatus | None = field(default_factory=shared(lambda: TokenRequestStatus()))


class TokenRequestSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    audiences: tuple[str, ...] = field(default_factory=required_tuple)
    expiration_seconds: int | None = field(default_factory=NoneType)
    bound_object_ref: BoundObjectReference | None = field(default_factory=NoneType)


class TokenRequestStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    token: str = field(default_factory=str)
    expiration_timestamp: Time | None = field(default_factory=NoneType)


class TokenReview(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "TokenReview"
    api_version: ClassVar[str] = "authentication.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: TokenReviewSpec = field(default_factory=shared(lambda: TokenReviewSpec()))
    status: TokenReviewStatus | None = field(default_factory=shared(lambda: TokenReviewStatus()))


class TokenReviewSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    token: str | None = None
    audiences: tuple[str, ...] = ()


class TokenReviewStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    authenticated: bool | None = None
    user: UserInfo | None = field(default_factory=shared(lambda: UserInfo()))
    audiences: tuple[str, ...] = ()
    error: str | None = None


class UserInfo(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    username: str | None = None
    uid: str | None = None
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = EMPTY

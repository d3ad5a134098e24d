# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes authorization.v1."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import ClassVar

from msgspec import Struct, field

from orchestrator.api.meta.v1 import (
    FieldSelectorRequirement,
    LabelSelectorRequirement,
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


class FieldSelectorAttributes(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    raw_selector: str | None = None
    requirements: tuple[FieldSelectorRequirement, ...] = ()


class LabelSelectorAttributes(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    raw_selector: str | None = None
    requirements: tuple[LabelSelectorRequirement, ...] = ()


class LocalSubjectAccessReview(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "LocalSubjectAccessReview"
    api_version: ClassVar[str] = "authorization.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: SubjectAccessReviewSpec = field(default_factory=shared(lambda: SubjectAccessReviewSpec()))
    status: SubjectAccessReviewStatus | None = field(default_factory=shared(lambda: SubjectAccessReviewStatus()))


class NonResourceAttributes(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    path: str | None = None
    verb: str | None = None


class NonResourceRule(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    verbs: tuple[str, ...] = field(default_factory=required_tuple)
    non_resource_urls: tuple[str, ...] = field(default=(), name="nonResourceURLs")


class ResourceAttributes(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    namespace: str | None = None
    verb: str | None = None
    group: str | None = None
    version: str | None = None
    resource: str | None = None
    subresource: str | None = None
    name: str | None = None
    field_selector: FieldSelectorAttributes | None = None
    label_selector: LabelSelectorAttributes | None = None


class ResourceRule(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    verbs: tuple[str, ...] = field(default_factory=required_tuple)
    api_groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()


class SelfSubjectAccessReview(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "SelfSubjectAccessReview"
    api_version: ClassVar[str] = "authorization.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: SelfSubjectAccessReviewSpec = field(default_factory=shared(lambda: SelfSubjectAccessReviewSpec()))
    status: SubjectAccessReviewStatus | None = field(default_factory=shared(lambda: SubjectAccessReviewStatus()))


class SelfSubjectAccessReviewSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    resource_attributes: ResourceAttributes | None = None
    non_resource_attributes: NonResourceAttributes | None = None


class SelfSubjectRulesReview(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "SelfSubjectRulesReview"
    api_version: ClassVar[str] = "authorization.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: SelfSubjectRulesReviewSpec = field(default_factory=shared(lambda: SelfSubjectRulesReviewSpec()))
    status: SubjectRulesReviewStatus | None = field(default_factory=shared(lambda: SubjectRulesReviewStatus()))


class SelfSubjectRulesReviewSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    namespace: str | None = None


class SubjectAccessReview(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "SubjectAccessReview"
    api_version: ClassVar[str] = "authorization.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: SubjectAccessReviewSpec = field(default_factory=shared(lambda: SubjectAccessReviewSpec()))
    status: SubjectAccessReviewStatus | None = field(default_factory=shared(lambda: SubjectAccessReviewStatus()))


class SubjectAccessReviewSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    resource_attributes: ResourceAttributes | None = None
    non_resource_attributes: NonResourceAttributes | None = None
    user: str | None = None
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = EMPTY
    uid: str | None = None


class SubjectAccessReviewStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    allowed: bool = field(default_factory=bool)
    denied: bool | None = None
    reason: str | None = None
    evaluation_error: str | None = None


class SubjectRulesReviewStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    resource_rules: tuple[ResourceRule, ...] = field(default_factory=required_tuple)
    non_resource_rules: tuple[NonResourceRule, ...] = field(default_factory=required_tuple)
    incomplete: bool = field(default_factory=bool)
    evaluation_error: str | None = None

# Generated from kubernetes-1.35.json by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes certificates.v1alpha1."""

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


class ClusterTrustBundle(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "ClusterTrustBundle"
    api_version: ClassVar[str] = "certificates.k8s.io/v1alpha1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: ClusterTrustBundleSpec = field(default_factory=lambda: ClusterTrustBundleSpec())


class ClusterTrustBundleList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "ClusterTrustBundleList"
    api_version: ClassVar[str] = "certificates.k8s.io/v1alpha1"
    items: tuple[ClusterTrustBundle, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class ClusterTrustBundleSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    signer_name: str | None = None
    trust_bundle: str = field(default_factory=str)

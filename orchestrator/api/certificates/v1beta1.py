# Generated from kubernetes-1.35.json by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes certificates.v1beta1."""

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


class ClusterTrustBundle(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "ClusterTrustBundle"
    api_version: ClassVar[str] = "certificates.k8s.io/v1beta1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: ClusterTrustBundleSpec = field(default_factory=lambda: ClusterTrustBundleSpec())


class ClusterTrustBundleList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "ClusterTrustBundleList"
    api_version: ClassVar[str] = "certificates.k8s.io/v1beta1"
    items: tuple[ClusterTrustBundle, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class ClusterTrustBundleSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    signer_name: str | None = None
    trust_bundle: str = field(default_factory=str)


class PodCertificateRequest(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "PodCertificateRequest"
    api_version: ClassVar[str] = "certificates.k8s.io/v1beta1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: PodCertificateRequestSpec = field(default_factory=lambda: PodCertificateRequestSpec())
    status: PodCertificateRequestStatus | None = None


class PodCertificateRequestList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    kind: ClassVar[str] = "PodCertificateRequestList"
    api_version: ClassVar[str] = "certificates.k8s.io/v1beta1"
    items: tuple[PodCertificateRequest, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class PodCertificateRequestSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    max_expiration_seconds: int | None = None
    node_name: str = field(default_factory=str)
    node_uid: str = field(default_factory=str, name="nodeUID")
    pkix_public_key: str = field(default_factory=str)
    pod_name: str = field(default_factory=str)
    pod_uid: str = field(default_factory=str, name="podUID")
    proof_of_possession: str = field(default_factory=str)
    service_account_name: str = field(default_factory=str)
    service_account_uid: str = field(default_factory=str, name="serviceAccountUID")
    signer_name: str = field(default_factory=str)
    unverified_user_annotations: Mapping[str, str] = EMPTY


class PodCertificateRequestStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel'):
    begin_refresh_at: Time | None = None
    certificate_chain: str | None = None
    conditions: tuple[Condition, ...] = ()
    not_after: Time | None = None
    not_before: Time | None = None

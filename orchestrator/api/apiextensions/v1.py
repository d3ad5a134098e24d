# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes apiextensions.v1."""

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


class CustomResourceColumnDefinition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
    type: str = field(default_factory=str)
    format: str | None = None
    description: str | None = None
    priority: int | None = None
    json_path: str = field(default_factory=str)


class CustomResourceConversion(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    strategy: str = field(default_factory=str)
    webhook: WebhookConversion | None = None


class CustomResourceDefinition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "CustomResourceDefinition"
    api_version: ClassVar[str] = "apiextensions.k8s.io/v1"
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: CustomResourceDefinitionSpec = field(default_factory=shared(lambda: CustomResourceDefinitionSpec()))
    status: CustomResourceDefinitionStatus | None = field(default_factory=shared(lambda: CustomResourceDefinitionStatus()))


class CustomResourceDefinitionCondition(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    type: str = field(default_factory=str)
    status: str = field(default_factory=str)
    last_transition_time: Time | None = field(default_factory=NoneType)
    reason: str | None = None
    message: str | None = None
    observed_generation: int | None = None


class CustomResourceDefinitionList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "CustomResourceDefinitionList"
    api_version: ClassVar[str] = "apiextensions.k8s.io/v1"
    metadata: ListMeta = field(default_factory=ListMeta)
    items: tuple[CustomResourceDefinition, ...] = field(default_factory=required_tuple)


class CustomResourceDefinitionNames(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    plural: str = field(default_factory=str)
    singular: str | None = None
    short_names: tuple[str, ...] = ()
    kind: str = field(default_factory=str)
    list_kind: str | None = None
    categories: tuple[str, ...] = ()


class CustomResourceDefinitionSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    group: str = field(default_factory=str)
    names: CustomResourceDefinitionNames = field(default_factory=shared(lambda: CustomResourceDefinitionNames()))
    scope: str = field(default_factory=str)
    versions: tuple[CustomResourceDefinitionVersion, ...] = field(default_factory=required_tuple)
    conversion: CustomResourceConversion | None = None
    preserve_unknown_fields: bool | None = None


class CustomResourceDefinitionStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    conditions: tuple[CustomResourceDefinitionCondition, ...] = field(default_factory=required_tuple)
    accepted_names: CustomResourceDefinitionNames | None = field(default_factory=shared(lambda: CustomResourceDefinitionNames()))
    stored_versions: tuple[str, ...] = field(default_factory=required_tuple)
    observed_generation: int | None = None


class CustomResourceDefinitionVersion(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
    served: bool = field(default_factory=bool)
    storage: bool = field(default_factory=bool)
    deprecated: bool | None = None
    deprecation_warning: str | None = None
    schema: CustomResourceValidation | None = None
    subresources: CustomResourceSubresources | None = None
    additional_printer_columns: tuple[CustomResourceColumnDefinition, ...] = ()
    selectable_fields: tuple[SelectableField, ...] = ()


class CustomResourceSubresourceScale(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    spec_replicas_path: str = field(default_factory=str)
    status_replicas_path: str = field(default_factory=str)
    label_selector_path: str | None = None


class CustomResourceSubresourceStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    pass


class CustomResourceSubresources(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    status: CustomResourceSubresourceStatus | None = None
    scale: CustomResourceSubresourceScale | None = None


class CustomResourceValidation(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    open_apiv3_schema: JSONSchemaProps | None = field(default=None, name="openAPIV3Schema")


class ExternalDocumentation(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    description: str | None = None
    url: str | None = None


class JSONSchemaProps(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    id: str | None = None
    schema: str | None = field(default=None, name="$schema")
    ref: str | None = field(default=None, name="$ref")
    description: str | None = None
    type: str | None = None
    format: str | None = None
    title: str | None = None
    default: Json = None
    maximum: float | None = None
    exclusive_maximum: bool | None = None
    minimum: float | None = None
    exclusive_minimum: bool | None = None
    max_length: int | None = None
    min_length: int | None = None
    pattern: str | None = None
    max_items: int | None = None
    min_items: int | None = None
    unique_items: bool | None = None
    multiple_of: float | None = None
    enum: tuple[Json, ...] = ()
    max_properties: int | None = None
    min_properties: int | None = None
    required: tuple[str, ...] = ()
    items: Json = None
    all_of: tuple[JSONSchemaProps, ...] = ()
    one_of: tuple[JSONSchemaProps, ...] = ()
    any_of: tuple[JSONSchemaProps, ...] = ()
    not_: JSONSchemaProps | None = None
    properties: Mapping[str, JSONSchemaProps] = EMPTY
    additional_properties: Json = None
    pattern_properties: Mapping[str, JSONSchemaProps] = EMPTY
    dependencies: Mapping[str, Json] = EMPTY
    additional_items: Json = None
    definitions: Mapping[str, JSONSchemaProps] = EMPTY
    external_docs: ExternalDocumentation | None = None
    example: Json = None
    nullable: bool | None = None
    x_kubernetes_preserve_unknown_fields: bool | None = field(default=None, name="x-kubernetes-preserve-unknown-fields")
    x_kubernetes_embedded_resource: bool | None = field(default=None, name="x-kubernetes-embedded-resource")
    x_kubernetes_int_or_string: bool | None = field(default=None, name="x-kubernetes-int-or-string")
    x_kubernetes_list_map_keys: tuple[str, ...] = field(default=(), name="x-kubernetes-list-map-keys")
    x_kubernetes_list_type: str | None = field(default=None, name="x-kubernetes-list-type")
    x_kubernetes_map_type: str | None = field(default=None, name="x-kubernetes-map-type")
    x_kubernetes_validations: tuple[ValidationRule, ...] = field(default=(), name="x-kubernetes-validations")


class SelectableField(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    json_path: str = field(default_factory=str)


class ServiceReference(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    namespace: str = field(default_factory=str)
    name: str = field(default_factory=str)
    path: str | None = None
    port: int | None = None


class ValidationRule(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    rule: str = field(default_factory=str)
    message: str | None = None
    message_expression: str | None = None
    reason: str | None = None
    field_path: str | None = None
    optional_old_self: bool | None = None


class WebhookClientConfig(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    url: str | None = None
    service: ServiceReference | None = None
    ca_bundle: str | None = None


class WebhookConversion(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    client_config: WebhookClientConfig | None = None
    conversion_review_versions: tuple[str, ...] = field(default_factory=required_tuple)

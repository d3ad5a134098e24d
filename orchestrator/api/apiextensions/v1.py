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
    description: str | None = None
    format: str | None = None
    json_path: str = field(default_factory=str)
    name: str = field(default_factory=str)
    priority: int | None = None
    type: str = field(default_factory=str)


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
    last_transition_time: Time | None = field(default_factory=NoneType)
    message: str | None = None
    observed_generation: int | None = None
    reason: str | None = None
    status: str = field(default_factory=str)
    type: str = field(default_factory=str)


class CustomResourceDefinitionList(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    kind: ClassVar[str] = "CustomResourceDefinitionList"
    api_version: ClassVar[str] = "apiextensions.k8s.io/v1"
    items: tuple[CustomResourceDefinition, ...] = field(default_factory=required_tuple)
    metadata: ListMeta = field(default_factory=ListMeta)


class CustomResourceDefinitionNames(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    categories: tuple[str, ...] = ()
    kind: str = field(default_factory=str)
    list_kind: str | None = None
    plural: str = field(default_factory=str)
    short_names: tuple[str, ...] = ()
    singular: str | None = None


class CustomResourceDefinitionSpec(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    conversion: CustomResourceConversion | None = None
    group: str = field(default_factory=str)
    names: CustomResourceDefinitionNames = field(default_factory=shared(lambda: CustomResourceDefinitionNames()))
    preserve_unknown_fields: bool | None = None
    scope: str = field(default_factory=str)
    versions: tuple[CustomResourceDefinitionVersion, ...] = field(default_factory=required_tuple)


class CustomResourceDefinitionStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    accepted_names: CustomResourceDefinitionNames | None = field(default_factory=shared(lambda: CustomResourceDefinitionNames()))
    conditions: tuple[CustomResourceDefinitionCondition, ...] = field(default_factory=required_tuple)
    observed_generation: int | None = None
    stored_versions: tuple[str, ...] = field(default_factory=required_tuple)


class CustomResourceDefinitionVersion(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    additional_printer_columns: tuple[CustomResourceColumnDefinition, ...] = ()
    deprecated: bool | None = None
    deprecation_warning: str | None = None
    name: str = field(default_factory=str)
    schema: CustomResourceValidation | None = None
    selectable_fields: tuple[SelectableField, ...] = ()
    served: bool = field(default_factory=bool)
    storage: bool = field(default_factory=bool)
    subresources: CustomResourceSubresources | None = None


class CustomResourceSubresourceScale(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    label_selector_path: str | None = None
    spec_replicas_path: str = field(default_factory=str)
    status_replicas_path: str = field(default_factory=str)


class CustomResourceSubresourceStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    pass


class CustomResourceSubresources(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    scale: CustomResourceSubresourceScale | None = None
    status: CustomResourceSubresourceStatus | None = None


class CustomResourceValidation(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    open_apiv3_schema: JSONSchemaProps | None = field(default=None, name="openAPIV3Schema")


class ExternalDocumentation(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    description: str | None = None
    url: str | None = None


class JSONSchemaProps(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    ref: str | None = field(default=None, name="$ref")
    schema: str | None = field(default=None, name="$schema")
    additional_items: Json = None
    additional_properties: Json = None
    all_of: tuple[JSONSchemaProps, ...] = ()
    any_of: tuple[JSONSchemaProps, ...] = ()
    default: Json = None
    definitions: Mapping[str, JSONSchemaProps] = EMPTY
    dependencies: Mapping[str, Json] = EMPTY
    description: str | None = None
    enum: tuple[Json, ...] = ()
    example: Json = None
    exclusive_maximum: bool | None = None
    exclusive_minimum: bool | None = None
    external_docs: ExternalDocumentation | None = None
    format: str | None = None
    id: str | None = None
    items: Json = None
    max_items: int | None = None
    max_length: int | None = None
    max_properties: int | None = None
    maximum: float | None = None
    min_items: int | None = None
    min_length: int | None = None
    min_properties: int | None = None
    minimum: float | None = None
    multiple_of: float | None = None
    not_: JSONSchemaProps | None = None
    nullable: bool | None = None
    one_of: tuple[JSONSchemaProps, ...] = ()
    pattern: str | None = None
    pattern_properties: Mapping[str, JSONSchemaProps] = EMPTY
    properties: Mapping[str, JSONSchemaProps] = EMPTY
    required: tuple[str, ...] = ()
    title: str | None = None
    type: str | None = None
    unique_items: bool | None = None
    x_kubernetes_embedded_resource: bool | None = field(default=None, name="x-kubernetes-embedded-resource")
    x_kubernetes_int_or_string: bool | None = field(default=None, name="x-kubernetes-int-or-string")
    x_kubernetes_list_map_keys: tuple[str, ...] = field(default=(), name="x-kubernetes-list-map-keys")
    x_kubernetes_list_type: str | None = field(default=None, name="x-kubernetes-list-type")
    x_kubernetes_map_type: str | None = field(default=None, name="x-kubernetes-map-type")
    x_kubernetes_preserve_unknown_fields: bool | None = field(default=None, name="x-kubernetes-preserve-unknown-fields")
    x_kubernetes_validations: tuple[ValidationRule, ...] = field(default=(), name="x-kubernetes-validations")


class SelectableField(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    json_path: str = field(default_factory=str)


class ServiceReference(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
    namespace: str = field(default_factory=str)
    path: str | None = None
    port: int | None = None


class ValidationRule(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    field_path: str | None = None
    message: str | None = None
    message_expression: str | None = None
    optional_old_self: bool | None = None
    reason: str | None = None
    rule: str = field(default_factory=str)


class WebhookClientConfig(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    ca_bundle: str | None = None
    service: ServiceReference | None = None
    url: str | None = None


class WebhookConversion(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    client_config: WebhookClientConfig | None = None
    conversion_review_versions: tuple[str, ...] = field(default_factory=required_tuple)

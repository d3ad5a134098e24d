"""What is served because of a definition: a resource for each version that it serves."""

from typing import Final

from msgspec.structs import replace

from orchestrator.api.apiextensions.v1 import (
    CustomResourceDefinition,
    CustomResourceDefinitionVersion,
)
from orchestrator.api.scheme import Resource, Subresource
from orchestrator.apiserver.definitions.custom_kind import custom_kind
from orchestrator.apiserver.kinds.apiextensions.strategy import storage_version
from orchestrator.apiserver.kinds.versions import Versions

_VERBS: Final = (
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "create",
    "update",
    "watch",
)
_NEVER: Final = 2**63  # no revision is as high
_PART_VERBS: Final = ("get", "patch", "update")


def resources_of(definition: CustomResourceDefinition, since: int = 0) -> tuple[Resource, ...]:
    """The resources of an established definition, one a served version.

    `since` is the revision from which on objects are written by it. What came by a version with another
    schema must be looked at whenever it is read.
    """
    if any(each.schema != definition.spec.versions[0].schema for each in definition.spec.versions):
        since = _NEVER
    spec = definition.spec
    versions = _converted_versions(definition)
    status = definition.status
    names = status.accepted_names if status is not None else None
    if names is None:
        names = spec.names
    return tuple(
        Resource(
            spec.group,
            version.name,
            names.plural,
            names.kind,
            namespaced=spec.scope == "Namespaced",
            verbs=_VERBS,
            subresources=_subresources(definition, version),
            short_names=names.short_names,
            categories=names.categories,
            singular=names.singular or "",
            list_kind=names.list_kind or "",
            storage_version=storage_version(definition),
            knowledge=replace(custom_kind(definition, version), since=since, versions=versions),
        )
        for version in spec.versions
        if version.served
    )


def _converted_versions(definition: CustomResourceDefinition) -> Versions | None:
    conversion = definition.spec.conversion
    if conversion is None or conversion.strategy != "Webhook" or conversion.webhook is None:
        return None
    storage = f"{definition.spec.group}/{storage_version(definition)}"
    return Versions(conversion.webhook, storage)


def _subresources(
    definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion
) -> tuple[Subresource, ...]:
    parts = version.subresources
    found = []
    if parts is not None and parts.status is not None:
        group, kind = definition.spec.group, definition.spec.names.kind
        found.append(Subresource("status", group, version.name, kind, _PART_VERBS))
    if parts is not None and parts.scale is not None:
        found.append(Subresource("scale", "autoscaling", "v1", "Scale", _PART_VERBS))
    return tuple(found)

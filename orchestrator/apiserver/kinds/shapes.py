"""The shape of a resource's objects, as the owners of fields and those who merge see it."""

from orchestrator.api.scheme import Resource
from orchestrator.apiserver.kinds import kind_of
from orchestrator.machinery.managed_fields.openapi_shapes import shape_of_kind
from orchestrator.machinery.managed_fields.shapes import Shape


def shape_of(resource: Resource) -> Shape:
    """By its schema: a definition's for custom resources, the document's for others."""
    custom = kind_of(resource)
    if custom.shape is not None:
        return custom.shape()
    return shape_of_kind(resource.group, resource.version, resource.kind)

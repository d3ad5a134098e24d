"""The question of an authorizer as a review asks it of somebody else."""

from typing import Any

from orchestrator.api.authorization.v1 import (
    FieldSelectorAttributes,
    NonResourceAttributes,
    ResourceAttributes,
    SubjectAccessReviewSpec,
)
from orchestrator.api.meta.v1 import FieldSelectorRequirement
from orchestrator.apiserver.authorization.interface import Attributes
from orchestrator.protocol import Identity


def spec_of(identity: Identity, asked: Attributes) -> SubjectAccessReviewSpec:
    """The spec of a review that asks this about somebody."""
    subject: dict[str, Any] = {
        "user": identity.name,
        "groups": identity.groups,
        "uid": identity.uid or None,
        "extra": identity.extra or {},
    }
    if not asked.is_resource:
        path = NonResourceAttributes(verb=asked.verb, path=asked.path)
        return SubjectAccessReviewSpec(non_resource_attributes=path, **subject)
    return SubjectAccessReviewSpec(
        resource_attributes=ResourceAttributes(
            verb=asked.verb,
            group=asked.group,
            resource=asked.resource,
            subresource=asked.subresource,
            namespace=asked.namespace,
            name=asked.name,
            version=asked.version,
            field_selector=_selector(asked),
        ),
        **subject,
    )


def _selector(asked: Attributes) -> FieldSelectorAttributes | None:
    if not asked.fields:
        return None
    return FieldSelectorAttributes(
        requirements=tuple(
            FieldSelectorRequirement(key=name, operator="In", values=(value,))
            for name, value in asked.fields.items()
        )
    )

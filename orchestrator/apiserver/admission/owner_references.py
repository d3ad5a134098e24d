"""OwnerReferencesPermissionEnforcement: who gives an object owners could have deleted it, and them held up."""

from collections.abc import Sequence
from typing import Any, Final

from orchestrator.api.errors import UnknownKind
from orchestrator.api.meta.v1 import OwnerReference
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.errors import forbidden
from orchestrator.machinery.cel.authorization import Question

# What an authorizer without an error of its own is said to have.
_NO_ERROR: Final = "<nil>"


class OwnerReferencesPermissionEnforcement(AdmissionPlugin):
    """Refuses owners to those who may not delete the object, or not set the owner's finalizers."""

    name = "OwnerReferencesPermissionEnforcement"
    default_on = False

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        if operation not in ("CREATE", "UPDATE"):
            return False
        return not (resource.key == "pods" and subresource == "status")

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: Forbidden."""
        new, old = _owners(request.object), _owners(request.old_object)
        if request.ask is None or new == old:
            return
        if request.operation != "CREATE":
            allowed, why = request.ask(_about(request, "delete"))
            if not allowed:
                words = "cannot set an ownerRef on a resource you can't delete"
                raise forbidden(request.resource, request.name, f"{words}: {why}, {_NO_ERROR}")
        blocking = _newly_blocking(new, old)
        everything = Question("update", group="*", resource="*", subresource="finalizers", name="*")
        if not blocking or request.ask(everything)[0]:
            return
        for reference in blocking:
            self._check_owner(reference, request, reader)

    def _check_owner(
        self, reference: OwnerReference, request: AdmissionRequest, reader: Reader
    ) -> None:
        assert request.ask is not None
        try:
            owner = reader.resource_of(reference.api_version, reference.kind)
        except UnknownKind:
            words = (
                "cannot set blockOwnerDeletion in this case because cannot find RESTMapping for "
                f"APIVersion {reference.api_version} Kind {reference.kind}: "
                f'no matches for kind "{reference.kind}" in version "{reference.api_version}"'
            )
            raise forbidden(request.resource, request.name, words) from None
        allowed, why = request.ask(
            Question(
                "update",
                group=owner.group,
                resource=owner.plural,
                subresource="finalizers",
                namespace=request.namespace if owner.namespaced else "",
                name=reference.name,
            )
        )
        if not allowed:
            words = (
                "cannot set blockOwnerDeletion if an ownerReference refers to "
                "a resource you can't set finalizers on"
            )
            raise forbidden(request.resource, request.name, f"{words}: {why}, {_NO_ERROR}")


def _about(request: AdmissionRequest, verb: str) -> Question:
    resource = request.resource
    return Question(
        verb,
        group=resource.group,
        resource=resource.plural,
        subresource=request.subresource,
        namespace=request.namespace,
        name=request.name,
    )


def _owners(obj: Any) -> tuple[OwnerReference, ...]:
    found: tuple[OwnerReference, ...] = () if obj is None else obj.metadata.owner_references
    return found


def _newly_blocking(
    new: Sequence[OwnerReference], old: Sequence[OwnerReference]
) -> list[OwnerReference]:
    before = {each.uid for each in old if each.block_owner_deletion}
    return [each for each in new if each.block_owner_deletion and each.uid not in before]

"""Between the versions of a kind: one is stored, all are served.

A pair of types that differ in more than their version has a function in its kinds' `converts`; all
others have the same fields, and convert by their names. A conversion keeps what it does not understand
where it can, so that reading in one version and writing back loses nothing.
"""

from msgspec.structs import replace

from orchestrator.api.scheme import Resource
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.kinds.by_names import by_names
from orchestrator.apiserver.kinds.kind import Convert
from orchestrator.machinery.digits import whole
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.protocol import BadRequest


def conversion(source: Resource, target: Resource) -> Convert | None:
    """The function from one version of a resource to another; None when they are one."""
    if kind_of(target).custom:
        return relabelled(target.api_version)
    if source is target or source.type is target.type:
        return None
    special = kind_of(source).converts.get(target.type)
    return special or (lambda stored: by_names(stored, target.type))


def seen_as(resource: Resource) -> Convert:
    """How stored custom resources look in a version: complete by the stored one's schema, pruned by its own.

    An object that was written in this version, by the present definition, is so already, but for a
    status: that is taken away from who creates an object, after all has been filled in.
    """
    lacks_status = _defaults_status(resource)
    kind, api_version = kind_of(resource), resource.api_version
    relabel = relabelled(api_version)

    def complete(custom: Unstructured) -> Unstructured:
        try:
            full = custom if kind.seen is None else kind.seen(custom)
        except BadRequest:  # what another definition took stays readable
            full = custom
        found: Unstructured = relabel(full)
        return found

    completed: IdentityMemo[Unstructured, Unstructured] = IdentityMemo(complete)

    versions = kind.versions

    def see(custom: Unstructured) -> Unstructured:
        if versions is not None:
            custom = versions.converted(custom, api_version)
        if custom.api_version == api_version:
            revision = custom.metadata.resource_version
            present = not revision or whole(revision) > kind.since
            if present and (not lacks_status or "status" in custom.content):
                return custom
        return completed(custom)

    return see


def _defaults_status(resource: Resource) -> bool:
    """Whether a custom resource has its status apart, and its schema one for objects without."""
    schema = kind_of(resource).schema
    if schema is None or resource.subresource("status") is None:
        return False
    return "default" in schema.get("properties", {}).get("status", {})


def relabelled(api_version: str) -> Convert:
    """A custom resource in another version: its content is the same."""

    def relabel(custom: Unstructured) -> Unstructured:
        if custom.api_version == api_version:
            return custom
        return replace(custom, api_version=api_version)

    return relabel

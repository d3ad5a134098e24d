"""PodGroupProtection and PodGroupWorkloadExists: groups of pods wait for their pods, and are of templates that exist.

Where the feature gate GenericWorkload is off nobody serves groups, and both have nothing to say.
"""

from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.scheduling.v1alpha2 import POD_GROUPS, PROTECTION, PodGroup, Workload
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.errors import forbidden


class _OfNewGroups(AdmissionPlugin):
    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return operation == "CREATE" and resource.key == POD_GROUPS.key and not subresource


class PodGroupProtection(_OfNewGroups):
    """Adds the finalizer that the protection controller takes away."""

    name = "PodGroupProtection"

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """The group with its finalizer."""
        meta = request.object.metadata
        if PROTECTION in meta.finalizers:
            return request.object
        meta = replace(meta, finalizers=(*meta.finalizers, PROTECTION))
        return replace(request.object, metadata=meta)


_REJECTED: Final = "PodGroup rejected: "


class PodGroupWorkloadExists(_OfNewGroups):
    """A group that is made of a template of a Workload's is made of one that is there."""

    name = "PodGroupWorkloadExists"

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: Forbidden (no such Workload, one that goes, no such template)."""
        group: PodGroup = request.object
        reference = group.spec.pod_group_template_ref
        if reference is None or reference.workload is None:
            return
        named = reference.workload
        why = _why_not(
            reader.get(Workload, named.workload_name, request.namespace),
            named.workload_name,
            named.pod_group_template_name,
        )
        if why:
            raise forbidden(request.resource, request.name, _REJECTED + why)


def _why_not(workload: Workload | None, name: str, template: str) -> str:
    if workload is None:
        return f'Workload "{name}" not found'
    if workload.metadata.deletion_timestamp is not None:
        return f'Workload "{name}" is being deleted'
    if all(each.name != template for each in workload.spec.pod_group_templates):
        return f'PodGroupTemplate "{template}" not found in Workload "{name}"'
    return ""

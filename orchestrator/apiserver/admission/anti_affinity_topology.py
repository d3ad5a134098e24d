"""LimitPodHardAntiAffinityTopology: a pod keeps others off its node, and off nothing larger.

One pod whose anti-affinity must hold for a zone would keep all others out of it.
"""

from typing import Final

from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.admission.memory import spec_of
from orchestrator.apiserver.errors import forbidden

_HOST: Final = "kubernetes.io/hostname"


class LimitPodHardAntiAffinityTopology(AdmissionPlugin):
    """Refuses required anti-affinity that is not about nodes."""

    name = "LimitPodHardAntiAffinityTopology"
    default_on = False

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return resource.key == "pods" and not subresource and operation in ("CREATE", "UPDATE")

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: Forbidden."""
        affinity = spec_of(request.object).affinity
        apart = None if affinity is None else affinity.pod_anti_affinity
        for term in (
            () if apart is None else apart.required_during_scheduling_ignored_during_execution
        ):
            if term.topology_key != _HOST:
                why = (
                    "affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey "
                    f"{term.topology_key} but only key {_HOST} is allowed"
                )
                raise forbidden(request.resource, request.name, why)

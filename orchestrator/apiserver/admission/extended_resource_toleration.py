"""ExtendedResourceToleration: who asks for a device may go where others are kept away because of it."""

from typing import Any

from msgspec.structs import replace

from orchestrator.api.core.v1 import PodSpec, Toleration
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.admission.memory import SpecMemory, spec_of, with_spec
from orchestrator.apiserver.validation.resources import is_extended


class ExtendedResourceToleration(AdmissionPlugin):
    """Gives a pod a toleration for each extended resource that it asks for."""

    name = "ExtendedResourceToleration"
    default_on = False

    def __init__(self) -> None:
        self._tolerant: SpecMemory[PodSpec] = SpecMemory(_tolerant)

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return resource.key == "pods" and not subresource and operation in ("CREATE", "UPDATE")

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """The pod with its tolerations."""
        pod = request.object
        return with_spec(pod, self._tolerant(spec_of(pod)))


def _tolerant(spec: PodSpec) -> PodSpec:
    asked = {
        name
        for container in (*spec.containers, *spec.init_containers)
        if container.resources is not None
        for name in container.resources.requests
        if is_extended(name)
    }
    wanted = [
        Toleration(key=name, operator="Exists", effect="NoSchedule") for name in sorted(asked)
    ]
    missing = tuple(each for each in wanted if each not in spec.tolerations)
    return replace(spec, tolerations=(*spec.tolerations, *missing)) if missing else spec

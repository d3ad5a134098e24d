"""AlwaysPullImages: a node's cached image is no way around the registry's credentials."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Container, EphemeralContainer, PodSpec, Volume
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.admission.memory import SpecMemory, spec_of, with_spec
from orchestrator.apiserver.errors import forbidden
from orchestrator.machinery import field_errors
from orchestrator.machinery.field_errors import FieldError

_ALWAYS: Final = "Always"


class AlwaysPullImages(AdmissionPlugin):
    """Sets every image of a pod to be pulled each time, and refuses anything else."""

    name = "AlwaysPullImages"
    default_on = False

    def __init__(self) -> None:
        self._pulling: SpecMemory[PodSpec] = SpecMemory(_pull)

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return resource.key == "pods" and not subresource and operation in ("CREATE", "UPDATE")

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """The pod, with every image pulled always."""
        if not _has_new_images(request):
            return request.object
        return with_spec(request.object, self._pulling(spec_of(request.object)))

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: Forbidden (an image that need not be pulled)."""
        if not _has_new_images(request):
            return
        faults = [str(fault) for fault in _faults(spec_of(request.object))]
        if faults:
            raise forbidden(request.resource, request.name, ", ".join(faults))


def _has_new_images(request: AdmissionRequest) -> bool:
    old = request.old_object
    if old is None:
        return True
    present = {each.image for _, each in _containers(spec_of(old))}
    return any(each.image not in present for _, each in _containers(spec_of(request.object)))


def _containers(spec: PodSpec) -> Iterator[tuple[str, Container | EphemeralContainer]]:
    """Every container, with its path."""
    fields: tuple[tuple[str, Sequence[Container | EphemeralContainer]], ...] = (
        ("spec.initContainers", spec.init_containers),
        ("spec.containers", spec.containers),
        ("spec.ephemeralContainers", spec.ephemeral_containers),
    )
    for path, containers in fields:
        for position, each in enumerate(containers):
            yield field_errors.index(path, position), each


def _pull(spec: PodSpec) -> PodSpec:
    return replace(
        spec,
        init_containers=tuple(map(_pulled, spec.init_containers)),
        containers=tuple(map(_pulled, spec.containers)),
        ephemeral_containers=tuple(map(_pulled, spec.ephemeral_containers)),
        volumes=tuple(map(_pulled_volume, spec.volumes)),
    )


def _pulled(container: Any) -> Any:
    return replace(container, image_pull_policy=_ALWAYS)


def _pulled_volume(volume: Volume) -> Volume:
    if volume.image is None:
        return volume
    return replace(volume, image=replace(volume.image, pull_policy=_ALWAYS))


def _faults(spec: PodSpec) -> Iterator[FieldError]:
    for path, each in _containers(spec):
        if each.image_pull_policy != _ALWAYS:
            policy = each.image_pull_policy or ""
            yield field_errors.not_supported(f"{path}.imagePullPolicy", policy, (_ALWAYS,))
    for position, volume in enumerate(spec.volumes):
        if volume.image is not None and volume.image.pull_policy != _ALWAYS:
            path = field_errors.index("spec.volumes", position)
            policy = volume.image.pull_policy or ""
            yield field_errors.not_supported(f"{path}.image.pullPolicy", policy, (_ALWAYS,))

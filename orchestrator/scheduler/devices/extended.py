"""Extended resources that classes of devices stand for: a claim that no user wrote.

A container may ask for `example.com/gpu: 1` while a node offers no such resource and a DeviceClass says that its
devices are meant, by `extendedResourceName` or by its own name behind a prefix. Then the scheduler allocates
devices as for a claim, makes that claim when the node is chosen, and tells in the pod's status which container
has which request of it. What a node offers itself is the node's own business, so each node may need another claim.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.core.v1 import Container, ContainerExtendedResourceRequest, Pod
from orchestrator.api.meta.v1 import ObjectMeta, OwnerReference
from orchestrator.api.resource.v1 import (
    DeviceClaim,
    DeviceClass,
    DeviceRequest,
    ExactDeviceRequest,
    ResourceClaim,
    ResourceClaimSpec,
)
from orchestrator.machinery import quantities
from orchestrator.machinery.owners import controller_of
from orchestrator.machinery.resources import is_sidecar

PREFIX: Final = "deviceclass.resource.kubernetes.io/"
ANNOTATION: Final = "resource.kubernetes.io/extended-resource-claim"
_UNIT: Final = 10**9

Mappings = tuple[ContainerExtendedResourceRequest, ...]


def names_of(classes: Sequence[DeviceClass]) -> dict[str, str]:
    """By extended resource the class that stands for it: the newest, then the one that sorts first."""
    found: dict[str, str] = {}
    by_name = sorted(classes, key=lambda each: each.metadata.name, reverse=True)
    for each in sorted(by_name, key=lambda each: each.metadata.creation_timestamp or ""):
        name = each.metadata.name
        found[PREFIX + name] = name
        if each.spec.extended_resource_name:
            found[each.spec.extended_resource_name] = name
    return found


def is_made_for(claim: ResourceClaim, pod: Pod) -> bool:
    """Whether a claim was made for a pod's extended resources, by this scheduler or one before it."""
    owner = controller_of(claim)
    return (
        claim.metadata.annotations.get(ANNOTATION) == "true"
        and owner is not None
        and owner.uid == pod.metadata.uid
    )


class Special(Struct, frozen=True):
    """The claim that a pod needs on a node, not made yet, and which container asks for what of it."""

    claim: ResourceClaim
    mappings: Mappings


def special_claim(pod: Pod, classes: Mapping[str, str]) -> Special:
    """The claim for the resources of some classes, by the resource."""
    requests: list[DeviceRequest] = []
    mappings: list[ContainerExtendedResourceRequest] = []
    for resource in sorted(classes):
        some, which = _Requests(pod, resource, classes[resource]).made()
        requests += some
        mappings += which
    metadata = pod.metadata
    owner = OwnerReference(
        api_version="v1", kind="Pod", name=metadata.name, uid=metadata.uid, controller=True
    )
    claim = ResourceClaim(
        metadata=ObjectMeta(
            name="<extended-resources>",  # no valid name: it gets one when it is made
            generate_name=f"{metadata.name}-extended-resources-",
            namespace=metadata.namespace,
            uid=f"extended-resources/{metadata.uid}",
            annotations={ANNOTATION: "true"},
            owner_references=(owner,),
        ),
        spec=ResourceClaimSpec(
            devices=DeviceClaim(requests=tuple(sorted(requests, key=lambda each: each.name)))
        ),
    )
    return Special(claim, tuple(mappings))


class _Requests:
    """The requests of one resource: of what runs on each its own, of init containers the greatest.

    An init container that ends uses what runs after it has, before it asks for more.
    """

    def __init__(self, pod: Pod, resource: str, class_name: str) -> None:
        spec = pod.spec
        self._inits = spec.init_containers if spec is not None else ()
        self._containers = (*self._inits, *(spec.containers if spec is not None else ()))
        self._resource, self._class = resource, class_name

    def made(self) -> tuple[list[DeviceRequest], Mappings]:
        """The requests, and which container has which."""
        lasting: list[DeviceRequest | None] = [None] * len(self._containers)
        mappings: list[ContainerExtendedResourceRequest] = []
        passing = [n for n, each in enumerate(self._inits) if not is_sidecar(each)]
        for number in range(len(self._containers)):
            if number not in passing:
                lasting[number], which = self._of(number, ())
                mappings += which
        greatest: DeviceRequest | None = None
        replaced: set[str] = set()
        of_passing: list[ContainerExtendedResourceRequest] = []
        for number in passing:
            own, which = self._of(number, lasting[number:])
            of_passing += which
            if own is not None:
                replaced.add(own.name)
                if greatest is None or _count(greatest) < _count(own):
                    greatest = own
        if greatest is not None:
            name = greatest.name
            of_passing = [
                replace(each, request_name=name) if each.request_name in replaced else each
                for each in of_passing
            ]
        requests = [each for each in (greatest, *lasting) if each is not None]
        return requests, (*mappings, *of_passing)

    def _of(
        self, number: int, usable: Sequence[DeviceRequest | None]
    ) -> tuple[DeviceRequest | None, list[ContainerExtendedResourceRequest]]:
        """What a container asks for beside requests that it may use."""
        container = self._containers[number]
        requests = container.resources.requests if container.resources is not None else {}
        wanted = (
            quantities.nano(requests[self._resource]) // _UNIT if self._resource in requests else 0
        )
        if not wanted:
            return None, []
        had = 0
        mappings = []
        for each in usable:
            if each is not None:
                had += _count(each)
                mappings.append(self._mapping(container, each.name))
                if had >= wanted:
                    return None, mappings
        name = f"container-{number}-request-{sorted(requests).index(self._resource)}"
        exactly = ExactDeviceRequest(
            device_class_name=self._class, allocation_mode="ExactCount", count=wanted - had
        )
        mappings.append(self._mapping(container, name))
        return DeviceRequest(name=name, exactly=exactly), mappings

    def _mapping(self, container: Container, request: str) -> ContainerExtendedResourceRequest:
        return ContainerExtendedResourceRequest(
            container_name=container.name, resource_name=self._resource, request_name=request
        )


def _count(request: DeviceRequest) -> int:
    return (request.exactly.count or 0) if request.exactly is not None else 0

"""What a claim asks for, request by request; a request may be a list of alternatives."""

from collections.abc import Mapping

from msgspec import Struct

from orchestrator.api.resource.v1 import (
    DeviceRequest,
    DeviceSelector,
    DeviceSubRequest,
    DeviceToleration,
    ExactDeviceRequest,
    ResourceClaim,
)
from orchestrator.api.scalars import Quantity

MOST_DEVICES = 32  # of one claim
MOST_ALTERNATIVES = 8  # of one request


class Request(Struct, frozen=True):
    """A request, or an alternative of the request `parent`."""

    name: str
    parent: str
    class_name: str
    all: bool
    count: int
    admin: bool
    selectors: tuple[DeviceSelector, ...]
    tolerations: tuple[DeviceToleration, ...]
    capacity: Mapping[str, Quantity]

    @property
    def full_name(self) -> str:
        """As results and configurations name it."""
        return f"{self.parent}/{self.name}" if self.parent else self.name

    @property
    def base_and_sub(self) -> tuple[str, str]:
        """The request's name, and the alternative's (empty without)."""
        return (self.parent, self.name) if self.parent else (self.name, "")


def alternatives(request: DeviceRequest) -> tuple[Request, ...]:
    """What a request would be content with, the best first."""
    if request.exactly is not None:
        return (_of(request.name, "", request.exactly, bool(request.exactly.admin_access)),)
    return tuple(_of(each.name, request.name, each, False) for each in request.first_available)


def _of(
    name: str, parent: str, given: ExactDeviceRequest | DeviceSubRequest, admin: bool
) -> Request:
    return Request(
        name=name,
        parent=parent,
        class_name=given.device_class_name,
        all=given.allocation_mode == "All",
        count=given.count if given.count is not None else 1,
        admin=admin,
        selectors=given.selectors,
        tolerations=given.tolerations,
        capacity=given.capacity.requests if given.capacity is not None else {},
    )


def requests_of(claim: ResourceClaim) -> tuple[DeviceRequest, ...]:
    """All requests of a claim."""
    return claim.spec.devices.requests if claim.spec.devices is not None else ()


def has_alternatives(claim: ResourceClaim) -> bool:
    """Whether some request of a claim may be met in several ways."""
    return any(request.first_available for request in requests_of(claim))

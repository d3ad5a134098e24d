"""Slices, classes and claims for the tests of the allocator."""

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.api import codec
from orchestrator.api.resource.v1 import DeviceClass, ResourceClaim, ResourceSlice
from orchestrator.scheduler.devices.allocator import Allocation, Allocator
from orchestrator.scheduler.devices.inventory import Inventory
from orchestrator.scheduler.devices.results import result_of

DRIVER = "gpu.example.com"
NODE = "node-0"
_API = "resource.k8s.io/v1"


def device(name: str, **more: Any) -> dict[str, Any]:
    """A device; `model` is an attribute of the driver's domain."""
    model = more.pop("model", None)
    attributes = {"model": {"string": model}} if model is not None else {}
    return {"name": name, "attributes": attributes, **more}


def piece(name: str, *devices: dict[str, Any], pool: str = "pool", **spec: Any) -> ResourceSlice:
    """A slice of a pool, for one node unless `spec` says otherwise."""
    whole = {"name": pool, "generation": 1, "resourceSliceCount": spec.pop("count", 1)}
    whole["generation"] = spec.pop("generation", 1)
    anywhere = ("allNodes", "nodeSelector", "perDeviceNodeSelection", "sharedCounters")
    where = {} if spec.keys() & {*anywhere} else {"nodeName": NODE}
    document = {
        "apiVersion": _API,
        "kind": "ResourceSlice",
        "metadata": {"name": name, "uid": name},
        "spec": {
            "driver": DRIVER,
            "pool": whole,
            "devices": list(devices),
            **(where or {}),
            **spec,
        },
    }
    found = codec.from_dict(document, ResourceSlice)
    assert isinstance(found, ResourceSlice)
    return found


def device_class(name: str = "gpu", *expressions: str, **spec: Any) -> DeviceClass:
    """A class that chooses devices by expressions."""
    selectors = [{"cel": {"expression": each}} for each in expressions]
    document = {
        "apiVersion": _API,
        "kind": "DeviceClass",
        "metadata": {"name": name},
        "spec": {"selectors": selectors, **spec},
    }
    found = codec.from_dict(document, DeviceClass)
    assert isinstance(found, DeviceClass)
    return found


def request(name: str = "r", *expressions: str, **more: Any) -> dict[str, Any]:
    """A request of the class `gpu`."""
    return {"name": name, "exactly": _wanted(expressions, more)}


def either(name: str, *some: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """A request that is content with the first of some alternatives that can be met."""
    expressions: tuple[str, ...] = ()
    return {
        "name": name,
        "firstAvailable": [{"name": sub, **_wanted(expressions, more)} for sub, more in some],
    }


def _wanted(expressions: Sequence[str], more: Mapping[str, Any]) -> dict[str, Any]:
    selectors = [{"cel": {"expression": each}} for each in expressions]
    wanted: dict[str, Any] = {"deviceClassName": "gpu", "allocationMode": "ExactCount", "count": 1}
    if selectors:
        wanted["selectors"] = selectors
    wanted |= more
    if wanted["allocationMode"] == "All":
        del wanted["count"]
    return wanted


def claim(*requests: dict[str, Any], name: str = "claim", **devices: Any) -> ResourceClaim:
    """A claim of requests; `devices` has constraints and configurations."""
    document = {
        "apiVersion": _API,
        "kind": "ResourceClaim",
        "metadata": {"name": name, "namespace": "default", "uid": name},
        "spec": {"devices": {"requests": list(requests), **devices}},
    }
    found = codec.from_dict(document, ResourceClaim)
    assert isinstance(found, ResourceClaim)
    return found


class World:
    """An inventory, classes, and one node."""

    def __init__(self, *slices: ResourceSlice, classes: Sequence[DeviceClass] = ()) -> None:
        self.touched: list[str] = []
        self.inventory = Inventory(self.touched.append)
        for each in slices:
            self.inventory.put_slice(None, each)
        self.classes = {each.metadata.name: each for each in classes or (device_class(),)}

    def find(
        self, *claims: ResourceClaim, labels: Mapping[str, str] | None = None, node: str = NODE
    ) -> list[Allocation] | None:
        """What a search finds."""
        return Allocator(self.inventory, self.classes.get, node, labels or {}, claims).search()

    def names(self, *claims: ResourceClaim, **more: Any) -> list[list[str]] | None:
        """The names of the devices for each claim."""
        found = self.find(*claims, **more)
        if found is None:
            return None
        return [[each.offer.device.name for each in one.devices] for one in found]

    def give(self, one: ResourceClaim) -> list[str]:
        """Allocate a claim; answers the names of its devices."""
        found = self.find(one)
        assert found is not None
        result = result_of(found[0], NODE, self.classes.get, iter(map(str, range(99))).__next__)
        self.inventory.assume(one.metadata.uid, result)
        assert result.devices is not None
        return [each.device for each in result.devices.results]

"""Claims for devices, their templates, classes of devices, and slices of pools."""

from typing import Any

import pytest

from orchestrator.api.resource.v1 import (
    DeviceClass,
    ResourceClaim,
    ResourceClaimTemplate,
    ResourceSlice,
)
from tests.apiserver.validation.support import GONE, edit, faults, status_faults, update_faults

META: dict[str, Any] = {"name": "x", "namespace": "default"}
REQUEST: dict[str, Any] = {"name": "r", "exactly": {"deviceClassName": "c"}}
CLAIM: dict[str, Any] = {"metadata": META, "spec": {"devices": {"requests": [REQUEST]}}}
SLICE: dict[str, Any] = {
    "metadata": {"name": "x"},
    "spec": {
        "driver": "example.com",
        "nodeName": "n",
        "pool": {"name": "p", "resourceSliceCount": 1},
        "devices": [{"name": "d"}],
    },
}
CLASS: dict[str, Any] = {"metadata": {"name": "x"}, "spec": {}}
ONE_OF = "exactly one of `exactly` or `firstAvailable` is required"
NO_REQUEST = (
    "must be the name of a request in the claim or the name of a request and a subrequest "
    "separated by '/'"
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"exactly": GONE}, [f"requests[0]: Required value: {ONE_OF}"]),
        (
            {"exactly.allocationMode": "Odd"},
            [
                'requests[0].exactly.allocationMode: Unsupported value: "Odd": supported values: '
                '"All", "ExactCount"'
            ],
        ),
        (
            {"exactly.allocationMode": "All", "exactly.count": 2},
            [
                "requests[0].exactly.count: Invalid value: 2: must not be specified when "
                "allocationMode is 'All'"
            ],
        ),
        (
            {"exactly.tolerations": [{"operator": "Exists", "value": "v", "effect": "Odd"}]},
            [
                'requests[0].exactly.tolerations[0].value: Invalid value: "v": must be empty for '
                "operator `Exists`",
                'requests[0].exactly.tolerations[0].effect: Unsupported value: "Odd": supported '
                'values: "NoExecute", "NoSchedule", "None"',
            ],
        ),
        (
            {"exactly.selectors": [{"cel": {"expression": "1"}}, {}]},
            [
                'requests[0].exactly.selectors[0].cel.expression: Invalid value: "1": must '
                "evaluate to bool or the unknown type, not int",
                "requests[0].exactly.selectors[1].cel: Required value",
            ],
        ),
    ],
)
def test_requests(changes: dict[str, Any], expected: list[str]) -> None:
    """A request asks for one kind of device, or for the first of several."""
    claim = edit(CLAIM, {"spec.devices.requests": [edit(REQUEST, changes)]})
    assert faults(ResourceClaim, claim) == [f"spec.devices.{line}" for line in expected]
    template = {"metadata": META, "spec": {"spec": claim["spec"]}}
    found = faults(ResourceClaimTemplate, template)
    assert found == [f"spec.spec.devices.{line}" for line in expected]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"constraints": [{"requests": ["y"], "matchAttribute": "a"}]},
            [
                f'constraints[0].requests[0]: Invalid value: "y": {NO_REQUEST}',
                'constraints[0].matchAttribute: Invalid value: "a": a fully qualified name must be '
                "a domain and a name separated by a slash",
            ],
        ),
        (
            {"config": [{"requests": ["r", "r"], "opaque": {"driver": "d", "parameters": {}}}]},
            ['config[0].requests[1]: Duplicate value: "r"'],
        ),
        ({"config": [{}]}, ["config[0].opaque: Required value"]),
        (
            {"config": [{"opaque": {"driver": "d", "parameters": [1]}}]},
            [
                'config[0].opaque.parameters: Invalid value: "<value omitted>": must be a valid '
                "JSON object"
            ],
        ),
        ({"requests.1": REQUEST}, ['requests[1]: Duplicate value: "r"']),
    ],
)
def test_claims(changes: dict[str, Any], expected: list[str]) -> None:
    """Constraints and configurations name the claim's own requests."""
    claim = edit(CLAIM, {f"spec.devices.{path}": value for path, value in changes.items()})
    assert faults(ResourceClaim, claim) == [f"spec.devices.{line}" for line in expected]


def test_claims_stay_as_they_are() -> None:
    """What a claim or a template asks for is fixed when it is made."""
    other = edit(CLAIM, {"spec.devices.requests.0.name": "s"})
    found = update_faults(ResourceClaim, other, CLAIM)
    assert [line.partition(":")[0] for line in found] == ["spec"]
    assert "field is immutable" in found[0]


ALLOCATION: dict[str, Any] = {
    "devices": {"results": [{"request": "r", "driver": "example.com", "pool": "p", "device": "d"}]}
}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"allocation": ALLOCATION}, []),
        (
            {"reservedFor": [{"resource": "pods", "name": "a", "uid": "u"}]},
            ["reservedFor: Forbidden: may not be specified when `allocated` is not set"],
        ),
        (
            {"allocation": edit(ALLOCATION, {"devices.results.0.request": "y"})},
            [f'allocation.devices.results[0].request: Invalid value: "y": {NO_REQUEST}'],
        ),
        (
            {
                "allocation": ALLOCATION,
                "devices": [{"driver": "example.com", "pool": "p", "device": "e"}],
            },
            [
                'devices[0]: Invalid value: {"Driver":"example.com","Pool":"p","Device":"e","ShareID":""}: must be an allocated device in '
                "the claim"
            ],
        ),
    ],
)
def test_allocations(status: dict[str, Any], expected: list[str]) -> None:
    """A claim's status names its requests, and its devices are those that it was given."""
    found = status_faults(ResourceClaim, {**CLAIM, "status": status}, CLAIM)
    assert found == [f"status.{line}" for line in expected]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"extendedResourceName": "cpu"},
            ['extendedResourceName: Invalid value: "cpu": must be a valid extended resource name'],
        ),
        ({"extendedResourceName": "example.com/gpu"}, []),
        ({"config": [{"opaque": {"parameters": {}}}]}, ["config[0].opaque.driver: Required value"]),
        ({"selectors": [{"cel": {"expression": "device.driver == 'a'"}}]}, []),
    ],
)
def test_classes(changes: dict[str, Any], expected: list[str]) -> None:
    """A class chooses devices by expressions, and may stand for an extended resource."""
    found = faults(DeviceClass, {**CLASS, "spec": changes})
    assert found == [f"spec.{line}" for line in expected]


PLACES = (
    "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
)
POLICY: dict[str, Any] = {"value": "10", "requestPolicy": {"default": "4"}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"driver": ""}, ["driver: Required value"]),
        ({"nodeName": GONE}, [f": Required value: {PLACES}"]),
        (
            {"allNodes": True},
            [
                f': Invalid value: "{{`nodeName`, `allNodes`}}": {PLACES}, but multiple fields '
                "are set"
            ],
        ),
        (
            {"pool.resourceSliceCount": 0},
            ["pool.resourceSliceCount: Invalid value: 0: must be greater than zero"],
        ),
        (
            {"devices.0.attributes": {"a": {}}},
            ['devices[0].attributes[a]: Invalid value: "": exactly one value must be specified'],
        ),
        (
            {"devices.0.attributes": {"a": {"version": "1.0"}}},
            [
                'devices[0].attributes[a].version: Invalid value: "1.0": must be a string '
                "compatible with semver.org spec 2.0.0"
            ],
        ),
        (
            {"devices.0.capacity": {"a": edit(POLICY, {"requestPolicy.validValues": ["4"]})}},
            [
                "devices[0].capacity[a].requestPolicy: Forbidden: allowMultipleAllocations must "
                "be true"
            ],
        ),
        (
            {
                "devices.0.allowMultipleAllocations": True,
                "devices.0.capacity": {
                    "a": edit(POLICY, {"requestPolicy.validRange": {"min": "1", "step": "2"}})
                },
            },
            [
                'devices[0].capacity[a].requestPolicy.validRange.step: Invalid value: "4": value '
                "is not a multiple of a given step (2) from (1)"
            ],
        ),
        (
            {
                "devices.0.allowMultipleAllocations": True,
                "devices.0.capacity": {
                    "a": edit(POLICY, {"requestPolicy.validRange": {"step": "2"}})
                },
            },
            [
                "devices[0].capacity[a].requestPolicy.validRange.min: Required value: required when "
                "validRange is defined"
            ],
        ),
        (
            {"devices.0.taints": [{"key": "k"}]},
            ["devices[0].taints[0].effect: Required value"],
        ),
        (
            {"devices.0.bindingConditions": ["a"]},
            [
                "devices[0].bindingFailureConditions: Invalid value: null: "
                "bindingFailureConditions are required to use bindingConditions"
            ],
        ),
        ({"devices.1": {"name": "d"}}, ['devices[1]: Duplicate value: "d"']),
    ],
)
def test_slices(changes: dict[str, Any], expected: list[str]) -> None:
    """A slice says where its devices are, and each device what it has."""
    found = faults(ResourceSlice, edit(SLICE, {f"spec.{path}": v for path, v in changes.items()}))
    assert found == [f"spec.{line}" if line[0] != ":" else f"spec{line}" for line in expected]


def test_slices_stay_where_they_are() -> None:
    """The driver, the pool and the node of a slice are fixed."""
    changes = {"spec.driver": "b", "spec.pool.name": "b", "spec.nodeName": "b"}
    found = update_faults(ResourceSlice, edit(SLICE, changes), SLICE)
    assert found == [
        f'spec.{name}: Invalid value: "b": field is immutable'
        for name in ("pool.name", "driver", "nodeName")
    ]

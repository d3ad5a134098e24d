"""Random worlds of devices: a pool a node, claims that have some of them, and claims that want some."""

from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.scheduler.oracle.devices import DRIVER, SELECTORS
from tests.scheduler.oracle.strategies import Feature, fields, some, up_to
from tests.scheduler.oracle.world import Manifest

_GROUP: Final = "resource.k8s.io/v1"
_OF_THE_DRIVER, *_OTHERS = SELECTORS
_WANTED: Final = ("rc0", "rc1", "rc2", "used0", "used1")

_DEVICE = st.fixed_dictionaries(
    {
        "attributes": st.fixed_dictionaries(
            {
                "model": st.sampled_from([{"string": "A"}, {"string": "B"}]),
                "numa": st.sampled_from([{"int": 0}, {"int": 1}]),
            }
        ),
        "capacity": st.sampled_from([{"memory": {"value": size}} for size in ("4Gi", "8Gi")]),
    }
)
_EXACT = fields(
    deviceClassName=st.sampled_from(["gpu", "any"]),
    selectors=some(*([{"cel": {"expression": each}}] for each in _OTHERS)),
    count=some(1, 2),
)
_ALL = fields(
    deviceClassName=st.just("gpu"),
    selectors=some(*([{"cel": {"expression": each}}] for each in _OTHERS)),
    allocationMode=st.just("All"),
)
_REQUESTS = up_to(2, st.one_of(_EXACT, _EXACT, _ALL), 1).map(
    lambda found: [{"name": f"r{n}", "exactly": each} for n, each in enumerate(found)]
)


def _possible(claim: dict[str, Any]) -> bool:
    """All of some devices under a constraint are an error of kube-scheduler's where they do not meet it."""
    wants_all = any("allocationMode" in each["exactly"] for each in claim["requests"])
    return not (wants_all and claim.get("constraints"))


_CLAIM = fields(
    requests=_REQUESTS,
    constraints=some(*([{"matchAttribute": f"{DRIVER}/{each}"}] for each in ("model", "numa"))),
).filter(_possible)


@st.composite
def _objects(draw: DrawFn) -> dict[str, list[Any]]:
    pools = draw(up_to(4, up_to(3, _DEVICE, 1), 2))
    claims = [
        _claim(f"rc{n}", {"spec": {"devices": each}})
        for n, each in enumerate(draw(st.lists(_CLAIM, min_size=3, max_size=3)))
    ]
    for number, (pool, reserved) in enumerate(
        draw(st.lists(st.tuples(st.integers(0, 1), st.booleans()), min_size=2, max_size=2))
    ):
        claims.append(_used(number, f"n{pool}", reserved=reserved))
    return {
        "DeviceClass": [
            _class("gpu", {"selectors": [{"cel": {"expression": _OF_THE_DRIVER}}]}),
            _class("any", {}),
        ],
        "ResourceSlice": [_slice(f"n{n}", found) for n, found in enumerate(pools)],
        "ResourceClaim": claims,
    }


def _class(name: str, spec: Manifest) -> Manifest:
    return {
        "apiVersion": _GROUP,
        "kind": "DeviceClass",
        "metadata": {"name": name, "uid": name},
        "spec": spec,
    }


def _slice(node: str, devices: list[Manifest]) -> Manifest:
    return {
        "apiVersion": _GROUP,
        "kind": "ResourceSlice",
        "metadata": {"name": node, "uid": f"slice-{node}"},
        "spec": {
            "driver": DRIVER,
            "nodeName": node,
            "pool": {"name": node, "generation": 1, "resourceSliceCount": 1},
            "devices": [{"name": f"d{n}", **each} for n, each in enumerate(devices)],
        },
    }


def _claim(name: str, rest: dict[str, Any]) -> Manifest:
    return {
        "apiVersion": _GROUP,
        "kind": "ResourceClaim",
        "metadata": {"name": name, "namespace": "a", "uid": name},
        **rest,
    }


def _used(number: int, node: str, *, reserved: bool) -> Manifest:
    """A claim that has the device of its number; `reserved`: a pod elsewhere needs it."""
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    result = {"request": "r", "driver": DRIVER, "pool": node, "device": f"d{number}"}
    allocation = {
        "devices": {"results": [result]},
        "nodeSelector": {"nodeSelectorTerms": [{"matchFields": [field]}]},
    }
    status: dict[str, Any] = {"allocation": allocation}
    if reserved:
        status["reservedFor"] = [{"resource": "pods", "name": "elsewhere", "uid": "elsewhere"}]
    wanted = {"name": "r", "exactly": {"deviceClassName": "gpu"}}
    return _claim(f"used{number}", {"spec": {"devices": {"requests": [wanted]}}, "status": status})


DEVICES = Feature(
    pod=fields(
        resourceClaims=st.lists(st.sampled_from(_WANTED), max_size=2, unique=True).map(
            lambda found: [
                {"name": f"c{n}", "resourceClaimName": name} for n, name in enumerate(found)
            ]
        )
    ),
    objects=_objects(),
    priorities=(0, 10),
)

"""Random worlds of devices: a pool a node, claims that have some of them, and claims that want some."""

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.scheduler.oracle.device_choices import DRIVER, SELECTORS
from tests.scheduler.oracle.strategies import Feature, Fields, fields, joined, some, up_to
from tests.scheduler.oracle.world import Manifest

_GROUP: Final = "resource.k8s.io/v1"
_OF_THE_DRIVER, *_OTHERS = SELECTORS
_WANTED: Final = ("rc0", "rc1", "rc2", "used0", "used1")

_PARTS = st.sampled_from(
    [
        {"shareID": "a-share", "consumedCapacity": each}
        for each in ({"memory": "1Gi"}, {"memory": "4Gi", "units": "1"})
    ]
)
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
_EFFECTS: Final = ("NoSchedule", "NoExecute", "None")
_TAINTS = some(
    *(
        [{"key": key, "value": "1", "effect": effect}]
        for key, effect in zip("ttu", _EFFECTS, strict=True)
    ),
    often=2,
)
_TOLERATIONS = some(
    [{"operator": "Exists"}],
    [{"key": "t", "operator": "Exists"}],
    [{"key": "t", "operator": "Equal", "value": "1", "effect": "NoSchedule"}],
    [{"key": "t", "operator": "Equal", "value": "2"}],
)


def _requests(**more: SearchStrategy[Any]) -> SearchStrategy[list[Any]]:
    """What a claim asks for, some of it in several ways."""
    each = fields(
        deviceClassName=st.sampled_from(["gpu", "any"]),
        selectors=some(*([{"cel": {"expression": each}}] for each in _OTHERS)),
        **more,
    )
    wanted = st.tuples(each, st.sampled_from(_AMOUNTS)).map(lambda both: both[0] | both[1])
    request = st.one_of(
        fields(exactly=wanted),
        fields(exactly=wanted),
        fields(firstAvailable=up_to(3, wanted, 2).map(lambda found: _named("s", found))),
    )
    return up_to(2, request, 1).map(lambda found: _named("r", found))


_AMOUNTS: Final[tuple[dict[str, Any], ...]] = ({}, {}, {"count": 2}, {"allocationMode": "All"})


def _named(letter: str, found: list[Manifest]) -> list[Manifest]:
    return [{"name": f"{letter}{n}", **each} for n, each in enumerate(found)]


def _possible(claim: dict[str, Any]) -> bool:
    """All of some devices under a constraint are an error of kube-scheduler's where they do not meet it."""
    wants_all = any(
        "allocationMode" in wanted
        for each in claim["requests"]
        for wanted in each.get("firstAvailable") or [each["exactly"]]
    )
    return not (wants_all and claim.get("constraints"))


_CONSTRAINTS = some(*([{"matchAttribute": f"{DRIVER}/{each}"}] for each in ("model", "numa")))


_NO_COUNTERS = st.none()


@st.composite
def _objects(
    draw: DrawFn, device: Fields, claim: Fields, counters: SearchStrategy[Any] = _NO_COUNTERS
) -> dict[str, list[Any]]:
    """`counters`: what devices of a pool are parts of."""
    pools = [_named("d", found) for found in draw(up_to(4, up_to(3, device, 1), 2))]
    slices = []
    for n, found in enumerate(pools):
        shared = draw(counters)
        slices.append(_slice(f"n{n}", "devices", {"devices": found}, 1 + (shared is not None)))
        if shared is not None:
            slices.append(_slice(f"n{n}", "counters", {"sharedCounters": shared}, 2))
    claims = [
        _claim(f"rc{n}", {"spec": {"devices": each}})
        for n, each in enumerate(draw(st.lists(claim.filter(_possible), min_size=3, max_size=3)))
    ]
    for number, (pool, reserved, part) in enumerate(
        draw(st.lists(st.tuples(st.integers(0, 1), st.booleans(), _PARTS), min_size=2, max_size=2))
    ):
        known = pools[pool][number] if number < len(pools[pool]) else {}
        of_it = part if known.get("allowMultipleAllocations") else {}
        claims.append(_used(number, f"n{pool}", of_it, reserved=reserved))
    return {
        "DeviceClass": [
            _class("gpu", {"selectors": [{"cel": {"expression": _OF_THE_DRIVER}}]}),
            _class("any", {}),
        ],
        "ResourceSlice": slices,
        "ResourceClaim": claims,
    }


def _class(name: str, spec: Manifest) -> Manifest:
    return {
        "apiVersion": _GROUP,
        "kind": "DeviceClass",
        "metadata": {"name": name, "uid": name},
        "spec": spec,
    }


def _slice(node: str, what: str, rest: dict[str, Any], count: int) -> Manifest:
    """One of `count` slices of the pool of a node."""
    return {
        "apiVersion": _GROUP,
        "kind": "ResourceSlice",
        "metadata": {"name": f"{node}-{what}", "uid": f"slice-{node}-{what}"},
        "spec": {
            "driver": DRIVER,
            "nodeName": node,
            "pool": {"name": node, "generation": 1, "resourceSliceCount": count},
            **rest,
        },
    }


def _claim(name: str, rest: dict[str, Any]) -> Manifest:
    return {
        "apiVersion": _GROUP,
        "kind": "ResourceClaim",
        "metadata": {"name": name, "namespace": "a", "uid": name},
        **rest,
    }


def _used(number: int, node: str, part: Manifest, *, reserved: bool) -> Manifest:
    """A claim that has the device of its number, or part of it; `reserved`: a pod elsewhere needs it."""
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    result = {"request": "r", "driver": DRIVER, "pool": node, "device": f"d{number}", **part}
    allocation = {
        "devices": {"results": [result]},
        "nodeSelector": {"nodeSelectorTerms": [{"matchFields": [field]}]},
    }
    status: dict[str, Any] = {"allocation": allocation}
    if reserved:
        status["reservedFor"] = [{"resource": "pods", "name": "elsewhere", "uid": "elsewhere"}]
    wanted = {"name": "r", "exactly": {"deviceClassName": "gpu"}}
    return _claim(f"used{number}", {"spec": {"devices": {"requests": [wanted]}}, "status": status})


def _feature(objects: SearchStrategy[dict[str, list[Any]]]) -> Feature:
    claims = st.lists(st.sampled_from(_WANTED), max_size=2, unique=True).map(
        lambda found: [{"name": f"c{n}", "resourceClaimName": name} for n, name in enumerate(found)]
    )
    return Feature(pod=fields(resourceClaims=claims), objects=objects, priorities=(0, 10))


DEVICES = _feature(
    _objects(
        joined(_DEVICE, fields(taints=_TAINTS)),
        fields(requests=_requests(tolerations=_TOLERATIONS), constraints=_CONSTRAINTS),
    )
)

# --- devices that are parts of others --------------------------------------------------------------

_USES = st.sampled_from([{"memory": "4Gi"}, {"memory": "8Gi", "units": "1"}, {"units": "2"}])
_COUNTER_SET: Final = "whole"


def _values(amounts: Mapping[str, str]) -> Manifest:
    return {name: {"value": amount} for name, amount in amounts.items()}


# Where a device that uses counters is refused for a taint or a constraint, kube-scheduler goes on as if the counters
# were in use: such worlds have neither.
PARTITIONS = _feature(
    _objects(
        joined(
            _DEVICE,
            fields(
                consumesCounters=st.one_of(st.none(), _USES, _USES, _USES).map(
                    lambda uses: uses and [{"counterSet": _COUNTER_SET, "counters": _values(uses)}]
                )
            ),
        ),
        fields(requests=_requests()),
        st.sampled_from(["8Gi", "12Gi"]).map(
            lambda size: [
                {"name": _COUNTER_SET, "counters": _values({"memory": size, "units": "3"})}
            ]
        ),
    )
)

# --- devices of which several claims have some -----------------------------------------------------

_POLICIES = (
    {"default": "2Gi", "validValues": ["1Gi", "2Gi", "4Gi"]},
    {"default": "1Gi", "validRange": {"min": "1Gi", "max": "5Gi", "step": "2Gi"}},
    {"default": "2Gi", "validRange": {"min": "2Gi"}},
    {"default": "1Gi"},
)
SHARES = _feature(
    _objects(
        joined(
            _DEVICE,
            fields(
                allowMultipleAllocations=st.sampled_from([True, True, None]),
                capacity=fields(
                    memory=fields(
                        value=st.sampled_from(["4Gi", "8Gi"]), requestPolicy=some(*_POLICIES)
                    ),
                    units=some({"value": "2", "requestPolicy": {"default": "1"}}, often=3),
                ),
            ),
        ),
        fields(
            requests=_requests(
                capacity=some(
                    *(
                        {"requests": each}
                        for each in (
                            {"memory": "512Mi"},
                            {"memory": "1536Mi"},
                            {"memory": "3Gi"},
                            {"memory": "5Gi"},
                            {"units": "1"},
                        )
                    )
                )
            ),
            constraints=_CONSTRAINTS,
        ),
    )
)

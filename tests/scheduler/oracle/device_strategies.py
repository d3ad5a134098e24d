"""Random worlds of devices: a pool a node, claims that have some of them, and claims that want some."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.scheduler.oracle.device_choices import DRIVER, SELECTORS, concerns
from tests.scheduler.oracle.spread import ZONE
from tests.scheduler.oracle.strategies import Feature, Fields, fields, joined, some, up_to
from tests.scheduler.oracle.world import Manifest

_GROUP: Final = "resource.k8s.io/v1"
_OF_THE_DRIVER, *_OTHERS = SELECTORS
_WANTED: Final = ("rc0", "rc1", "rc2", "rc0", "rc1", "rc2", "used0", "used1")
_WIDE: Final = (
    "a-wide",
    "z-wide",
)  # pools that several nodes see, before and behind those of nodes

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
)
_TOLERATIONS = some(
    [{"operator": "Exists"}],
    [{"key": "t", "operator": "Exists"}],
    [{"key": "t", "operator": "Equal", "value": "1", "effect": "NoSchedule"}],
    [{"key": "t", "operator": "Equal", "value": "2"}],
)


_NOTHING_MORE: Final[Fields] = st.just({})


def _requests(
    exactly: Fields = _NOTHING_MORE, **more: SearchStrategy[Any]
) -> SearchStrategy[list[Any]]:
    """What a claim asks for, some of it in several ways. `exactly`: what no alternative says."""
    each = fields(
        deviceClassName=st.sampled_from(["gpu", "any"]),
        selectors=some(*([{"cel": {"expression": each}}] for each in _OTHERS), often=3),
        **more,
    )
    wanted = st.tuples(each, st.sampled_from(_AMOUNTS)).map(lambda both: both[0] | both[1])
    exact = fields(exactly=joined(wanted, exactly))
    request = st.one_of(
        exact,
        exact,
        fields(firstAvailable=up_to(3, wanted, 2).map(lambda found: _named("s", found))),
    )
    return up_to(3, request, 1).map(lambda found: _named("r", found))


_AMOUNTS: Final[tuple[dict[str, Any], ...]] = (
    *({}, {}, {}, {}),
    {"count": 2},
    {"allocationMode": "All"},
)


def _named(letter: str, found: list[Manifest]) -> list[Manifest]:
    return [{"name": f"{letter}{n}", **each} for n, each in enumerate(found)]


def _possible(claim: dict[str, Any]) -> bool:
    """Whether kube-scheduler gives devices to a claim by rules.

    All of some devices under a constraint are an error of it where they do not meet that, and of several devices for
    one request it remembers the last value alone, which others should not have.
    """
    return not any(
        concerns(constraint, name)
        and (
            "allocationMode" in wanted or ("distinctAttribute" in constraint and "count" in wanted)
        )
        for constraint in claim.get("constraints") or ()
        for name, wanted in _all_wanted(claim)
    )


def _all_wanted(claim: dict[str, Any]) -> Iterator[tuple[str, Manifest]]:
    for request in claim["requests"]:
        if "exactly" in request:
            yield request["name"], request["exactly"]
        for each in request.get("firstAvailable") or ():
            yield f"{request['name']}/{each['name']}", each


_CONSTRAINTS = some(
    *(
        [{what: f"{DRIVER}/{name}"} | ({"requests": requests} if requests else {})]
        for what, name, requests in (
            ("matchAttribute", "model", None),
            ("matchAttribute", "numa", None),
            ("matchAttribute", "numa", ["r0", "r1/s1"]),
            ("matchAttribute", "model", ["r0/s0", "r1"]),
            ("distinctAttribute", "model", None),
            ("distinctAttribute", "numa", ["r0", "r2"]),
            ("distinctAttribute", "model", ["r0/s1", "r1/s0", "r1"]),
        )
    )
)


_NO_COUNTERS = st.none()


@st.composite
def _objects(
    draw: DrawFn, device: Fields, claim: Fields, counters: SearchStrategy[Any] = _NO_COUNTERS
) -> dict[str, list[Any]]:
    """`counters`: what devices of a pool are parts of."""
    pools = {f"n{n}": found for n, found in enumerate(draw(up_to(5, up_to(3, device, 2), 3)))}
    scopes: dict[str, dict[str, Any]] = {name: {"nodeName": name} for name in pools}
    for name, scope, found in draw(st.lists(_wide(device), max_size=2, unique_by=lambda w: w[0])):
        pools[name], scopes[name] = found, scope
    slices = []
    for name, found in pools.items():
        pools[name] = _named("d", found)
        shared = draw(counters)
        count = 1 + (shared is not None)
        slices.append(_slice(name, "devices", scopes[name] | {"devices": pools[name]}, count))
        if shared is not None:
            scope = scopes[name] if "nodeName" in scopes[name] else {"allNodes": True}
            slices.append(_slice(name, "counters", scope | {"sharedCounters": shared}, 2))
    claims = [
        _claim(f"rc{n}", {"spec": {"devices": each}})
        for n, each in enumerate(draw(st.lists(claim.filter(_possible), min_size=3, max_size=3)))
    ]
    if not any(
        "allocationMode" in wanted
        for c in claims
        for _, wanted in _all_wanted(c["spec"]["devices"])
    ):
        for torn in draw(st.lists(st.sampled_from([*pools]), max_size=1)):
            for each in slices:
                each["spec"]["pool"]["resourceSliceCount"] += each["spec"]["pool"]["name"] == torn
    users = st.tuples(st.sampled_from(["n0", "n1", *_WIDE]), st.booleans(), _PARTS)
    for number, (pool, reserved, part) in enumerate(draw(st.lists(users, min_size=2, max_size=2))):
        of_it = pools.get(pool, [])
        known = of_it[number] if number < len(of_it) else {}
        of_it = part if known.get("allowMultipleAllocations") else {}
        claims.append(_used(number, pool, of_it, reserved=reserved))
    return {
        "DeviceClass": [
            _class("gpu", {"selectors": [{"cel": {"expression": _OF_THE_DRIVER}}]}),
            *draw(some([], often=5).map(lambda gone: gone or [_class("any", {})])),
        ],
        "ResourceSlice": slices,
        "ResourceClaim": claims,
    }


_ZONED: Final[dict[str, Any]] = {
    "nodeSelector": {
        "nodeSelectorTerms": [
            {"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["z1", "z2"]}]}
        ]
    }
}


def _wide(device: Fields) -> SearchStrategy[tuple[str, dict[str, Any], list[Manifest]]]:
    """A pool that several nodes see, or devices of which each says for itself who sees it."""
    everybody: dict[str, Any] = {"allNodes": True}
    each = joined(device, st.sampled_from([{"nodeName": "n1"}, everybody, _ZONED]))
    return st.tuples(
        st.sampled_from(_WIDE),
        st.one_of(
            st.tuples(st.sampled_from([everybody, _ZONED]), up_to(2, device, 1)),
            st.tuples(st.just({"perDeviceNodeSelection": True}), up_to(3, each, 1)),
        ),
    ).map(lambda found: (found[0], *found[1]))


def _class(name: str, spec: Manifest) -> Manifest:
    return {
        "apiVersion": _GROUP,
        "kind": "DeviceClass",
        "metadata": {"name": name, "uid": name},
        "spec": spec,
    }


def _slice(pool: str, what: str, rest: dict[str, Any], count: int) -> dict[str, Any]:
    """One of `count` slices of a pool."""
    return {
        "apiVersion": _GROUP,
        "kind": "ResourceSlice",
        "metadata": {"name": f"{pool}-{what}", "uid": f"slice-{pool}-{what}"},
        "spec": {
            "driver": DRIVER,
            "pool": {"name": pool, "generation": 1, "resourceSliceCount": count},
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


def _used(number: int, pool: str, part: Manifest, *, reserved: bool) -> Manifest:
    """A claim that has the device of its number, or part of it; `reserved`: a pod elsewhere needs it."""
    result = {"request": "r", "driver": DRIVER, "pool": pool, "device": f"d{number}", **part}
    allocation: dict[str, Any] = {"devices": {"results": [result]}}
    if pool not in _WIDE:
        field = {"key": "metadata.name", "operator": "In", "values": [pool]}
        allocation["nodeSelector"] = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    status: dict[str, Any] = {"allocation": allocation}
    if reserved:
        status["reservedFor"] = [{"resource": "pods", "name": "elsewhere", "uid": "elsewhere"}]
    wanted = {"name": "r", "exactly": {"deviceClassName": "gpu"}}
    return _claim(f"used{number}", {"spec": {"devices": {"requests": [wanted]}}, "status": status})


def _feature(objects: SearchStrategy[dict[str, list[Any]]]) -> Feature:
    claims = st.lists(st.sampled_from(_WANTED), min_size=1, max_size=2, unique=True).map(
        lambda found: [{"name": f"c{n}", "resourceClaimName": name} for n, name in enumerate(found)]
    )
    return Feature(pod=fields(resourceClaims=claims), objects=objects, priorities=(0, 10))


DEVICES = _feature(
    _objects(
        joined(_DEVICE, fields(taints=_TAINTS)),
        fields(
            requests=_requests(fields(adminAccess=some(True, often=5)), tolerations=_TOLERATIONS),
            constraints=_CONSTRAINTS,
        ),
    )
)

# --- devices that are parts of others --------------------------------------------------------------

_USES = st.sampled_from([{"memory": "6Gi"}, {"memory": "8Gi", "units": "1"}, {"units": "2"}])
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
        st.sampled_from(["4Gi", "8Gi", "12Gi"]).map(
            lambda size: [
                {"name": _COUNTER_SET, "counters": _values({"memory": size, "units": "2"})}
            ]
        ),
    )
)

# --- devices of which several claims have some -----------------------------------------------------

_POLICIES = (
    {"default": "2Gi", "validValues": ["1Gi", "2Gi", "4Gi"]},
    {"default": "1Gi", "validRange": {"min": "1Gi", "max": "5Gi", "step": "2Gi"}},
    {"default": "2Gi", "validRange": {"min": "2Gi"}},
    {"default": "2Gi", "validRange": {"min": "1Gi", "max": "3Gi"}},
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
                fields(adminAccess=some(True, often=7)),
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
                ),
            ),
            constraints=_CONSTRAINTS,
        ),
    )
)

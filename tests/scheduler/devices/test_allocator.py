"""The search for devices: rules one by one, and against an exhaustive search."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.scheduler.devices.errors import AllocationFault, InvalidPools
from orchestrator.scheduler.devices.results import result_of
from tests.scheduler.devices.objects import (
    DRIVER,
    NODE,
    World,
    claim,
    device,
    device_class,
    either,
    piece,
    request,
)

MODEL_A = f'device.attributes["{DRIVER}"].model == "a"'


def test_devices_are_taken_in_the_order_of_pools_slices_and_devices() -> None:
    """By names, whatever the order in which slices came."""
    world = World(
        piece("b", device("d3"), pool="one", count=2),
        piece("a", device("d2"), device("d1"), pool="one", count=2),
        piece("c", device("d0"), pool="zero"),
    )
    assert world.names(claim(request(count=4))) == [["d2", "d1", "d3", "d0"]]
    assert world.names(claim(request(count=5))) is None


def test_what_is_given_away_is_not_given_again_until_it_is_free() -> None:
    """A claim counts from when it was chosen, and not beyond its end."""
    world = World(piece("s", device("d0"), device("d1")))
    first, second = claim(request(), name="first"), claim(request(count=2), name="second")
    assert world.give(first) == ["d0"]
    assert world.touched[-1] == NODE
    assert world.names(second) is None
    world.inventory.forget("first")
    assert world.names(second) == [["d0", "d1"]]


def test_selectors_of_class_and_request_must_all_choose_a_device() -> None:
    """An attribute that a device has not is a fault, unless the expression asks for it."""
    slices = piece("s", device("d0", model="b"), device("d1", model="a"), device("d2"))
    world = World(slices, classes=[device_class("gpu", f'device.driver == "{DRIVER}"')])
    assert world.names(claim(request("r", MODEL_A))) == [["d1"]]
    assert world.names(claim(request("r", f'device.driver != "{DRIVER}"'))) is None
    with pytest.raises(
        AllocationFault,
        match=r"^claim default/claim: selector #0: CEL runtime error: no such key: model$",
    ):
        world.names(claim(request("r", MODEL_A, count=2)))
    guarded = f'has(device.attributes["{DRIVER}"].model) && {MODEL_A}'
    assert world.names(claim(request("r", guarded, count=2))) is None
    other = 'has(device.attributes["other.example.com"].model)'
    assert world.names(claim(request("r", other))) is None


def test_capacity_and_versions_can_be_asked_for() -> None:
    """As quantities and semantic versions."""
    world = World(
        piece(
            "s",
            device("small", capacity={"memory": {"value": "1Gi"}}),
            device(
                "large",
                capacity={"memory": {"value": "80Gi"}},
                attributes={"driver": {"version": "1.10.0"}},
            ),
        )
    )
    memory = f'device.capacity["{DRIVER}"].memory.compareTo(quantity("40Gi")) >= 0'
    version = f'device.attributes["{DRIVER}"].driver.isGreaterThan(semver("1.9.0"))'
    assert world.names(claim(request("r", f"{memory} && {version}"))) == [["large"]]


def test_all_devices_are_those_that_suit() -> None:
    """None at all is not enough, and one that is taken is too few."""
    world = World(
        piece("s", device("d0", model="a"), device("d1", model="b"), device("d2", model="a"))
    )
    everything = request("r", MODEL_A, allocationMode="All")
    assert world.names(claim(everything)) == [["d0", "d2"]]
    assert world.names(claim(request("r", "false", allocationMode="All"))) is None
    world.give(claim(request(), name="other"))
    assert world.names(claim(everything)) is None


def test_the_first_alternative_that_can_be_met_is_taken() -> None:
    """Its name is told with the request's."""
    world = World(piece("s", device("d0"), device("d1")))
    found = world.find(claim(either("r", ("many", {"count": 3}), ("few", {"count": 2}))))
    assert found is not None
    assert [each.request.full_name for each in found[0].devices] == ["r/few", "r/few"]
    assert [each.full_name for each in found[0].chosen] == ["r/few"]


def test_constraints_hold_across_requests() -> None:
    """One value for all of them, or another for each."""
    world = World(
        piece("s", device("d0", model="a"), device("d1", model="b"), device("d2", model="b"))
    )
    same = [{"requests": ["x", "y"], "matchAttribute": f"{DRIVER}/model"}]
    assert world.names(claim(request("x"), request("y"), constraints=same)) == [["d1", "d2"]]
    other = [{"requests": ["x", "y"], "distinctAttribute": f"{DRIVER}/model"}]
    two = claim(
        request("x", 'device.attributes["gpu.example.com"].model == "b"'),
        request("y"),
        constraints=other,
    )
    assert world.names(two) == [["d1", "d0"]]


def test_admin_access_sees_devices_of_others() -> None:
    """It takes nothing away, and each device once."""
    world = World(piece("s", device("d0")))
    world.give(claim(request(), name="owner"))
    admin = claim(request("r", adminAccess=True), name="admin")
    assert world.give(admin) == ["d0"]
    assert world.names(claim(request("r", adminAccess=True, count=2))) is None
    assert world.names(claim(request(), name="late")) is None


def test_partitions_share_the_counters_of_their_device() -> None:
    """What one uses of a counter the others have not; the counters stand in a slice of their own."""

    def part(name: str, amount: str) -> dict[str, Any]:
        uses = [{"counterSet": "gpu-0", "counters": {"memory": {"value": amount}}}]
        return device(name, consumesCounters=uses)

    counters = [{"name": "gpu-0", "counters": {"memory": {"value": "40Gi"}}}]
    world = World(
        piece("counters", count=2, sharedCounters=counters),
        piece(
            "parts", part("whole", "40Gi"), part("half-0", "20Gi"), part("half-1", "20Gi"), count=2
        ),
    )
    assert world.names(claim(request(count=2))) == [["half-0", "half-1"]]
    world.give(claim(request("r", 'device.driver == "gpu.example.com"'), name="all"))
    assert world.names(claim(request())) is None


def test_capacity_of_a_shared_device_is_consumed() -> None:
    """Requests are rounded up by the policy; a request without an amount takes the default."""
    policy = {"default": "10Gi", "validRange": {"min": "5Gi", "step": "5Gi", "max": "40Gi"}}
    capacity = {"memory": {"value": "40Gi", "requestPolicy": policy}}
    world = World(piece("s", device("d0", capacity=capacity, allowMultipleAllocations=True)))
    wanted = claim(request("r", capacity={"requests": {"memory": "12Gi"}}), name="first")
    found = world.find(wanted)
    assert found is not None
    result = result_of(found[0], NODE, world.classes.get, lambda: "share")
    assert result.devices is not None
    assert result.devices.results[0].share_id == "share"
    assert result.devices.results[0].consumed_capacity == {"memory": "15Gi"}
    world.give(wanted)
    world.give(claim(request(), name="second"))
    assert world.names(claim(request("r", capacity={"requests": {"memory": "20Gi"}}))) is None
    assert world.names(claim(request("r", capacity={"requests": {"memory": "15Gi"}}))) == [["d0"]]


def test_a_request_for_all_devices_leaves_what_earlier_requests_take_of_them() -> None:
    """Of one search, too: a request of the same claim, or an earlier claim."""
    shared = device("d0", capacity={"units": {"value": "4"}}, allowMultipleAllocations=True)
    world = World(piece("s", shared))

    def units(name: str, number: str, **more: str) -> dict[str, Any]:
        return request(name, capacity={"requests": {"units": number}}, **more)

    everything = units("all", "2", allocationMode="All")
    assert world.names(claim(units("one", "3"), everything)) is None
    assert world.names(claim(units("one", "3")), claim(everything, name="other")) is None
    assert world.names(claim(units("one", "2"), everything)) == [["d0", "d0"]]


def test_taints_keep_requests_away_that_do_not_tolerate_them() -> None:
    """Effects None are for people to read."""
    taints = [{"key": "broken", "value": "yes", "effect": "NoSchedule"}]
    note = [{"key": "note", "effect": "None"}]
    world = World(piece("s", device("d0", taints=taints), device("d1", taints=note)))
    assert world.names(claim(request())) == [["d1"]]
    tolerant = request("r", tolerations=[{"key": "broken", "operator": "Exists"}])
    assert world.names(claim(tolerant)) == [["d0"]]


def test_devices_are_for_nodes() -> None:
    """By the name of a slice, its labels or those of each device."""
    zone = {
        "nodeSelectorTerms": [
            {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}
        ]
    }
    world = World(
        piece("local", device("d0"), pool="local"),
        piece("zone", device("d1"), pool="zone", nodeSelector=zone),
        piece(
            "each",
            device("d2", nodeName="node-2"),
            device("d3", allNodes=True),
            pool="z",
            perDeviceNodeSelection=True,
        ),
    )
    everything = claim(request("r", allocationMode="All"))
    assert world.names(everything) == [["d0", "d3"]]
    assert world.names(everything, node="node-1", labels={"zone": "a"}) == [["d3", "d1"]]
    assert world.names(everything, node="node-2") == [["d2", "d3"]]
    found = world.find(everything, node="node-1", labels={"zone": "a"})
    assert found is not None
    selector = result_of(found[0], "node-1", world.classes.get, str).node_selector
    assert selector is not None
    [term] = selector.node_selector_terms
    assert [e.key for e in term.match_expressions] == ["zone"]


def test_pools_that_are_not_whole_are_not_used() -> None:
    """Nor are old generations, and pools that contradict themselves say so."""
    world = World(piece("s", device("d0"), count=2))
    assert world.names(claim(request())) is None
    with pytest.raises(
        AllocationFault, match=r"resource pool gpu.example.com/pool is currently being updated"
    ):
        world.names(claim(request("r", allocationMode="All")))
    world = World(piece("old", device("d0")), piece("new", device("d1"), generation=2))
    assert world.names(claim(request(count=1))) == [["d1"]]
    world = World(piece("s", device("d0"), device("d0")))
    with pytest.raises(InvalidPools, match=r"^invalid resource pools were encountered$"):
        world.names(claim(request()))


def test_a_claim_has_at_most_32_devices() -> None:
    """More are refused, by whichever alternative."""
    world = World(piece("s", *(device(f"d{n}") for n in range(40))))
    with pytest.raises(
        AllocationFault, match="number of requested devices 33 exceeds the claim limit of 32"
    ):
        world.names(claim(request(count=33)))
    some = claim(request("x", count=20), either("y", ("a", {"count": 20}), ("b", {"count": 2})))
    found = world.find(some)
    assert found is not None
    assert len(found[0].devices) == 22


def test_configurations_say_for_which_requests_they_are() -> None:
    """Those of a class stand once, with all its requests; the claim's own come behind."""
    opaque = {"opaque": {"driver": DRIVER, "parameters": {"a": 1}}}
    world = World(
        piece("s", device("d0"), device("d1")), classes=[device_class("gpu", config=[opaque])]
    )
    found = world.find(
        claim(request("x"), request("y"), config=[{"requests": ["y"], **opaque}, opaque])
    )
    assert found is not None
    devices = result_of(found[0], NODE, world.classes.get, str).devices
    assert devices is not None
    assert [(each.source, each.requests) for each in devices.config] == [
        ("FromClass", ("x", "y")),
        ("FromClaim", ("y",)),
        ("FromClaim", ()),
    ]


_MODELS = st.sampled_from(["a", "b", "c"])
_REQUESTS = st.tuples(st.integers(1, 2), st.sampled_from(["", "a", "b"]))


@given(
    models=st.lists(_MODELS, max_size=5),
    wanted=st.lists(st.lists(_REQUESTS, min_size=1, max_size=2), min_size=1, max_size=2),
    constraint=st.sampled_from(["", "matchAttribute"]),
)
def test_something_is_found_where_something_is_to_be_found(
    models: list[str], wanted: list[list[tuple[int, str]]], constraint: str
) -> None:
    """An exhaustive search agrees, and what is found keeps the rules."""
    names = [f"d{n}" for n in range(len(models))]
    world = World(piece("s", *(device(n, model=m) for n, m in zip(names, models, strict=True))))
    constraints = [{constraint: f"{DRIVER}/model"}] if constraint else []
    claims = [
        claim(
            *(
                request(
                    f"r{k}",
                    f'device.attributes["{DRIVER}"].model.startsWith("{model}")',
                    count=count,
                )
                for k, (count, model) in enumerate(requests)
            ),
            name=f"claim-{number}",
            constraints=constraints,
        )
        for number, requests in enumerate(wanted)
    ]
    model_of = dict(zip(names, models, strict=True))
    places = [
        (n, model) for n, some in enumerate(wanted) for count, model in some for _ in range(count)
    ]

    def keeps(chosen: tuple[str, ...]) -> bool:
        pairs = list(zip(places, chosen, strict=True))
        if not all(model_of[name].startswith(model) for (_, model), name in pairs):
            return False
        alike = all(
            len({model_of[name] for (n, _), name in pairs if n == number}) <= 1
            for number in range(len(wanted))
        )
        return alike or not constraint

    found = world.names(*claims)
    if found is None:
        assert not any(map(keeps, permutations(names, len(places))))
    else:
        chosen = tuple(name for some in found for name in some)
        assert len(set(chosen)) == len(chosen) == len(places)
        assert keeps(chosen)

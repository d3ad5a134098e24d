"""Which backends a node may use."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert
from msgspec.structs import replace

from orchestrator.api.core.v1 import ServiceStatus
from orchestrator.proxy.eligibility import Place, eligible
from orchestrator.proxy.table import (
    EMPTY_TABLE,
    Frontend,
    NodePort,
    ServicePort,
    advance,
    service_changed,
    slice_changed,
)
from tests.proxy.test_table import make_service, make_slice

HERE = Place("here", "east")
DRAINING: dict[str, Any] = {"ready": False, "serving": True, "terminating": True}


def _endpoint(
    ip: str, node: str, zone: str = "", at: str = "", **conditions: Any
) -> dict[str, Any]:
    hints: dict[str, Any] = {}
    if zone:
        hints["forZones"] = [{"name": zone}]
    if at:
        hints["forNodes"] = [{"name": at}]
    return {"addresses": [ip], "nodeName": node, "conditions": conditions, "hints": hints or None}


def _port(*endpoints: dict[str, Any], **spec: Any) -> ServicePort:
    table = advance(
        EMPTY_TABLE,
        (
            *service_changed(None, make_service("a", "10.96.0.10", **spec)),
            *slice_changed(None, make_slice("a-1", "a", *endpoints)),
        ),
    )
    return table.frontends[Frontend("10.96.0.10", 80, "TCP")]


def _ips(port: ServicePort, *, external: bool = False, place: Place = HERE) -> list[str]:
    return [backend.ip for backend in eligible(port, place, external=external)]


@pytest.mark.parametrize("external", [False, True])
def test_a_local_policy_is_of_its_own_kind_of_traffic(external: bool) -> None:
    """It takes the node's own ready endpoints, then its draining ones, and never another node's."""
    spec = {("externalTrafficPolicy" if external else "internalTrafficPolicy"): "Local"}
    both = [_endpoint("1.1.1.1", "here"), _endpoint("1.1.1.2", "there")]
    assert _ips(_port(*both, **spec), external=external) == ["1.1.1.1"]
    assert _ips(_port(*both, **spec), external=not external) == ["1.1.1.1", "1.1.1.2"]
    leaving = [_endpoint("1.1.1.1", "here", **DRAINING), _endpoint("1.1.1.2", "there")]
    assert _ips(_port(*leaving, **spec), external=external) == ["1.1.1.1"]
    assert _ips(_port(*leaving, **spec), external=not external) == ["1.1.1.2"]
    assert _ips(_port(both[1], **spec), external=external) == []


def test_hints_count_if_all_have_them_and_one_is_for_here() -> None:
    """Of nodes before those of zones; otherwise all endpoints are used."""
    zones = [_endpoint("1.1.1.1", "a", "east"), _endpoint("1.1.1.2", "b", "west")]
    assert _ips(_port(*zones)) == ["1.1.1.1"]
    assert _ips(_port(*zones), place=Place("x", "north")) == ["1.1.1.1", "1.1.1.2"]
    assert _ips(_port(*zones, _endpoint("1.1.1.3", "c"))) == ["1.1.1.1", "1.1.1.2", "1.1.1.3"]
    nodes = [_endpoint("1.1.1.1", "a", "east", "a"), _endpoint("1.1.1.2", "here", "west", "here")]
    assert _ips(_port(*nodes)) == ["1.1.1.2"]
    assert _ips(_port(*nodes), place=Place("x", "east")) == ["1.1.1.1"]


def test_hints_of_endpoints_that_drain_do_not_count() -> None:
    """When nothing is ready, all that still serves is used."""
    leaving = [
        _endpoint("1.1.1.1", "a", "east", **DRAINING),
        _endpoint("1.1.1.2", "b", "west", **DRAINING),
    ]
    assert _ips(_port(*leaving)) == ["1.1.1.1", "1.1.1.2"]


def test_the_host_of_all_nodes_is_where_every_endpoint_is() -> None:
    """A client whose node nobody can tell may go anywhere."""
    port = _port(_endpoint("1.1.1.1", "here"), internalTrafficPolicy="Local")
    assert _ips(port, place=Place("")) == ["1.1.1.1"]


_READY: dict[str, Any] = {"ready": True}
_GONE: dict[str, Any] = {"ready": False, "serving": False}
_ZONES = ["east", "west", "north", "east"]  # of 1.1.1.1 to 1.1.1.4
_NODES = ["here", "b", "c", "d"]


def _spread(*conditions: dict[str, Any], nodes: bool = False) -> list[dict[str, Any]]:
    """Four endpoints, hinted for their zones, and for their nodes if wanted; conditions of the first ones."""
    told = [*conditions, *[_READY] * 4][:4]
    return [
        _endpoint(f"1.1.1.{i + 1}", _NODES[i], _ZONES[i], _NODES[i] if nodes else "", **told[i])
        for i in range(4)
    ]


@pytest.mark.parametrize(
    ("place", "endpoints", "last"),
    [
        pytest.param(HERE, _spread(), [1, 4], id="of this zone"),
        pytest.param(Place("here"), _spread(), [1, 2, 3, 4], id="a node without zone"),
        pytest.param(Place("here", "south"), _spread(), [1, 2, 3, 4], id="a zone without any"),
        pytest.param(HERE, _spread(_GONE), [4], id="who is not ready is none of the zone's"),
        pytest.param(
            HERE, [*_spread(_GONE)[:3], _endpoint("1.1.1.4", "d", "east", **_GONE)], [2, 3],
            id="nobody in the zone is ready",
        ),
        pytest.param(
            HERE, [*_spread()[:3], _endpoint("1.1.1.4", "d")], [1, 2, 3, 4], id="one is not hinted"
        ),
        pytest.param(
            HERE, [*_spread()[:3], _endpoint("1.1.1.4", "d", **_GONE)], [1],
            id="one is not hinted and not ready",
        ),
        pytest.param(HERE, _spread(nodes=True), [1], id="of this node"),
        pytest.param(Place("e", "east"), _spread(nodes=True), [1, 4], id="no node's, but the zone's"),
        pytest.param(
            HERE, [*_spread(nodes=True)[:3], _endpoint("1.1.1.4", "d", "east")], [1, 4],
            id="not all are hinted for nodes",
        ),
        pytest.param(HERE, _spread(_GONE, nodes=True), [4], id="the node's own is not ready"),
        pytest.param(HERE, _spread(DRAINING, _GONE, _GONE, _GONE), [1], id="one drains, none is ready"),
        pytest.param(HERE, _spread(*[_GONE] * 4), [], id="none serves"),
        pytest.param(HERE, [], [], id="none"),
    ],
)  # fmt: skip
def test_under_a_policy_of_cluster_hints_choose(
    place: Place, endpoints: list[dict[str, Any]], last: list[int]
) -> None:
    """As kube-proxy chooses: by ready endpoints alone, nodes before zones, and all where hints do not help."""
    assert _ips(_port(*endpoints), place=place) == [f"1.1.1.{n}" for n in last]


@pytest.mark.parametrize(
    ("conditions", "last"),
    [
        pytest.param([_READY, _READY], [1], id="its own"),
        pytest.param([_GONE, _READY], [], id="its own is not ready, another's is"),
        pytest.param([DRAINING, _READY], [1], id="its own drains, another's is ready"),
        pytest.param([_GONE, DRAINING], [], id="another's drains"),
        pytest.param([DRAINING, DRAINING], [1], id="all drain"),
        pytest.param(
            [{"ready": False, "serving": True}, _READY], [], id="not ready, and not going"
        ),
    ],
)
@pytest.mark.parametrize("external", [False, True])
def test_under_a_policy_of_local_hints_count_for_nothing(
    conditions: list[dict[str, Any]], last: list[int], external: bool
) -> None:
    """A node takes its own, ready ones or else those that drain, in whichever zone they are hinted to be."""
    spec = {("externalTrafficPolicy" if external else "internalTrafficPolicy"): "Local"}
    mine, other = conditions
    endpoints = [
        _endpoint("1.1.1.1", "here", "west", **mine),
        _endpoint("1.1.1.2", "there", "east", **other),
    ]
    found = _ips(_port(*endpoints, **spec), external=external)
    assert found == [f"1.1.1.{n}" for n in last]


_ENDPOINTS = st.builds(
    _endpoint,
    st.integers(1, 9).map(lambda n: f"1.1.1.{n}"),
    st.sampled_from(["here", "there"]),
    zone=st.sampled_from(["", "east", "west"]),
    at=st.sampled_from(["", "here", "there"]),
    ready=st.booleans(),
    serving=st.booleans(),
    terminating=st.booleans(),
)
_POLICIES = st.sampled_from(["Cluster", "Local"])


@given(st.lists(_ENDPOINTS, max_size=6), _POLICIES, _POLICIES, st.booleans())
def test_a_node_uses_what_may_be_used_and_something_if_there_is_something(
    endpoints: list[dict[str, Any]], inside: str, outside: str, external: bool
) -> None:
    """No endpoint that does not serve; of Local its own only; of Cluster all, or all that are hinted to be for it."""
    port = _port(*endpoints, internalTrafficPolicy=inside, externalTrafficPolicy=outside)
    chosen = eligible(port, HERE, external=external)
    assert set(chosen) <= {*port.backends, *port.draining}
    if (outside if external else inside) == "Local":
        ready = {b for b in port.backends if b.node == "here"}
        assert set(chosen) == (ready or {b for b in port.draining if b.node == "here"})
    else:
        assert bool(chosen) == bool(port.backends)
        ours = {b for b in port.backends if "here" in b.for_nodes}
        near = {b for b in port.backends if "east" in b.for_zones}
        assert set(chosen) in (set(port.backends), ours, near)
    assert list(chosen) == sorted(chosen, key=lambda b: (b.ip, b.port))


def test_a_load_balancer_that_is_a_proxy_of_its_own_is_no_address_of_the_service() -> None:
    """Its connections come in by the node ports."""
    service = make_service(
        "a", "10.96.0.10", type="LoadBalancer", ports=[{"port": 80, "nodePort": 30080}]
    )
    status = {
        "loadBalancer": {"ingress": [{"ip": "1.2.3.4", "ipMode": "Proxy"}, {"ip": "1.2.3.5"}]}
    }
    service = replace(service, status=convert(status, ServiceStatus))
    table = advance(EMPTY_TABLE, service_changed(None, service))
    assert {f.ip for f in table.frontends} == {"10.96.0.10", "1.2.3.5"}
    assert NodePort(30080, "TCP") in table.node_ports

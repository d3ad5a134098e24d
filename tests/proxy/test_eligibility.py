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

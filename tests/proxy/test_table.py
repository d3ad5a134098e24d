"""The routing table: a step at a time it is what computing everything anew gives."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.api import codec
from orchestrator.api.core.v1 import Service
from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.proxy.table import (
    EMPTY_TABLE,
    Frontend,
    NodePort,
    Table,
    TableChange,
    TableMemo,
    advance,
    service_changed,
    slice_changed,
)


def make_service(name: str, ip: str, **spec: Any) -> Service:
    """A Service with the port 80."""
    document = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"clusterIP": ip, "clusterIPs": [ip], "ports": [{"port": 80}], **spec},
    }
    made = codec.from_dict(document, Service)
    assert isinstance(made, Service)
    return made


def make_slice(
    name: str, service: str, *endpoints: dict[str, Any], family: str = "IPv4"
) -> EndpointSlice:
    """A slice of a service, its port 8080."""
    document = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": name,
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": service},
        },
        "addressType": family,
        "endpoints": list(endpoints),
        "ports": [{"port": 8080, "protocol": "TCP"}],
    }
    made = codec.from_dict(document, EndpointSlice)
    assert isinstance(made, EndpointSlice)
    return made


def endpoint(ip: str, **conditions: bool) -> dict[str, Any]:
    """An endpoint with conditions."""
    return {"addresses": [ip], "conditions": conditions}


def addresses(table: Table, ip: str, port: int = 80) -> list[str]:
    """The backends of a cluster IP."""
    return [b.ip for b in table.frontends[Frontend(ip, port, "TCP")].backends]


def _table(*changes: TableChange) -> Table:
    return advance(EMPTY_TABLE, changes)


def test_only_ready_endpoints_take_connections() -> None:
    table = _table(
        *service_changed(None, make_service("a", "10.96.0.10")),
        *slice_changed(
            None,
            make_slice(
                "a-1",
                "a",
                endpoint("10.0.0.1", ready=True),
                endpoint("10.0.0.2", ready=False),
                endpoint("10.0.0.3"),
            ),
        ),
    )
    assert addresses(table, "10.96.0.10") == ["10.0.0.1", "10.0.0.3"]


def test_without_a_ready_one_those_that_still_serve_do() -> None:
    table = _table(
        *service_changed(None, make_service("a", "10.96.0.10")),
        *slice_changed(
            None,
            make_slice(
                "a-1",
                "a",
                endpoint("10.0.0.1", ready=False, serving=True, terminating=True),
                endpoint("10.0.0.2", ready=False, serving=False, terminating=True),
            ),
        ),
    )
    assert addresses(table, "10.96.0.10") == ["10.0.0.1"]


def test_each_address_family_leads_to_its_own_endpoints() -> None:
    """An IPv4 address to none of IPv6 and to no host names, and the other way round."""
    both = make_service("a", "10.96.0.10", clusterIPs=["10.96.0.10", "fd00::10"])
    table = _table(
        *service_changed(None, both),
        *slice_changed(None, make_slice("a-4", "a", endpoint("10.0.0.1"))),
        *slice_changed(None, make_slice("a-6", "a", endpoint("fd00:1::1"), family="IPv6")),
        *slice_changed(None, make_slice("a-name", "a", endpoint("a.example"), family="FQDN")),
    )
    assert addresses(table, "10.96.0.10") == ["10.0.0.1"]
    assert addresses(table, "fd00::10") == ["fd00:1::1"]


def test_a_running_pod_has_the_address_of_one_that_terminates() -> None:
    """Also where it is not ready: the other one is gone in all but name."""
    table = _table(
        *service_changed(None, make_service("a", "10.96.0.10")),
        *slice_changed(
            None,
            make_slice(
                "a-1",
                "a",
                endpoint("10.0.0.1", ready=False, serving=False, terminating=False),
                endpoint("10.0.0.1", ready=False, serving=True, terminating=True),
            ),
        ),
    )
    assert addresses(table, "10.96.0.10") == []


@pytest.mark.parametrize(
    ("ranges", "told"),
    [
        (["192.0.2.0/24 ", "fd00::/8"], ("192.0.2.0/24",)),
        (["fd00::/8"], ()),  # nothing is said of IPv4
        (["192.0.2.0/24", "0.0.0.0/0"], ()),
    ],
)
def test_source_ranges_are_those_of_the_family(ranges: list[str], told: tuple[str, ...]) -> None:
    """And one that is everybody's is none."""
    table = _table(
        *service_changed(None, make_service("a", "10.96.0.10", loadBalancerSourceRanges=ranges))
    )
    assert table.frontends[Frontend("10.96.0.10", 80, "TCP")].source_ranges == told


def test_headless_services_have_no_address() -> None:
    assert not _table(*service_changed(None, make_service("a", "None"))).frontends


def test_a_node_port_leads_to_the_service() -> None:
    service = make_service(
        "a", "10.96.0.10", type="NodePort", ports=[{"port": 80, "nodePort": 30080}]
    )
    table = _table(*service_changed(None, service))
    assert table.node_ports[NodePort(30080, "TCP")].service.name == "a"


def test_a_slice_that_moves_to_another_service_leaves_the_first() -> None:
    one, other = (
        make_slice("s", "a", endpoint("10.0.0.1")),
        make_slice("s", "b", endpoint("10.0.0.1")),
    )
    table = _table(
        *service_changed(None, make_service("a", "10.96.0.10")),
        *service_changed(None, make_service("b", "10.96.0.11")),
        *slice_changed(None, one),
        *slice_changed(one, other),
    )
    assert (addresses(table, "10.96.0.10"), addresses(table, "10.96.0.11")) == ([], ["10.0.0.1"])


_steps = st.lists(
    st.tuples(
        st.sampled_from(["service", "no service", "slice", "no slice"]),
        st.sampled_from("abc"),
        st.integers(1, 4),
    ),
    max_size=30,
)


@given(_steps)
def test_steps_lead_where_one_look_at_everything_leads(steps: list[tuple[str, str, int]]) -> None:
    table, memo = EMPTY_TABLE, TableMemo()
    services: dict[str, Service] = {}
    slices: dict[str, EndpointSlice] = {}
    for kind, name, number in steps:
        old_service, old_slice = services.get(name), slices.get(name)
        if kind == "service":
            services[name] = make_service(name, f"10.96.{ord(name)}.{number}")
        elif kind == "no service":
            services.pop(name, None)
        elif kind == "slice":
            slices[name] = make_slice(name, name, endpoint(f"10.0.0.{number}"))
        else:
            slices.pop(name, None)
        changes: tuple[TableChange, ...] = (
            *service_changed(old_service, services.get(name)),
            *slice_changed(old_slice, slices.get(name)),
        )
        message = object()
        after = memo.advance(table, message, iter(changes))
        assert memo.advance(table, message, iter(())) is after
        table = after
    everything = _table(
        *(c for s in services.values() for c in service_changed(None, s)),
        *(c for s in slices.values() for c in slice_changed(None, s)),
    )
    assert table.frontends == everything.frontends
    assert table.services == everything.services
    assert table.slices == everything.slices

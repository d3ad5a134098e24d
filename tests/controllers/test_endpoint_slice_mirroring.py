"""Mirrored slices: the Endpoints that somebody writes for a Service without a selector."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import (
    EndpointAddress,
    EndpointPort,
    Endpoints,
    EndpointSubset,
    Event,
    Service,
)
from orchestrator.api.discovery.v1 import Endpoint, EndpointSlice
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.controllers.endpoint_slice_mirroring import mirror_of
from orchestrator.protocol import NotFound
from tests.manifests import Manifest

_SERVICE: Manifest = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "db", "namespace": "default"},
    "spec": {"ports": [{"port": 5432}]},
}


def _endpoints(count: int = 1, **metadata: Any) -> Manifest:
    addresses = [{"ip": f"192.0.{n // 250}.{n % 250 + 1}"} for n in range(count)]
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": "db", "namespace": "default", **metadata},
        "subsets": [{"addresses": addresses, "ports": [{"port": 5432}]}],
    }


def _is_ready(endpoint: Endpoint) -> bool | None:
    return endpoint.conditions.ready if endpoint.conditions is not None else None


async def _slices(cluster: Cluster) -> list[EndpointSlice]:
    selector = "kubernetes.io/service-name=db"
    return list(
        await cluster.client.list(EndpointSlice, namespace="default", label_selector=selector)
    )


def test_addresses_of_equal_ports_come_together() -> None:
    """An address that is not ready in one subset is not ready, and an IPv6 one has a slice of its own."""
    http, dns = EndpointPort(name="http", port=80), EndpointPort(name="dns", port=53)
    one, two, six = (EndpointAddress(ip=ip) for ip in ("10.0.0.1", "10.0.0.2", "fd00::1"))
    mirror = mirror_of(
        Endpoints(
            metadata=ObjectMeta(name="db"),
            subsets=(
                EndpointSubset(addresses=(one, two, six), ports=(http,)),
                EndpointSubset(addresses=(one, six), not_ready_addresses=(two,), ports=(dns, http)),
            ),
        )
    )
    told = {
        (family, tuple(p.name for p in ports)): [(e.addresses[0], _is_ready(e)) for e in each]
        for (family, ports), each in mirror.endpoints.items()
    }
    assert told == {
        ("IPv4", ("dns", "http")): [("10.0.0.1", True), ("10.0.0.2", False)],
        ("IPv6", ("dns", "http")): [("fd00::1", True)],
    }


async def test_a_service_without_selector_gets_slices(cluster: Cluster) -> None:
    """With the labels of its Endpoints, which own them; and they follow what is written."""
    await cluster.apply([_SERVICE, _endpoints(2, labels={"tier": "data"})])
    await cluster.clock.sleep(5)
    (slice_,) = await _slices(cluster)
    assert [e.addresses[0] for e in slice_.endpoints] == ["192.0.0.1", "192.0.0.2"]
    assert slice_.metadata.labels == {
        "tier": "data",
        "kubernetes.io/service-name": "db",
        "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
    }
    assert [(r.kind, r.controller) for r in slice_.metadata.owner_references] == [
        ("Endpoints", True)
    ]
    await cluster.apply([_endpoints(1)])
    await cluster.clock.sleep(5)
    (after,) = await _slices(cluster)
    assert (after.metadata.name, len(after.endpoints)) == (slice_.metadata.name, 1)


@pytest.mark.parametrize(
    "marked",
    [
        {"labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
        {"annotations": {"control-plane.alpha.kubernetes.io/leader": "{}"}},
    ],
)
async def test_who_does_not_want_it_is_not_mirrored(
    cluster: Cluster, marked: dict[str, Any]
) -> None:
    """And what was mirrored before goes."""
    await cluster.apply([_SERVICE, _endpoints()])
    await cluster.clock.sleep(5)
    assert len(await _slices(cluster)) == 1
    await cluster.apply([_endpoints(**marked)])
    await cluster.clock.sleep(5)
    assert await _slices(cluster) == []


async def test_endpoints_end_with_their_service(cluster: Cluster) -> None:
    """Whoever wrote them, and with them their copies."""
    await cluster.apply([_SERVICE, _endpoints()])
    await cluster.clock.sleep(5)
    await cluster.client.delete(Service, "db", namespace="default")
    await cluster.clock.sleep(5)
    assert await _slices(cluster) == []
    with pytest.raises(NotFound):
        await cluster.client.get(Endpoints, "db", namespace="default")


async def test_a_copy_that_is_deleted_comes_again(cluster: Cluster) -> None:
    """As long as there is something to copy."""
    await cluster.apply([_SERVICE, _endpoints()])
    await cluster.clock.sleep(5)
    (slice_,) = await _slices(cluster)
    await cluster.client.delete(EndpointSlice, slice_.metadata.name, namespace="default")
    await cluster.clock.sleep(5)
    assert len(await _slices(cluster)) == 1


async def test_a_thousand_addresses_are_mirrored(cluster: Cluster) -> None:
    """And an event says how many are not."""
    await cluster.apply([_SERVICE, _endpoints(1003)])
    await cluster.clock.sleep(5)
    (slice_,) = await _slices(cluster)
    assert len(slice_.endpoints) == 1000
    events = await cluster.client.list(Event, namespace="default")
    assert [e.message for e in events if e.involved_object.kind == "Endpoints"] == [
        "A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 3 addresses "
        "were skipped"
    ]

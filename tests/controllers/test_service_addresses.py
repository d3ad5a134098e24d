"""Services' addresses: the ranges that they come from, and who has which."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Event, Service
from orchestrator.api.networking.v1 import IPAddress, ServiceCIDR
from orchestrator.protocol import Invalid
from tests.manifests import Manifest

_PARENT = {"resource": "services", "namespace": "default", "name": "else"}


def _service(name: str, **spec: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"ports": [{"port": 80}], **spec},
    }


def _range(name: str, *cidrs: str) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "ServiceCIDR",
        "metadata": {"name": name},
        "spec": {"cidrs": cidrs},
    }


def _address(name: str) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IPAddress",
        "metadata": {"name": name},
        "spec": {"parentRef": _PARENT},
    }


async def _of(cluster: Cluster) -> dict[str, str]:
    await cluster.clock.sleep(1)
    found = await cluster.client.list(IPAddress)
    parents = ((each, each.spec.parent_ref) for each in found)
    return {p.name: each.metadata.name for each, p in parents if p is not None}


async def _ready(cluster: Cluster, name: str) -> tuple[str, str]:
    found = await cluster.client.get(ServiceCIDR, name)
    assert found.status is not None
    (condition,) = found.status.conditions
    return condition.status, condition.reason or ""


async def test_each_address_of_a_service_is_written_down(cluster: Cluster) -> None:
    """As long as the Service has it, and again when somebody deletes or changes it."""
    await cluster.client.create(_service("web"))
    await cluster.client.create(_service("nobody", clusterIP="None"))
    service = await cluster.client.get(Service, "web")
    assert service.spec is not None
    address = service.spec.cluster_ip
    assert (await _of(cluster)).keys() == {"kubernetes", "web"}
    written = await cluster.client.get(IPAddress, address)
    assert dict(written.metadata.labels) == {
        "ipaddress.kubernetes.io/ip-family": "IPv4",
        "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
    }
    await cluster.client.delete(IPAddress, address)
    assert (await _of(cluster))["web"] == address
    await cluster.client.delete(Service, "web")
    assert "web" not in await _of(cluster)


async def test_services_have_addresses_of_a_range_that_is_added(cluster: Cluster) -> None:
    """When they ask for one, once it is ready; one that nobody needs goes after a while."""
    with pytest.raises(Invalid, match="not in the valid range"):
        await cluster.client.create(_service("early", clusterIP="10.200.0.7"))
    await cluster.client.create(_range("more", "10.200.0.0/24"))
    await cluster.clock.sleep(1)
    assert await _ready(cluster, "more") == ("True", "")
    await cluster.client.create(_service("web", clusterIP="10.200.0.7"))
    await cluster.clock.sleep(1)
    await cluster.client.delete(ServiceCIDR, "more")
    await cluster.clock.sleep(60)
    assert await _ready(cluster, "more") == ("False", "Terminating")
    with pytest.raises(Invalid, match="not in the valid range"):
        await cluster.client.create(_service("late", clusterIP="10.200.0.8"))
    await cluster.client.delete(Service, "web")
    await cluster.client.wait(ServiceCIDR, "more", "delete")


async def test_a_range_within_another_is_not_needed(cluster: Cluster) -> None:
    """All its addresses are in the other one."""
    await cluster.client.create(_range("part", "10.96.7.0/24"))
    await cluster.client.create(_service("web", clusterIP="10.96.7.7"))
    await cluster.clock.sleep(1)
    await cluster.client.delete(ServiceCIDR, "part")
    await cluster.clock.sleep(8)
    assert (await cluster.client.get(ServiceCIDR, "part")).metadata.deletion_timestamp
    await cluster.client.wait(ServiceCIDR, "part", "delete")


async def test_what_others_have_written_down_is_taken(cluster: Cluster) -> None:
    """No Service gets it, until it is given back."""
    await cluster.client.create(_address("10.96.0.200"))
    with pytest.raises(Invalid, match="provided IP is already allocated"):
        await cluster.client.create(_service("web", clusterIP="10.96.0.200"))
    await cluster.client.delete(IPAddress, "10.96.0.200")
    await cluster.client.create(_service("web", clusterIP="10.96.0.200"))
    assert (await _of(cluster))["web"] == "10.96.0.200"


async def test_a_wrong_reference_is_put_right(cluster: Cluster) -> None:
    """With an event that says so."""
    await cluster.client.create(_service("web", clusterIP="10.96.0.200"))
    await cluster.clock.sleep(1)
    await cluster.client.delete(IPAddress, "10.96.0.200")
    await cluster.client.create(_address("10.96.0.200"))
    assert (await _of(cluster))["web"] == "10.96.0.200"
    messages = [
        e.message for e in await cluster.client.list(Event) if e.reason == "ClusterIPNotAllocated"
    ]
    assert messages == [
        "the ClusterIP [IPv4]: 10.96.0.200 for Service default/web has a wrong reference; repairing"
    ]

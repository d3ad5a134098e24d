"""Services of type LoadBalancer: an address each, of the simulated provider."""

from ipaddress import IPv4Address
from typing import Any

from orchestrator import Cluster
from orchestrator.api.core.v1 import Event, Service
from orchestrator.controllers.load_balancer import FINALIZER, NETWORK, addresses_of
from tests.manifests import Manifest


def _service(name: str, type_: str = "LoadBalancer", **spec: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"type": type_, "ports": [{"port": 80}], **spec},
    }


async def _get(cluster: Cluster, name: str) -> Service:
    return await cluster.client.get(Service, name, namespace="default")


async def test_each_has_an_address_of_its_own(cluster: Cluster) -> None:
    """Of the network of tests, and a finalizer while it has it; nobody else has one."""
    names = [f"balanced-{number}" for number in range(5)]
    await cluster.apply([*map(_service, names), _service("plain", "ClusterIP")])
    await cluster.apply([_service("others", loadBalancerClass="example.com/other")])
    await cluster.clock.sleep(2)
    found = [await _get(cluster, name) for name in names]
    addresses = [addresses_of(service)[0] for service in found]
    assert len(set(addresses)) == 5
    assert all(IPv4Address(address) in NETWORK for address in addresses)
    assert all(FINALIZER in service.metadata.finalizers for service in found)
    assert addresses_of(await _get(cluster, "plain")) == ()
    assert addresses_of(await _get(cluster, "others")) == ()
    reasons = {event.reason for event in await cluster.client.list(Event, namespace="default")}
    assert {"EnsuringLoadBalancer", "EnsuredLoadBalancer"} <= reasons


async def test_an_address_is_given_back(cluster: Cluster) -> None:
    """With the type, or with the service; who wishes for it may have it then."""
    await cluster.apply([_service("one"), _service("two")])
    await cluster.clock.sleep(2)
    (address,) = addresses_of(await _get(cluster, "one"))
    await cluster.apply([_service("three", loadBalancerIP=address)])
    await cluster.clock.sleep(2)
    assert addresses_of(await _get(cluster, "three")) == ()
    await cluster.client.patch(Service, "one", {"spec": {"type": "ClusterIP"}}, namespace="default")
    await cluster.client.delete(Service, "two", namespace="default")
    await cluster.clock.sleep(2)
    one = await _get(cluster, "one")
    assert addresses_of(one) == ()
    assert FINALIZER not in one.metadata.finalizers
    names = {s.metadata.name for s in await cluster.client.list(Service, namespace="default")}
    assert "two" not in names
    label = {"metadata": {"labels": {"look": "again"}}}
    await cluster.client.patch(Service, "three", label, namespace="default")
    await cluster.clock.sleep(2)
    assert addresses_of(await _get(cluster, "three")) == (address,)

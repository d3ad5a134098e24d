"""Which pod has which address."""

import pytest

from orchestrator.api.core.v1 import Pod, PodSpec, PodStatus
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.kubelet.networks.addresses import PodAddresses
from orchestrator.kubelet.networks.interface import NetworkFault, PodLink
from orchestrator.kubelet.networks.loopback import LoopbackNetwork
from orchestrator.kubelet.networks.simulated import SimulatedNetwork


def _pod(uid: str, address: str = "", *, host_network: bool = False) -> Pod:
    return Pod(
        metadata=ObjectMeta(name=uid, uid=uid),
        spec=PodSpec(host_network=host_network),
        status=PodStatus(pod_ip=address),
    )


def test_an_address_is_one_pod_s_until_it_is_released() -> None:
    """A pod that asks again gets the same, and one that was released comes last."""
    addresses = PodAddresses("10.0.0.0/29")  # five pods
    given = [addresses.take(_pod(name)) for name in "abcde"]
    assert len(set(given)) == 5
    assert addresses.take(_pod("c")) == given[2]
    assert addresses.take(_pod("f")) == ""
    addresses.release("b")
    assert addresses.take(_pod("f")) == given[1]
    assert addresses.holders() == ("a", "c", "d", "e", "f")


def test_a_pod_has_the_address_of_its_status_unless_another_has_it() -> None:
    """So it is after a restart; an address of another network is not kept."""
    addresses = PodAddresses("10.0.0.0/24")
    assert addresses.take(_pod("old", "10.0.0.2")) == "10.0.0.2"
    assert addresses.take(_pod("new")) == "10.0.0.3"
    assert addresses.take(_pod("twin", "10.0.0.3")) == "10.0.0.4"
    assert addresses.take(_pod("foreign", "10.9.0.3")) == "10.0.0.5"
    assert addresses.take(_pod("six", "fd00::1")) == "10.0.0.6"


def test_pods_of_the_host_s_network_share_the_node_s_address() -> None:
    """They hold no address of their own."""
    network = SimulatedNetwork("172.16.0.2", "10.0.0.0/24")
    assert network.join(_pod("a", host_network=True)) == PodLink("172.16.0.2")
    assert network.joined() == ()
    assert network.join(_pod("b")) == PodLink("10.0.0.2")
    network.leave("b")
    network.leave("nobody")
    assert network.joined() == ()


def test_a_loopback_network_is_of_loopback_addresses() -> None:
    """Others are not the host's own, and nobody could listen there."""
    assert LoopbackNetwork("127.4.0.2", "127.6.0.0/24").join(_pod("a")).address == "127.6.0.2"
    with pytest.raises(NetworkFault, match=r"10\.0\.0\.0/24 is not"):
        LoopbackNetwork("127.4.0.2", "10.0.0.0/24")

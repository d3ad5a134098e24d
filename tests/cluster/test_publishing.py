"""What a served cluster says of its server."""

import asyncio

import pytest

import actors
from orchestrator import Cluster
from orchestrator.api.core.v1 import ConfigMap, Endpoints
from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.apiserver.http import HttpFront
from orchestrator.cluster.publishing import CONTROL_PLANE_ADDRESS, _advertised


def test_a_served_cluster_says_where_it_is_and_whom_it_trusts() -> None:
    """The endpoints of `kubernetes`, and the authority in every namespace; a second server replaces it."""

    async def main() -> None:
        async with Cluster(nodes=0) as cluster:
            await cluster.serve()
            second = await cluster.serve()
            authority = second.pki.authority.certificate.decode()
            known = await cluster.client.get(
                ConfigMap, "extension-apiserver-authentication", namespace="kube-system"
            )
            assert known.data["client-ca-file"] == authority
            endpoints = await cluster.client.get(Endpoints, "kubernetes", namespace="default")
            assert endpoints.subsets[0].addresses[0].ip == CONTROL_PLANE_ADDRESS
            assert endpoints.subsets[0].ports[0].port == second.port
            found = await cluster.client.get(EndpointSlice, "kubernetes", namespace="default")
            assert found.endpoints[0].addresses == (CONTROL_PLANE_ADDRESS,)
            async with asyncio.timeout(5):
                while await _root(cluster) != authority:
                    await cluster.clock.sleep(0.02)

    async def _root(cluster: Cluster) -> str:
        found = await cluster.client.list(ConfigMap, namespace="default")
        return next((e.data["ca.crt"] for e in found if e.metadata.name == "kube-root-ca.crt"), "")

    actors.run(main, virtual=False)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", CONTROL_PLANE_ADDRESS),
        ("0.0.0.0", CONTROL_PLANE_ADDRESS),
        ("localhost", CONTROL_PLANE_ADDRESS),
        ("192.0.2.7", "192.0.2.7"),
    ],
)
def test_no_endpoint_is_at_a_loopback_address(host: str, address: str) -> None:
    """Which would be another machine's everywhere."""
    assert _advertised(host) == address


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "https://127.0.0.1:6443"),
        ("0.0.0.0", "https://127.0.0.1:6443"),
        ("::", "https://127.0.0.1:6443"),
        ("192.0.2.7", "https://192.0.2.7:6443"),
        ("2001:db8::7", "https://[2001:db8::7]:6443"),
    ],
)
async def test_a_kubeconfig_has_an_address_that_can_be_reached(
    cluster: Cluster, host: str, url: str
) -> None:
    """Who listens everywhere is reached on the machine itself, for instance through a container's port."""
    assert HttpFront(cluster.api, cluster.system, host=host, port=6443).url == url

"""What installers put into a new cluster."""

import pytest

from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import PersistentVolumeClaim, Service
from orchestrator.api.networking.v1 import ServiceCIDR
from orchestrator.api.storage.v1 import StorageClass
from orchestrator.controllers.volumes.provisioner import PROVISIONER


@pytest.mark.cluster(nodes=1, furnished=True)
async def test_a_furnished_cluster_has_what_suites_look_for(cluster: Cluster) -> None:
    """CoreDNS runs behind kube-dns at the tenth address, and a claim without a class gets one."""
    await cluster.clock.sleep(30)
    dns = await cluster.client.get(Deployment, "coredns", namespace="kube-system")
    assert dns.status is not None
    assert dns.status.available_replicas == 2
    service = await cluster.client.get(Service, "kube-dns", namespace="kube-system")
    assert service.spec is not None
    assert service.spec.cluster_ip == "10.96.0.10"
    storage = await cluster.client.get(StorageClass, "standard")
    assert storage.provisioner == PROVISIONER
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "disk", "namespace": "default"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    await cluster.apply([claim])
    stored = await cluster.client.get(PersistentVolumeClaim, "disk", namespace="default")
    assert stored.spec is not None
    assert stored.spec.storage_class_name == "standard"


async def test_other_clusters_have_none_of_it(cluster: Cluster) -> None:
    """Embedded clusters begin empty, and cost nothing for it."""
    assert not await cluster.client.list(Deployment, namespace="kube-system")
    assert not await cluster.client.list(StorageClass)


async def test_services_have_addresses_of_the_network_that_was_chosen() -> None:
    """The Service `kubernetes`, the ServiceCIDR, the cluster's DNS and what pods are told of it follow."""
    async with Cluster(nodes=1, furnished=True, service_network="10.0.0.0/24") as cluster:
        first = await cluster.client.get(Service, "kubernetes", namespace="default")
        dns = await cluster.client.get(Service, "kube-dns", namespace="kube-system")
        networks = await cluster.client.get(ServiceCIDR, "kubernetes")
        assert first.spec is not None
        assert dns.spec is not None
        assert networks.spec is not None
        assert first.spec.cluster_ip == "10.0.0.1"
        assert dns.spec.cluster_ip == "10.0.0.10"
        assert networks.spec.cidrs == ("10.0.0.0/24",)


async def test_a_network_of_services_that_cannot_be_is_refused() -> None:
    """With what would be right."""
    with pytest.raises(ValueError, match="expected a prefix from /12 to /28"):
        async with Cluster(nodes=0, service_network="10.0.0.0/8"):
            pass

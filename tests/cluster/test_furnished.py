"""What installers put into a new cluster."""

import pytest

from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import PersistentVolumeClaim, Service
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

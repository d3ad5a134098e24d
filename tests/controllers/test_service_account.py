"""What every namespace has: an account, and the authority to trust."""

from orchestrator import Cluster
from orchestrator.api.core.v1 import ConfigMap, ServiceAccount


async def _namespace(cluster: Cluster, name: str) -> None:
    await cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}])


async def test_every_namespace_has_an_account_and_the_authority(cluster: Cluster) -> None:
    """And gets them again when they are deleted."""
    await _namespace(cluster, "new")
    await cluster.clock.sleep(5)
    await cluster.client.delete(ServiceAccount, "default", namespace="new")
    await cluster.client.delete(ConfigMap, "kube-root-ca.crt", namespace="new")
    await cluster.clock.sleep(5)
    await cluster.client.get(ServiceAccount, "default", namespace="new")
    await cluster.client.get(ConfigMap, "kube-root-ca.crt", namespace="new")

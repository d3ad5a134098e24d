"""What every namespace has: an account, and the authority to trust."""

from msgspec.structs import replace

from orchestrator import Cluster
from orchestrator.api.core.v1 import ConfigMap, ServiceAccount
from orchestrator.api.meta.v1 import ObjectMeta


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


async def test_an_authority_that_comes_late_is_told_at_once(cluster: Cluster) -> None:
    """A pod that starts right after the server has begun to listen finds whom to trust."""
    await cluster.clock.sleep(0.2)
    metadata = ObjectMeta(name="extension-apiserver-authentication", namespace="kube-system")
    await cluster.client.create(
        ConfigMap(metadata=metadata, data={"requestheader-client-ca-file": "root"})
    )
    await cluster.clock.sleep(0.2)
    found = await cluster.client.get(ConfigMap, "kube-root-ca.crt", namespace="default")
    assert found.data == {"ca.crt": "root"}


async def test_who_wants_another_authority_is_not_fought_without_end(cluster: Cluster) -> None:
    """It is put right once a second at the most."""
    await cluster.clock.sleep(2)
    writes = 0
    for _ in range(35):
        found = await cluster.client.get(ConfigMap, "kube-root-ca.crt", namespace="default")
        if not found.data["ca.crt"]:
            writes += 1
            await cluster.client.update(replace(found, data={"ca.crt": "mine"}))
        await cluster.clock.sleep(0.1)
    assert writes in (3, 4, 5)

"""A RuntimeClass chooses which of a node's container runtimes runs a pod."""

from orchestrator import Cluster
from orchestrator.api.core.v1 import Event, Pod
from orchestrator.cluster.nodes import node_spec
from orchestrator.kubelet.runtimes import SimulatedRuntime
from orchestrator.kubelet.runtimes.coroutine import ContainerContext
from tests.kubelet.stories import container_of, pod_with
from tests.manifests import Manifest

_ENDED: list[str] = []


async def work(context: ContainerContext) -> None:
    """A container that lives until it is stopped."""
    context.log("at work")
    try:
        await context.sleep(1000)
    finally:
        _ENDED.append(context.pod.metadata.name)


def _class(name: str, handler: str) -> Manifest:
    metadata = {"name": name}
    return {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": metadata,
        "handler": handler,
    }


def _pod(name: str, class_: str, image: str = "i") -> Manifest:
    return pod_with(
        name, {"image": image}, runtimeClassName=class_, terminationGracePeriodSeconds=0
    )


async def test_the_handler_chooses_the_runtime(cluster: Cluster) -> None:
    """One node runs simulated containers and functions side by side; what is removed ends in its own runtime."""
    function = f"py://{__name__}:work"
    await cluster.apply([_class("functions", "coroutine"), _class("usual", "runc")])
    await cluster.apply([_pod("real", "functions", function), _pod("plain", "usual")])
    await cluster.clock.sleep(5)
    assert (await container_of(cluster, "real")).container_id.startswith("coroutine://")
    assert (await container_of(cluster, "plain")).container_id.startswith("simulated://")
    _ENDED.clear()
    await cluster.client.delete(Pod, "real", namespace="default")
    await cluster.clock.sleep(5)
    assert _ENDED == ["real"]


async def test_a_simulated_node_plays_every_handler(cluster: Cluster) -> None:
    """What would be gVisor elsewhere is simulated, too."""
    await cluster.apply([_class("sandboxed", "runsc"), _pod("p", "sandboxed")])
    await cluster.clock.sleep(5)
    assert (await container_of(cluster, "p")).container_id.startswith("simulated://")


async def test_a_handler_that_a_node_does_not_have_keeps_its_pods_from_starting() -> None:
    """They are told why, again and again, and start when the class leads elsewhere."""
    spec = node_spec("node-0", 0, runtime="mine")
    async with Cluster([spec], runtimes={"mine": SimulatedRuntime}) as cluster:
        await cluster.apply([_class("kata", "kata-fc"), _pod("p", "kata")])
        await cluster.clock.sleep(25)
        found = await cluster.client.get(Pod, "p", namespace="default")
        assert found.status is not None
        assert (found.status.phase, found.status.container_statuses) == ("Pending", ())
        events = await cluster.client.list(Event, namespace="default")
        said = [e for e in events if e.reason == "FailedCreatePodSandBox"]
        assert [e.message for e in said] == [
            "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox runtime: "
            'no runtime for "kata-fc" is configured'
        ]
        assert said[0].count == 3
        await cluster.client.delete(Pod, "p", namespace="default")
        await cluster.clock.sleep(5)
        assert not await cluster.client.list(Pod, namespace="default")

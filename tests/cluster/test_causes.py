"""One request followed through everybody whom it moved."""

import actors
from orchestrator import Cluster
from tests.manifests import deployment, service


async def _followed() -> tuple[set[str], str]:
    async with Cluster(nodes=3, trace=True) as cluster:
        await cluster.apply([service()])
        await cluster.clock.sleep(5)
        trace = cluster.system.trace
        assert trace is not None
        before = len(trace)
        await cluster.apply([deployment(replicas=2)])
        await cluster.clock.sleep(20)
        created = next(e for e in list(trace)[before:] if e.message == "Create")
        followed = trace.follow(created.id)
        return {e.target for e in followed}, trace.mermaid(created.id)


def test_a_deployments_creation_is_followed_to_the_nodes_and_back() -> None:
    """From the API server through controllers and scheduler to kubelets and proxies."""
    targets, drawn = actors.run(_followed)
    assert {
        "/apiserver",
        "/controllers/informers",
        "/controllers/deployment",
        "/controllers/replicaset",
        "/controllers/endpointslice",
        "/scheduler",
    } <= targets
    kubelets = {t for t in targets if t.startswith("/nodes/") and t.endswith("/kubelet")}
    proxies = {t for t in targets if t.startswith("/nodes/") and t.endswith("/proxy")}
    assert kubelets
    assert len(proxies) == 3
    assert drawn.startswith("sequenceDiagram\n")
    for word in ("/scheduler", "Create", "WatchEvents", "Update"):
        assert word in drawn


def test_it_is_the_same_story_each_time() -> None:
    """Word for word."""
    assert actors.run(_followed) == actors.run(_followed)

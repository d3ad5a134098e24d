"""What comes between the choice of a node and a bound pod."""

import asyncio

import actors
from orchestrator import Cluster
from orchestrator.api.core.v1 import Binding, ObjectReference, Pod
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import resource_of
from orchestrator.client import Client
from orchestrator.protocol import Create
from orchestrator.scheduler import DEFAULT_PROFILE, Plugin
from orchestrator.scheduler.framework import Preparation, Write
from orchestrator.scheduler.snapshot import Snapshot
from tests.scheduler.test_scheduler import _manifest, _pod, _scheduled


class OwnBinder(Plugin):
    """Binds pods whose name begins with `own`; the first attempt at each fails."""

    name = "OwnBinder"

    def __init__(self) -> None:
        self.bound: list[str] = []
        self.tried: set[str] = set()

    def bind(self, pod: Pod, node: str) -> Write | None:
        """Others are the scheduler's business."""
        if not pod.metadata.name.startswith("own"):
            return None

        async def write(client: Client) -> None:
            metadata = pod.metadata
            if metadata.name not in self.tried:
                self.tried.add(metadata.name)
                raise ValueError("not at the first attempt")
            binding = Binding(
                metadata=ObjectMeta(name=metadata.name, namespace=metadata.namespace),
                target=ObjectReference(kind="Node", name=node),
            )
            await client.api.ask(
                Create(
                    resource=resource_of(Pod),
                    object=binding,
                    namespace=metadata.namespace,
                    name=metadata.name,
                    subresource="binding",
                    identity=client.identity,
                )
            )
            self.bound.append(metadata.name)

        return write


def test_a_plugin_binds_the_pods_that_are_its_own() -> None:
    """What it raises is said in the pod's condition, and the pod is tried again after a back-off."""

    async def main() -> None:
        plugin = OwnBinder()
        profile = DEFAULT_PROFILE.adding(plugin)
        async with Cluster(nodes=1, scheduler=profile) as cluster:
            await cluster.apply([_manifest("own"), _manifest("other")])
            await cluster.clock.sleep(0.5)
            assert _scheduled(await _pod(cluster, "own")) == (
                "False",
                "SchedulerError",
                'running Bind plugin "OwnBinder": not at the first attempt',
            )
            for name in ("own", "other"):
                await cluster.client.wait(
                    Pod, name, "condition=Ready", namespace="default", timeout=30
                )
            assert plugin.bound == ["own"]

    actors.run(main)


class Slow(Plugin):
    """Has something to do before a pod is bound, for three seconds."""

    name = "Slow"

    def pre_bind(self, pod: Pod, node: str, nodes: Snapshot) -> Preparation | None:
        """Nothing is written."""
        until = nodes.now() + 3
        return Preparation((), lambda: None, lambda: nodes.now() >= until)


def test_a_pod_that_is_prepared_says_which_node_it_will_have() -> None:
    """Until it is bound, so that autoscalers know that the place is taken."""

    async def main() -> None:
        profile = DEFAULT_PROFILE.adding(Slow())
        async with Cluster(nodes=1, scheduler=profile) as cluster:
            await cluster.apply([_manifest("p")])
            await cluster.clock.sleep(1)
            waiting = await _pod(cluster, "p")
            assert waiting.spec is not None
            assert waiting.status is not None
            assert (waiting.spec.node_name, waiting.status.nominated_node_name) == ("", "node-0")
            await cluster.client.wait(Pod, "p", "condition=Ready", namespace="default", timeout=30)
            ready = await _pod(cluster, "p")
            assert ready.status is not None
            assert not ready.status.nominated_node_name

    actors.run(main)


class Noting(Plugin):
    """Has something to say at the binding, and nothing to do before it."""

    name = "Noting"

    def pre_bind(self, pod: Pod, node: str, nodes: Snapshot) -> Preparation | None:
        """Said with the binding itself."""
        return Preparation((), lambda: None, annotations={"example.com/note": node})


def test_what_takes_no_time_is_said_with_the_binding_alone() -> None:
    """No write of its own tells which node the pod will have: it has it at once."""

    async def main() -> None:
        profile = DEFAULT_PROFILE.adding(Noting())
        async with Cluster(nodes=1, scheduler=profile) as cluster:
            seen: list[Pod] = []

            async def watch() -> None:
                async with cluster.client.watch(Pod) as events:
                    async for event in events:
                        seen.append(event.object)

            watching = asyncio.ensure_future(watch())
            await cluster.apply([_manifest("p")])
            await cluster.client.wait(Pod, "p", "condition=Ready", namespace="default", timeout=30)
            ready = await _pod(cluster, "p")
            assert ready.metadata.annotations["example.com/note"] == "node-0"
            assert not any(p.status is not None and p.status.nominated_node_name for p in seen)
            assert len(seen) >= 2
            watching.cancel()

    actors.run(main)


def test_without_any_node_nobody_is_asked_to_make_room() -> None:
    async def main() -> None:
        async with Cluster(nodes=0) as cluster:
            await cluster.clock.sleep(1)
            await cluster.apply([_manifest("p")])
            await cluster.clock.sleep(1)
            message = _scheduled(await _pod(cluster, "p"))[2]
            assert message == "no nodes available to schedule pods"

    actors.run(main)

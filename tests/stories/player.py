"""Makes the steps of a story in a cluster of its own, in virtual time, and says where the ends differ."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from orchestrator import Cluster
from orchestrator.api import codec
from orchestrator.api.core.v1 import Namespace, Node, Pod, ServiceAccount
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.kubelet import Profile
from orchestrator.kubelet.runtimes.profile import constant
from orchestrator.protocol import ApiError
from tests.conformance.cases import Difference
from tests.conformance.normal import differences
from tests.stories.masks import Masks
from tests.stories.metric_servers import serve_metrics
from tests.stories.snapshot import KINDS, digest, is_busy, objects_of, recorded, snapshot
from tests.stories.stories import Story

# As the recorded cluster's: what is started runs at once, what is stopped goes at once, but for messages' ways.
AT_ONCE: Final = Profile(start_seconds=constant(0.02), stop_seconds=constant(0.05))
# How long the recorder looked at a state that it did not wait for.
_HASTE_SECONDS: Final = 0.3
# How often the recorder looked whether anything changed, its requests included, and how long it took to see
# that nothing did any more: what Kubernetes does after five seconds fell between the two.
_LOOK_SECONDS: Final = 0.304
_SEEN_SECONDS: Final = 0.12
_QUIET_SECONDS: Final = 2.0
_MOST_SECONDS: Final = 28.0


async def play(story: Story) -> list[Difference]:
    """Where the states after the steps differ from the recorded ones; none: it is followed."""
    found: list[Difference] = []
    async with Cluster(nodes=3, profile=AT_ONCE) as cluster:
        await serve_metrics(cluster, story)
        player = Player(cluster, story.name)
        await player.begin()
        for index, (step, real) in enumerate(zip(story.steps, story.real, strict=True)):
            error = await player.step(step)
            if step.get("nowait"):
                await cluster.clock.sleep(_HASTE_SECONDS)
                continue
            await player.settle()
            if real["settled"] is False:  # the recorder gave up waiting
                continue
            wanted = recorded(real["snap"])
            got = await snapshot(cluster, story.name, player.masks)
            wanted_error = Masks().value(real.get("error"))
            name = " ".join(
                str(step.get(k) or step.get("obj", {}).get(k, "")) for k in ("op", "kind")
            )
            for each in (
                *differences(wanted_error, player.masks.value(error), "/error"),
                *differences(wanted, got),
            ):
                found.append(Difference(index, name, *each))
    return found


class Player:
    """Makes steps in a namespace of a cluster."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self._client = cluster.client
        self._namespace = namespace
        self.masks = Masks()

    async def begin(self) -> None:
        """Make the namespace, and wait for its ServiceAccount."""
        name = self._namespace
        await self._client.create(Namespace(metadata=ObjectMeta(name=name)))
        await self._client.wait(
            ServiceAccount, "default", lambda found: found is not None, namespace=name
        )

    async def step(self, step: Mapping[str, Any]) -> list[Any] | None:
        """Make one step; answers code and message of a refusal."""
        try:
            await self._do(step)
        except ApiError as error:
            return [error.code, error.message]
        return None

    async def _do(self, step: Mapping[str, Any]) -> None:
        client, namespace = self._client, self._namespace
        match step["op"]:
            case "create":
                _, obj = codec.decode_any(await self._with_uids(step["obj"]), self._cluster.scheme)
                await client.create(obj, namespace=namespace)
            case "patch":
                await client.patch(
                    self._resource(step["kind"]),
                    step["name"],
                    await self._with_uids(step["body"]),
                    namespace=namespace,
                    patch_type="strategic" if step.get("strategic", True) else "merge",
                    subresource=step.get("sub", "").removeprefix("/"),
                )
            case "delete":
                await client.delete(
                    self._resource(step["kind"]),
                    step["name"],
                    namespace=namespace,
                    propagation_policy=step.get("policy", ""),
                )
            case "deletepods":
                for pod in (await self._pods(going=False))[: step["n"]]:
                    await client.delete(Pod, pod.metadata.name, namespace=namespace)
            case "deletens":
                await client.delete(Namespace, namespace)
            case "evict":
                for pod in (await self._pods())[:1]:
                    await client.evict(pod)
            case "sleep":
                await self._cluster.clock.sleep(step["s"])
            case "zones":
                await self._lay_out(step["zones"])
            case other:
                raise ValueError(f"a story has no step {other!r}")

    async def _with_uids(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """The document with the identifiers of owners that it names: `=ConfigMap/a`."""
        owners = document.get("metadata", {}).get("ownerReferences") or ()
        if not any(each["uid"].startswith("=") for each in owners):
            return document
        references = []
        for each in owners:
            kind, _, name = each["uid"].removeprefix("=").partition("/")
            if each["uid"].startswith("="):
                owner = await self._client.get(
                    self._resource(kind), name, namespace=self._namespace
                )
                each = {**each, "uid": owner.metadata.uid}
            references.append(each)
        metadata = {**document["metadata"], "ownerReferences": references}
        return {**document, "metadata": metadata}

    async def _lay_out(self, zones: Sequence[str | None]) -> None:
        """Say which zone each node is in; None: none."""
        nodes = await self._client.list(Node)
        for node, zone in zip(nodes, zones, strict=True):
            body = {"metadata": {"labels": {"topology.kubernetes.io/zone": zone}}}
            await self._client.patch(Node, node.metadata.name, body)

    def _resource(self, kind: str) -> Any:
        return self._cluster.scheme.by_kind(KINDS.get(kind, "v1"), kind)

    async def _pods(self, *, going: bool = True) -> list[Pod]:
        """Oldest first."""
        pods = await self._client.list(Pod, namespace=self._namespace)
        chosen = (p for p in pods if going or p.metadata.deletion_timestamp is None)
        return sorted(chosen, key=lambda p: (p.metadata.creation_timestamp or "", p.metadata.name))

    async def settle(self) -> None:
        """Wait until nothing changes any more."""
        clock = self._cluster.clock
        deadline = clock.monotonic() + _MOST_SECONDS
        last, since = "", clock.monotonic()
        while clock.monotonic() < deadline:
            await clock.sleep(_LOOK_SECONDS)
            documents = {k: await objects_of(self._cluster, self._namespace, k) for k in KINDS}
            now = digest(documents)
            if now != last or any(map(is_busy, documents["Pod"])):
                last, since = now, clock.monotonic()
            elif clock.monotonic() - since >= _QUIET_SECONDS:
                await clock.sleep(_SEEN_SECONDS)
                return

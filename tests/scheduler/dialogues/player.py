"""Does the turns of a dialogue in a cluster of its own, in virtual time, and says where it differs."""

import json
import lzma
from collections import Counter
from collections.abc import Iterator, Mapping
from email.message import Message
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError

from msgspec.structs import replace

from orchestrator import Cluster
from orchestrator.api import codec
from orchestrator.apiserver.admission import Admission
from orchestrator.scheduler import load_configuration
from orchestrator.scheduler.extenders import Extender
from orchestrator.scheduler.scheduler import GetSchedulerMetrics
from tests.scheduler.dialogues.views import Seen, brief, masked, unmasked, view

_FILE: Final = Path(__file__).with_name("recorded.json.xz")
_NAMESPACE: Final = "dialogue"
_TURN_SECONDS: Final = 0.7
# As the recorder's, so that a pod comes back soon.
_USUAL: Final = {
    "percentageOfNodesToScore": 100,
    "podInitialBackoffSeconds": 1,
    "podMaxBackoffSeconds": 1,
}
_NAMESPACES: Final = (_NAMESPACE, "other")
_PRIORITIES: Final = {"low": 10, "mid": 100, "high": 1000, "never": 1000}
# When a pod that waits comes back is a matter of luck in whole seconds; that it comes counts.
_QUEUES: Final = {"active": "queued", "backoff": "queued"}
_BY_TIME: Final = ("PopFromBackoffQ", "BackoffComplete")


@cache
def recorded() -> dict[str, dict[str, Any]]:
    """The dialogues by area and name."""
    content: dict[str, dict[str, Any]] = json.loads(lzma.decompress(_FILE.read_bytes()))
    return content


async def play(dialogue: Mapping[str, Any]) -> dict[int, Any]:
    """By turn what there is, where it is not what was recorded; none: it is followed."""
    configuration = load_configuration({**_USUAL, **dialogue.get("config", {})})
    answers = Answers(dialogue) if "asked" in dialogue["real"][0] else None
    if answers is not None:
        configuration = replace(
            configuration, extenders=tuple(map(answers.of, configuration.extenders))
        )
    async with Cluster(
        nodes=0,
        controllers=(),
        proxies=False,
        scheduler=configuration,
        admission=Admission(disable=("TaintNodesByCondition",)),
    ) as cluster:
        player = Player(cluster, answers)
        await player.begin()
        found: dict[int, Any] = {}
        for number, (turn, real) in enumerate(
            zip(dialogue["turns"], dialogue["real"], strict=True)
        ):
            got = await player.turn(turn)
            differs = {key: (real[key], got[key]) for key in real if real[key] != got[key]}
            if differs:
                found[number] = differs
        return found


class Player:
    """Does turns in a cluster, and sees what there is."""

    def __init__(self, cluster: Cluster, answers: "Answers | None") -> None:
        self._cluster, self._answers = cluster, answers
        self._seen = Seen()
        self._queue: Counter[tuple[str, str]] = Counter()

    async def begin(self) -> None:
        """Make what the recorder's cluster had."""
        for document in _there_before():
            await self._create(document)
        await self._cluster.clock.sleep(1)
        self._queue = await self._incoming()

    async def turn(self, turn: Mapping[str, Any]) -> dict[str, Any]:
        """Do a turn, and wait; answers what there is then."""
        for action in turn["do"]:
            await self._act(action)
        await self._cluster.clock.sleep(turn.get("seconds", _TURN_SECONDS))
        pods = await self._all("v1", "Pod")
        events = await self._all("events.k8s.io/v1", "Event")
        claims = await self._all("resource.k8s.io/v1", "ResourceClaim")
        found = view(pods, events, claims, self._seen)
        before, self._queue = self._queue, await self._incoming()
        found["queue"] = sorted([*key, n] for key, n in (self._queue - before).items())
        if self._answers is not None:
            self._answers.names = self._seen.names
            found["asked"] = masked(self._answers.taken(), self._seen.names)
        return found

    async def _all(self, version: str, kind: str) -> list[dict[str, Any]]:
        resource = self._cluster.scheme.by_kind(version, kind)
        found: tuple[Any, ...] = await self._cluster.client.list(resource, namespace=_NAMESPACE)
        return [codec.to_dict(each) for each in found]

    async def _incoming(self) -> Counter[tuple[str, str]]:
        families = await self._cluster.system.ref("/scheduler").ask(GetSchedulerMetrics())
        family = next(f for f in families if f.name == "scheduler_queue_incoming_pods_total")
        counts: Counter[tuple[str, str]] = Counter()
        for (queue, event), value in family.values.items():
            if event not in _BY_TIME:
                counts[event, _QUEUES.get(queue, queue)] += int(value)
        return counts

    # --- what is done ------------------------------------------------------------------------

    async def _act(self, action: Mapping[str, Any]) -> None:
        ((verb, what),) = action.items()
        if verb == "create":
            await self._create(what)
        elif verb == "patch":
            await self._patch(what, what["body"], what.get("sub", ""))
        else:
            assert verb == "delete", verb
            await self._cluster.client.delete(
                self._resource(what),
                what["name"],
                grace_period_seconds=what.get("grace"),
                **self._within(what),
            )

    async def _create(self, document: Mapping[str, Any]) -> None:
        """Make an object; its status comes afterwards, but of a node."""
        status = document.get("status")
        _, obj = codec.decode_any(document, self._cluster.scheme)
        metadata = document["metadata"]
        what = {"kind": document["kind"], "name": metadata["name"], **metadata}
        await self._cluster.client.create(obj, **self._within(what))
        if status and document["kind"] != "Node":
            await self._patch(what, {"status": status}, "status")

    async def _patch(self, what: Mapping[str, Any], body: Mapping[str, Any], sub: str) -> None:
        await self._cluster.client.patch(
            self._resource(what),
            what["name"],
            body,
            patch_type="merge",
            subresource=sub,
            **self._within(what),
        )

    def _resource(self, what: Mapping[str, Any]) -> Any:
        return next(r for r in self._cluster.scheme.resources() if r.kind == what["kind"])

    def _within(self, what: Mapping[str, Any]) -> dict[str, Any]:
        if not self._resource(what).namespaced:
            return {}
        return {"namespace": what.get("namespace", _NAMESPACE)}


def _there_before() -> Iterator[dict[str, Any]]:
    for name in _NAMESPACES:
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        metadata = {"name": "default", "namespace": name}
        yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
    for name, value in _PRIORITIES.items():
        policy = {"preemptionPolicy": "Never"} if name == "never" else {}
        kind = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass"}
        yield {**kind, "metadata": {"name": name}, "value": value, **policy}


class Answers:
    """Extenders, which answer as the recorded ones did."""

    def __init__(self, dialogue: Mapping[str, Any]) -> None:
        self._left = [each for snap in dialogue["real"] for each in snap["asked"]]
        self._taken: list[Any] = []
        self.names: Mapping[str, str] = {}  # by uid

    def of(self, extender: Extender) -> Extender:
        """An extender that is asked here, and not over HTTP."""

        async def answer(verb: str, document: Any) -> Any:
            number = next((n for n, each in enumerate(self._left) if each[0] == verb), None)
            said = {} if number is None else self._left.pop(number)[2]
            self._taken.append([verb, brief(document), said])
            if "code" in said:
                raise HTTPError(f"{extender.url}/{verb}", said["code"], "", Message(), None)
            return unmasked(said, self.names)

        return replace(extender, handler=answer)

    def taken(self) -> list[Any]:
        """What was asked since."""
        taken, self._taken = self._taken, []
        return taken

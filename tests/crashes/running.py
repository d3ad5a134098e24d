"""Runs a scenario under one fault, and says how it ends."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import count
from typing import Any, Final, NamedTuple
from unittest.mock import patch

from msgspec.structs import replace

import actors
from actors import Crash, FaultPlan, MessageFault
from actors.faults import Fault
from orchestrator import Cluster
from orchestrator.api import codec
from tests.crashes.hearing import INFORMERS, Hearing
from tests.crashes.scenarios import Scenario
from tests.crashes.surveying import rows_of
from tests.stories.masks import in_order
from tests.stories.player import AT_ONCE, Player
from tests.stories.snapshot import Snapshot, objects_of, snapshot

NAMESPACE: Final = "crashes"
# After the last step: who failed tries again after a delay that has grown.
_REST_SECONDS: Final = 300.0
# After each step: a message that was lost shows at the second bookmark at the latest.
_PAUSE_SECONDS: Final = 130.0
_STALE_SECONDS: Final = 3.0
# Between two kills, where writes take as long as this.
_WRITE_SECONDS: Final = 0.05
_FIRST_SECONDS: Final = 0.1
_PERIODS: Final = (0.11, 0.17, 0.23, 0.29, 0.37, 0.41)
# How often a thing was written differs, and what there was meanwhile.
_UNTOLD: Final = ("generation", "observedGeneration", "annotations")
_ALSO: Final = ("ServiceAccount",)  # kinds of which stories tell nothing: their names


class Pattern(NamedTuple):
    """A way to disturb a controller: its name, and what it is."""

    name: str
    what: str


KILLED: Final = Pattern("killed", "after each message that it handles")
BETWEEN: Final = Pattern("between writes", "again and again, while each write takes 50 ms")
STALE: Final = Pattern(
    "stale", "its caches are three seconds behind, from each change of what it watches on"
)
MISSED: Final = Pattern("missed", "each message about changes of what it watches is lost once")
PATTERNS: Final = (KILLED, BETWEEN, STALE, MISSED)


class End(NamedTuple):
    """How a run ends, and whether its fault struck before its steps had ended."""

    state: Snapshot
    struck: bool


class Survey(NamedTuple):
    """The end that all others must come to, and which messages to the informers are `changes` that the controller hears of."""

    state: Snapshot
    changes: list[int]


def surveyed(scenario: Scenario) -> Survey:
    """What an undisturbed run tells."""
    hearing = Hearing(scenario.controller)
    with hearing.within():
        state = _ended(scenario, (), hearing).state
    return Survey(state, hearing.changes)


def disturbed(scenario: Scenario, pattern: Pattern, point: int) -> End:
    """The end under the fault at one point, counted from 0."""
    return _ended(scenario, faults_of(scenario, pattern, point))


def _ended(scenario: Scenario, added: Iterable[Fault], hearing: Hearing | None = None) -> End:
    with ExitStack() as stack:
        for module, name, value in scenario.hurried:
            stack.enter_context(patch.object(module, name, value))
        return actors.run(_run, scenario, added, hearing or Hearing(scenario.controller))


def points(pattern: Pattern, changes: Sequence[int]) -> Iterable[int]:
    """The points of a pattern; whoever tries those of kills ends with the first that strikes no more."""
    if pattern is BETWEEN:
        return range(len(_PERIODS))
    return count() if pattern is KILLED else changes


def sparse(points: Iterable[int]) -> Iterator[int]:
    """Some of them, each further from the last one."""
    wanted, step = 0, 1
    for index, point in enumerate(points):
        if index == wanted:
            yield point
            wanted += step
            step += step // 2 + 1


def faults_of(scenario: Scenario, pattern: Pattern, point: int) -> tuple[Fault, ...]:
    """The faults of a pattern at a point; times count from the scenario's beginning."""
    actor = f"/controllers/{scenario.controller}"
    changes = partial(
        MessageFault, sender="/apiserver", target=INFORMERS, message="WatchEvents", skip=point
    )
    if pattern is KILLED:
        return (Crash(actor=actor, after_messages=point + 1),)
    if pattern is BETWEEN:
        slow = MessageFault(action="delay", sender=actor, seconds=_WRITE_SECONDS)
        return (slow, Crash(actor=actor, at=_FIRST_SECONDS, every=_PERIODS[point], count=60))
    if pattern is STALE:
        return (changes(action="delay", seconds=_STALE_SECONDS),)
    return (changes(action="drop", count=1),)


class Disturber(Player):
    """Makes the steps of scenarios: those of stories, of objects anywhere, and of machines."""

    async def _do(self, step: Mapping[str, Any]) -> None:
        match step["op"]:
            case "together":
                for each in step["steps"]:
                    await self._do(each)
            case "crash-node":
                await self._cluster.crash_node(step["name"])
            case "create" if step["obj"]["metadata"].get("namespace"):
                _, obj = codec.decode_any(step["obj"], self._cluster.scheme)
                await self._client.create(obj)
            case "delete" if "apiVersion" in step:
                resource = self._cluster.scheme.by_kind(step["apiVersion"], step["kind"])
                within = step["in"] or (self._namespace if resource.namespaced else "")
                await self._client.delete(resource, step["name"], namespace=within)
            case "patch" if step.get("in", self._namespace) == "":
                resource = self._cluster.scheme.by_kind(step["apiVersion"], step["kind"])
                await self._client.patch(resource, step["name"], step["body"])
            case _:
                await super()._do(step)


async def _run(scenario: Scenario, added: Iterable[Fault], hearing: Hearing) -> End:
    controllers = ("*", scenario.controller)
    async with Cluster(
        nodes=3,
        profile=AT_ONCE,
        faults=FaultPlan(),
        controllers=controllers,
        **scenario.cluster,
    ) as cluster:
        player = Disturber(cluster, NAMESPACE)
        await player.begin()
        faults = cluster.system.faults
        assert faults is not None
        for fault in added:
            if isinstance(fault, Crash) and fault.every:
                fault = replace(fault, at=fault.at + faults.elapsed)
            faults.add(fault)
        hearing.begin()
        for step in scenario.steps:
            await player.step(step)
            await player.settle()
            await cluster.clock.sleep(_PAUSE_SECONDS)
        hearing.end()
        struck = bool(faults.counts)
        await cluster.clock.sleep(_REST_SECONDS)
        state = await snapshot(cluster, NAMESPACE, player.masks)
        for kind in _ALSO:
            found = await objects_of(cluster, NAMESPACE, kind)
            state[kind] = [each["metadata"]["name"] for each in found]
        for kind in scenario.also:
            state[kind] = await rows_of(cluster, kind, player.masks)
        reasons = {text.partition(":")[0] for text in state["Event"]} if scenario.told else ()
        return End({**_plain(state), "told": sorted(reasons)}, struck)


def _plain(state: Snapshot) -> Snapshot:
    """What counts of an end: not how often something was written, nor what was told of it."""
    return {kind: in_order(_without(rows)) for kind, rows in state.items() if kind != "Event"}


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(each) for key, each in value.items() if key not in _UNTOLD}
    return [_without(each) for each in value] if isinstance(value, list) else value


def differing(one: Snapshot, other: Snapshot) -> Iterable[str]:
    """The kinds whose rows differ."""
    return [kind for kind in sorted({*one, *other}) if one.get(kind) != other.get(kind)]

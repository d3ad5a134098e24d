"""Against an oracle: each decision in a random world is the one of plain rules, looked at node by node."""

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler import Profile
from orchestrator.scheduler.explaining import explain
from orchestrator.scheduler.loading import load_configuration
from tests.scheduler.oracle import device_strategies, strategies, volume_strategies
from tests.scheduler.oracle.cluster import Scheduler, typed
from tests.scheduler.oracle.decision import Decision, Oracle
from tests.scheduler.oracle.strategies import Feature, worlds
from tests.scheduler.oracle.world import Manifest, Placed, World, name_of
from tests.scheduler.recorded import decisions, world_of

_FEATURES = {
    "taints": strategies.TAINTS,
    "resources": strategies.RESOURCES,
    "ports": strategies.PORTS,
    "node affinity": strategies.NODES,
    "inter-pod affinity": strategies.PODS,
    "spreading": strategies.SPREAD,
    "volumes": volume_strategies.VOLUMES,
    "devices": device_strategies.DEVICES,
    "partitions of devices": device_strategies.PARTITIONS,
    "shares of devices": device_strategies.SHARES,
    "making room": strategies.ROOM,
    "everything": strategies.EVERYTHING,
}


# Of hypothesis' examples a quarter, since there are many features: the same each time. `--hypothesis-profile long` has
# many more, and others each time.
_MOST = settings().max_examples
_USUAL = settings(max_examples=max(_MOST // 4, 1), derandomize=_MOST <= 100)


@pytest.mark.parametrize("feature", _FEATURES.values(), ids=_FEATURES.keys())
@_USUAL
@given(data=st.data())
def test_decisions_are_the_oracles(feature: Feature, data: DataObject) -> None:
    """Totals of all feasible nodes, refusals and their words, victims; then the pod comes to its node."""
    world, pods = data.draw(worlds(feature))
    arguments = data.draw(feature.arguments)
    oracle, scheduler = Oracle(arguments), Scheduler(world, _profile(arguments))
    for pod in pods:
        _decide(world, scheduler, oracle, pod)


def _decide(world: World, scheduler: Scheduler, oracle: Oracle, pod: Manifest) -> None:
    """One decision of both; it comes true in both."""
    wanted, random = oracle.decide(world, pod), Random(0)
    mine = typed(pod, Pod)
    choice = scheduler.cycle.choose(mine, random)
    if isinstance(choice, str):
        if not world.promised:
            assert _totals(scheduler, mine) == wanted.totals, _scores(scheduler, mine, wanted)
        assert choice in wanted.best, wanted.message
        scheduler.cycle.unreserve(mine, choice)  # claims stay as they are in the world
        scheduler.place(pod, choice)
        world.placed.append(Placed(pod, choice))
        return
    assert wanted.totals == {}
    room = scheduler.cycle.make_room(mine, choice)
    assert room.refusal.message == wanted.message
    if room.nomination is None:
        assert wanted.candidates == []
        return
    found = {each.node: each for each in wanted.candidates}[room.nomination.node]
    evicted = [each.metadata.name for each in room.nomination.victims]
    assert evicted == [name_of(each)[1] for each in found.victims]


def _profile(arguments: Mapping[str, Manifest]) -> Profile:
    """The default profile with arguments for plugins."""
    config = [{"name": name, "args": args} for name, args in arguments.items()]
    (profile,) = load_configuration({"profiles": [{"pluginConfig": config}]}).profiles
    return profile


def _totals(scheduler: Scheduler, pod: Pod) -> dict[str, int]:
    found = explain(pod, scheduler.cycle.profile, scheduler.nodes)
    return {each.node: each.total for each in found.nodes if not each.refused_by}


def _scores(scheduler: Scheduler, pod: Pod, wanted: Decision) -> list[Any]:
    found = explain(pod, scheduler.cycle.profile, scheduler.nodes)
    return [(each.node, each.refused_by, each.scores) for each in found.nodes] + [wanted.scores]


_RECORDED = [*decisions()][::5]
_UNKNOWN = frozenset({("preemption-pdb-4", 0), ("nominated-20", 4), ("nominated-20", 6)})
"""Decisions that depended on what is not recorded."""


def test_the_oracle_decides_as_kube_scheduler_did() -> None:
    """A fifth of what was recorded of the original, all features among them."""
    wrong = {}
    for decision in _RECORDED:
        if (decision.case, decision.number) in _UNKNOWN:
            continue
        world, pod = world_of(decision)
        found = Oracle().decide(world, pod)
        if found.totals:
            right = bool(found.best & decision.nodes) and not decision.real.get("victims")
            totals = decision.real.get("totals")
            if totals and not decision.real.get("nominated"):
                right = right and _below_the_best(totals) == _below_the_best(found.totals)
        else:
            right = decision.message in (None, found.message)
            if found.candidates:
                right = right and decision.real.get("nominated") in [
                    each.node for each in found.candidates
                ]
        if not right:
            wrong[decision.case, decision.number] = found.message or found.totals
    assert wrong == {}


def _below_the_best(totals: dict[str, int]) -> dict[str, int]:
    """Totals without what all nodes have in common."""
    return {node: total - max(totals.values()) for node, total in totals.items()}

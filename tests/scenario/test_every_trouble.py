"""Everything that a scenario can do to a cluster, in one: `every-trouble.yaml`."""

from pathlib import Path
from typing import get_args, get_type_hints

import pytest

import actors
from actors import Fault, MessageFault
from orchestrator.scenario import Report, load, run_scenario
from orchestrator.scenario.language import ACTIONS, Step
from orchestrator.scenario.loading import all_steps
from orchestrator.scenario.replay import check_same_history
from orchestrator.scenario.running.replaying import ScenarioReplayer
from orchestrator.scenario.running.runner import Run

LOADED = load(Path(__file__).with_name("every-trouble.yaml"))


def _run(seed: int) -> Report:
    return run_scenario(LOADED, seed=seed)


def test_every_step_is_in_it() -> None:
    """A new action, or another way to take steps, needs a place there."""
    steps = list(all_steps(LOADED.steps))
    assert {plan.action for plan in steps} == set(ACTIONS)
    for field in set(Step.__struct_fields__) - {*ACTIONS, "name"}:
        assert any(getattr(plan.step, field) for plan in steps), field


def test_every_fault_is_in_it() -> None:
    """Of each class, each action on messages, and each way to say when something befalls an actor."""
    assert LOADED.faults is not None
    faults = LOADED.faults.faults
    assert {type(fault) for fault in faults} == set(get_args(Fault))
    actions = get_args(get_type_hints(MessageFault)["action"])
    assert {f.action for f in faults if isinstance(f, MessageFault)} == set(actions)
    ways = [f for f in faults if hasattr(f, "actor")]
    for way in ("at", "after_messages", "probability"):
        assert any(getattr(fault, way) for fault in ways), way


def test_every_fault_happens() -> None:
    """They are not only written there."""
    run = Run(LOADED, 1)
    actors.run(run.main)
    faults = run._cluster.system.faults
    assert faults is not None
    assert set(faults.counts) == {
        "crash",
        "cut off",
        "delay",
        "drop",
        "duplicate",
        "pause",
        "reorder",
    }


@pytest.mark.parametrize("seed", range(1, 6))
def test_it_ends_with_exactly_the_wanted_pods(seed: int) -> None:
    """Whatever chance brings besides."""
    report = _run(seed)
    assert report.failure is None
    assert report.outcome == "passed", [e for e in report.expectations if not e.holds]


def test_it_replays_to_the_last_event() -> None:
    """And another seed brings another history."""
    assert _run(1).digest == _run(1).digest != _run(2).digest


@pytest.mark.parametrize("share", [0.05, 0.3, 1.0])
def test_it_can_be_brought_back_to_any_moment(share: float) -> None:
    """In the midst of all trouble, too: from its report alone."""
    report = _run(1)
    until = report.virtual_seconds * share

    async def bring_back() -> None:
        async with ScenarioReplayer().bring_to(report, until) as moment:
            check_same_history(report, moment.digests, until)
            assert len(moment.digests) > 1

    actors.run(bring_back)

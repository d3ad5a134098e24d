"""The view as somebody at a terminal has it: keys are pressed, and the screen is read."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import DataTable, Static, TabbedContent

from orchestrator.api.core.v1 import Node, Pod
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.scenario import load
from orchestrator.top.app import ObjectScreen, Top
from orchestrator.top.looks import Seen
from orchestrator.top.simulated import SimulatedSource
from orchestrator.top.sources import SourceError
from tests.manifests import deployment
from tests.scenario.test_runner import scenario


@pytest.fixture
async def simulation(tmp_path: Path) -> AsyncIterator[SimulatedSource]:
    """Ten pods, which need two to four seconds to start."""
    path = scenario(
        tmp_path,
        workloads=[{"objects": [deployment(replicas=10)]}],
        simulation={"containers": {"startSeconds": "uniform(2, 4)"}, "events": True},
        steps=[{"wait": {"podsReady": 10}}],
    )
    source = SimulatedSource(load(path))
    await source.begin()
    try:
        yield source
    finally:
        await source.close()


def _head(app: Top) -> str:
    return str(app.screen_stack[0].query_one("#summary", Static).content)


def _cells(app: Top, name: str) -> list[list[str]]:
    table: DataTable[Any] = app.query_one(f"#{name}-table", DataTable)
    return [[str(cell) for cell in table.get_row_at(row)] for row in range(table.row_count)]


async def _done(pilot: Pilot[None], app: Top) -> None:
    await app.workers.wait_for_complete()
    await pilot.pause()


async def test_a_simulation_goes_on_by_steps_while_it_is_paused(
    simulation: SimulatedSource,
) -> None:
    """A step lets a second of the cluster's time pass, and no more than that."""
    app = Top(simulation, simulation=simulation, paused=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await _done(pilot, app)
        before = (await simulation.look()).now
        await pilot.press("s")
        await _done(pilot, app)
        assert (await simulation.look()).now == before + 1
        assert "10 pods: 10 pending" in _head(app)
        assert "paused" in _head(app)
        await pilot.press("m")
        await _done(pilot, app)
        assert (await simulation.look()).now == before + 61
        assert "10 pods: 10 running" in _head(app)
        assert "4 of 4 nodes ready" in _head(app)
        assert "all steps are done" in _head(app)


async def test_each_tab_shows_its_table(simulation: SimulatedSource) -> None:
    """By its number's key: nodes, pods, events, actors, queues."""
    app = Top(simulation, simulation=simulation, paused=True)
    async with app.run_test(size=(160, 60)) as pilot:
        await _done(pilot, app)
        await pilot.press("m")
        await _done(pilot, app)
        shown = {}
        for key, name in enumerate(("nodes", "pods", "events", "actors", "queues"), 1):
            await pilot.press(str(key))
            await pilot.pause()
            assert app.query_one(TabbedContent).active == name
            shown[name] = _cells(app, name)
    assert [row[:2] for row in shown["nodes"]] == [[f"node-{n}", "Ready"] for n in range(4)]
    assert sum(int(row[2]) for row in shown["nodes"]) == 10
    assert [row[3] for row in shown["pods"]] == ["Running"] * 10
    assert "Scheduled" in {row[2] for row in shown["events"]}
    names = [row[0] for row in shown["actors"]]
    assert names[:3] == ["apiserver", "controllers", "  informers"]
    assert "    kubelet" in names
    assert ["/scheduler", "0"] in [[row[0], row[2]] for row in shown["queues"]]


async def test_an_object_opens_as_yaml_and_closes_again(simulation: SimulatedSource) -> None:
    """Enter opens what the cursor is at; kubectl's way, without who owns which field."""
    app = Top(simulation, simulation=simulation, paused=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await _done(pilot, app)
        await pilot.press("1", "down", "enter")
        await pilot.pause()
        assert isinstance(app.screen, ObjectScreen)
        text = str(app.screen.query_one("#yaml", Static).content)
        assert text.startswith("apiVersion: v1\nkind: Node\n")
        assert "  name: node-1\n" in text
        assert "managedFields" not in text
        await pilot.press("y")  # nothing more to open here
        await app.look(1.0)  # and the view below goes on
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(app.screen, ObjectScreen)


async def test_time_passes_as_fast_as_it_is_told_to(simulation: SimulatedSource) -> None:
    """The space bar stops it; each plus doubles its speed."""
    app = Top(simulation, simulation=simulation, paused=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await _done(pilot, app)
        await pilot.press("plus", "plus", "minus", "space")
        assert "2x" in _head(app)
        before = (await simulation.look()).now
        app.follow()
        await _done(pilot, app)
        assert (await simulation.look()).now >= before + 0.5
        await pilot.press("space")
        assert "paused" in _head(app)


class _Still:
    """A source that says what it was given, or fails."""

    name = "still"

    def __init__(self, *answers: Seen | SourceError) -> None:
        self._answers = list(answers)

    async def look(self) -> Seen:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, SourceError):
            raise answer
        return answer

    async def close(self) -> None:
        pass


def _pods(count: int) -> tuple[Pod, ...]:
    return tuple(
        Pod(metadata=ObjectMeta(name=f"pod-{n:04}", namespace="default", uid=str(n)))
        for n in range(count)
    )


async def test_what_is_wrong_is_shown_and_what_was_seen_stays() -> None:
    """The next look that succeeds takes it away."""
    seen = Seen(now=1.0, nodes=(Node(metadata=ObjectMeta(name="one")),))
    app = Top(_Still(seen, SourceError("cannot reach it"), seen), every=3600.0)
    async with app.run_test() as pilot:
        await _done(pilot, app)
        trouble = app.query_one("#trouble", Static)
        await app.look()
        assert (str(trouble.content), trouble.display) == ("cannot reach it", True)
        assert [row[0] for row in _cells(app, "nodes")] == ["one"]
        await app.look()
        assert trouble.display is False


async def test_a_table_of_thousands_says_how_many_it_does_not_show() -> None:
    """A terminal shows fifty anyway."""
    app = Top(_Still(Seen(now=1.0, pods=_pods(1_234))), every=3600.0)
    async with app.run_test() as pilot:
        await _done(pilot, app)
        await pilot.press("2")
        await pilot.pause()
        rows = _cells(app, "pods")
    assert len(rows) == 501
    assert rows[-1][0] == "... and 734 more"


async def test_the_cursor_stays_with_its_object() -> None:
    """Though rows come and go around it."""
    pods = _pods(5)
    app = Top(_Still(Seen(now=1.0, pods=pods[2:]), Seen(now=2.0, pods=pods)), every=3600.0)
    async with app.run_test() as pilot:
        await _done(pilot, app)
        await pilot.press("2", "down")
        await pilot.pause()
        await app.look()
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, ObjectScreen)
        assert "name: pod-0003" in str(app.screen.query_one("#yaml", Static).content)


async def test_times_keys_are_there_for_a_simulation_only() -> None:
    """A real cluster's time is not ours."""
    app = Top(_Still(Seen(now=1.0)), every=3600.0)
    async with app.run_test() as pilot:
        await _done(pilot, app)
        assert app.check_action("pause", ()) is False
        await pilot.press("space", "s")
        assert "paused" not in _head(app)

"""Disturbed controllers come to the same end: a point of each scenario, the table of all of them, and seeded bugs."""

from functools import cache

import pytest

from orchestrator.controllers import CONTROLLERS
from tests.crashes.bugs import BUGS, Bug
from tests.crashes.record import rows
from tests.crashes.running import (
    BETWEEN,
    KILLED,
    MISSED,
    STALE,
    Pattern,
    disturbed,
    surveyed,
)
from tests.crashes.scenarios import SCENARIOS, Scenario
from tests.stories.snapshot import Snapshot

# One of them for each scenario, in turn; `python -m tests.crashes.record` tries them all.
_POINTS: tuple[tuple[Pattern, int], ...] = (
    (KILLED, 1),
    (BETWEEN, 2),
    (STALE, 3),
    (MISSED, 6),
)


@cache
def _end(controller: str) -> Snapshot:
    """The undisturbed end of a controller's scenario."""
    return surveyed(_of(controller)).state


def _of(controller: str) -> Scenario:
    return next(each for each in SCENARIOS if each.controller == controller)


@pytest.mark.parametrize(
    ("scenario", "index"),
    [(scenario, index) for index, scenario in enumerate(SCENARIOS)],
    ids=[scenario.controller for scenario in SCENARIOS],
)
def test_a_disturbed_controller_comes_to_the_same_end(scenario: Scenario, index: int) -> None:
    """Killed, killed between its writes, behind, or not told of a change."""
    pattern, point = _POINTS[index % len(_POINTS)]
    assert disturbed(scenario, pattern, point).state == _end(scenario.controller), pattern.name


def test_the_table_has_a_row_for_each_scenario() -> None:
    """Written by the record, and no run in it came to another end."""
    known = rows()
    assert set(known) == {scenario.controller for scenario in SCENARIOS}
    cells = [cell for row in known.values() for cell in row.split("|")[2:-1]]
    assert all(cell.split()[0] == cell.split()[2] for cell in cells), known


def test_each_controller_has_a_scenario() -> None:
    """One that is new gets one."""
    there = {scenario.controller for scenario in SCENARIOS}
    assert {controller.name for controller in CONTROLLERS} == there


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: f"{bug.controller}: {bug.what}")
def test_a_seeded_bug_is_found_out(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run comes to another end than that of the controller as it is."""
    scenario, wanted = _of(bug.controller), _end(bug.controller)
    bug.patch(monkeypatch)
    if bug.pattern is None:
        assert surveyed(scenario).state != wanted
    else:
        assert disturbed(scenario, bug.pattern, bug.point).state != wanted

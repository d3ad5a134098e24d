"""Disturbed controllers come to the same end: some points of each scenario, and the table of all of them."""

import pytest

from orchestrator.controllers.replicaset import ReplicaSetController
from tests.crashes.record import rows
from tests.crashes.running import BETWEEN, KILLED, MISSED, STALE, Pattern, disturbed, undisturbed
from tests.crashes.scenarios import SCENARIOS, Scenario

# A few of each; `python -m tests.crashes.record` tries them all.
_POINTS: tuple[tuple[Pattern, int], ...] = (
    (KILLED, 1),
    (BETWEEN, 2),
    (STALE, 3),
    (MISSED, 6),
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.controller)
def test_a_disturbed_controller_comes_to_the_same_end(scenario: Scenario) -> None:
    """Killed, killed between its writes, behind, or not told of a change."""
    wanted = undisturbed(scenario)
    for pattern, point in _POINTS:
        assert disturbed(scenario, pattern, point).state == wanted, (pattern.name, point)


def test_the_table_has_a_row_for_each_scenario() -> None:
    """Written by the record, and no run in it came to another end."""
    known = rows()
    assert set(known) == {scenario.controller for scenario in SCENARIOS}
    cells = [cell for row in known.values() for cell in row.split("|")[2:-1]]
    assert all(cell.split()[0] == cell.split()[2] for cell in cells), known


def _of(controller: str) -> Scenario:
    return next(each for each in SCENARIOS if each.controller == controller)


def _converges(scenario: Scenario, pattern: Pattern, points: range) -> bool:
    wanted = undisturbed(scenario)
    return all(disturbed(scenario, pattern, point).state == wanted for point in points)


def test_a_controller_that_forgets_what_there_is_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When it begins anew and waits for changes alone."""
    monkeypatch.setattr(ReplicaSetController, "initial_keys", lambda self: ())
    assert not _converges(_of("replicaset"), KILLED, range(20, 27))

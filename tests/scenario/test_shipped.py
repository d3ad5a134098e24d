"""The scenarios that the project ships, at small sizes; see `tests.scenario.shipped`."""

import sys

from tests.scenario.shipped import SMALL, histories, shipped


def test_every_shipped_scenario_has_a_small_size() -> None:
    """So that none is left out of the next test."""
    assert sorted(SMALL) == shipped()


def test_each_has_one_history_whatever_the_process_and_its_hashes() -> None:
    """And it passes; `python -m tests.scenario.shipped PYTHON` compares with other interpreters."""
    _, (one, other) = histories(sys.executable)
    assert one == other

"""A sweep's summary on terminals of any width."""

import io
from typing import Any

import pytest
from msgspec.structs import replace
from rich.console import Console

from orchestrator.scenario.report import sweep_terminal
from orchestrator.scenario.report.model import Spread, SweepCell
from tests.scenario.report.reports import sweep

MEASURES = (
    "recoverySeconds from the power fails to all is well again",
    "missingPodSeconds from the power fails to all is well again",
    "podStartSecondsP99",
)


def _shown(width: int, policies: int) -> str:
    value = Spread(mean=340.5, deviation=4.2, min=330.0, max=350.0)
    cells = tuple(
        SweepCell(
            parameters={"policy": f"policy-{n}"}, runs=3, measures=dict.fromkeys(MEASURES, value)
        )
        for n in range(policies)
    )
    console = Console(width=width, file=io.StringIO())
    sweep_terminal.show(replace(sweep(), cells=cells, expected=MEASURES, runs=()), console)
    file: Any = console.file
    return str(file.getvalue())


@pytest.mark.parametrize("width", [80, 100, 200])
def test_what_is_expected_has_room_on_any_terminal(width: int) -> None:
    """Where the measures of a setting do not fit beside each other they stand below each other."""
    lines = _shown(width, 2).splitlines()
    told = " ".join(" ".join(lines).split())
    assert told.count("5.67 min ± 4.2 s") == 4
    assert told.count("340 pod·s ± 4.2 pod·s") == 2
    assert max(map(len, lines)) <= width
    turned = any("policy=policy-0" in line for line in lines)
    assert turned is (width < 200)


def test_of_many_settings_as_many_measures_are_told_as_there_is_room_for() -> None:
    """A line for each setting; the report has the rest."""
    lines = _shown(80, 12).splitlines()
    assert sum(line.startswith("policy-") for line in lines) == 12
    assert max(map(len, lines)) <= 80

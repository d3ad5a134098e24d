"""Sweeps side by side, as data: equal settings stand next to each other."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from orchestrator.scenario.report.comparison import Column, Row, measures_of, rows, spread_of
from orchestrator.scenario.report.model import SweepCell
from orchestrator.scenario.report.reading import Runs


class Setting(Struct, frozen=True):
    """A setting that all sweeps have: a column of runs for each of them."""

    name: str
    parameters: dict[str, Any]
    columns: tuple[Column, ...]


class Pairing(Struct, frozen=True):
    """What sweeps have in common. `partial` are settings that are not in all, with the names of the
    sweeps that have them.
    """

    names: tuple[str, ...]
    settings: tuple[Setting, ...]
    partial: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """A column for each sweep, with all its runs in the settings that all have."""
        return tuple(
            Column(name, tuple(run for each in self.settings for run in each.columns[index].runs))
            for index, name in enumerate(self.names)
        )


def pair(sweeps: Sequence[tuple[str, Sequence[Runs]]]) -> Pairing:
    """Sweeps by their names, paired; settings stand in the order in which they come first."""
    names = tuple(name for name, _ in sweeps)
    found: dict[str, dict[str, Runs]] = {}
    for name, cells in sweeps:
        for runs in cells:
            if runs.reports:
                found.setdefault(runs.setting, {})[name] = runs
    settings, partial = [], []
    for setting, by_name in found.items():
        if len(by_name) < len(names):
            partial.append((setting, tuple(by_name)))
            continue
        columns = tuple(Column(name, by_name[name].reports) for name in names)
        settings.append(Setting(setting, by_name[names[0]].parameters, columns))
    return Pairing(names, tuple(settings), tuple(partial))


def row_of(setting: Setting, measure: str) -> Row:
    """A measure in a setting."""
    (row,) = rows(setting.columns, [measure])
    return row


def cells_of(pairing: Pairing, index: int) -> tuple[SweepCell, ...]:
    """The settings of one of the sweeps, as its own report has them."""
    return tuple(_cell(setting, setting.columns[index]) for setting in pairing.settings)


def _cell(setting: Setting, column: Column) -> SweepCell:
    found = {
        name: spread
        for name in measures_of([column])
        if (spread := spread_of([r.measures[name] for r in column.runs if name in r.measures]))
    }
    return SweepCell(parameters=setting.parameters, runs=len(column.runs), measures=found)

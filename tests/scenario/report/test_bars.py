"""Bars of a sweep whose settings are not numbers."""

import re

from orchestrator.scenario.report.model import Spread
from orchestrator.scenario.report.plots.curves import as_bars


def _spread(mean: float, deviation: float | None = None) -> Spread:
    return Spread(mean=mean, deviation=deviation, min=mean, max=mean)


def _texts(drawn: str) -> set[str]:
    return {text.strip() for text in re.findall(r"<text[^>]*>([^<]+)</text>", drawn)}


def test_few_bars_tell_their_values() -> None:
    """In the measure's unit: nobody has to measure a bar with a ruler."""
    bars = [("spreading", _spread(5.9)), ("packing", _spread(6.29, 0.5)), ("none", None)]
    assert {"5.9 s", "6.29 s", "spreading", "packing"} <= _texts(
        as_bars("podStartSecondsP99", bars, "b", "pod start")
    )


def test_many_bars_are_drawn_without() -> None:
    """There is no room for the words."""
    bars = [(str(n), _spread(100.123 + n)) for n in range(20)]
    assert "100 s" not in _texts(as_bars("podStartSecondsP99", bars, "b", "pod start"))

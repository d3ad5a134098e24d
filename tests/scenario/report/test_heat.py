"""Heat maps: which clock they go by, and what is blank."""

import re

import pytest

from orchestrator.scenario.measures.figures import HeatMap
from orchestrator.scenario.report.plots.heat import boundaries, even, heat_maps


def _heat(changes: dict[float, float], *, last: float) -> HeatMap:
    """One node, and the share that it has from each moment on."""
    moments = sorted({0.0, *changes, last})
    shares, share = [], 0.0
    for moment in moments:
        share = changes.get(moment, share)
        shares.append(share)
    return HeatMap(
        resource="cpu",
        rows=("node-0",),
        virtual_seconds=tuple(moments),
        wall_seconds=tuple(0.1 * i for i in range(len(moments))),
        values=(tuple(shares),),
    )


BURST = {10 + i / 1000: i / 100 for i in range(100)}
DAY = {864.0 * i: i / 100 for i in range(100)}


@pytest.mark.parametrize(
    ("changes", "clock"), [(BURST, "wall"), (DAY, "virtual"), ({**DAY, **BURST}, "virtual")]
)
def test_a_burst_is_drawn_over_the_walls_time(changes: dict[float, float], clock: str) -> None:
    """Within a moment of the cluster's clock it would be one line; a day goes by that clock."""
    drawn = heat_maps([_heat(changes, last=86_400)], "heat")
    assert set(re.findall("(virtual|wall) time", drawn)) == {clock}


def test_the_pictures_of_a_run_go_by_one_clock() -> None:
    drawn = heat_maps([_heat(BURST, last=86_400), _heat(DAY, last=86_400)], "heat")
    assert set(re.findall("(virtual|wall) time", drawn)) == {"virtual"}


def test_where_no_node_was_nothing_is_drawn() -> None:
    """And the picture says what the blank means."""
    heat = HeatMap(
        resource="cpu",
        rows=("node-0",),
        virtual_seconds=(0.0, 1.0, 2.0),
        wall_seconds=(0.0, 1.0, 2.0),
        values=((None, 0.5, None),),
    )
    ((first, second),) = even(heat, heat.virtual_seconds, 2)
    assert first != first
    assert second == 0.5
    assert "grey: not there" in heat_maps([heat], "heat")
    assert "grey" not in heat_maps([_heat(DAY, last=86_400)], "heat")


@pytest.mark.parametrize(
    ("rows", "places"),
    [
        (("node-0", "node-1", "gpu-0", "gpu-1"), [2]),
        (("node-0 … node-3", "node-4 … node-7", "gpu-0"), [2]),
        (("node-0",), []),
        (tuple(f"{letter}x" for letter in "abcdefghijkl"), []),
    ],
)
def test_groups_of_nodes_stand_apart(rows: tuple[str, ...], places: list[int]) -> None:
    """By their names; not where every node has a name of its own."""
    assert boundaries(rows) == places

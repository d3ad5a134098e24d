"""The columnar snapshot by itself."""

from typing import Any

from orchestrator.scheduler.snapshot import Snapshot
from tests.scheduler.objects import make_node, make_pod

GPU = "example.com/gpu"


def test_a_node_brings_a_resource_that_nobody_knew() -> None:
    """It gets a column, for the nodes that came before, too."""
    snapshot = Snapshot()
    snapshot.put_node(make_node("plain"))
    more: dict[str, Any] = {GPU: "8"}
    snapshot.put_node(make_node("gpu", **more))
    column = dict(snapshot.needs_of(make_pod("p", **{GPU: "2"})))
    assert list(column.values()) == [1, 2]
    of_gpu = snapshot.allocatable[list(column)[1]]
    rows = [snapshot.row_of("plain"), snapshot.row_of("gpu")]
    assert [int(of_gpu[row]) for row in rows if row is not None] == [0, 8]

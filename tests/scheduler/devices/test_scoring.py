"""Devices behind extended resources in the scores of resources."""

from typing import Any

import numpy as np

from orchestrator.api.resource.v1 import (
    AllocationResult,
    DeviceAllocationResult,
    DeviceRequestAllocationResult,
)
from orchestrator.scheduler.plugins.node_resources_fit import NodeResourcesFit
from orchestrator.scheduler.snapshot import Snapshot
from tests.scheduler.devices.objects import DRIVER, device, device_class, piece
from tests.scheduler.objects import make_node, make_pod

GPU = "example.com/gpu"


def _score(nodes: Snapshot, strategy: NodeResourcesFit) -> dict[str, int]:
    kernel = strategy.score_kernel(make_pod("p", requests={GPU: "1"}), nodes)
    assert kernel is not None
    rows = nodes.all_rows()
    names = [nodes.names[row] for row in rows]
    return dict(zip(names, np.asarray(kernel.rows(rows)).tolist(), strict=True))


def test_devices_that_a_node_sees_stand_for_what_it_offers_not_itself() -> None:
    """Those that its class chooses, and of these those in use; what a node offers itself counts as ever."""
    nodes = Snapshot()
    nodes.put_node(make_node("node-0"))
    offers: Any = {GPU: "4"}
    nodes.put_node(make_node("own", **offers))
    nodes.put_node(make_node("none"))
    chosen = f'device.attributes["{DRIVER}"].model == "a"'
    nodes.devices.put_class(None, device_class("gpu", chosen, extendedResourceName=GPU))
    devices = [device(f"d{n}", model="a") for n in range(4)]
    nodes.devices.put_slice(None, piece("s", *devices, device("other", model="b")))
    strategy = NodeResourcesFit(strategy="MostAllocated", resources={GPU: 1})
    assert _score(nodes, strategy) == {"node-0": 25, "own": 25, "none": 0}
    got = DeviceRequestAllocationResult(request="r", driver=DRIVER, pool="pool", device="d1")
    devices_got = DeviceAllocationResult(results=(got,))
    nodes.devices.assume("claim", AllocationResult(devices=devices_got))
    assert _score(nodes, strategy) == {"node-0": 50, "own": 25, "none": 0}


def test_nothing_is_counted_where_a_selector_fails() -> None:
    """As in kube-scheduler, which notes it in its log."""
    nodes = Snapshot()
    nodes.put_node(make_node("node-0"))
    wrong = f'device.attributes["{DRIVER}"].none == "a"'
    nodes.devices.put_class(None, device_class("gpu", wrong, extendedResourceName=GPU))
    nodes.devices.put_slice(None, piece("s", device("d", model="a")))
    strategy = NodeResourcesFit(strategy="MostAllocated", resources={GPU: 1})
    assert _score(nodes, strategy) == {"node-0": 0}

"""Devices behind extended resources, as scores of resources count them."""

from collections.abc import Iterable, Mapping

from orchestrator.scheduler.snapshot import Int64, Rows, Snapshot


def classes_of(resources: Iterable[str], nodes: Snapshot) -> Mapping[int, str]:
    """By column of the snapshot the class of devices that stands for a resource; those without one are left out."""
    backed = nodes.devices.backed
    return {nodes.column(name): backed[name] for name in resources if name in backed}


def add_devices(
    class_name: str, amount: int, capacity: Int64, requested: Int64, rows: Rows, nodes: Snapshot
) -> None:
    """Where nodes offer nothing of a resource themselves, put what they see of its class's devices in the place of
    capacity, and in that of what is requested those in use with the amount that a pod asks for. Both are changed.
    """
    for place in (capacity == 0).nonzero()[0].tolist():
        row = int(rows[place])
        seen, used = nodes.devices.totals(class_name, nodes.names[row], nodes.labels[row])
        if seen:
            capacity[place], requested[place] = seen, used + amount

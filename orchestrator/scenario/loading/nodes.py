"""The node groups of a scenario, checked."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from orchestrator.api.core.v1 import Taint
from orchestrator.cluster import node_spec
from orchestrator.kubelet import NodeSpec
from orchestrator.kubelet.configuration import (
    InvalidKubeletConfiguration,
    KubeletDocument,
    node_fields,
)
from orchestrator.scenario.language import NodeGroup
from orchestrator.scenario.loading.source import Source
from orchestrator.scenario.loading.wording import explained
from orchestrator.scenario.traces import Trace

ZONE = "topology.kubernetes.io/zone"


class GroupPlan(Struct, frozen=True):
    """A checked group. It joins and leaves so many seconds after the start, if it does."""

    name: str
    group: NodeGroup
    capacity: dict[str, str]
    allocatable: dict[str, str] | None
    count: int
    kubelet: Mapping[str, Any]  # fields of a NodeSpec
    trace: Trace | None = None
    join_seconds: float | None = None
    leave_seconds: float | None = None

    def specs(self, first: int, number: int) -> Iterator[NodeSpec]:
        """Its nodes, the names beginning at `first`; `number` is the cluster's of the first one."""
        trace = self.trace
        for index in range(first, first + self.count):
            if trace is not None:
                node = trace.nodes[index]
                yield self._spec(node.name, index, number, node.capacity, node.labels)
            else:
                yield self._spec(f"{self.name}-{index}", index, number, {}, {})
            number += 1

    def _spec(
        self,
        name: str,
        index: int,
        number: int,
        capacity: Mapping[str, str],
        labels: Mapping[str, str],
    ) -> NodeSpec:
        group = self.group
        own = {**labels, **group.labels}
        if group.zones:
            own[ZONE] = group.zones[index % len(group.zones)]
        return node_spec(
            name,
            number,
            labels=own,
            annotations=group.annotations,
            taints=tuple(Taint(key=t.key, value=t.value, effect=t.effect) for t in group.taints),
            capacity={**capacity, **self.capacity},
            allocatable=self.allocatable,
            **self.kubelet,
        )


def plan_group(
    source: Source, group: NodeGroup, where: str, traces: Mapping[str, Trace]
) -> GroupPlan:
    """Check a group. Raises ScenarioError."""
    trace = None
    if group.trace:
        trace = traces.get(group.trace)
        if trace is None:
            known = ", ".join(traces) or "none"
            raise source.error(f"{where}.trace", f"there is no trace {group.trace}; known: {known}")
    if (group.count is None) == (trace is None):
        raise source.error(where, "expected either count or trace")
    count = group.count if trace is None else len(trace.nodes)
    assert count is not None
    if count < 0:
        raise source.error(f"{where}.count", f"expected 0 or more, got {count}")
    join = source.seconds(group.join_at, f"{where}.joinAt") if group.join_at else None
    leave = source.seconds(group.leave_at, f"{where}.leaveAt") if group.leave_at else None
    if leave is not None and leave <= (join or 0.0):
        raise source.error(f"{where}.leaveAt", "expected a time after the group has joined")
    allocatable = source.quantities(group.allocatable, f"{where}.allocatable")
    capacity = source.quantities(group.capacity, f"{where}.capacity")
    kubelet = _kubelet(source, group.kubelet, f"{where}.kubelet", capacity)
    return GroupPlan(
        name=group.name,
        group=group,
        capacity=kubelet.pop("capacity", capacity),
        kubelet=kubelet,
        allocatable=allocatable or None,
        count=count,
        trace=trace,
        join_seconds=join,
        leave_seconds=leave,
    )


def _kubelet(
    source: Source, document: Mapping[str, Any], where: str, capacity: Mapping[str, str]
) -> dict[str, Any]:
    """What a KubeletConfiguration says of a group's nodes. Raises ScenarioError."""
    if "staticPodPath" in document:
        path = f"{where}.staticPodPath"
        raise source.error(path, "a scenario has no directories of static pods; apply them")
    try:
        return node_fields(document, capacity)
    except InvalidKubeletConfiguration as error:
        path = f"{where}.{error.path}" if error.path else where
        raise source.error(path, explained(error.problem, KubeletDocument, error.path)) from None

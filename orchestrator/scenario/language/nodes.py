"""Nodes in a scenario file: groups of them, and the choice of some of them."""

from typing import Any, Literal

from orchestrator.scenario.language.base import Strict


class TaintSpec(Strict, frozen=True):
    """A taint of a node group."""

    key: str
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]
    value: str = ""


class TraceSource(Strict, frozen=True):
    """A recorded workload: `format` names its importer (openb, table), `path` its file or folder,
    which is looked for beside the scenario. The options are the importer's own.
    """

    format: str
    path: str
    options: dict[str, Any] = {}


class NodeGroup(Strict, frozen=True):
    """`count` equal nodes named `<name>-0`, `<name>-1`, ...; or, with `trace`, the nodes of a trace
    as they are. `zones` are dealt out in turn.

    `kubelet` is a KubeletConfiguration: `evictionHard`, `crashLoopBackOff`, `maxPods`, ...

    `joinAt` and `leaveAt` are times since the start between which the group is there.
    """

    name: str
    count: int | None = None
    trace: str = ""
    capacity: dict[str, str | int | float] = {}
    allocatable: dict[str, str | int | float] = {}
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    taints: tuple[TaintSpec, ...] = ()
    zones: tuple[str, ...] = ()
    kubelet: dict[str, Any] = {}
    join_at: str = ""
    leave_at: str = ""


class NodeChoice(Strict, frozen=True):
    """Some of the nodes: those named, or those of a group, a zone, with labels; of these `count` or
    `percent` (rounded up), chosen by the seed, or all.
    """

    names: tuple[str, ...] = ()
    group: str = ""
    zone: str = ""
    labels: dict[str, str] = {}
    count: int | None = None
    percent: float | None = None

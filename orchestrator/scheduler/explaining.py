"""Why a pod is where it is, or nowhere: of each node the plugin that refuses it, or how each scores it.

This is the scheduler's decision for one pod, written out. It takes a snapshot that is made for it, so it
works with the objects of any cluster.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.core.v1 import Namespace, Node, Pod
from orchestrator.api.scheme import resource_of
from orchestrator.client import Cache, Change
from orchestrator.scheduler.changes import (
    follow_devices,
    has_ended,
    has_node,
    labels_of_namespace,
)
from orchestrator.scheduler.placement import Kernels, Placement
from orchestrator.scheduler.profile import Profile
from orchestrator.scheduler.snapshot import Rows, Snapshot


class NodeExplanation(Struct, frozen=True):
    """One node. `refused_by` is the first plugin that refuses it, with its `reasons`; "" where none does.

    `scores` are those of each plugin times its weight, as they count in `total`.
    """

    node: str
    refused_by: str = ""
    reasons: tuple[str, ...] = ()
    scores: Mapping[str, int] = {}
    total: int = 0


class Explanation(Struct, frozen=True):
    """The decision for a pod: the nodes that could take it first, the best of them first.

    `refusal` is why no node was looked at; "" where each was. `plugins` are those that score.
    """

    pod: str
    node: str  # where it is; "" if it is nowhere
    nodes: tuple[NodeExplanation, ...]
    plugins: tuple[str, ...] = ()
    refusal: str = ""

    @property
    def best(self) -> tuple[str, ...]:
        """The nodes among which the scheduler would choose by chance."""
        fit = [each for each in self.nodes if not each.refused_by]
        return tuple(each.node for each in fit if each.total == fit[0].total)


def snapshot_of(
    nodes: Iterable[Node],
    pods: Iterable[Pod],
    objects: Mapping[type, Iterable[Any]],
    *,
    without: str = "",
) -> Snapshot:
    """The nodes with the pods that are on them; `without` the pod of a uid. Raises QuantityError.

    `objects` are those of the kinds that a profile's plugins watch (`Profile.watches`).
    """
    snapshot = Snapshot()
    for node in nodes:
        snapshot.put_node(node)
    everybody: Cache[Pod] = Cache(resource_of(Pod))
    for pod in pods:
        everybody.put(pod)
        if has_node(pod) and not has_ended(pod) and pod.metadata.uid != without:
            assert pod.spec is not None
            snapshot.add_pod(pod.metadata.uid, pod, pod.spec.node_name)
    snapshot.objects[Pod] = everybody
    for kind, some in objects.items():
        cache: Cache[Any] = Cache(resource_of(kind))
        for each in some:
            cache.put(each)
            follow_devices(kind, Change(None, each), snapshot)
        snapshot.objects[kind] = cache
        if kind is Namespace:
            snapshot.populations.labels_of = partial(labels_of_namespace, cache)
    return snapshot


def explain(pod: Pod, profile: Profile, snapshot: Snapshot) -> Explanation:
    """What the plugins of a profile say of each node for a pod. Raises PluginError, MachineryError."""
    return explain_at(pod, Placement(profile, snapshot), snapshot)


def explain_at(pod: Pod, placement: Placement, snapshot: Snapshot) -> Explanation:
    """The same by a placement that is at work. Raises PluginError, MachineryError."""
    at = pod.spec.node_name if pod.spec is not None else ""
    if pod.spec is not None:  # what was decided already says nothing of why
        pod = replace(pod, spec=replace(pod.spec, node_name=""))
    kernels = placement.kernels_of(pod)
    filters, scorers = kernels
    name = f"{pod.metadata.namespace}/{pod.metadata.name}"
    plugins = tuple(plugin.name for plugin, _, _ in scorers)
    refusal = next((kernel.refusal for _, kernel in filters if kernel.refusal), "")
    if refusal:
        return Explanation(name, at, (), plugins, refusal)
    refused, left = _refused(kernels, snapshot)
    scored = _scored(kernels, snapshot, left)
    return Explanation(name, at, (*scored, *refused), plugins)


def _refused(kernels: Kernels, snapshot: Snapshot) -> tuple[list[NodeExplanation], Rows]:
    """The nodes that a plugin refuses, by their names, and the rows of the others."""
    left, refused = snapshot.all_rows(), []
    for plugin, kernel in kernels[0]:
        passes = kernel.rows(left)
        refused += [
            NodeExplanation(snapshot.names[row], plugin.name, kernel.reasons(row))
            for row in left[~passes].tolist()
        ]
        left = left[passes]
    return sorted(refused, key=lambda each: each.node), left


def _scored(kernels: Kernels, snapshot: Snapshot, rows: Rows) -> list[NodeExplanation]:
    """The others, the highest total first."""
    if not len(rows):
        return []
    columns = {}
    for plugin, weight, kernel in kernels[1]:
        scores = kernel.rows(rows)
        columns[plugin.name] = weight * (kernel.normalize(scores) if kernel.normalizes else scores)
    totals = sum(columns.values(), np.zeros(len(rows), np.int64))
    found = [
        NodeExplanation(
            snapshot.names[row],
            scores={name: int(column[place]) for name, column in columns.items()},
            total=int(totals[place]),
        )
        for place, row in enumerate(rows.tolist())
    ]
    return sorted(found, key=lambda each: (-each.total, each.node))

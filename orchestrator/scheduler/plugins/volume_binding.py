"""VolumeBinding: a pod goes where its volumes are, or can be; and then its claims get them."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from orchestrator.api.core.v1 import PersistentVolume, PersistentVolumeClaim, Pod
from orchestrator.api.scheme import resource_of
from orchestrator.api.storage.v1 import CSIDriver, CSINode, CSIStorageCapacity, StorageClass
from orchestrator.machinery import labels as label_selectors
from orchestrator.machinery import quantities
from orchestrator.protocol import Patch
from orchestrator.scheduler import migration, volumes
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.framework import Plugin, Preparation
from orchestrator.scheduler.kernels import FilterKernel
from orchestrator.scheduler.snapshot import Bool, Rows, Snapshot
from orchestrator.scheduler.volume_waiting import Binding, Bindings

_ELSEWHERE: Final = "node(s) didn't match PersistentVolume's node affinity"
_NOTHING_TO_BIND: Final = "node(s) didn't find available persistent volumes to bind"
_NO_SPACE: Final = "node(s) did not have enough free storage"
_NO_VOLUME: Final = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
_UNBOUND: Final = "pod has unbound immediate PersistentVolumeClaims"

Found = tuple[tuple[Binding, ...], tuple[PersistentVolumeClaim, ...]]
"""The volumes for claims, and the claims for which some must be made."""


def _tracked(driver: CSIDriver | None) -> bool:
    """Whether the scheduler is to look for storage that a driver has left."""
    return driver is not None and driver.spec is not None and bool(driver.spec.storage_capacity)


def _names_driver(pod: Pod, driver: CSIDriver) -> bool:
    """Whether a pod has a volume that it describes itself, of a driver."""
    some = pod.spec.volumes if pod.spec is not None else ()
    return any(each.csi is not None and each.csi.driver == driver.metadata.name for each in some)


def _most(storage: CSIStorageCapacity) -> int | None:
    """The largest volume that can be made there; None: nobody says."""
    most = storage.maximum_volume_size or storage.capacity
    return quantities.nano(most) if most is not None else None


class VolumeBinding(Plugin):
    """Filters by bound volumes and by those that claims with WaitForFirstConsumer could get.

    Before the pod is bound, the volumes found are promised to its claims (`claimRef`), and claims
    that need a new volume are told the node (the annotation selected-node). The pod is bound when all
    its claims are; after `bind_timeout_seconds` it is tried anew.
    """

    name = "VolumeBinding"
    by_content = True
    of_volumes = True
    helped_by = frozenset((ClusterEvent.NODE_ADDED, ClusterEvent.NODE_LABELS, ClusterEvent.VOLUMES))
    watches = (
        PersistentVolumeClaim,
        PersistentVolume,
        StorageClass,
        CSIDriver,
        CSIStorageCapacity,
        CSINode,
    )

    def __init__(self, bind_timeout_seconds: float = 600.0) -> None:
        self._bind_timeout_seconds = bind_timeout_seconds

    def helps(self, pod: Pod, event: ClusterEvent, old: Any, new: Any, nodes: Snapshot) -> bool:
        """Of volumes those that came or changed, of claims the pod's own, of classes and storage what gives more."""
        if event is not ClusterEvent.VOLUMES:
            return True
        match new:
            case None:
                return False
            case PersistentVolumeClaim():
                return volumes.is_named_by(pod, new)
            case PersistentVolume():
                return True
            case StorageClass():
                return old is None or old.allowed_topologies != new.allowed_topologies
            case CSIStorageCapacity():
                return old is None or (_most(new) or 0) > (_most(old) or 0)
            case CSIDriver():
                return _tracked(old) and not _tracked(new) and _names_driver(pod, new)
            case CSINode():
                return old is None or migration.plugins_of(old) != migration.plugins_of(new)
        return False

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        """As `FilterRule.filter_kernel`."""
        spec = pod.spec
        if spec is None or not spec.volumes or not volumes.has_claims(spec.volumes):
            return None
        kernel = _Volumes(pod, nodes)
        return None if kernel.is_anywhere else kernel

    def pre_bind(self, pod: Pod, node: str, nodes: Snapshot) -> Preparation | None:
        """As `PreBind.pre_bind`."""
        spec, row = pod.spec, nodes.row_of(node)
        if spec is None or row is None or not volumes.has_claims(spec.volumes):
            return None
        found = _Volumes(pod, nodes).found_on(row)
        if isinstance(found, str) or not any(found):
            return None
        bindings, unmade = found
        for volume, claim in bindings:
            nodes.assumed_volumes[volume.metadata.name] = claim.metadata.uid
        if bindings:
            nodes.learned()
        patches = [_claimed(volume, claim) for volume, claim in bindings]
        patches += [_selected(claim, node) for claim in unmade]
        waiting = Bindings(nodes, node, bindings, unmade)
        return Preparation(
            tuple(patches),
            lambda: _forget(nodes, bindings),
            waiting.done,
            self._bind_timeout_seconds,
            heard=waiting.heard,
        )


def _forget(nodes: Snapshot, bindings: Sequence[Binding]) -> None:
    for volume, _ in bindings:
        nodes.assumed_volumes.pop(volume.metadata.name, None)
    nodes.learned()


def _claimed(volume: PersistentVolume, claim: PersistentVolumeClaim) -> Patch:
    metadata = claim.metadata
    ref = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": metadata.namespace,
        "name": metadata.name,
        "uid": metadata.uid,
        "resourceVersion": metadata.resource_version,
    }
    body = {
        "metadata": {
            "resourceVersion": volume.metadata.resource_version,
            "annotations": {volumes.BOUND_BY_CONTROLLER: "yes"},
        },
        "spec": {"claimRef": ref},
    }
    return Patch(
        resource=resource_of(PersistentVolume),
        name=volume.metadata.name,
        patch_type="merge",
        body=body,
    )


def _selected(claim: PersistentVolumeClaim, node: str) -> Patch:
    return Patch(
        resource=resource_of(PersistentVolumeClaim),
        name=claim.metadata.name,
        namespace=claim.metadata.namespace,
        patch_type="merge",
        body={"metadata": {"annotations": {volumes.SELECTED_NODE: node}}},
    )


class _Volumes(FilterKernel):
    def __init__(self, pod: Pod, nodes: Snapshot) -> None:
        self._nodes = nodes
        self._bound: list[PersistentVolumeClaim] = []
        self._waiting: list[PersistentVolumeClaim] = []
        try:
            self._sort(volumes.claims_of(nodes, pod))
        except volumes.NoClaim as error:
            self.refusal = str(error)
        claims = (*self._bound, *self._waiting)
        self.traits = (tuple(c.metadata.uid for c in claims), self.refusal, nodes.facts)

    def _sort(self, claims: list[PersistentVolumeClaim]) -> None:
        for claim in claims:
            if volumes.is_bound(claim):
                self._bound.append(claim)
            elif volumes.waits_for_consumer(self._nodes, claim) and not _names_volume(claim):
                self._waiting.append(claim)
            else:
                self.refusal = _UNBOUND
        self._waiting.sort(key=_size)

    @property
    def is_anywhere(self) -> bool:
        """Whether all rows will do: the volumes are there, and each can be used on any node."""
        if self.refusal or self._waiting:
            return False
        return all(
            volume is not None and not volumes.is_somewhere(volume)
            for claim in self._bound
            if claim.spec is not None
            for volume in (volumes.volume_of(self._nodes, claim.spec.volume_name),)
        )

    def rows(self, rows: Rows) -> Bool:
        return np.array([self.row(int(row)) for row in rows], np.bool_)

    def row(self, row: int) -> bool:
        return not self.reasons(row)

    def reasons(self, row: int) -> tuple[str, ...]:
        first = self._bound_here(row)
        second = self.found_on(row)
        both = (first, second if isinstance(second, str) else "")
        return tuple(reason for reason in sorted(both, key=_ORDER.index) if reason)

    def unresolvable(self, rows: Rows) -> Bool:
        return np.ones(len(rows), np.bool_)

    def _bound_here(self, row: int) -> str:
        """Why the volumes that the pod has already cannot be used on a row; empty: they can."""
        nodes = self._nodes
        for claim in self._bound:
            assert claim.spec is not None
            volume = volumes.volume_of(nodes, claim.spec.volume_name)
            if volume is None:
                return _NO_VOLUME
            if not volumes.reachable(nodes, volume, row):
                return _ELSEWHERE
        return ""

    def found_on(self, row: int) -> Found | str:
        """The volumes that waiting claims would get on a row, or why they would not."""
        nodes = self._nodes
        bindings: list[Binding] = []
        unmade: list[PersistentVolumeClaim] = []
        taken: set[str] = set()
        for claim in self._waiting:
            selected = claim.metadata.annotations.get(volumes.SELECTED_NODE)
            if selected is not None:
                if selected != nodes.names[row]:
                    return _NOTHING_TO_BIND
                unmade.append(claim)
                continue
            volume = volumes.find_volume(nodes, claim, row, taken)
            if volume is None:
                unmade.append(claim)
            else:
                taken.add(volume.metadata.name)
                bindings.append((volume, claim))
        for claim in unmade:
            why = self._why_not_made(claim, row)
            if why:
                return why
        return tuple(bindings), tuple(unmade)

    def _why_not_made(self, claim: PersistentVolumeClaim, row: int) -> str:
        storage_class = volumes.class_of(self._nodes, volumes.class_name(claim))
        if storage_class is None or storage_class.provisioner in ("", volumes.NO_PROVISIONER):
            return _NOTHING_TO_BIND
        if not _allows(storage_class, self._nodes.labels[row]):
            return _NOTHING_TO_BIND
        return "" if self._has_space(storage_class, claim, row) else _NO_SPACE

    def _has_space(
        self, storage_class: StorageClass, claim: PersistentVolumeClaim, row: int
    ) -> bool:
        """Whether a driver that reports its capacity has enough of it for the row."""
        objects = self._nodes.objects
        drivers, capacities = objects.get(CSIDriver), objects.get(CSIStorageCapacity)
        driver = drivers.get("", storage_class.provisioner) if drivers is not None else None
        if driver is None or not driver.spec.storage_capacity or capacities is None:
            return True
        wanted = _size(claim)
        return any(
            capacity.storage_class_name == storage_class.metadata.name
            and _offers(capacity, wanted)
            and capacity.node_topology is not None
            and label_selectors.of_struct(capacity.node_topology).matches(self._nodes.labels[row])
            for capacity in capacities.list()
        )


_ORDER: Final = (_ELSEWHERE, _NOTHING_TO_BIND, _NO_SPACE, _NO_VOLUME, "")


def _names_volume(claim: PersistentVolumeClaim) -> bool:
    return claim.spec is not None and bool(claim.spec.volume_name)


def _size(claim: PersistentVolumeClaim) -> int:
    resources = claim.spec.resources if claim.spec is not None else None
    wanted = resources.requests.get("storage") if resources is not None else None
    return quantities.nano(wanted) if wanted is not None else 0


def _offers(capacity: CSIStorageCapacity, wanted: int) -> bool:
    limit = capacity.maximum_volume_size
    if limit is None:
        limit = capacity.capacity
    return limit is not None and quantities.nano(limit) >= wanted


def _allows(storage_class: StorageClass, node_labels: Any) -> bool:
    terms = storage_class.allowed_topologies
    return not terms or any(
        term.match_label_expressions  # a term that says nothing allows nothing
        and all(node_labels.get(e.key) in e.values for e in term.match_label_expressions)
        for term in terms
    )

"""What the pods of a node reach: the objects that its kubelet may read.

Kubernetes keeps a graph of these relations, and brings it up to date at each change of a pod. Kubelets ask
seldom, and a node has few pods, so here the relations are followed when somebody asks, up to the first that leads there.
"""

import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from orchestrator.api.core.v1 import PersistentVolume, Pod
from orchestrator.apiserver.indexes import Indexes
from orchestrator.machinery.pod_references import (
    claims_of,
    config_maps_of,
    resource_claims_of,
    secrets_of,
    secrets_of_volume,
)
from orchestrator.store import Store

MIRROR: Final = "kubernetes.io/config.mirror"

Uses: TypeAlias = Callable[[Pod], Iterable[str]]


def _account(pod: Pod) -> Iterable[str]:
    name = pod.spec.service_account_name if pod.spec else ""
    return (name,) if name else ()


_USES: Final[Mapping[str, Uses]] = {
    "secrets": lambda pod: secrets_of(pod.spec) if pod.spec else (),
    "configmaps": lambda pod: config_maps_of(pod.spec) if pod.spec else (),
    "persistentvolumeclaims": claims_of,
    "serviceaccounts": _account,
    "resourceclaims.resource.k8s.io": resource_claims_of,
}


class NodeGraph:
    """Follows the relations in a store."""

    def __init__(self, store: Store, indexes: Indexes) -> None:
        self._store = weakref.ref(store)
        self._indexes = weakref.ref(indexes)

    def reaches(self, node: str, bucket: str, namespace: str, name: str) -> bool:
        """Whether the node is connected to an object of one of the kinds that are followed."""
        match bucket:
            case "pods":
                pod = self._get(bucket, namespace, name)
                return pod is not None and pod.spec.node_name == node
            case "persistentvolumes":
                volume = self._get(bucket, "", name)
                return volume is not None and self._mounts(node, volume)
            case "volumeattachments.storage.k8s.io" | "resourceslices.resource.k8s.io":
                found = self._get(bucket, "", name)
                return found is not None and found.spec.node_name == node
        if any(self._uses(node, bucket, namespace, name)):
            return True
        return bucket == "secrets" and self._mounts_with(node, namespace, name)

    def _uses(self, node: str, bucket: str, namespace: str, name: str) -> Iterable[bool]:
        uses = _USES[bucket]
        for pod in self._pods(node, namespace):
            # A node makes mirror pods itself: they must not give it anything.
            if MIRROR not in pod.metadata.annotations:
                yield name in uses(pod)

    def _mounts(self, node: str, volume: PersistentVolume) -> bool:
        claim = volume.spec.claim_ref if volume.spec else None
        if claim is None:
            return False
        where = (claim.namespace or "", claim.name or "")
        return any(self._uses(node, "persistentvolumeclaims", *where))

    def _mounts_with(self, node: str, namespace: str, secret: str) -> bool:
        store = self._store()
        volumes = () if store is None else store.list("persistentvolumes", "")
        return any(
            (namespace, secret) in secrets_of_volume(volume) and self._mounts(node, volume)
            for volume in volumes
        )

    def _pods(self, node: str, namespace: str) -> Iterable[Pod]:
        indexes = self._indexes()
        if indexes is None:
            return ()
        # Nearly all pods of a node use its most wanted objects: the first that is looked at will do.
        return indexes.any_having("pods", "spec.nodeName", node, namespace)

    def _get(self, bucket: str, namespace: str, name: str) -> Any:
        store = self._store()
        return None if store is None else store.get(bucket, namespace, name)

"""PodTopologyLabels: a bound pod is labelled with the zone and the region of its node."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Node
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.machinery.memo import IdentityMemo

_LABELS: Final = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")


class PodTopologyLabels(AdmissionPlugin):
    """Labels bindings, from which a pod takes its labels, and pods that are made on a node."""

    name = "PodTopologyLabels"
    asks = (Node,)

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return operation == "CREATE" and resource.key == "pods" and subresource in ("", "binding")

    def wakes(self, obj: Any) -> bool:
        """A node that is somewhere."""
        labels = obj.metadata.labels
        return any(label in labels for label in _LABELS)

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """The binding or the pod with the labels of its node."""
        found = request.object
        node = reader.get(Node, _node_of(found)) if _node_of(found) else None
        if node is None:
            return found
        wanted = _WANTED(node.metadata.labels)
        if wanted.items() <= found.metadata.labels.items():
            return found
        labels = {**found.metadata.labels, **wanted}
        return replace(found, metadata=replace(found.metadata, labels=labels))


def _wanted(present: Mapping[str, str]) -> dict[str, str]:
    return {label: present[label] for label in _LABELS if label in present}


_WANTED: Final[IdentityMemo[Mapping[str, str], dict[str, str]]] = IdentityMemo(_wanted)


def _node_of(obj: Any) -> str:
    """The node of a pod or a binding; "" if there is none."""
    target = getattr(obj, "target", None)
    if target is not None:
        return target.name if target.kind == "Node" else ""
    return (obj.spec.node_name if getattr(obj, "spec", None) is not None else None) or ""

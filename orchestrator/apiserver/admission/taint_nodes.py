"""TaintNodesByCondition: a new node is not ready until something says that it is."""

from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Node, NodeSpec, Taint
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)

_NOT_READY: Final = Taint(key="node.kubernetes.io/not-ready", effect="NoSchedule")


class TaintNodesByCondition(AdmissionPlugin):
    """Taints nodes as they register, so that no pod comes before the node's first report."""

    name = "TaintNodesByCondition"

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return operation == "CREATE" and resource.key == "nodes" and not subresource

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """The node with the taint."""
        node: Node = request.object
        spec = node.spec or NodeSpec()
        for taint in spec.taints:
            if (taint.key, taint.effect) == (_NOT_READY.key, _NOT_READY.effect):
                return node
        return replace(node, spec=replace(spec, taints=(*spec.taints, _NOT_READY)))

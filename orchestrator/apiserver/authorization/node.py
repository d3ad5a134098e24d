"""What kubelets may do: https://kubernetes.io/docs/reference/access-authn-authz/node/.

Each node may do what the role `system:node` says, but with what belongs to one node or another (pods,
secrets, leases, its own Node), only where it is this one. What an authorizer cannot see, the content of what is
written, is left to the admission plugin NodeRestriction.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from orchestrator.api.rbac.v1 import PolicyRule
from orchestrator.apiserver.authorization.interface import (
    NO_OPINION,
    Attributes,
    Authorizer,
    Decision,
    Rules,
)
from orchestrator.apiserver.authorization.matching import allows
from orchestrator.apiserver.authorization.node_graph import NodeGraph
from orchestrator.protocol import Identity

NODES: Final = "system:nodes"
PREFIX: Final = "system:node:"
_LEASES: Final = "kube-node-lease"
_READS: Final = ("get", "list", "watch")
_OWN_VERBS: Final = ("get", "create", "update", "patch", "delete")

_EVERYWHERE: Final = Decision("allow", holds="everywhere")
_THIS: Final = Decision("allow", holds="object")
_NOW: Final = Decision("allow")  # until the graph changes

_Judge: TypeAlias = Callable[["NodeAuthorizer", str, Attributes], Decision]


def node_of(identity: Identity) -> str | None:
    """The name of the node whose kubelet it is ("" if it has none); None for everybody else."""
    if not identity.name.startswith(PREFIX) or NODES not in identity.groups:
        return None
    return identity.name.removeprefix(PREFIX)


class NodeAuthorizer(Authorizer):
    """Allows kubelets what they need for their own nodes. `rules` are those of `system:node`."""

    def __init__(self, graph: NodeGraph, rules: Sequence[PolicyRule]) -> None:
        self._graph = graph
        self._rules = rules

    def decide(self, identity: Identity, attributes: Attributes) -> Decision:
        """No opinion on everybody who is no kubelet."""
        node = node_of(identity)
        if node is None:
            return NO_OPINION
        if not node:
            return Decision(reason=f'unknown node for user "{identity.name}"')
        if attributes.is_resource:
            group = f".{attributes.group}" if attributes.group else ""
            judge = _JUDGES.get(attributes.resource + group)
            if judge is not None:
                return judge(self, node, attributes)
        if any(allows(rule, attributes) for rule in self._rules):
            return _EVERYWHERE
        return NO_OPINION

    def rules(self, identity: Identity, namespace: str) -> Rules:
        """What a node may do depends on its pods, so it is not listed."""
        if node_of(identity) is None:
            return Rules()
        return Rules(incomplete=True, error="node authorizer does not support user rule resolution")

    # --- one kind after another ------------------------------------------------------------

    def _related(self, node: str, asked: Attributes) -> Decision:
        if not asked.name:
            return Decision(reason="No Object name found")
        group = f".{asked.group}" if asked.group else ""
        if self._graph.reaches(node, asked.resource + group, asked.namespace, asked.name):
            return _NOW
        return Decision(reason=f"no relationship found between node '{node}' and this object")

    def _read(self, node: str, asked: Attributes) -> Decision:
        if asked.verb not in _READS:
            return Decision(reason="can only read resources of this type")
        if asked.subresource:
            return Decision(reason="cannot read subresource")
        if not asked.namespace:
            return Decision(reason="can only read namespaced object of this type")
        return self._related(node, asked)

    def _get(self, node: str, asked: Attributes) -> Decision:
        if asked.verb != "get":
            return Decision(reason="can only get individual resources of this type")
        if asked.subresource:
            return Decision(reason="cannot get subresource")
        return self._related(node, asked)

    def _claim(self, node: str, asked: Attributes) -> Decision:
        if asked.subresource != "status":
            return self._get(node, asked)
        if asked.verb not in ("update", "patch"):
            return Decision(reason="can only get/update/patch this type")
        return self._related(node, asked)

    def _service_account(self, node: str, asked: Attributes) -> Decision:
        if asked.verb == "get" and not asked.subresource:
            return self._read(node, asked)
        if asked.verb != "create" or not asked.name:
            return Decision(reason="can only create tokens for individual service accounts")
        if asked.subresource != "token":
            return Decision(reason="can only create token subresource of serviceaccount")
        return self._related(node, asked)

    def _lease(self, node: str, asked: Attributes) -> Decision:
        if asked.verb not in _OWN_VERBS:
            return Decision(reason="can only get, create, update, patch, or delete a node lease")
        if asked.namespace != _LEASES:
            return Decision(reason=f'can only access leases in the "{_LEASES}" system namespace')
        if asked.verb != "create" and asked.name != node:
            why = "can only access node lease with the same name as the requesting node"
            return Decision(reason=why)
        return _THIS

    def _csi_node(self, node: str, asked: Attributes) -> Decision:
        if asked.verb not in _OWN_VERBS:
            return Decision(reason="can only get, create, update, patch, or delete a CSINode")
        if asked.subresource:
            return Decision(reason="cannot authorize CSINode subresources")
        if asked.verb != "create" and asked.name != node:
            why = "can only access CSINode with the same name as the requesting node"
            return Decision(reason=why)
        return _THIS

    def _slice(self, node: str, asked: Attributes) -> Decision:
        if asked.subresource:
            return Decision(reason="cannot authorize ResourceSlice subresources")
        match asked.verb:
            case "create":
                return _EVERYWHERE
            case "get" | "update" | "patch" | "delete":
                return self._related(node, asked)
            case "watch" | "list" | "deletecollection":
                if asked.fields.get("spec.nodeName") == node:
                    return _NOW
                why = "can only list/watch/deletecollection resourceslices with nodeName field selector"
                return Decision(reason=why)
        return Decision(
            reason="only the following verbs are allowed for a ResourceSlice: get, watch, list, "
            "create, update, patch, delete, deletecollection"
        )

    def _node(self, node: str, asked: Attributes) -> Decision:
        match asked.subresource, asked.verb:
            case ("", "create" | "update" | "patch") | ("status", "update" | "patch"):
                return _EVERYWHERE
            case "", "get" | "list" | "watch":
                if asked.name == node:
                    return _NOW if asked.fields else _THIS
                which = f"'{asked.name}'" if asked.name else "all nodes"
                return Decision(
                    reason=f"node '{node}' cannot read {which}, only its own Node object"
                )
        return NO_OPINION

    def _pod(self, node: str, asked: Attributes) -> Decision:
        match asked.subresource, asked.verb:
            case "", "get":
                return self._get(node, asked)
            case "", "list" | "watch":
                if asked.fields.get("spec.nodeName") == node:
                    return _NOW
                if asked.name:
                    return self._related(node, asked)
                return Decision(reason="can only list/watch pods with spec.nodeName field selector")
            case (
                ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create")
            ):
                return _EVERYWHERE
        return NO_OPINION


_JUDGES: Final[Mapping[str, _Judge]] = {
    "secrets": NodeAuthorizer._read,
    "configmaps": NodeAuthorizer._read,
    "persistentvolumeclaims": NodeAuthorizer._claim,
    "persistentvolumes": NodeAuthorizer._get,
    "resourceclaims.resource.k8s.io": NodeAuthorizer._get,
    "volumeattachments.storage.k8s.io": NodeAuthorizer._get,
    "serviceaccounts": NodeAuthorizer._service_account,
    "leases.coordination.k8s.io": NodeAuthorizer._lease,
    "csinodes.storage.k8s.io": NodeAuthorizer._csi_node,
    "resourceslices.resource.k8s.io": NodeAuthorizer._slice,
    "nodes": NodeAuthorizer._node,
    "pods": NodeAuthorizer._pod,
}

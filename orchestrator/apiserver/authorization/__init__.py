"""Who may do what.

| file | what it is |
|---|---|
| `interface` | the question and the answer |
| `access` | what requests ask: an authorizer that remembers what it allowed |
| `union` | several authorizers in order; the group that may do everything |
| `rbac`, `matching` | what roles grant |
| `coverage` | whether some rules grant all that others do |
| `webhook`, `questions` | an authorizer elsewhere, and how it is asked |
| `configuration` | which authorizers are asked, as a file says it |
| `node`, `node_graph` | what kubelets may do, and what their pods reach |

A cluster asks the masters' authorizer, then one of the embedder's own, then those of its modes: the
nodes', then roles, if nobody says otherwise.
"""

from orchestrator.apiserver.authorization.access import Access
from orchestrator.apiserver.authorization.interface import (
    NO_OPINION,
    Attributes,
    Authorizer,
    Decision,
    Rules,
    Verb,
)
from orchestrator.apiserver.authorization.node import NodeAuthorizer
from orchestrator.apiserver.authorization.node_graph import NodeGraph
from orchestrator.apiserver.authorization.rbac import RoleAuthorizer
from orchestrator.apiserver.authorization.union import (
    AlwaysAllow,
    AlwaysDeny,
    MastersAuthorizer,
    Union,
)
from orchestrator.apiserver.authorization.webhook import WebhookAuthorizer, WebhookSettings

__all__ = [
    "NO_OPINION",
    "Access",
    "AlwaysAllow",
    "AlwaysDeny",
    "Attributes",
    "Authorizer",
    "Decision",
    "MastersAuthorizer",
    "NodeAuthorizer",
    "NodeGraph",
    "RoleAuthorizer",
    "Rules",
    "Union",
    "Verb",
    "WebhookAuthorizer",
    "WebhookSettings",
]

"""The kinds of `core.nodes`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.core.v1 import Node
from orchestrator.apiserver.kinds.core.nodes.defaults import default_node
from orchestrator.apiserver.kinds.core.nodes.strategy import NodeStrategy
from orchestrator.apiserver.kinds.core.nodes.tables import NODES
from orchestrator.apiserver.kinds.core.nodes.validation import NODE_RULES
from orchestrator.apiserver.kinds.core.nodes.warnings import node_warnings
from orchestrator.apiserver.kinds.kind import Kind

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        Node,
        warnings=node_warnings,
        rules=NODE_RULES,
        default=default_node,
        strategy=NodeStrategy,
        table=NODES,
    ),
)

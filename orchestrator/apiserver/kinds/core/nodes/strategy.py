"""Nodes: a kubelet registers with its status in one write."""

from orchestrator.api.core.v1 import Node
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.strategy import Strategy


class NodeStrategy(Strategy):
    """What is special about nodes."""

    def prepare_for_create(self, new: Node, env: Environment) -> Node:
        """As the kubelet says, status and all."""
        return new

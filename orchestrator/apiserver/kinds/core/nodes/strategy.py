"""Nodes: a kubelet registers with its status in one write."""

from orchestrator.api.core.v1 import Node
from orchestrator.apiserver.defaults.change import put
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.strategy import Strategy


class NodeStrategy(Strategy):
    """What is special about nodes."""

    def prepare_for_create(self, new: Node, env: Environment) -> Node:
        """As the kubelet says, status and all; a configuration from elsewhere is no more looked at."""
        return _without_reported(_without_configuration(new, None))

    def prepare_for_update(self, new: Node, old: Node, env: Environment) -> Node:
        """The status stays as it is."""
        return _without_configuration(self.with_status_of(new, old), old)

    def prepare_for_status_update(self, new: Node, old: Node, env: Environment) -> Node:
        """Without what a kubelet would say of such a configuration."""
        return _without_reported(super().prepare_for_status_update(new, old, env))


def _without_reported(node: Node) -> Node:
    if node.status is None or node.status.config is None:
        return node
    return put(node, status=put(node.status, config=None))


def _without_configuration(new: Node, old: Node | None) -> Node:
    """A node whose configuration nobody fetches: Kubernetes forgets what says from where."""
    before = old.spec if old is not None else None
    if new.spec is None or new.spec.config_source is None or (before and before.config_source):
        return new
    return put(new, spec=put(new.spec, config_source=None))

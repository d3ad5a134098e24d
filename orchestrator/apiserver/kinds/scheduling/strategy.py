"""Priority classes: they have a first generation and no other."""

from typing import Any

from orchestrator.apiserver.kinds.strategy import Strategy


class PriorityClassStrategy(Strategy):
    """What is special about priority classes."""

    def has_changed(self, new: Any, old: Any) -> bool:
        """Kubernetes numbers a new class, and never counts on."""
        return False

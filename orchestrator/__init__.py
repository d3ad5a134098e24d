"""A Kubernetes cluster in one Python interpreter."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.cluster import Cluster as Cluster

__all__ = ["Cluster"]


def __getattr__(name: str) -> Any:
    # Late, so that `import orchestrator.api` does not load every component.
    if name == "Cluster":
        from orchestrator.cluster import Cluster

        return Cluster
    raise AttributeError(f"module 'orchestrator' has no attribute {name!r}")

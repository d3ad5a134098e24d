"""A Kubernetes cluster in one Python interpreter."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from orchestrator.cluster import Cluster as Cluster
    from orchestrator.cluster.exploring import explore as explore
    from orchestrator.cluster.exploring import replay as replay
    from orchestrator.cluster.hosted import serving as serving
    from orchestrator.cluster.hosted import simulating as simulating
    from orchestrator.notebook import load_ipython_extension as load_ipython_extension

__all__ = ["Cluster", "explore", "replay", "serving", "simulating"]

_HOMES: Final = {
    "Cluster": "orchestrator.cluster",
    "explore": "orchestrator.cluster.exploring",
    "replay": "orchestrator.cluster.exploring",
    "serving": "orchestrator.cluster.hosted",
    "simulating": "orchestrator.cluster.hosted",
    "load_ipython_extension": "orchestrator.notebook",
}


def __getattr__(name: str) -> Any:
    # Late, so that `import orchestrator.api` does not load every component.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'orchestrator' has no attribute {name!r}")

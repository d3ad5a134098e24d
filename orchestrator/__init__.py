"""A Kubernetes cluster in one Python interpreter."""

from typing import TYPE_CHECKING

from actors.late import late

if TYPE_CHECKING:
    from orchestrator.api.codec import to_yaml as to_yaml
    from orchestrator.cluster import Cluster as Cluster
    from orchestrator.cluster.exploring import explore as explore
    from orchestrator.cluster.exploring import replay as replay
    from orchestrator.cluster.hosted import serving as serving
    from orchestrator.cluster.hosted import simulating as simulating
    from orchestrator.notebook import load_ipython_extension as load_ipython_extension

__all__ = ["Cluster", "explore", "replay", "serving", "simulating", "to_yaml"]

# `import orchestrator.api` loads no component.
__getattr__, __dir__ = late(
    __name__,
    {
        "orchestrator.api.codec": ["to_yaml"],
        "orchestrator.cluster": ["Cluster"],
        "orchestrator.cluster.exploring": ["explore", "replay"],
        "orchestrator.cluster.hosted": ["serving", "simulating"],
        "orchestrator.notebook": ["load_ipython_extension"],
    },
)

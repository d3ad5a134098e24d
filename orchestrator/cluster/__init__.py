"""The embedding face: the one place where the rooms are put together.

`Cluster` starts the actors of a cluster (`components.py`) and stops them again; `machines.py` plugs nodes
in, and `nodes.py` is the tree of their actors; `power.py` lets kubectl switch them; `subjects.py` says for
a trace what messages are about. What a component does is not decided here.
"""

from typing import TYPE_CHECKING

from actors.late import late

if TYPE_CHECKING:
    from orchestrator.cluster.cluster import Cluster
    from orchestrator.cluster.errors import NodesNotReady, UnknownNode
    from orchestrator.cluster.nodes import node_spec
    from orchestrator.cluster.subjects import About, Subject

__all__ = ["About", "Cluster", "NodesNotReady", "Subject", "UnknownNode", "node_spec"]

__getattr__, __dir__ = late(
    __name__,
    {
        "orchestrator.cluster.cluster": ["Cluster"],
        "orchestrator.cluster.errors": ["NodesNotReady", "UnknownNode"],
        "orchestrator.cluster.nodes": ["node_spec"],
        "orchestrator.cluster.subjects": ["About", "Subject"],
    },
)

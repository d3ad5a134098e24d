"""The embedding face: the one place where the rooms are put together.

`Cluster` starts the actors of a cluster and stops them again; `nodes.py` is the tree of node actors;
`power.py` lets kubectl switch them. What a component does is not decided here.
"""

from orchestrator.cluster.cluster import Cluster, UnknownNode
from orchestrator.cluster.nodes import node_spec

__all__ = ["Cluster", "UnknownNode", "node_spec"]

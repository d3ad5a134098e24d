"""The embedding face: the one place where the rooms are put together.

`Cluster` starts the actors of a cluster and stops them again; `nodes.py` is the tree of node actors;
`power.py` lets kubectl switch them; `subjects.py` says for a trace what messages are about. What a
component does is not decided here.
"""

from orchestrator.cluster.cluster import Cluster, NodesNotReady, UnknownNode
from orchestrator.cluster.nodes import node_spec
from orchestrator.cluster.subjects import About, Subject

__all__ = ["About", "Cluster", "NodesNotReady", "Subject", "UnknownNode", "node_spec"]

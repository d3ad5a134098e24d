"""The embedding face: the one place where the rooms are put together.

`Cluster` starts the actors of a cluster and stops them again; `nodes.py` is the tree of node actors;
`serving.py` opens the HTTPS front. What a component does is not decided here.
"""

from orchestrator.cluster.cluster import Cluster

__all__ = ["Cluster"]

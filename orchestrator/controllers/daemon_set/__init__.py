"""DaemonSets: one pod on each node that fits, replaced node by node.

`placing.py` says which nodes fit and makes the pod of one, `plan.py` decides what to create and delete,
`status.py` counts, `controller.py` is the shell. The scheduler binds the pods: each is pinned to its node
by node affinity.
"""

from orchestrator.controllers.daemon_set.controller import DaemonSetController

__all__ = ["DaemonSetController"]

"""The node agent: registers its node, keeps its lease, and runs the pods that are bound to it.

`pod_worker.py` is the life of one pod as a state machine, `pod_status.py` what is reported of it,
`kubelet.py` the actor; a container runtime is a file in `runtimes/`. Which pods a node gets is the
scheduler's business, and what happens when a node is silent is the node lifecycle controller's.
"""

from orchestrator.kubelet.kubelet import FallSilent, Kubelet, ListPods
from orchestrator.kubelet.node_spec import NodeSpec
from orchestrator.kubelet.runtimes import Runtime, SimulatedRuntime
from orchestrator.kubelet.runtimes.profile import Profile
from orchestrator.kubelet.shutdown import ShutDown

__all__ = [
    "FallSilent",
    "Kubelet",
    "ListPods",
    "NodeSpec",
    "Profile",
    "Runtime",
    "ShutDown",
    "SimulatedRuntime",
]

"""Sees whether a pod's volumes and devices are there, before its containers start."""

from collections.abc import Callable
from functools import partial

from orchestrator.api.core.v1 import Pod
from orchestrator.kubelet.claimed import attachable, attaching
from orchestrator.kubelet.device_claims import FAILED, claim_sources, claims_fault
from orchestrator.kubelet.lookups import Lookups
from orchestrator.kubelet.material import Found
from orchestrator.kubelet.mount_faults import (
    HostFault,
    mount_faults,
    mount_sources,
    mount_sources_beyond,
)
from orchestrator.kubelet.pod_events import VolumesMounted
from orchestrator.kubelet.runtimes.handlers import NodeRuntimes

_UNMOUNTED = "FailedMount"


class Mounts:
    """Looks for what the pods of a node need.

    A runtime that has the node's files may judge `host_fault`.
    """

    def __init__(self, lookups: Lookups, node: str, runtimes: NodeRuntimes) -> None:
        self._lookups = lookups
        self._node = node
        self._runtimes = runtimes

    def look(self, pod: Pod, then: Callable[[VolumesMounted], None]) -> None:
        """Look for what one pod needs, and tell what was found."""
        spec, runtime = pod.spec, self._runtimes.of(pod.metadata.uid)
        host_fault: HostFault | None = getattr(runtime, "host_fault", None)
        devices = claim_sources(pod) if spec is not None and spec.resource_claims else ()

        def found_all(found: Found) -> None:
            faults = [(_UNMOUNTED, each) for each in mount_faults(pod, found, host_fault)]
            if spec is not None and spec.resource_claims and (fault := claims_fault(pod, found)):
                faults.append((FAILED, fault))
            missing = attaching(pod, self._node, found)
            then(VolumesMounted(tuple(faults), missing, attachable(pod, found)))

        beyond = partial(mount_sources_beyond, node=self._node)
        self._lookups.find(pod, (*mount_sources(pod), *devices), found_all, beyond)

"""DynamicResources: claims of devices. Pods without claims have nothing here but its last word."""

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.framework import FilterKernel, Nomination, Plugin
from orchestrator.scheduler.placement import Placement, Refusal
from orchestrator.scheduler.snapshot import Snapshot


class DynamicResources(Plugin):
    """Keeps back pods that claim devices: structured parameters are not offered yet."""

    name = "DynamicResources"
    weight = 2

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        if pod.spec is None or not pod.spec.resource_claims:
            return None
        return _Claims()

    def post_filter(self, pod: Pod, refusal: Refusal, cycle: Placement) -> Nomination | str:
        return "no new claims to deallocate"


class _Claims(FilterKernel):
    traits = ()
    refusal = "claims of devices are not offered by this scheduler"

"""GPUs that pods share, counted by device, and policies of the literature for placing such pods.

None of them is in the default profile; a configuration names one: `plugins:
["orchestrator.scheduler.plugins.gpu_sharing:FGD"]`. Each filters as `GpuDevices` does, deals devices, and,
but for that one, scores. A pod stays on its devices.

The policies are those that Weng et al., "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with
Fragmentation Gradient Descent" (USENIX ATC 2023), compares. What they score by, beside them no other
plugin should score: its sum would be another policy.
"""

from orchestrator.scheduler.plugins.gpu_sharing.devices import GpuDevices
from orchestrator.scheduler.plugins.gpu_sharing.fragmentation import FGD
from orchestrator.scheduler.plugins.gpu_sharing.packing import (
    BestFit,
    DotProd,
    GpuClustering,
    GpuPacking,
    Random,
)

__all__ = ["FGD", "BestFit", "DotProd", "GpuClustering", "GpuDevices", "GpuPacking", "Random"]

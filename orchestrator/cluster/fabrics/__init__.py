"""Networks of whole clusters, one file each: addresses of nodes and services, pod networks, data planes.

A fabric puts together what fits: a pod network of `kubelet.networks` with a plane of `proxy.planes`. It belongs
to the cluster and outlives its actors; what it has made on the machine is gone when it is closed.
"""

from typing import TYPE_CHECKING

from actors.late import late

if TYPE_CHECKING:
    from orchestrator.cluster.fabrics.choosing import MODES, ProxyMode, choose
    from orchestrator.cluster.fabrics.interface import Fabric, Unfit

__all__ = ["MODES", "Fabric", "ProxyMode", "Unfit", "choose"]

__getattr__, __dir__ = late(
    __name__,
    {
        "orchestrator.cluster.fabrics.choosing": ["MODES", "ProxyMode", "choose"],
        "orchestrator.cluster.fabrics.interface": ["Fabric", "Unfit"],
    },
)

"""Services to endpoints, on every node: kube-proxy.

Here belong the routing table (`table.py`, a pure function of Services and EndpointSlices), the
choice among endpoints (`balancer.py`: round robin and ClientIP affinity) and the actor that keeps
both on one node (`proxy.py`). A data plane that carries real traffic is a file in `planes/`.
What a Service is allotted (cluster IPs, node ports) is the API server's business, and which pods
stand behind it is the EndpointSlice controller's.
"""

from orchestrator.proxy.balancer import Destination
from orchestrator.proxy.proxy import Connect, NoEndpoints, NoRoute, Proxy, ProxyError
from orchestrator.proxy.table import TableMemo

__all__ = [
    "Connect",
    "Destination",
    "NoEndpoints",
    "NoRoute",
    "Proxy",
    "ProxyError",
    "TableMemo",
]

"""Services to endpoints, on every node: kube-proxy.

Here belong the routing table (`table.py`, a pure function of Services and EndpointSlices), which of its
backends a node may use (`eligibility.py`), the choice among them (`balancer.py`: round robin and ClientIP
affinity), the actor that keeps a node in step (`proxy.py`), and what carries traffic (`planes/`).
What a Service is allotted (cluster IPs, node ports) is the API server's business, and which pods
stand behind it is the EndpointSlice controller's.
"""

from orchestrator.proxy.balancer import Destination
from orchestrator.proxy.eligibility import Place
from orchestrator.proxy.errors import NoEndpoints, NoRoute, ProxyError
from orchestrator.proxy.proxy import Connect, Proxy
from orchestrator.proxy.table import TableMemo

__all__ = [
    "Connect",
    "Destination",
    "NoEndpoints",
    "NoRoute",
    "Place",
    "Proxy",
    "ProxyError",
    "TableMemo",
]

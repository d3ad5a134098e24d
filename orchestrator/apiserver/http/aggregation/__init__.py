"""API aggregation: groups that other servers serve, behind services of the cluster.

Belongs here: where such a server is and how it is spoken to (`backends`), whether it is there
(`availability`), and how requests and discovery reach it (`forwarding`), those of the cluster's own components, too (`components`). Which APIServices there may be is
a matter of their kind.
"""

from orchestrator.apiserver.http.aggregation.components import Forwarder
from orchestrator.apiserver.http.aggregation.forwarding import Aggregation, Unavailable

__all__ = ["Aggregation", "Forwarder", "Unavailable"]

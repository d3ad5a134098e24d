"""A real cluster in the API server's place: the protocol's messages, answered over HTTPS.

Components know the protocol, not the server. A `Gateway` is an actor that answers the same messages by
asking the API server of any Kubernetes cluster, so controllers, informers and the typed client run
against it unchanged. `Access` says where the server is and who asks; `connected` opens the connection.
"""

from orchestrator.gateway.access import Access, AccessError, find_access, in_cluster, load_access
from orchestrator.gateway.connection import Connection, connected
from orchestrator.gateway.discovery import discover
from orchestrator.gateway.gateway import Gateway

__all__ = [
    "Access",
    "AccessError",
    "Connection",
    "Gateway",
    "connected",
    "discover",
    "find_access",
    "in_cluster",
    "load_access",
]

"""The audit log: who has asked what of the server, and what became of it.

Follows https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/. `policy` says what is written of a
request, `trail` follows one request and makes its events, `log` and `webhook` are a file and a server that they go to, and
`backends` says whether a request waits for that. `rotation` begins the file anew when it is full, `truncation` cuts events that are
too large. Requests by HTTPS are audited, and what components of the same process ask of a server that `components` hears.
"""

from orchestrator.apiserver.http.audit.auditing import Audit
from orchestrator.apiserver.http.audit.backends import (
    Backend,
    Batching,
    Blocking,
    Buffered,
    Sink,
    union,
)
from orchestrator.apiserver.http.audit.components import ComponentAudit
from orchestrator.apiserver.http.audit.log import AuditLog
from orchestrator.apiserver.http.audit.policy import AuditPolicy, InvalidAuditPolicy, load_policy
from orchestrator.apiserver.http.audit.rotation import Rotation
from orchestrator.apiserver.http.audit.trail import Trail
from orchestrator.apiserver.http.audit.truncation import Truncated, Truncation
from orchestrator.apiserver.http.audit.webhook import AuditWebhook

__all__ = [
    "Audit",
    "AuditLog",
    "AuditPolicy",
    "AuditWebhook",
    "Backend",
    "Batching",
    "Blocking",
    "Buffered",
    "ComponentAudit",
    "InvalidAuditPolicy",
    "Rotation",
    "Sink",
    "Trail",
    "Truncated",
    "Truncation",
    "load_policy",
    "union",
]

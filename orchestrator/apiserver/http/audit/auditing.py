"""What an API server is told to write of requests."""

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp.web import BaseRequest
from msgspec import Struct

from actors import Clock
from orchestrator.apiserver.authorization import Attributes
from orchestrator.apiserver.http.audit.components import ComponentAudit
from orchestrator.apiserver.http.audit.policy import AuditPolicy
from orchestrator.apiserver.http.audit.trail import Trail, request_event
from orchestrator.protocol import Identity


class Audit(Struct, frozen=True):
    """What is written of requests, and where to. `sink` gets every event, as a JSON document.

    `components` is what hears of the requests of the server's own process, where they are written, too.
    """

    policy: AuditPolicy
    sink: Callable[[Mapping[str, Any]], None]
    components: ComponentAudit | None = None

    def begin(
        self,
        request: BaseRequest,
        user: Identity,
        asked: Attributes,
        *,
        audit_id: str,
        clock: Clock,
    ) -> Trail | None:
        """The trail of a request of an authenticated user; None if nothing is written of it."""
        configuration = self.policy.decide(user, asked)
        if configuration.level == "None":
            return None
        return Trail(configuration, self.sink, clock, request_event(request, user, asked, audit_id))

"""What an API server is told to write of requests."""

from collections import Counter

from aiohttp.web import BaseRequest
from msgspec import Struct, field

from actors import Clock
from orchestrator.apiserver.authorization import Attributes
from orchestrator.apiserver.http.audit.backends import Sink
from orchestrator.apiserver.http.audit.components import ComponentAudit
from orchestrator.apiserver.http.audit.policy import AuditPolicy
from orchestrator.apiserver.http.audit.trail import Trail, request_event
from orchestrator.protocol import Identity


class Audit(Struct, frozen=True):
    """What is written of requests, and where to. `sink` gets every event, as a JSON document.

    `components` is what hears of the requests of the server's own process, where they are written, too. `lost`:
    how many events each plugin has lost.
    """

    policy: AuditPolicy
    sink: Sink
    components: ComponentAudit | None = None
    lost: "Counter[str]" = field(default_factory=Counter)

    def begin(
        self,
        request: BaseRequest,
        user: Identity,
        asked: Attributes,
        *,
        audit_id: str,
        clock: Clock,
        known: bool = True,
    ) -> Trail | None:
        """The trail of a request; None if nothing is written of it. `known`: its user is authenticated."""
        configuration = self.policy.decide(user, asked)
        if configuration.level == "None":
            return None
        event = request_event(request, user, asked, audit_id)
        return Trail(configuration, self.sink, clock, event, known=known)

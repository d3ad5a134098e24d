"""What components of the same process ask, for the audit log.

Their requests are messages: they come from no address, what a list answers is not written, and none of them waits
until its events are kept.
"""

import json
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from actors import Clock
from orchestrator.api import codec
from orchestrator.apiserver.audited import Ending
from orchestrator.apiserver.authorization import Attributes
from orchestrator.apiserver.http.audit.backends import Sink
from orchestrator.apiserver.http.audit.policy import AuditPolicy
from orchestrator.apiserver.http.audit.trail import Trail, begun_event
from orchestrator.apiserver.http.statuses import error_document
from orchestrator.protocol import (
    VERBS,
    ApiError,
    Deleted,
    Page,
    Watching,
)


class _Log(Struct, frozen=True):
    """What is written, where to, and by which clock."""

    policy: AuditPolicy
    sink: Sink
    clock: Clock
    uid: Callable[[], str]


class ComponentAudit:
    """Hears of all requests, and writes of those that no front follows, once it has been told to.

    `Cluster(audit=ComponentAudit())` makes a server that has it, and an `Audit` that names it begins the writing.
    """

    def __init__(self) -> None:
        self.followed: set[int] = set()  # messages whose front writes of them itself
        self._log: _Log | None = None

    def begin_writing(
        self,
        policy: AuditPolicy,
        sink: Sink,
        clock: Clock,
        uid: Callable[[], str],
    ) -> None:
        """Write from now on."""
        self._log = _Log(policy, sink, clock, uid)

    def begin(self, request: Any) -> Ending | None:
        """A request has come; as `RequestAudit.begin`."""
        log, verb = self._log, VERBS.get(type(request))
        if log is None or verb is None or id(request) in self.followed:
            return None
        asked = _attributes(request, verb)
        configuration = log.policy.decide(request.identity, asked)
        if configuration.level == "None":
            return None
        event = begun_event(request.identity, asked, audit_id=log.uid(), uri=_uri(asked))
        trail = Trail(configuration, log.sink, log.clock, event)
        sent = getattr(request, "object", None) or getattr(request, "body", None)
        if sent is not None:
            trail.asked_with(sent)

        def end(answer: Any, error: ApiError | None) -> None:
            _end(trail, verb, answer, error)

        return end


def _attributes(request: Any, verb: str) -> Attributes:
    resource = request.resource
    name = getattr(request, "name", "")
    return Attributes(
        verb,
        group=resource.group,
        version=resource.version,
        resource=resource.plural,
        subresource=getattr(request, "subresource", ""),
        namespace=request.namespace,
        name=name,
    )


def _uri(asked: Attributes) -> str:
    """The path by which a client would ask the same."""
    start = f"/apis/{asked.group}/{asked.version}" if asked.group else f"/api/{asked.version}"
    space = f"/namespaces/{asked.namespace}" if asked.namespace else ""
    rest = "".join(f"/{part}" for part in (asked.resource, asked.name, asked.subresource) if part)
    return f"{start}{space}{rest}"


def _end(trail: Trail, verb: str, answer: Any, error: ApiError | None) -> None:
    if error is not None:
        trail.ended(error.code, json.loads(error_document(error)))
    elif isinstance(answer, Watching):
        trail.started(200)
    else:
        trail.ended(201 if verb == "create" else 200, _document(answer))


def _document(answer: Any) -> Any:
    """An answer that is one object, as a document."""
    if isinstance(answer, Page | Deleted) or not hasattr(answer, "metadata"):
        return None
    return codec.to_dict(answer)

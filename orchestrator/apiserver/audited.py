"""The API server that tells of what is asked of it: the same answers, and an audit that hears of each.

A server of its own, as the metered one is, so that others pay nothing for it. What comes by HTTPS is followed by the
front, which knows more of it; the audit leaves that alone.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, TypeVar

from actors import Deferred
from orchestrator.apiserver.server import ApiServer
from orchestrator.protocol import ApiError
from orchestrator.store import Store

M = TypeVar("M")
Ending: TypeAlias = Callable[[Any, ApiError | None], None]
"""Hears the answer of a request, or its error."""


class RequestAudit(Protocol):
    """Who hears of requests."""

    def begin(self, request: Any) -> Ending | None:
        """A request has come; None where nobody wants to hear its end."""


class AuditedApiServer(ApiServer):
    """Tells `audit` of every request, when it has come and when it is answered."""

    def __init__(self, store: Store, *, audit: RequestAudit, **options: Any) -> None:
        super().__init__(store, **options)
        self._audit = audit
        self._endings: dict[int, Ending] = {}  # by the identity of messages that are being answered

    def _answered(self, handle: Callable[[M], Any], message: M) -> Any:
        ending = self._audit.begin(message)
        if ending is None:
            return super()._answered(handle, message)
        self._endings[id(message)] = ending
        answer = super()._answered(handle, message)
        if type(answer) is not Deferred:
            self._tell(message, answer, None)
        return answer

    def _promise(self, deferred: Deferred[Any], message: Any, answer: Any) -> None:
        super()._promise(deferred, message, answer)
        if not hasattr(answer, "ended"):
            self._tell(message, answer, None)

    def _end(
        self, deferred: Deferred[Any], message: Any, answer: Any, error: Exception | None
    ) -> None:
        super()._end(deferred, message, answer, error)
        if error is None:
            self._tell(message, answer, None)

    def _as_api_error(self, error: Exception, message: Any) -> ApiError:
        found = super()._as_api_error(error, message)
        self._tell(message, None, found)
        return found

    def _tell(self, message: Any, answer: Any, error: ApiError | None) -> None:
        ending = self._endings.pop(id(message), None)
        if ending is not None:
            ending(answer, error)

"""The API server with a stopwatch: the same answers, and how long the work on each took."""

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, Protocol, TypeVar

from orchestrator.api.scheme import Scheme
from orchestrator.apiserver.audited import AuditedApiServer, RequestAudit
from orchestrator.apiserver.authentication import Tokens
from orchestrator.apiserver.server import ApiServer
from orchestrator.apiserver.watch import Watchers
from orchestrator.store import Store

M = TypeVar("M")


class CallMeter(Protocol):
    """Who hears of API calls. It must not touch the cluster."""

    def answered(self, request: Any, seconds: float, failed: bool) -> None:
        """An asker has its answer, after so many seconds of the cluster's clock."""

    def worked(self, request: Any, seconds: float) -> None:
        """The server has handled a request, in so many seconds of the wall's clock."""


class MeteredApiServer(ApiServer):
    """Tells `meter` of the work on every call."""

    def __init__(self, store: Store, *, meter: CallMeter, **options: Any) -> None:
        super().__init__(store, **options)
        self._meter = meter

    def _answered(self, handle: Callable[[M], Any], message: M) -> Any:
        begun = perf_counter()
        answer = super()._answered(handle, message)
        self._meter.worked(message, perf_counter() - begun)
        return answer


def api_server(
    store: Store,
    *,
    meter: CallMeter | None = None,
    audit: RequestAudit | None = None,
    **options: Any,
) -> Callable[[], ApiServer]:
    """A factory for `spawn`: every incarnation gets the same store and the same watchers.

    `options` are those of `ApiServer`; scheme and tokens, too, are made once. One that is audited is not metered.
    """
    options.setdefault("watchers", Watchers())
    options.setdefault("scheme", Scheme.builtin())
    options.setdefault("tokens", Tokens())
    if audit is not None:
        return partial(AuditedApiServer, store, audit=audit, **options)
    if meter is None:
        return partial(ApiServer, store, **options)
    return partial(MeteredApiServer, store, meter=meter, **options)

"""Forwards what the cluster's own components ask of other servers."""

from typing import Any

from actors import Actor, Deferred
from orchestrator.apiserver.elsewhere import FORWARDERS, Forward
from orchestrator.apiserver.http.aggregation.forwarding import Aggregation
from orchestrator.protocol import ApiError


class Forwarder(Actor):
    """A front's, while it serves."""

    def __init__(self, aggregation: Aggregation) -> None:
        self._aggregation = aggregation

    def started(self) -> None:
        """The API server finds it by its group."""
        self.ctx.join(FORWARDERS)

    def on_forward(self, message: Forward) -> Any:
        """Answer what the other server does."""
        deferred: Deferred[Any] = self.ctx.defer()
        self.ctx.task(self._fetch(message, deferred), "fetch")
        return deferred

    async def _fetch(self, message: Forward, deferred: Deferred[Any]) -> None:
        try:
            deferred.reply(await self._aggregation.fetch(message))
        except ApiError as error:
            deferred.fail(error)

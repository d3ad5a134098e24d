"""The audit log at a server elsewhere: events in batches, each an EventList that is posted.

Follows kube-apiserver's batch mode: a request never waits for the server, what does not fit into the buffer is
dropped and counted, and a batch that fails is tried again a few times before it is given up.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

import structlog
from msgspec import Struct

from actors import Clock
from orchestrator.apiserver.peers import Peer, PeerFailed, post_to_peer

_log: Final = structlog.stdlib.get_logger("orchestrator")
_ANSWER_SECONDS: Final = 30.0


class Batching(Struct, frozen=True):
    """How events are put together; times are seconds. The defaults are kube-apiserver's."""

    buffer: int = 10_000
    size: int = 400
    wait: float = 30.0
    first_pause: float = 10.0
    attempts: int = 5


class AuditWebhook:
    """A sink for events, until the end of its block, which sends what is left."""

    def __init__(self, peer: Peer, clock: Clock, batching: Batching = Batching()) -> None:  # noqa: B008 - frozen
        self._peer = peer
        self._clock = clock
        self._batching = batching
        self._waiting: deque[Mapping[str, Any]] = deque()
        self._full = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.sent = 0
        self.dropped = 0

    async def __aenter__(self) -> "AuditWebhook":
        self._task = asyncio.ensure_future(self._send_for_ever())
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        while self._waiting:
            await self._send(self._batch(), attempts=1)

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Take an event along."""
        if len(self._waiting) >= self._batching.buffer:
            self.dropped += 1
            return
        self._waiting.append(event)
        if len(self._waiting) >= self._batching.size:
            self._full.set()

    async def _send_for_ever(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._batching.wait):
                    await self._full.wait()
            except TimeoutError:
                pass
            self._full.clear()
            while self._waiting:
                await self._send(self._batch(), self._batching.attempts)

    def _batch(self) -> list[Mapping[str, Any]]:
        most = min(self._batching.size, len(self._waiting))
        return [self._waiting.popleft() for _ in range(most)]

    async def _send(self, events: list[Mapping[str, Any]], attempts: int) -> None:
        document = {
            "kind": "EventList",
            "apiVersion": "audit.k8s.io/v1",
            "metadata": {},
            "items": events,
        }
        pause = self._batching.first_pause
        for attempt in range(attempts):
            try:
                await post_to_peer(self._peer, document, _ANSWER_SECONDS)
            except PeerFailed as error:
                if attempt + 1 == attempts:
                    self.dropped += len(events)
                    _log.warning("audit events were lost", events=len(events), error=str(error))
                    return
                await self._clock.sleep(pause)
                pause *= 1.5
            else:
                self.sent += len(events)
                return

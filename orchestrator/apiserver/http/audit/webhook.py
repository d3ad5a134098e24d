"""The audit log at a server elsewhere: events are posted to it as an EventList, some together.

What it does not take is sent again after longer and longer pauses, whatever its error was, and given up in the end.
"""

from collections.abc import Sequence
from typing import Final

from actors import Clock
from orchestrator.apiserver.http.audit.backends import Event, NotKept
from orchestrator.apiserver.peers import Peer, PeerFailed, post_to_peer

_ANSWER_SECONDS: Final = 30.0
_ATTEMPTS: Final = 5
_FACTOR: Final = 1.5


class AuditWebhook:
    """A backend. `pause`: seconds before it tries again for the first time."""

    name = "webhook"

    def __init__(self, peer: Peer, clock: Clock, pause: float = 10.0) -> None:
        self._peer = peer
        self._clock = clock
        self._pause = pause

    async def keep(self, events: Sequence[Event], *, persistent: bool = True) -> None:
        """As `Backend`."""
        document = {
            "kind": "EventList",
            "apiVersion": "audit.k8s.io/v1",
            "metadata": {},
            "items": events,
        }
        pause, attempts = self._pause, _ATTEMPTS if persistent else 1
        for left in reversed(range(attempts)):
            try:
                await post_to_peer(self._peer, document, _ANSWER_SECONDS)
            except PeerFailed as error:
                if not left:
                    raise NotKept(str(error)) from None
                await self._clock.sleep(pause)
                pause *= _FACTOR
            else:
                return

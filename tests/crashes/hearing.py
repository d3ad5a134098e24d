"""Which of the messages about changes a controller hears of: those of the kinds that it watches.

All controllers share the informers, and most of what these are told is of other kinds, or a bookmark. A run is the same
up to its fault, so what is counted in an undisturbed run holds for all of them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

from actors.faults import Faults
from orchestrator.client import Subscribe
from orchestrator.protocol import WatchEvents

INFORMERS: Final = "/controllers/informers"


class Hearing:
    """Listens to the informers of the cluster that runs `within` it. It counts between `begin` and `end`."""

    def __init__(self, controller: str) -> None:
        self._controller = f"/controllers/{controller}"
        self._watched: set[tuple[str, str]] = set()
        self._heard: list[tuple[str, str] | None] = []  # the kind of each; None: a bookmark
        self._counting = False

    def begin(self) -> None:
        """Messages count from now on."""
        self._counting = True

    def end(self) -> None:
        """They count no more."""
        self._counting = False

    @property
    def changes(self) -> list[int]:
        """Which messages to the informers tell of kinds that the controller watches; the first is 0."""
        return [index for index, kind in enumerate(self._heard) if kind in self._watched]

    @contextmanager
    def within(self) -> Iterator[None]:
        """What is delivered in here is looked at."""
        deliver = Faults.deliver

        def listen(
            faults: Faults, sender: str, target: str, message: Any, put: Callable[[], None]
        ) -> None:
            if target == INFORMERS:
                self._note(sender, message)
            deliver(faults, sender, target, message, put)

        with patch.object(Faults, "deliver", listen):
            yield

    def _note(self, sender: str, message: Any) -> None:
        if isinstance(message, Subscribe) and message.subscriber.path == self._controller:
            self._watched.add((message.resource.api_version, message.resource.kind))
        elif self._counting and isinstance(message, WatchEvents) and sender == "/apiserver":
            self._heard.append(_kind_of(message))


def _kind_of(message: WatchEvents) -> tuple[str, str] | None:
    if not message.events:
        return None
    obj = message.events[0].object
    return obj.api_version, obj.kind

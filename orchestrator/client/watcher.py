"""The base of every component that watches the API server."""

from collections.abc import Callable
from typing import Any, TypeVar

from actors import Actor
from orchestrator.api.scheme import Resource, resource_of
from orchestrator.client.cache import Cache, Change
from orchestrator.client.reflector import Reflector
from orchestrator.protocol import ADMIN, ApiRef, Identity, WatchClosed, WatchEvents

K = TypeVar("K")


class Watcher(Actor):
    """An actor with reflectors. `api` answers the protocol's messages."""

    def __init__(self, api: ApiRef, identity: Identity = ADMIN) -> None:
        self.api = api
        self.identity = identity
        self._reflectors: list[Reflector[Any]] = []
        self._number = 0  # of the reflectors yet

    def reflect(
        self,
        kind: type[K] | Resource,
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        batch_seconds: float = 0.0,
        lazy: bool = False,
        cache: Cache[K] | None = None,
        on_change: Callable[[Change[K]], None] | None = None,
        on_synced: Callable[[], None] | None = None,
    ) -> Reflector[K]:
        """Watch a resource from now on; call it in `started()` or later."""
        resource = kind if isinstance(kind, Resource) else resource_of(kind)
        self._number += 1
        reflector: Reflector[K] = Reflector(
            self.ctx,
            self.api,
            resource,
            token=f"{resource.key}#{self._number}",
            namespace=namespace,
            label_selector=label_selector,
            field_selector=field_selector,
            batch_seconds=batch_seconds,
            lazy=lazy,
            identity=self.identity,
            cache=cache,
            on_change=on_change,
            on_synced=on_synced,
        )
        self._reflectors.append(reflector)
        reflector.start()
        return reflector

    def forget(self, reflector: Reflector[Any]) -> None:
        """End a watch; its cache stays as it is."""
        reflector.stop()
        self._reflectors.remove(reflector)

    def on_watch_events(self, message: WatchEvents) -> None:
        """Changes, for the reflector whose channel it is."""
        reflectors = self._reflectors
        for place, reflector in enumerate(reflectors):
            if reflector.on_events(message):
                if place:  # the next one is most likely for the same
                    reflectors.insert(0, reflectors.pop(place))
                return

    def on_watch_closed(self, message: WatchClosed) -> None:
        """The server ended a watch."""
        for reflector in self._reflectors:
            if reflector.on_closed(message):
                return

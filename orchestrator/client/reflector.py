"""A reflector: keeps a cache in step with the API server, and tells what changed."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from actors import Context
from orchestrator.api.scheme import Resource
from orchestrator.client.cache import Cache, Change, key_of
from orchestrator.client.subscription import Subscription
from orchestrator.protocol import ADMIN, ApiRef, CanWait, Identity, WatchClosed, WatchEvents

K = TypeVar("K")


class Reflector(Generic[K]):
    """A self-mending watch with a cache.

    After a list that follows a loss, the difference between the cache and the list is told as
    changes: the listener hears of every object's last state, though not of every step to it. The cache
    may be behind in what `can_wait`; without `tell_all` the listener does not hear of that.
    """

    def __init__(
        self,
        ctx: Context,
        api: ApiRef,
        resource: Resource,
        *,
        token: str,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        batch_seconds: float = 0.0,
        can_wait: CanWait | None = None,
        tell_all: bool = True,
        identity: Identity = ADMIN,
        cache: Cache[K] | None = None,
        on_change: Callable[[Change[K]], None] | None = None,
        on_synced: Callable[[], None] | None = None,
    ) -> None:
        self.cache: Cache[K] = Cache(resource) if cache is None else cache
        self.synced = False
        self._untold = None if tell_all else can_wait
        self._on_change = on_change
        self._on_synced = on_synced
        self.subscription = Subscription(
            ctx,
            api,
            resource,
            token=token,
            on_items=self._replace,
            on_events=self._apply,
            namespace=namespace,
            label_selector=label_selector,
            field_selector=field_selector,
            batch_seconds=batch_seconds,
            can_wait=can_wait,
            identity=identity,
        )

    def start(self) -> None:
        """Begin to watch."""
        self.subscription.start()

    def stop(self) -> None:
        """End the watch; the cache stays as it is."""
        self.subscription.stop()

    def on_events(self, message: WatchEvents) -> bool:
        """Take a message if it is this reflector's."""
        return self.subscription.deliver(message)

    def on_closed(self, message: WatchClosed) -> bool:
        """Take the end of the watch if it is this reflector's."""
        return self.subscription.closed(message)

    def _replace(self, items: tuple[Any, ...], revision: int) -> None:
        cache, tell = self.cache, self._on_change
        if len(cache):
            present = {key_of(obj) for obj in items}
            for old in cache.list():
                if key_of(old) not in present:
                    cache.remove(key_of(old))
                    if tell is not None:
                        tell(Change(old, None))
        for obj in items:
            before = cache.put(obj)
            if tell is not None and before is not obj:
                tell(Change(before, obj))
        cache.revision = max(cache.revision, revision)
        if not self.synced:
            self.synced = True
            if self._on_synced is not None:
                self._on_synced()

    def _apply(self, message: WatchEvents) -> None:
        cache, tell, untold = self.cache, self._on_change, self._untold
        for event in message.events:
            if event.type == "DELETED":
                old = cache.remove(key_of(event.object))
                if tell is not None:
                    if old is not None and _is_another_s(old, event.object):
                        tell(Change(old, event.object))
                        old = event.object
                    tell(Change(event.object if old is None else old, None))
            else:
                old = cache.put(event.object)
                if tell is None or (untold and old is not None and untold(old, event.object)):
                    continue
                tell(Change(old, event.object))
        cache.revision = message.revision


def _is_another_s(old: Any, last: Any) -> bool:
    """Whether an object that is gone had changed owners or labels since the cache saw it.

    A hub makes one event of several, and those whom the last change concerned would not hear of the end.
    """
    before, after = old.metadata, last.metadata
    return (
        before.owner_references is not after.owner_references
        and before.owner_references != after.owner_references
    ) or (before.labels is not after.labels and before.labels != after.labels)

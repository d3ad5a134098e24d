"""The event recorder: what users read in `kubectl describe` and `kubectl events`.

Follows client-go: equal events (same object, reason and message) become one with a count, and a
bucket for each source and object lets 25 events through at once and one more each five minutes. From the
tenth on, events of one object that differ in their message alone, none ten minutes after the one before, are
one event: "(combined from similar events): " and the last message. An
event that cannot be written is dropped: events are news, not state.
"""

from collections import OrderedDict
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from actors import Context
from orchestrator.api.core.v1 import Event, EventSource
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import resource_of
from orchestrator.machinery.references import reference_to
from orchestrator.machinery.times import format_time
from orchestrator.protocol import ADMIN, ApiRef, Create, Identity, Update

BURST: Final = 25
REFILL_SECONDS: Final = 300.0
SIMILAR: Final = (
    10  # different messages of one object and reason that are events of their own, and one
)
SIMILAR_SECONDS: Final = 600.0
MESSAGE_CHARACTERS: Final = 1024
COMBINED: Final = "(combined from similar events): "
REMEMBERED: Final = 4096  # objects and events kept for counting, as client-go's LRU

_EVENTS: Final = resource_of(Event)


class _Bucket(Struct):
    tokens: float
    at: float


class _Similar(Struct):
    """Events of one object and reason: their different messages, and when the last one came."""

    messages: dict[str, None]
    at: float


class EventRecorder:
    """Writes the events of one component, without waiting."""

    def __init__(
        self,
        ctx: Context,
        api: ApiRef,
        component: str,
        *,
        host: str = "",
        enabled: bool = True,
        identity: Identity = ADMIN,
        field_manager: str = "",
    ) -> None:
        self._ctx = ctx
        self._api = api
        self._source = EventSource(component=component, host=host)
        self.enabled = enabled
        self._identity = identity
        self._manager = field_manager or component
        self._stamp = 0  # of the last event: the names of one source's events are in their order
        self._written: OrderedDict[tuple[str, ...], Event] = OrderedDict()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._similar: OrderedDict[tuple[str, ...], _Similar] = OrderedDict()

    def event(self, obj: Any, type_: str, reason: str, message: str, field_path: str = "") -> None:
        """Record that something happened to `obj`, or to the part of it at `field_path`; `type_` is
        Normal or Warning.
        """
        if not self.enabled:
            return
        now = self._ctx.clock.now()
        metadata = obj.metadata
        if not self._admit(f"{metadata.namespace}/{metadata.name}/{metadata.uid}", now):
            return
        key: tuple[str, ...] = (metadata.uid, metadata.namespace, metadata.name, type_, reason)
        if field_path:
            key = (*key, field_path)
        if self._is_one_of_many(key, message, now):
            message = COMBINED + message
        else:
            key = (*key, message)
        known = self._written.get(key)
        at = format_time(now)
        if known is None:
            event = self._new(obj, type_, reason, message, now, field_path)
        else:
            event = replace(
                known,
                count=(known.count or 1) + 1,
                last_timestamp=at,
                message=message[:MESSAGE_CHARACTERS],
            )
        self._written[key] = event
        self._written.move_to_end(key)
        if len(self._written) > REMEMBERED:
            self._written.popitem(last=False)
        self._send(event, known is None)

    def _is_one_of_many(self, key: tuple[str, ...], message: str, now: float) -> bool:
        """Whether so many similar events have come lately that this one is combined with them."""
        similar = self._similar.get(key)
        if similar is None or now - similar.at > SIMILAR_SECONDS:
            similar = self._similar[key] = _Similar({}, now)
        similar.at = now
        similar.messages[message] = None
        self._similar.move_to_end(key)
        if len(self._similar) > REMEMBERED:
            self._similar.popitem(last=False)
        if len(similar.messages) < SIMILAR:
            return False
        # Any of them, as client-go does: what comes again may be an event of its own again.
        del similar.messages[self._ctx.random.choice(list(similar.messages))]
        return True

    def _new(
        self, obj: Any, type_: str, reason: str, message: str, now: float, field_path: str
    ) -> Event:
        metadata = obj.metadata
        at = format_time(now)
        self._stamp = max(self._stamp + 1, int(now * 1e6))
        stamp = f"{self._stamp:x}{self._ctx.random.getrandbits(16):04x}"
        return Event(
            metadata=ObjectMeta(
                name=f"{metadata.name[:230]}.{stamp}", namespace=metadata.namespace or "default"
            ),
            involved_object=reference_to(obj, field_path),
            reason=reason,
            message=message[:MESSAGE_CHARACTERS],
            source=self._source,
            first_timestamp=at,
            last_timestamp=at,
            count=1,
            type=type_,
            reporting_component=self._source.component,
            reporting_instance=self._source.host,
        )

    def _send(self, event: Event, new: bool) -> None:
        namespace = event.metadata.namespace
        request: Create | Update
        if new:
            request = Create(
                resource=_EVENTS,
                object=event,
                namespace=namespace,
                field_manager=self._manager,
                identity=self._identity,
            )
        else:
            request = Update(
                resource=_EVENTS,
                object=event,
                name=event.metadata.name,
                namespace=namespace,
                field_manager=self._manager,
                identity=self._identity,
            )
        self._ctx.request(self._api, request, then=_nothing, failed=_nothing)

    def _admit(self, about: str, now: float) -> bool:
        bucket = self._buckets.get(about)
        if bucket is None:
            bucket = self._buckets[about] = _Bucket(BURST, now)
            if len(self._buckets) > REMEMBERED:
                self._buckets.popitem(last=False)
        bucket.tokens = min(BURST, bucket.tokens + (now - bucket.at) / REFILL_SECONDS)
        bucket.at = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True


def _nothing(_: object) -> None:
    pass

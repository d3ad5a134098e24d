"""The recorder of `events.k8s.io`, kube-scheduler's: events of a moment, and series of them.

Follows client-go's `tools/events`. Events that differ in nothing but their note (same object in the same
revision, type, reason and action) are one: the second makes it a series of two, and those after it are only
counted. A series' count is written every half hour, and for the last time when none came for six minutes.
`EventRecorder` is the older recorder, which controllers and kubelets have. An event that cannot be written is
dropped: events are news, not state.
"""

from collections import OrderedDict
from functools import partial
from typing import Any, Final, TypeAlias

from msgspec.structs import replace

from actors import Context
from orchestrator.api.core.v1 import Event, EventSeries
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import resource_of
from orchestrator.machinery.names import SUBDOMAIN_LENGTH
from orchestrator.machinery.references import reference_to
from orchestrator.machinery.times import format_micro_time
from orchestrator.protocol import ADMIN, ApiRef, Create, Identity, NotFound, Patch

FINISH_SECONDS: Final = (
    360.0  # a series ends, and a single event is forgotten, so long after the last
)
REFRESH_SECONDS: Final = 1800.0
NOTE_BYTES: Final = 1024
_CUT: Final = " ..."
_EVENTS: Final = resource_of(Event)

_Key: TypeAlias = tuple[str, ...]


class EventSeriesRecorder:
    """Writes the events of one component, without waiting."""

    def __init__(
        self,
        ctx: Context,
        api: ApiRef,
        controller: str,
        *,
        host: str,
        enabled: bool = True,
        identity: Identity = ADMIN,
        field_manager: str = "",
    ) -> None:
        self._ctx, self._api, self._identity = ctx, api, identity
        self._controller, self._instance = controller, f"{controller}-{host}"
        self._manager = field_manager or controller
        self.enabled = enabled
        self._stamp = 0  # of the last event: names follow their order
        self._single: OrderedDict[_Key, tuple[float, Event]] = OrderedDict()  # with when each came
        self._series: dict[_Key, tuple[float, Event]] = {}  # with when the last one came
        self._refreshed_at = 0.0

    def event(self, obj: Any, type_: str, reason: str, action: str, note: str) -> None:
        """Record that something happened to `obj`; `type_` is Normal or Warning.

        A note of more than 1024 bytes is cut.
        """
        if not self.enabled:
            return
        now = self._ctx.clock.now()
        metadata = obj.metadata
        key: _Key = (metadata.uid, metadata.resource_version, metadata.name, type_, reason, action)
        self._forget_old(now)
        if key in self._series:
            self._count(key, now)
        elif key in self._single:
            self._begin_series(key, now)
        else:
            event = self._new(obj, type_, reason, action, _fitting(note), now)
            self._single[key] = now, event
            self._create(event)

    def _forget_old(self, now: float) -> None:
        single = self._single
        while single:
            key = next(iter(single))
            if single[key][0] + FINISH_SECONDS >= now:
                return
            del single[key]

    def _new(
        self,
        obj: Any,
        type_: str,
        reason: str,
        action: str,
        note: str,
        now: float,
    ) -> Event:
        metadata = obj.metadata
        stamp = self._stamp = max(self._stamp + 1, int(now * 1e9))
        name = f"{metadata.name}.{stamp:x}"
        if len(name) > SUBDOMAIN_LENGTH:
            name = self._ctx.uid()
        return Event(
            metadata=ObjectMeta(name=name, namespace=metadata.namespace or "default"),
            event_time=format_micro_time(now),
            involved_object=reference_to(obj),
            type=type_,
            reason=reason,
            action=action,
            message=note,
            reporting_component=self._controller,
            reporting_instance=self._instance,
        )

    # --- series ----------------------------------------------------------------------------

    def _begin_series(self, key: _Key, now: float) -> None:
        event = self._single.pop(key)[1]
        series = EventSeries(count=2, last_observed_time=format_micro_time(now))
        if not self._series:
            self._refreshed_at = now
            self._ctx.call_after(FINISH_SECONDS, self._look)
        self._series[key] = now, replace(event, series=series)
        self._write(self._series[key][1])

    def _count(self, key: _Key, now: float) -> None:
        event = self._series[key][1]
        count = (event.series.count or 0) + 1 if event.series is not None else 2
        series = EventSeries(count=count, last_observed_time=format_micro_time(now))
        self._series[key] = now, replace(event, series=series)

    def _look(self) -> None:
        """Write the counts of series that have ended, and sometimes those of all."""
        now = self._ctx.clock.now()
        refresh = now - self._refreshed_at >= REFRESH_SECONDS
        for key, (last, event) in list(self._series.items()):
            ended = last + FINISH_SECONDS < now
            if ended or refresh:
                self._write(event)
            if ended:
                del self._series[key]
        if refresh:
            self._refreshed_at = now
        if self._series:
            self._ctx.call_after(FINISH_SECONDS, self._look)

    # --- requests --------------------------------------------------------------------------

    def _create(self, event: Event) -> None:
        request = Create(
            resource=_EVENTS,
            object=event,
            namespace=event.metadata.namespace,
            field_manager=self._manager,
            identity=self._identity,
        )
        self._ctx.request(self._api, request, then=None, failed=_nothing)

    def _write(self, event: Event) -> None:
        """Say how many a series counts; an event that is gone by then is made anew."""
        series = event.series
        assert series is not None
        request = Patch(
            resource=_EVENTS,
            name=event.metadata.name,
            namespace=event.metadata.namespace,
            patch_type="strategic",
            body={"series": {"count": series.count, "lastObservedTime": series.last_observed_time}},
            field_manager=self._manager,
            identity=self._identity,
        )
        self._ctx.request(self._api, request, None, partial(self._not_written, event))

    def _not_written(self, event: Event, error: BaseException) -> None:
        if isinstance(error, NotFound):
            self._create(event)


def _fitting(note: str) -> str:
    """A note that the API server takes, cut as kube-scheduler cuts it."""
    if len(note) * 4 <= NOTE_BYTES or len(encoded := note.encode()) <= NOTE_BYTES:
        return note
    return encoded[: NOTE_BYTES - len(_CUT)].decode(errors="ignore") + _CUT


def _nothing(_: object) -> None:
    """An event is dropped."""

"""Between the two versions of events: the same facts under other names."""

from orchestrator.api.core.v1 import Event as CoreEvent
from orchestrator.api.core.v1 import EventSeries as CoreSeries
from orchestrator.api.core.v1 import ObjectReference
from orchestrator.api.events.v1 import Event, EventSeries


def event_to_core(event: Event) -> CoreEvent:
    series = event.series
    return CoreEvent(
        metadata=event.metadata,
        action=event.action,
        count=event.deprecated_count,
        event_time=event.event_time,
        first_timestamp=event.deprecated_first_timestamp,
        involved_object=event.regarding or ObjectReference(),
        last_timestamp=event.deprecated_last_timestamp,
        message=event.note,
        reason=event.reason,
        related=event.related,
        reporting_component=event.reporting_controller,
        reporting_instance=event.reporting_instance,
        series=None
        if series is None
        else CoreSeries(count=series.count, last_observed_time=series.last_observed_time),
        source=event.deprecated_source,
        type=event.type,
    )


def event_from_core(event: CoreEvent) -> Event:
    series = event.series
    return Event(
        metadata=event.metadata,
        action=event.action,
        deprecated_count=event.count,
        deprecated_first_timestamp=event.first_timestamp,
        deprecated_last_timestamp=event.last_timestamp,
        deprecated_source=event.source,
        event_time=event.event_time,
        note=event.message,
        reason=event.reason,
        regarding=event.involved_object,
        related=event.related,
        reporting_controller=event.reporting_component,
        reporting_instance=event.reporting_instance,
        series=None
        if series is None
        else EventSeries(count=series.count or 0, last_observed_time=series.last_observed_time),
        type=event.type,
    )

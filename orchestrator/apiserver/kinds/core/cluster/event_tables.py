"""Events of both groups, in the same columns."""

from typing import Any, Final

from orchestrator.api.core.v1 import Event, EventSource, ObjectReference
from orchestrator.api.events import v1
from orchestrator.apiserver.printing import Printer, Row, since


def _cells(event: Event, now: float) -> Row:
    series = event.series
    first = since(event.first_timestamp or event.event_time, now)
    last = since(event.last_timestamp, now) if event.last_timestamp else first
    count = event.count or 1
    if series is not None:
        last, count = since(series.last_observed_time, now), series.count or 0
    return _row(
        event.metadata.name,
        (last, first, count),
        (event.type, event.reason, event.message),
        event.involved_object,
        _source(event.source, event.reporting_component, event.reporting_instance),
    )


def _new_cells(event: v1.Event, now: float) -> Row:
    series = event.series
    first = since(event.deprecated_first_timestamp or event.event_time, now)
    last = event.deprecated_last_timestamp
    seen = since(last, now) if last else first
    count = event.deprecated_count or 1
    if series is not None:
        seen, count = since(series.last_observed_time, now), series.count
    return _row(
        event.metadata.name,
        (seen, first, count),
        (event.type, event.reason, event.note),
        event.regarding or ObjectReference(),
        _source(event.deprecated_source, event.reporting_controller, event.reporting_instance),
    )


def _row(
    name: str,
    seen: tuple[str, str, int],
    what: tuple[str, str, str],
    target: ObjectReference,
    source: str,
) -> Row:
    last, first, count = seen
    type_, reason, message = what
    kind = target.kind.lower()
    return (
        last,
        type_,
        reason,
        f"{kind}/{target.name}" if target.name else kind,
        target.field_path,
        source,
        message.strip(),
        first,
        count,
        name,
    )


def _source(source: EventSource | None, component: str, instance: str) -> str:
    source = source or EventSource()
    component, host = source.component or component, source.host or instance
    return f"{component}, {host}" if host else component


EVENTS: Final[Printer[Any]] = Printer(cells=_cells)

NEW_EVENTS: Final[Printer[Any]] = Printer(cells=_new_cells)

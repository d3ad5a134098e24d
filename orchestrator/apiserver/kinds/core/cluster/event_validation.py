"""Events: the old kind, what the new one asks of those that have `eventTime`, and what its path asks.

Events are stored as those of core/v1. Who comes by `events.k8s.io` must keep more rules, and hears of one
field by its newer name.
"""

from collections.abc import Iterable
from functools import partial
from typing import Final

from orchestrator.api.core.v1 import Event
from orchestrator.apiserver.validation.field import (
    Errors,
    FieldError,
    complaints,
    immutable,
    invalid,
    required,
)
from orchestrator.apiserver.validation.metadata import dns_subdomain
from orchestrator.apiserver.validation.rules import CHANGE, Rules
from orchestrator.machinery.names import path_segment_errors, qualified_name_errors

_MISMATCH: Final = "does not match event.namespace"
_UNSET: Final = "needs to be unset"
_MAX_WORD: Final = 128  # bytes
_MAX_MESSAGE: Final = 1024  # bytes
_TYPES: Final = ("Normal", "Warning")
_LEAST_SERIES: Final = 2


def _event_errors(event: Event, controller_field: str) -> Iterable[FieldError]:
    """What is wrong with an event; of one as components record them it is seen at once that nothing is."""
    controller, namespace = event.reporting_component, event.metadata.namespace
    instance, action, reason = event.reporting_instance, event.action, event.reason
    if (
        (event.event_time is not None and controller and instance and action and reason)
        and (namespace and namespace == event.involved_object.namespace)
        and max(len(instance), len(action), len(reason)) * 4 <= _MAX_WORD
        and len(event.message or "") * 4 <= _MAX_MESSAGE
        and not qualified_name_errors(controller)
    ):
        return ()
    return _all_event_errors(event, controller_field)


def _all_event_errors(event: Event, controller_field: str) -> Errors:
    namespace = event.metadata.namespace or ""
    involved = event.involved_object.namespace or ""
    path = "involvedObject.namespace"
    if event.event_time is None:
        # An event about a cluster's object stands in the default namespace, or in none.
        allowed = (involved,) if involved else ("", "default")
        if namespace not in allowed:
            yield invalid(path, involved, _MISMATCH)
        return
    if not involved and namespace not in ("default", "kube-system"):
        yield invalid(path, involved, _MISMATCH)
    controller = event.reporting_component or ""
    if not controller:
        yield required(controller_field)
    yield from complaints(controller_field, controller, qualified_name_errors(controller))
    words = (
        ("reportingInstance", event.reporting_instance, _MAX_WORD, True),
        ("action", event.action, _MAX_WORD, True),
        ("reason", event.reason, _MAX_WORD, True),
        ("message", event.message, _MAX_MESSAGE, False),
    )
    for name, text, most, needed in words:
        if needed and not text:
            yield required(name)
        if text and len(text) * 4 > most and len(text.encode()) > most:
            yield invalid(name, "", f"can have at most {most} characters")


def _new_path_errors(event: Event) -> Errors:
    yield from _series_errors(event)
    if event.event_time is None:
        yield required("eventTime")
    if event.type not in _TYPES:
        yield invalid("type", "", f"has invalid value: {event.type or ''}")
    source = event.source
    for name, value in (
        ("firstTimestamp", event.first_timestamp),
        ("lastTimestamp", event.last_timestamp),
        ("count", event.count),
        ("source", source is not None and (source.component or source.host)),
    ):
        if value:
            yield invalid(name, "", _UNSET)


def _series_errors(event: Event) -> Errors:
    series = event.series
    if series is None:
        return
    if (series.count or 0) < _LEAST_SERIES:
        yield invalid("series.count", "", f"should be at least {_LEAST_SERIES}")
    if series.last_observed_time is None:
        yield required("series.lastObservedTime")


_FIXED: Final = (
    ("involvedObject", "involved_object"),
    ("reason", "reason"),
    ("message", "message"),
    ("source", "source"),
    ("firstTimestamp", "first_timestamp"),
    ("lastTimestamp", "last_timestamp"),
    ("count", "count"),
    ("reason", "reason"),
    ("type", "type"),
    ("eventTime", "event_time"),
    ("action", "action"),
    ("related", "related"),
    ("reportingController", "reporting_component"),
    ("reportingInstance", "reporting_instance"),
)


def _new_path_change_errors(new: Event, old: Event) -> Errors:
    yield from _event_errors(new, "reportingController")
    if new.series != old.series:
        yield from _series_errors(new)
    for name, attribute in _FIXED:
        yield from immutable(name, getattr(new, attribute), getattr(old, attribute))


EVENT_RULES: Final = Rules(
    name=path_segment_errors,
    spec=partial(_event_errors, controller_field="reportingComponent"),
    metadata_again=(),
)
NEW_PATH_RULES: Final = Rules(
    name=dns_subdomain,
    first=partial(_event_errors, controller_field="reportingController"),
    spec=_new_path_errors,
    update=_new_path_change_errors,
    recheck="never",
    metadata_again=CHANGE,
)

"""Events of core/v1: the old kind, and what the new one asks of those that have `eventTime`."""

from typing import Final

from orchestrator.api.core.v1 import Event
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    invalid,
    required,
)
from orchestrator.apiserver.validation.rules import Rules
from orchestrator.machinery.names import path_segment_errors, qualified_name_errors

_MISMATCH: Final = "does not match event.namespace"
_MAX_WORD: Final = 128  # bytes
_MAX_MESSAGE: Final = 1024  # bytes


def _event_errors(event: Event) -> Errors:
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
        yield required("reportingComponent")
    messages = qualified_name_errors(controller)
    yield from complaints("reportingComponent", controller, messages)
    words = (
        ("reportingInstance", event.reporting_instance, _MAX_WORD, True),
        ("action", event.action, _MAX_WORD, True),
        ("reason", event.reason, _MAX_WORD, True),
        ("message", event.message, _MAX_MESSAGE, False),
    )
    for name, text, most, needed in words:
        if needed and not text:
            yield required(name)
        if len(text or "") > most:
            yield invalid(name, "", f"can have at most {most} characters")


EVENT_RULES: Final = Rules(name=path_segment_errors, spec=_event_errors, metadata_again=())

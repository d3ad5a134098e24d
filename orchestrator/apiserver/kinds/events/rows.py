"""The kinds of `events`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.core.v1 import Event as CoreEvent
from orchestrator.api.events.v1 import Event
from orchestrator.apiserver.kinds.core.cluster.event_tables import NEW_EVENTS
from orchestrator.apiserver.kinds.core.cluster.event_validation import NEW_PATH_RULES
from orchestrator.apiserver.kinds.events.conversion import event_to_core
from orchestrator.apiserver.kinds.kind import Kind

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        Event,
        converts={CoreEvent: event_to_core},
        path_rules=NEW_PATH_RULES,
        table=NEW_EVENTS,
    ),
)

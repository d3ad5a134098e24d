"""The kinds of `core.cluster`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.core.v1 import ComponentStatus, Event, Namespace
from orchestrator.api.events.v1 import Event as NewEvent
from orchestrator.apiserver.kinds.core.cluster.defaults import default_namespace
from orchestrator.apiserver.kinds.core.cluster.event_tables import EVENTS
from orchestrator.apiserver.kinds.core.cluster.event_validation import EVENT_RULES
from orchestrator.apiserver.kinds.core.cluster.strategy import NamespaceStrategy
from orchestrator.apiserver.kinds.core.cluster.tables import COMPONENTS, NAMESPACES
from orchestrator.apiserver.kinds.core.cluster.validation import NAMESPACE_RULES
from orchestrator.apiserver.kinds.events.conversion import event_from_core
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.strategy import Traits

KINDS: Final[tuple[Kind, ...]] = (
    Kind(ComponentStatus, table=COMPONENTS),
    Kind(
        Event,
        converts={NewEvent: event_from_core},
        rules=EVENT_RULES,
        traits=Traits(create_on_update=True, collected=False),
        table=EVENTS,
    ),
    Kind(
        Namespace,
        rules=NAMESPACE_RULES,
        default=default_namespace,
        strategy=NamespaceStrategy,
        table=NAMESPACES,
        answers_deleted=True,
    ),
)

"""One resource as it is served: its stored version, its strategy, the plugins that it concerns."""

from collections.abc import Callable, Sequence
from typing import Any

from orchestrator.api.scheme import Resource, Scheme
from orchestrator.apiserver.admission.interface import AdmissionPlugin, Operation
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.kinds.conversion import conversion
from orchestrator.apiserver.pipeline.decisions import stored_object
from orchestrator.protocol import BadRequest
from orchestrator.store import Change


class Served:
    """What every request for a resource needs, looked up once."""

    __slots__ = (
        "_chain",
        "_plugins",
        "bucket",
        "from_stored",
        "kind",
        "reply",
        "resource",
        "stored",
        "strategy",
        "to_stored",
        "type",
        "virtual",
    )

    def __init__(
        self, resource: Resource, scheme: Scheme, chain: Sequence[AdmissionPlugin]
    ) -> None:
        self.resource = resource
        self.stored = scheme.storage(resource)
        self.bucket = self.stored.key
        self.type = resource.type
        self.virtual = "get" not in resource.verbs  # can be posted, not stored
        self.kind = kind_of(self.stored)
        self.strategy = self.kind.strategy(self.stored, self.kind.traits)
        self.to_stored = conversion(resource, self.stored)
        self.from_stored = conversion(self.stored, resource)
        # The answer to most writes: the object as it was stored.
        self.reply: Callable[[Change], Any] = (
            stored_object if self.from_stored is None else self._converted
        )
        self._chain = chain
        self._plugins: dict[tuple[Operation, str], tuple[AdmissionPlugin, ...]] = {}

    def plugins(self, operation: Operation, subresource: str) -> tuple[AdmissionPlugin, ...]:
        """The admission plugins that such writes concern, in order."""
        found = self._plugins.get((operation, subresource))
        if found is None:
            found = tuple(
                plugin
                for plugin in self._chain
                if plugin.handles(operation, self.resource, subresource)
            )
            self._plugins[operation, subresource] = found
        return found

    def taken(self, received: Any) -> Any:
        """An object from a message, in its stored version. Raises BadRequest for another kind."""
        if type(received) is not self.type:
            raise BadRequest(
                f"{type(received).__name__} in the request is not a {self.resource.kind}"
            )
        if self.kind.custom and received.kind != self.resource.kind:
            raise BadRequest(f"{received.kind} in the request is not a {self.resource.kind}")
        return received if self.to_stored is None else self.to_stored(received)

    def _converted(self, change: Change) -> Any:
        return self.given(change.object)

    def given(self, stored: Any) -> Any:
        """A stored object in the version that is asked for."""
        return stored if self.from_stored is None else self.from_stored(stored)

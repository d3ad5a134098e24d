"""One resource as it is served: its stored version, its strategy, the plugins that it concerns."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from orchestrator.api.scheme import Resource, Scheme
from orchestrator.apiserver import errors
from orchestrator.apiserver.admission.interface import AdmissionPlugin, Operation
from orchestrator.apiserver.authorization.access import Granted
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.kinds.conversion import conversion, seen_as
from orchestrator.apiserver.kinds.scheduling.group_references import keeping_groups, serves_groups
from orchestrator.apiserver.pipeline.draft import Step, stored_object
from orchestrator.apiserver.validation.field import cause_of
from orchestrator.machinery import field_errors
from orchestrator.protocol import BadRequest, Invalid
from orchestrator.store import Change


class Served:
    """What every request for a resource needs, looked up once."""

    __slots__ = (
        "_chain",
        "_noting",
        "bucket",
        "from_stored",
        "granted",
        "kind",
        "reply",
        "resource",
        "steps",
        "stored",
        "strategy",
        "to_stored",
        "type",
        "versions",
        "virtual",
    )

    def __init__(
        self,
        resource: Resource,
        scheme: Scheme,
        chain: Sequence[AdmissionPlugin],
        noting: Sequence[AdmissionPlugin] = (),
    ) -> None:
        """`chain`: the plugins that have something to say, `noting`: with those that have something to note."""
        self.resource = resource
        self.stored = scheme.storage(resource)
        self.bucket = self.stored.key
        self.type = resource.type
        self.virtual = "get" not in resource.verbs  # can be posted, not stored
        custom = kind_of(resource).custom
        # Custom resources are judged by the version in which they come.
        self.kind = kind_of(resource if custom else self.stored)
        if scheme.gates:
            self.kind = self.kind.behind(scheme.gates)
        if serves_groups(scheme):
            self.kind = keeping_groups(self.kind)
        path_rules = kind_of(resource).path_rules
        if path_rules is not None:
            self.kind = replace(self.kind, rules=path_rules)
        self.strategy = self.kind.strategy(resource if custom else self.stored, self.kind.traits)
        self.versions = self.kind.versions
        self.to_stored = (
            conversion(resource, self.stored) if self.versions is None else None
        )  # a webhook's answer is waited for at the end of a write
        self.from_stored = seen_as(resource) if custom else conversion(self.stored, resource)
        # The answer to most writes: the object as it was stored.
        self.reply: Callable[[Change], Any] = (
            stored_object if self.from_stored is None else self._converted
        )
        self._chain = chain
        self._noting = noting or chain
        # Who is known to be allowed, by verb and subresource (see `authorization.Access`).
        self.granted: dict[tuple[str, str], Granted] = {}
        # The steps of each action and subresource, as they are asked for the first time.
        self.steps: dict[tuple[str, str], tuple[Step, ...]] = {}

    def has_plugin(self, name: str) -> bool:
        """Whether the server has the admission plugin of that name."""
        return any(plugin.name == name for plugin in self._chain)

    def mutating(self, operation: Operation, subresource: str) -> tuple[AdmissionPlugin, ...]:
        """The plugins that may change the object of such writes, in order."""
        return self._concerned(self._chain, operation, subresource, "admit")

    def validating(
        self, operation: Operation, subresource: str, *, noting: bool = False
    ) -> tuple[AdmissionPlugin, ...]:
        """The plugins that may refuse such writes, in order; with those that note something of them at least."""
        if noting:  # metrics tell of all that are shown a write, whether or not they look at it
            return self._concerned(self._noting, operation, subresource, "validate")
        found = self._concerned(self._chain, operation, subresource, "validate")
        return tuple(p for p in found if p.judges(operation, self.resource, subresource))

    def _concerned(
        self,
        chain: Sequence[AdmissionPlugin],
        operation: Operation,
        subresource: str,
        method: str,
    ) -> tuple[AdmissionPlugin, ...]:
        return tuple(
            plugin
            for plugin in chain
            if getattr(type(plugin), method) is not getattr(AdmissionPlugin, method)
            and plugin.handles(operation, self.resource, subresource)
        )

    def from_request(self, received: Any) -> Any:
        """An object from a message, in its stored version. Raises BadRequest for another kind."""
        if type(received) is not self.type:
            raise BadRequest(
                f"{type(received).__name__} in the request is not a {self.resource.kind}"
            )
        if self.kind.custom and received.kind != self.resource.kind:
            raise self._another_kind(received)
        return received if self.to_stored is None else self.to_stored(received)

    def _another_kind(self, received: Any) -> Invalid:
        why = f"must be {self.resource.kind}"
        cause = cause_of(field_errors.invalid("kind", received.kind, why))
        return errors.invalid(received.kind, self.resource.group, received.metadata.name, [cause])

    def to_version(self, stored: Any) -> Any:
        """A stored object in the version that is asked for."""
        return stored if self.from_stored is None else self.from_stored(stored)

    def _converted(self, change: Change) -> Any:
        return self.to_version(change.object)

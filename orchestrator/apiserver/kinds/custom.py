"""Custom resources: the generic rules over plain content instead of typed fields."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.scheme import Resource
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.errors import forbidden
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.resets import STATUS_ALONE
from orchestrator.apiserver.kinds.strategy import OBSERVED_STRICT, Strategy, Traits
from orchestrator.apiserver.printing import HasMetadata, Printer, Row, age
from orchestrator.machinery.documents import same_json
from orchestrator.machinery.field_errors import quote

_STATUS: Final = "status"


class CustomStrategy(Strategy):
    """An `Unstructured`'s status is an entry of its content, if the resource declares it."""

    def __init__(self, resource: Resource, traits: Traits) -> None:
        super().__init__(resource, traits)
        self._status_apart = resource.subresource(_STATUS) is not None

    def prepare_for_create(self, new: Unstructured, env: Environment) -> Unstructured:
        """Without a status, if that is written by itself. Errors: Forbidden."""
        knowledge = self.resource.knowledge
        if knowledge is not None and knowledge.ending:
            why = "create not allowed while custom resource definition is terminating"
            raise forbidden(self.resource, new.metadata.name, why)
        return self._with_status(new, None) if self._status_apart else new

    def prepare_for_update(
        self, new: Unstructured, old: Unstructured, env: Environment
    ) -> Unstructured:
        """With the old status, if that is written by itself."""
        return self._with_status(new, old.content.get(_STATUS)) if self._status_apart else new

    def prepare_for_status_update(
        self, new: Unstructured, old: Unstructured, env: Environment
    ) -> Unstructured:
        """Nothing but the status."""
        changed = self._with_status(old, new.content.get(_STATUS))
        return replace(changed, metadata=new.metadata)

    def has_changed(self, new: Unstructured, old: Unstructured) -> bool:
        """Whether anything but metadata and a separate status differs."""
        return not same_json(self._spec(new), self._spec(old))

    def _spec(self, custom: Unstructured) -> Mapping[str, Any]:
        if not self._status_apart:
            return custom.content
        return {key: value for key, value in custom.content.items() if key != _STATUS}

    @staticmethod
    def _with_status(custom: Unstructured, status: Any) -> Unstructured:
        if same_json(custom.content.get(_STATUS), status):
            return custom
        content = {key: value for key, value in custom.content.items() if key != _STATUS}
        if status is not None:
            content[_STATUS] = status
        return replace(custom, content=content)


_OWN_FINALIZERS: Final = ("orphan", "foregroundDeletion", "kubernetes")


def _warnings(new: Unstructured, old: Unstructured | None) -> Iterator[str]:
    """Finalizers that might be somebody else's, too, where they are added."""
    before = old.metadata.finalizers if old is not None else ()
    for name in sorted(set(new.metadata.finalizers) - set(before)):
        if "/" in name or name in _OWN_FINALIZERS:
            continue
        including = " including a path (/)" if "." in name else ""
        yield (
            f"metadata.finalizers: {quote(name)}: prefer a domain-qualified finalizer name{including} "
            "to avoid accidental conflicts with other finalizer writers"
        )


def _cells(obj: HasMetadata, now: float) -> Row:
    return obj.metadata.name, age(obj, now)


CUSTOM: Final = Kind(
    Unstructured,
    strategy=CustomStrategy,
    traits=OBSERVED_STRICT,
    table=Printer(cells=_cells),
    strategic=False,
    custom=True,
    keeps_amounts=True,
    resets=STATUS_ALONE,
    warnings=_warnings,
)

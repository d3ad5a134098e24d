"""The book of definitions: what is served because of them, kept in step with the store.

The server tells the book of each change and settles it at the end of a slice of messages. Settling
writes statuses (names accepted, established), serves what is established, and empties what a deleted
definition leaves before the definition goes itself.
"""

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.apiextensions.v1 import CustomResourceDefinition
from orchestrator.api.scheme import Resource, Scheme
from orchestrator.apiserver.definitions.naming import is_established, named_status, taken_by
from orchestrator.apiserver.definitions.resources import resources_of
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.apiextensions.strategy import FINALIZER
from orchestrator.store import Change, Outcome, Store, Write

DEFINITIONS: Final = "customresourcedefinitions.apiextensions.k8s.io"


class DefinitionBook:
    """The definitions of one server.

    `delete` deletes one custom resource as a client would. `own` tells who owns which fields of a
    definition after its status was written: the old one, and the new one.
    """

    def __init__(
        self,
        env: Environment,
        scheme: Scheme,
        changed: Callable[[Resource], None],
        delete: Callable[[Resource, Any], None],
        own: Callable[[CustomResourceDefinition, CustomResourceDefinition], Any],
    ) -> None:
        self._env = env
        self._store: Store = env.store
        self._scheme = scheme
        self._changed = changed
        self._delete = delete
        self._own = own
        self._served: dict[str, dict[str, Resource]] = {}  # definition -> version -> resource
        self._made_of: dict[str, CustomResourceDefinition] = {}
        self._emptying: dict[str, str] = {}  # bucket -> definition
        self.unsettled = bool(self._store.list(DEFINITIONS))

    def observe(self, change: Change) -> None:
        """A definition has changed, or an object of one that is being deleted."""
        if change.bucket == DEFINITIONS or change.bucket in self._emptying:
            self.unsettled = True

    def settle(self) -> None:
        """Bring statuses and what is served in step with the definitions that there are."""
        while self.unsettled:
            self.unsettled = False
            present = {each.metadata.name: each for each in self._store.list(DEFINITIONS)}
            for name in [name for name in self._served if name not in present]:
                self._withdraw(name)
            for definition in present.values():
                if definition.metadata.deletion_timestamp is not None:
                    self._empty(definition)
                else:
                    self._name(definition, present)

    def _name(
        self,
        definition: CustomResourceDefinition,
        present: dict[str, CustomResourceDefinition],
    ) -> None:
        group, name = definition.spec.group, definition.metadata.name
        others = (
            each
            for each in present.values()
            if each.spec.group == group and each.metadata.name != name
        )
        status = named_status(definition, taken_by(others), self._env.time())
        if status is not definition.status:
            definition = replace(definition, status=status)
            present[name] = definition
            self._write(definition)
        if is_established(definition):
            self._serve(definition)

    def _write(self, definition: CustomResourceDefinition, *, delete: bool = False) -> None:
        name = definition.metadata.name
        stored = self._store.get(DEFINITIONS, "", name)
        if stored is not None:
            owners = self._own(stored, definition)
            write = Write(DEFINITIONS, "", name, definition, stored, delete, owners)
            self._store.commit(write, _ignore)

    # --- what is served --------------------------------------------------------------------

    def _serve(self, definition: CustomResourceDefinition) -> None:
        name = definition.metadata.name
        before = self._made_of.get(name)
        if before is not None and before.spec == definition.spec:
            return
        self._made_of[name] = definition
        known = self._served.setdefault(name, {})
        wanted = {each.version: each for each in resources_of(definition, self._store.revision)}
        for version in [version for version in known if version not in wanted]:
            self._scheme.unregister(known.pop(version))
        for version, resource in wanted.items():
            present = known.get(version)
            if present is None:
                known[version] = self._scheme.serve(resource)
            else:
                present.follow(resource)
                self._changed(present)

    def _close(self, name: str) -> None:
        """Let nothing be created of it any more."""
        for each in self._served.get(name, {}).values():
            each.knowledge = replace(each.knowledge, ending=True)
            self._changed(each)

    def _withdraw(self, name: str) -> None:
        for resource in self._served.pop(name, {}).values():
            self._scheme.unregister(resource)
            self._changed(resource)
        self._made_of.pop(name, None)
        self._emptying = {b: d for b, d in self._emptying.items() if d != name}

    # --- the end ---------------------------------------------------------------------------

    def _empty(self, definition: CustomResourceDefinition) -> None:
        """Delete what is left of it; the definition goes with the last object."""
        name = definition.metadata.name
        if is_established(definition):
            self._serve(definition)
        resource = next(iter(self._served.get(name, {}).values()), None)
        if resource is not None:
            if resource.key not in self._emptying:
                self._emptying[resource.key] = name
                self._close(name)
                for each in self._store.list(resource.key):
                    self._delete(resource, each)
                self.unsettled = True
                return
            if self._store.list(resource.key):
                return
        finalizers = tuple(each for each in definition.metadata.finalizers if each != FINALIZER)
        metadata = replace(definition.metadata, finalizers=finalizers)
        last = replace(definition, metadata=metadata)
        if finalizers and finalizers == definition.metadata.finalizers:
            return
        self._withdraw(name)
        self._write(last, delete=not finalizers)


def _ignore(_outcome: Outcome) -> None:
    """Who was faster changed the definition: it is unsettled again."""

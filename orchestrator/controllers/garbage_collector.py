"""Owners and dependents: what goes when an owner goes.

The graph is an index, kept by the shared caches of all resources that can be deleted: owner uid ->
dependents. It hears of no change that leaves the metadata alone, as the constant renewals of leases and
statuses do, and looks at one only if it may leave somebody without an owner.

- An object all of whose owners are gone is deleted; one that still has an owner only loses the
  references to those that are gone.
- `foregroundDeletion`: the dependents go first; those that block hold the owner back.
- `orphan`: the dependents lose their reference, then the owner goes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.apiextensions.v1 import CustomResourceDefinition
from orchestrator.api.core.v1 import Namespace
from orchestrator.api.errors import UnknownKind
from orchestrator.api.meta.v1 import ObjectMeta, OwnerReference
from orchestrator.api.scheme import Resource
from orchestrator.client import Change, Key, OfMetadata, remove_finalizer
from orchestrator.controllers.base import KubernetesController
from orchestrator.machinery.owners import without_owner
from orchestrator.protocol import NotFound, PropagationPolicy

FOREGROUND: Final = "foregroundDeletion"
ORPHAN: Final = "orphan"
# Events are news and die by age; nobody owns them.
_IGNORED: Final = frozenset(("events", "events.events.k8s.io"))
_BY_OWNER: Final = "owner"


class GarbageCollector(KubernetesController):
    """Collects what has lost its owners. A key's name is `resource key/object name`."""

    name = "garbage-collector"
    account = "generic-garbage-collector"
    kind = Namespace
    workers = 20

    def prepare(self) -> None:
        """One version of every resource that can be watched and deleted."""
        self._resources = self._collected()
        self._holders = [(r, self.cache_of(r)) for r in self._resources.values()]

    def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
        """Everything; of definitions their statuses, too, which say what is served."""
        everything: dict[Any, Callable[[Change[Any]], Iterable[Key]]] = {
            r: OfMetadata(partial(self._concerned, r)) for r in self._resources.values()
        }
        definitions = self._wiring.scheme.by_type(CustomResourceDefinition)
        everything[definitions] = partial(self._defined, definitions)
        return everything

    def indexes(self) -> Mapping[Any, Mapping[str, Callable[[Any], Iterable[str]]]]:
        """Dependents by the uids of their owners."""
        return {r: {_BY_OWNER: _owner_uids} for r in self._resources.values()}

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """Namespaces are watched like everything else, below."""
        return ()

    def initial_keys(self) -> Iterable[Key]:
        """Whoever may have lost an owner, or waits to go, since somebody last looked."""
        keys: list[Key] = []
        for resource in self._resources.values():
            for obj in self.cache_of(resource).list():
                if self._is_waiting(obj) or not self._has_owners(obj):
                    keys.append(_key(resource, obj))
        return keys

    def _collected(self) -> dict[str, Resource]:
        scheme = self._wiring.scheme
        return {
            r.key: r
            for r in scheme.resources()
            if {"list", "watch", "delete"} <= set(r.verbs)
            and r.key not in _IGNORED
            and scheme.storage(r) is r
        }

    def _defined(self, definitions: Resource, change: Change[Any]) -> Iterable[Key]:
        """Custom resources that have come since belong to the graph."""
        for resource in self._collected().values():
            if self._resources.get(resource.key) is not resource:
                self._resources[resource.key] = resource
                self._follow(resource)
        return self._concerned(definitions, change)

    def _follow(self, resource: Resource) -> None:
        """Watch one more. Nobody waits for its cache: owners that are not in it are looked at live."""
        self._wiring.shared.cache(resource).add_index(_BY_OWNER, _owner_uids)
        self.follow(resource, OfMetadata(partial(self._concerned, resource)))
        self._holders = [(r, self.cache_of(r)) for r in self._resources.values()]

    # --- the graph -------------------------------------------------------------------------

    def _concerned(self, resource: Resource, change: Change[Any]) -> Iterable[Key]:
        old, new = change.old, change.new
        if new is None:
            return self._after_end(change.latest)
        if old is not None and _same_fate(old.metadata, new.metadata):
            return ()
        keys = self._let_go(old, new) if old is not None else []
        if self._is_waiting(new) or not self._has_owners(new):
            keys.append(_key(resource, new))
        return keys

    def _after_end(self, gone: Any) -> list[Key]:
        """The dependents of an object that is gone, and its owners that waited for it."""
        keys = [_key(r, d) for r, d in self._dependents(gone.metadata.uid)]
        return keys + self._waiting_of(gone, gone.metadata.owner_references)

    def _let_go(self, old: Any, new: Any) -> list[Key]:
        """The owners that waited for an object which blocks them no longer."""
        blocks = {r.uid for r in new.metadata.owner_references if r.block_owner_deletion}
        blocked = [r for r in old.metadata.owner_references if r.block_owner_deletion]
        return self._waiting_of(new, [r for r in blocked if r.uid not in blocks])

    def _waiting_of(self, obj: Any, references: Iterable[OwnerReference]) -> list[Key]:
        """Those of the owners that wait."""
        keys = []
        for reference in references:
            resource = self._resource_of(reference)
            owner = self._cached(resource, obj.metadata.namespace, reference)
            if resource is not None and owner is not None and self._is_waiting(owner):
                keys.append(_key(resource, owner))
        return keys

    def _dependents(self, uid: str) -> Iterator[tuple[Resource, Any]]:
        for resource, cache in self._holders:
            if cache.holds(_BY_OWNER, uid):
                for dependent in cache.by_index(_BY_OWNER, uid):
                    yield resource, dependent

    def _is_waiting(self, obj: Any) -> bool:
        metadata = obj.metadata
        return metadata.deletion_timestamp is not None and bool(
            FOREGROUND in metadata.finalizers or ORPHAN in metadata.finalizers
        )

    def _has_owners(self, obj: Any) -> bool:
        """Whether all owners are there, and none is going in the foreground, by the caches."""
        for reference in obj.metadata.owner_references:
            resource = self._resource_of(reference)
            owner = self._cached(resource, obj.metadata.namespace, reference)
            if owner is None or self._is_waiting(owner):
                return False
        return True

    def _resource_of(self, reference: OwnerReference) -> Resource | None:
        try:
            resource = self._wiring.scheme.by_kind(reference.api_version, reference.kind)
        except UnknownKind:
            return None
        found = self._resources.get(resource.key)  # versions share it; rarely, groups do
        return found or self._resources.get(self._wiring.scheme.storage(resource).key)

    def _cached(
        self, resource: Resource | None, namespace: str, reference: OwnerReference
    ) -> Any | None:
        if resource is None:
            return None
        where = namespace if resource.namespaced else ""
        owner = self.cache_of(resource).get(where, reference.name)
        return owner if owner is not None and owner.metadata.uid == reference.uid else None

    # --- one object ------------------------------------------------------------------------

    async def reconcile(self, key: Key) -> float | None:
        """Decide about one object, and look at its owners live before deleting it."""
        bucket, _, name = key.name.partition("/")
        resource = self._resources[bucket]
        obj = self.cache_of(resource).get(key.namespace, name)
        if obj is None:
            return None
        if obj.metadata.deletion_timestamp is not None:
            if ORPHAN in obj.metadata.finalizers:
                await self._orphan(obj)
            elif FOREGROUND in obj.metadata.finalizers:
                await self._delete_dependents(obj)
            return None
        if not obj.metadata.owner_references or self._says_invalid(obj):
            return None
        solid, waiting, gone = await self._classify(obj)
        if solid:
            if waiting or gone:
                await self._drop_references(obj, [*waiting, *gone])
        else:
            if waiting and self._closes_circle(obj):
                obj = await self._unblock(obj)
            await self._delete(resource, obj, foreground=bool(waiting))
        return None

    def _closes_circle(self, obj: Any) -> bool:
        """Whether an object whose owners wait for it has a dependent that waits, too: perhaps for them."""
        return any(
            self._is_waiting(dependent) for _, dependent in self._dependents(obj.metadata.uid)
        )

    async def _unblock(self, obj: Any) -> Any:
        """Have an object block none of its owners; answers it as it is then."""
        references = tuple(
            replace(each, block_owner_deletion=False) if each.block_owner_deletion else each
            for each in obj.metadata.owner_references
        )
        return await self.client.update(
            replace(obj, metadata=replace(obj.metadata, owner_references=references))
        )

    async def _classify(
        self, obj: Any
    ) -> tuple[list[OwnerReference], list[OwnerReference], list[OwnerReference]]:
        """The references by their owners: there, going in the foreground, gone."""
        solid: list[OwnerReference] = []
        waiting: list[OwnerReference] = []
        gone: list[OwnerReference] = []
        for reference in obj.metadata.owner_references:
            resource = self._resource_of(reference)
            owner = self._cached(resource, obj.metadata.namespace, reference)
            if owner is None and resource is not None:
                owner = await self._live(resource, obj, reference)
            if resource is None:
                solid.append(reference)  # a kind that is not served (yet): nobody can tell
            elif owner is None:
                gone.append(reference)
            elif owner.metadata.deletion_timestamp and FOREGROUND in owner.metadata.finalizers:
                waiting.append(reference)
            else:
                solid.append(reference)
        return solid, waiting, gone

    def _says_invalid(self, obj: Any) -> bool:
        """Whether a cluster-scoped object names an owner that would be in a namespace: in which, nobody
        knows, so it is never collected. People are told.
        """
        if obj.metadata.namespace:
            return False
        for reference in obj.metadata.owner_references:
            resource = self._resource_of(reference)
            if resource is not None and resource.namespaced:
                message = (
                    f"ownerRef [{reference.api_version}/{reference.kind}, name: {reference.name}, "
                    f'uid: {reference.uid}] does not exist in namespace ""'
                )
                self.events.event(obj, "Warning", "OwnerRefInvalidNamespace", message)
                return True
        return False

    async def _live(self, resource: Resource, obj: Any, reference: OwnerReference) -> Any | None:
        try:
            owner: Any = await self.client.get(
                resource, reference.name, namespace=obj.metadata.namespace
            )
        except NotFound:
            return None
        return owner if owner.metadata.uid == reference.uid else None

    async def _delete(self, resource: Resource, obj: Any, *, foreground: bool) -> None:
        """Delete what was looked at, and nothing newer: its owner may have let it go meanwhile."""
        metadata = obj.metadata
        policy: PropagationPolicy = "Background"
        if ORPHAN in metadata.finalizers:
            policy = "Orphan"
        elif FOREGROUND in metadata.finalizers or (
            foreground and next(self._dependents(metadata.uid), None) is not None
        ):
            policy = "Foreground"
        try:
            await self.client.delete(
                resource,
                metadata.name,
                namespace=metadata.namespace,
                uid=metadata.uid,
                resource_version=metadata.resource_version,
                propagation_policy=policy,
            )
        except NotFound:
            return

    async def _delete_dependents(self, owner: Any) -> None:
        """Foreground: the dependents go; when none is left that blocks, so does the owner."""
        blocked = False
        for dependent_resource, dependent in self._dependents(owner.metadata.uid):
            references = dependent.metadata.owner_references
            blocked |= any(
                r.uid == owner.metadata.uid and r.block_owner_deletion for r in references
            )
            if dependent.metadata.deletion_timestamp is None:
                self.enqueue(_key(dependent_resource, dependent))
        if not blocked:
            await remove_finalizer(self.client, owner, FOREGROUND)

    async def _orphan(self, owner: Any) -> None:
        """Let the dependents go on without the owner."""
        for _, dependent in self._dependents(owner.metadata.uid):
            references = dependent.metadata.owner_references
            mine = [r for r in references if r.uid == owner.metadata.uid]
            await self._drop_references(dependent, mine)
        await remove_finalizer(self.client, owner, ORPHAN)

    async def _drop_references(self, obj: Any, dropped: list[OwnerReference]) -> None:
        for reference in dropped:
            obj = without_owner(obj, reference.uid)
        try:
            await self.client.update(obj)
        except NotFound:
            return


def _same_fate(was: ObjectMeta, now: ObjectMeta) -> bool:
    return (
        was.owner_references == now.owner_references
        and was.finalizers == now.finalizers
        and was.deletion_timestamp == now.deletion_timestamp
    )


def _key(resource: Resource, obj: Any) -> Key:
    return Key(obj.metadata.namespace, f"{resource.key}/{obj.metadata.name}")


@OfMetadata
def _owner_uids(obj: Any) -> Iterable[str]:
    return [r.uid for r in obj.metadata.owner_references]

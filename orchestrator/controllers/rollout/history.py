"""The ControllerRevisions of one owner: found, made, renumbered at a roll-back, and cut to their limit.

Kubernetes' controller history. Two templates may have one hash: then the collision count of the owner's
status grows, and gives the newer another name.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from msgspec import Struct

from orchestrator.api.apps.v1 import ControllerRevision
from orchestrator.api.core.v1 import PodTemplateSpec
from orchestrator.client import Cache, Client
from orchestrator.controllers.claiming import claim_of, settle
from orchestrator.controllers.rollout.revisions import in_order, make, patch_of, renumbered
from orchestrator.machinery.labels import compile_selector
from orchestrator.protocol import AlreadyExists, NotFound

DEFAULT_LIMIT = 10


class Recent(Struct, frozen=True):
    """The revision of an owner's present template among all that it has, oldest first."""

    newest: ControllerRevision
    all: tuple[ControllerRevision, ...]
    collisions: int


class History(Struct, frozen=True):
    """The revisions of owners of one kind: `cache` has the index `controller`, `label` is the hash's."""

    client: Client
    cache: Cache[ControllerRevision]
    label: str
    hash_of: Callable[[PodTemplateSpec, int], str]  # of a template and the collision count

    async def of(self, owner: Any) -> Recent:
        """The owner's revisions, after its claims and with one of its present template.

        Raises `protocol.ApiError`s.
        """
        claim = claim_of(
            owner,
            self.cache.by_index("controller", owner.metadata.uid),
            self.cache.by_index("controller", f"none/{owner.metadata.namespace}"),
            compile_selector(owner.spec.selector).matches,
        )
        owned = in_order(await settle(self.client, owner, claim))
        collisions = owner.status.collision_count or 0 if owner.status is not None else 0
        number = owned[-1].revision + 1 if owned else 1
        wanted = patch_of(owner.spec.template)
        equal = [each for each in owned if each.data == wanted]
        if not equal:
            made, collisions = await self._create(owner, number, collisions)
            return Recent(made, (*owned, made), collisions)
        newest = equal[-1]
        if newest is owned[-1]:
            return Recent(newest, tuple(owned), collisions)
        moved = await self.client.update(renumbered(newest, number))
        rest = (each for each in owned if each is not newest)
        return Recent(moved, (*rest, moved), collisions)

    async def _create(
        self, owner: Any, number: int, collisions: int
    ) -> tuple[ControllerRevision, int]:
        while True:
            hash_ = self.hash_of(owner.spec.template, collisions)
            wanted = make(owner, number, hash_, self.label)
            try:
                return await self.client.create(wanted), collisions
            except AlreadyExists:
                name, namespace = wanted.metadata.name, wanted.metadata.namespace
                other = await self.client.get(ControllerRevision, name, namespace=namespace)
                if other.data == wanted.data:
                    return other, collisions
            collisions += 1

    async def cut(
        self,
        owner: Any,
        revisions: Sequence[ControllerRevision],
        in_use: Collection[str],
        *,
        counted: bool = False,
    ) -> None:
        """Delete the oldest revisions beyond the owner's limit; those named `in_use` stay.

        They are `counted`, as DaemonSets do, or not, as StatefulSets.
        """
        limit = owner.spec.revision_history_limit
        spare = [each for each in revisions if each.metadata.name not in in_use]
        many = len(revisions if counted else spare) - (DEFAULT_LIMIT if limit is None else limit)
        for each in spare[: max(0, many)]:
            metadata = each.metadata
            try:
                await self.client.delete(
                    ControllerRevision,
                    metadata.name,
                    namespace=metadata.namespace,
                    uid=metadata.uid,
                )
            except NotFound:
                continue

"""Parts of objects that have a path of their own, one file each.

What belongs: what a subresource reads and writes, as decisions (see `pipeline`). What does not: a
server's own connections (`log`, `exec`), which never reach the store.

A resource has those of `SUBRESOURCES` that its scheme entry names; everything else is "the server
could not find the requested resource".
"""

from collections.abc import Mapping
from typing import Final

from orchestrator.api.scheme import Resource
from orchestrator.apiserver import errors
from orchestrator.apiserver.subresources.binding import BindingSubresource
from orchestrator.apiserver.subresources.eviction import EvictionSubresource
from orchestrator.apiserver.subresources.finalize import Finalize
from orchestrator.apiserver.subresources.interface import Subresource
from orchestrator.apiserver.subresources.scale import ScaleSubresource
from orchestrator.apiserver.subresources.status import Status

__all__ = ["SUBRESOURCES", "Subresource", "subresource_of"]

SUBRESOURCES: Final[Mapping[str, Subresource]] = {
    "binding": BindingSubresource(),
    "eviction": EvictionSubresource(),
    "finalize": Finalize(),
    "scale": ScaleSubresource(),
    "status": Status(),
}


def subresource_of(resource: Resource, name: str) -> Subresource:
    """What answers for a subresource. Raises NotFound unless the resource's scheme entry has it."""
    found = SUBRESOURCES.get(name)
    if found is None or resource.subresource(name) is None:
        raise errors.no_such_resource()
    return found

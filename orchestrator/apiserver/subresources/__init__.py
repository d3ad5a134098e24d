"""Parts of objects that have a path of their own, one file each.

What belongs: what a subresource reads and writes, as decisions (see `registry`). What does not: a
server's own connections (`log`, `exec`), which never reach the store.

A resource has those of `SUBRESOURCES` that its scheme entry names; everything else is "the server
could not find the requested resource".
"""

from collections.abc import Mapping
from typing import Final

from orchestrator.apiserver.subresources.binding import BindingSubresource
from orchestrator.apiserver.subresources.eviction import EvictionSubresource
from orchestrator.apiserver.subresources.finalize import Finalize
from orchestrator.apiserver.subresources.interface import Subresource
from orchestrator.apiserver.subresources.scale import ScaleSubresource
from orchestrator.apiserver.subresources.status import Status

__all__ = ["SUBRESOURCES", "Subresource"]

SUBRESOURCES: Final[Mapping[str, Subresource]] = {
    "binding": BindingSubresource(),
    "eviction": EvictionSubresource(),
    "finalize": Finalize(),
    "scale": ScaleSubresource(),
    "status": Status(),
}

"""Parts of objects that have a path of their own, one file each.

What belongs: what a subresource reads, and which steps (see `pipeline`) its writes take. What does
not: a server's own connections (`log`, `exec`), which never reach the store.

A resource has those of `SUBRESOURCES` that its scheme entry names; everything else is "the server
could not find the requested resource".
"""

from collections.abc import Callable, Mapping
from typing import Final

from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.pipeline.part import Part
from orchestrator.apiserver.subresources.approval import APPROVAL
from orchestrator.apiserver.subresources.binding import BINDING
from orchestrator.apiserver.subresources.eviction import EVICTION
from orchestrator.apiserver.subresources.finalize import FINALIZE
from orchestrator.apiserver.subresources.pod_parts import EPHEMERAL_CONTAINERS, RESIZE
from orchestrator.apiserver.subresources.scale import scale_part
from orchestrator.apiserver.subresources.status import STATUS
from orchestrator.apiserver.subresources.token import TOKEN

__all__ = ["SUBRESOURCES"]

SUBRESOURCES: Final[Mapping[str, Callable[[Kind], Part]]] = {
    "approval": lambda _kind: APPROVAL,
    "binding": lambda _kind: BINDING,
    "eviction": lambda _kind: EVICTION,
    "ephemeralcontainers": lambda _kind: EPHEMERAL_CONTAINERS,
    "finalize": lambda _kind: FINALIZE,
    "resize": lambda _kind: RESIZE,
    "scale": scale_part,
    "status": lambda _kind: STATUS,
    "token": lambda _kind: TOKEN,
}
"""Each part by its name, for a kind that has it."""

"""Parts of objects that have a path of their own, one file each.

What belongs: what a subresource reads, and which steps (see `pipeline`) its writes take. What does
not: a server's own connections (`log`, `exec`), which never reach the store.

A resource has those of `SUBRESOURCES` that its scheme entry names; everything else is "the server
could not find the requested resource".
"""

from collections.abc import Mapping
from typing import Final

from orchestrator.apiserver.pipeline.part import Part
from orchestrator.apiserver.subresources.binding import BINDING
from orchestrator.apiserver.subresources.eviction import EVICTION
from orchestrator.apiserver.subresources.finalize import FINALIZE
from orchestrator.apiserver.subresources.scale import SCALE
from orchestrator.apiserver.subresources.status import STATUS

__all__ = ["SUBRESOURCES"]

SUBRESOURCES: Final[Mapping[str, Part]] = {
    "binding": BINDING,
    "eviction": EVICTION,
    "finalize": FINALIZE,
    "scale": SCALE,
    "status": STATUS,
}

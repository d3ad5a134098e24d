"""What has a path of its own: the object itself, and each of its subresources."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from orchestrator.apiserver.pipeline.course import Action, Maker

_NO_WRITES: Final[Mapping[Action, tuple[Maker, ...]]] = {}


class Part(Struct, frozen=True):
    """`writes` says for each action that it knows which steps a write takes.

    `as_part` makes it of the stored object where it is of another kind (a Scale). `readable`:
    whether a get answers it; `shown` makes its answer where that is not what `as_part` makes.
    """

    writes: Mapping[Action, tuple[Maker, ...]] = _NO_WRITES
    readable: bool = True
    as_part: Callable[[Any], Any] | None = None
    shown: Callable[[Any], Any] | None = None

"""What the server's metrics say of its state."""

from collections.abc import Mapping

from msgspec import Struct

from actors import Request


class ServerState(Struct, frozen=True, gc=False):
    """How many objects there are, by their buckets, and at which revision."""

    objects: Mapping[str, int]
    revision: int


class AskState(Request[ServerState], frozen=True, gc=False):
    """Answer the server's state."""

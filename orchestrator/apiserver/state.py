"""What the server's metrics say of its state."""

from collections.abc import Mapping

from msgspec import Struct

from actors import Request


class ServerState(Struct, frozen=True, gc=False):
    """How many objects there are, by their buckets, and how many addresses and node ports of Services.

    `addresses` and `ports`: how many are taken, and how many are free.
    """

    objects: Mapping[str, int]
    network: str
    addresses: tuple[int, int]
    ports: tuple[int, int]


class AskState(Request[ServerState], frozen=True, gc=False):
    """Answer the server's state."""

"""What the server's metrics say of its state."""

from collections.abc import Mapping

from msgspec import Struct

from actors import Request
from orchestrator.apiserver.telemetry.families import Histogram, Series


class ServerState(Struct, frozen=True):
    """How many objects there are, by their buckets, and how many addresses and node ports of Services.

    `addresses` and `ports`: how many are taken, and how many are free.
    `families`: what the server has counted itself. `revision`: the store's. `drawn`:
    how many addresses were given out, by how: dynamic, or static where a Service names its own.
    """

    objects: Mapping[str, int]
    network: str
    addresses: tuple[int, int]
    ports: tuple[int, int]
    revision: int = 0
    families: tuple[Series | Histogram, ...] = ()
    drawn: Mapping[str, int] = {}


class AskState(Request[ServerState], frozen=True, gc=False):
    """Answer the server's state."""

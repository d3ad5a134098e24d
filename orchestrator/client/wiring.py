"""What controllers are connected to, and what they tell of themselves."""

from typing import Any

from msgspec import Struct

from actors import Ref
from orchestrator.api.scheme import DEFAULT, Scheme
from orchestrator.client.informers import SharedCaches
from orchestrator.protocol import ADMIN, ApiRef, Identity


class Wiring(Struct, frozen=True):
    """What a controller is connected to; one for all controllers of a manager."""

    api: ApiRef
    informers: Ref[Any]
    shared: SharedCaches
    scheme: Scheme = DEFAULT
    identity: Identity = ADMIN
    record_events: bool = True
    field_manager: str = ""  # of what is written; empty: each controller's name


class Statistics(Struct, frozen=True):
    """What a controller has done, and what waits."""

    reconciles: int
    failures: int
    queued: int
    processing: int
    delayed: int
    in_step: bool  # whether its caches are filled, so that it works

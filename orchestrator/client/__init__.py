"""How components and programs talk to an API server: typed, in process, by messages.

Here belong the typed `Client`, self-mending watches, caches, shared informers, the work queue, the
event recorder and the `Controller` base. What a controller does is not here; nor is anything that
knows how the API server works: whoever answers `orchestrator.protocol` will do.
"""

from orchestrator.client.api import Client
from orchestrator.client.cache import (
    Cache,
    Change,
    Key,
    KeyFunction,
    OfMetadata,
    OfStatus,
    key_of,
    same_but_status,
)
from orchestrator.client.changing import (
    add_finalizer,
    create_or_update,
    owned_by,
    remove_finalizer,
    write_status,
)
from orchestrator.client.controller import Controller
from orchestrator.client.errors import (
    InvalidController,
    NotInStep,
    PermanentError,
    TemporaryError,
)
from orchestrator.client.event_series import EventSeriesRecorder
from orchestrator.client.events import EventRecorder
from orchestrator.client.informers import Changed, Informers, Resync, SharedCaches, Subscribe
from orchestrator.client.pacing import Pacing, RateLimit
from orchestrator.client.reflector import Reflector
from orchestrator.client.sources import (
    Source,
    filtered,
    generation_changed,
    labels_changed,
    labels_match,
    looked_up,
)
from orchestrator.client.subscription import Subscription
from orchestrator.client.waiting import WaitTimeout
from orchestrator.client.watcher import Watcher
from orchestrator.client.watching import WatchStream
from orchestrator.client.wiring import Statistics, Wiring
from orchestrator.client.work_queue import Backoff, WorkQueue
from orchestrator.machinery.metadata import same_metadata

__all__ = [
    "Backoff",
    "Cache",
    "Change",
    "Changed",
    "Client",
    "Controller",
    "EventRecorder",
    "EventSeriesRecorder",
    "Informers",
    "InvalidController",
    "Key",
    "KeyFunction",
    "NotInStep",
    "OfMetadata",
    "OfStatus",
    "Pacing",
    "PermanentError",
    "RateLimit",
    "Reflector",
    "Resync",
    "SharedCaches",
    "Source",
    "Statistics",
    "Subscribe",
    "Subscription",
    "TemporaryError",
    "WaitTimeout",
    "WatchStream",
    "Watcher",
    "Wiring",
    "WorkQueue",
    "add_finalizer",
    "create_or_update",
    "filtered",
    "generation_changed",
    "key_of",
    "labels_changed",
    "labels_match",
    "looked_up",
    "owned_by",
    "remove_finalizer",
    "same_but_status",
    "same_metadata",
    "write_status",
]

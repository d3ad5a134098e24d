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
from orchestrator.client.controller import Controller, Statistics, Wiring
from orchestrator.client.events import EventRecorder
from orchestrator.client.informers import Changed, Informers, Resync, SharedCaches, Subscribe
from orchestrator.client.reflector import Reflector
from orchestrator.client.subscription import Subscription
from orchestrator.client.waiting import WaitTimeout
from orchestrator.client.watcher import Watcher
from orchestrator.client.watching import WatchStream
from orchestrator.client.work_queue import WorkQueue
from orchestrator.machinery.metadata import same_metadata

__all__ = [
    "Cache",
    "Change",
    "Changed",
    "Client",
    "Controller",
    "EventRecorder",
    "Informers",
    "Key",
    "KeyFunction",
    "OfMetadata",
    "OfStatus",
    "Reflector",
    "Resync",
    "SharedCaches",
    "Statistics",
    "Subscribe",
    "Subscription",
    "WaitTimeout",
    "WatchStream",
    "Watcher",
    "Wiring",
    "WorkQueue",
    "key_of",
    "same_but_status",
    "same_metadata",
]

"""The actor that keeps a zone in step with the API server."""

from typing import Any, Final

from orchestrator.api.core.v1 import Namespace, Service
from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.client import Change, Watcher
from orchestrator.client.cache import key_of
from orchestrator.dns.records import Zone
from orchestrator.protocol import AUTHENTICATED, ApiRef, Identity

_BATCH_SECONDS: Final = 0.05
# CoreDNS' service account, whose role installers bring along.
_IDENTITY: Final = Identity(
    "system:serviceaccount:kube-system:coredns",
    ("system:serviceaccounts", "system:serviceaccounts:kube-system", AUTHENTICATED),
)


class ZoneWatcher(Watcher):
    """Follows Services, EndpointSlices and Namespaces.

    `zone` outlives the actor: while it restarts, names are answered as they were.
    """

    def __init__(self, api: ApiRef, zone: Zone) -> None:
        super().__init__(api, _IDENTITY)
        self._zone = zone

    def started(self) -> None:
        """Watch."""
        zone = self._zone
        services = self.reflect(
            Service,
            batch_seconds=_BATCH_SECONDS,
            on_change=lambda change: zone.put_service(_key(change), change.new),
            on_synced=lambda: zone.keep(services={key_of(each) for each in services.cache.list()}),
        )
        slices = self.reflect(
            EndpointSlice,
            batch_seconds=_BATCH_SECONDS,
            on_change=lambda change: zone.put_slice(_key(change), change.new),
            on_synced=lambda: zone.keep(slices={key_of(each) for each in slices.cache.list()}),
        )
        namespaces = self.reflect(
            Namespace,
            batch_seconds=_BATCH_SECONDS,
            on_change=self._namespace,
            on_synced=lambda: zone.keep(
                namespaces={each.metadata.name for each in namespaces.cache.list()}
            ),
        )

    def _namespace(self, change: Change[Namespace]) -> None:
        name = _key(change)[1]
        if change.new is not None:
            self._zone.put_namespace(name)
        else:
            self._zone.remove_namespace(name)


def _key(change: Change[Any]) -> tuple[str, str]:
    return key_of(change.old if change.new is None else change.new)

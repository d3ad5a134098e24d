"""The API server's Lease in kube-system, by which others see that it is there, and those of servers that are gone.

The name is the digest of the machine's, as Kubernetes' is; several servers would have one each.
"""

import base64
import hashlib
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.coordination.v1 import Lease, LeaseSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.client import Change, Key
from orchestrator.controllers.base import API_SERVER, KubernetesController, PeriodicController
from orchestrator.machinery.times import format_micro_time, parse_time
from orchestrator.protocol import AlreadyExists, Conflict, NotFound

IDENTITY: Final = "apiserver.kubernetes.io/identity"
SERVER: Final = "kube-apiserver"
HOST: Final = "control-plane"  # the machine that it runs on
LEASE_SECONDS: Final = 3600
RENEW_SECONDS: Final = 10.0
CLEAN_SECONDS: Final = 3600.0
_NAMESPACE: Final = "kube-system"
_LABELS: Final = {IDENTITY: SERVER, "kubernetes.io/hostname": HOST}


def server_id(host: str) -> str:
    """The name of the server of a machine."""
    digest = hashlib.sha256(host.encode()).digest()[:16]
    return f"apiserver-{base64.b32encode(digest).decode().rstrip('=').lower()}"


class ServerLeaseKeeper(KubernetesController):
    """Renews the Lease. There is one key, that of the Lease."""

    name = "kube-apiserver-identity-lease"
    account = ""
    identity = API_SERVER
    kind = Lease
    by_default = False

    def prepare(self) -> None:
        """Who holds it is another at each start."""
        self._key = Key(_NAMESPACE, server_id(HOST))
        self._holder = f"{self._key.name}_{self.ctx.uid()}"

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """Its own Lease, if that is gone; renewals come by time."""
        metadata = change.latest.metadata
        gone = change.new is None and (metadata.namespace, metadata.name) == self._key
        return (self._key,) if gone else ()

    def initial_keys(self) -> Iterable[Key]:
        """Its own."""
        return (self._key,)

    async def reconcile(self, key: Key) -> float | None:
        """Make the Lease, or renew it."""
        renewed = format_micro_time(self.ctx.clock.now())
        found = self.cache(Lease).get(*key)
        if found is None:
            metadata = ObjectMeta(name=key.name, namespace=key.namespace, labels=_LABELS)
            spec = LeaseSpec(
                holder_identity=self._holder,
                lease_duration_seconds=LEASE_SECONDS,
                renew_time=renewed,
            )
            with suppress(AlreadyExists):
                await self.client.create(Lease(metadata=metadata, spec=spec))
            return RENEW_SECONDS
        metadata = replace(found.metadata, labels={**found.metadata.labels, **_LABELS})
        spec = replace(found.spec or LeaseSpec(), renew_time=renewed)
        with suppress(Conflict, NotFound):
            await self.client.update(replace(found, metadata=metadata, spec=spec))
        return RENEW_SECONDS


class ServerLeaseCleaner(PeriodicController):
    """Once an hour deletes the Leases of servers that have not been renewed for as long as they last."""

    name = "kube-apiserver-identity-lease-gc"
    account = ""
    identity = API_SERVER
    kind = Lease

    async def reconcile(self, key: Key) -> float | None:
        """One look."""
        for lease in list(self.cache(Lease).list(_NAMESPACE)):
            if lease.metadata.labels.get(IDENTITY) != SERVER or not self._has_expired(lease):
                continue
            with suppress(Conflict, NotFound):
                found = await self.client.get(Lease, lease.metadata.name, namespace=_NAMESPACE)
                if self._has_expired(found):
                    await self.client.delete(
                        Lease, found.metadata.name, namespace=_NAMESPACE, uid=found.metadata.uid
                    )
        return CLEAN_SECONDS

    def _has_expired(self, lease: Lease) -> bool:
        """Whether it was not renewed in time; one that does not say when, or for how long, is none of a server."""
        spec = lease.spec
        if spec is None or not spec.renew_time or spec.lease_duration_seconds is None:
            return True
        return parse_time(spec.renew_time) + spec.lease_duration_seconds < self.ctx.clock.now()

"""A node's heartbeat: its lease, renewed by the kubelet as a sign of life.

A renewal that fails is no matter: the next one comes soon. What the lease is by then is read again if
somebody else has written it, and it is created anew if it is gone.
"""

from collections.abc import Callable
from typing import Any, Final

from actors import Context
from orchestrator.api.coordination.v1 import Lease
from orchestrator.api.core.v1 import Node
from orchestrator.api.scheme import resource_of
from orchestrator.kubelet.node_status import LEASE_NAMESPACE, lease_at, renewed
from orchestrator.machinery.heartbeats import computed, is_computed, written
from orchestrator.protocol import (
    AlreadyExists,
    ApiRef,
    Conflict,
    Create,
    Get,
    Identity,
    NotFound,
    Update,
)

FIELD_MANAGER: Final = "kubelet"  # who has written what a kubelet writes
RENEW_SECONDS: Final = 10.0  # a quarter of the lease's duration
_LEASES: Final = resource_of(Lease)


class Heartbeat:
    """The lease of one node, kept by its kubelet, whose context `ctx` is.

    With `computed_from` (seconds since the epoch) its renewals are computed from that moment on, and
    it is written only to say so.
    """

    def __init__(
        self,
        ctx: Context,
        api: ApiRef,
        identity: Identity,
        node: Node,
        computed_from: float | None = None,
    ) -> None:
        self._ctx = ctx
        self._api = api
        self._identity = identity
        self._node = node
        self._computed_from = computed_from
        self._lease: Lease | None = None  # as it was written last

    def renew(self) -> None:
        """Renew the lease that was written last; create it when there is none."""
        now = self._ctx.clock.now()
        last = self._lease
        if last is None:
            metadata = self._node.metadata
            lease = self._given(lease_at(now, metadata.name, metadata.uid), now)
            self._ctx.request(
                self._api,
                Create(
                    resource=_LEASES,
                    object=lease,
                    namespace=LEASE_NAMESPACE,
                    field_manager=FIELD_MANAGER,
                    identity=self._identity,
                ),
                then=self._written,
                failed=self._failed,
            )
        elif self._computed_from is None:
            self._update(renewed(last, now), self._written, self._failed)
        else:
            self._update(self._given(last, now), self._written, self._failed)

    def fall_silent(self) -> Any:
        """Write when the lease was renewed last, if that is only computed; answers or promises None."""
        lease = self._lease
        if lease is None or not is_computed(lease):
            return None
        self._lease = written(lease, self._ctx.clock.now())
        deferred = self._ctx.defer()
        self._update(self._lease, lambda _: deferred.reply(None), deferred.fail)
        return deferred

    def _given(self, lease: Lease, now: float) -> Lease:
        if self._computed_from is None:
            return lease
        return computed(lease, now, self._computed_from, RENEW_SECONDS)

    def _update(
        self,
        lease: Lease,
        then: Callable[[Lease], Any],
        failed: Callable[[BaseException], Any],
    ) -> None:
        update = Update(
            resource=_LEASES,
            object=lease,
            name=self._node.metadata.name,
            namespace=LEASE_NAMESPACE,
            field_manager=FIELD_MANAGER,
            identity=self._identity,
        )
        self._ctx.request(self._api, update, then=then, failed=failed)

    def _written(self, lease: Lease) -> None:
        self._lease = lease

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, NotFound):
            self._lease = None
            self.renew()
        elif isinstance(error, AlreadyExists | Conflict):
            self._ctx.request(
                self._api,
                Get(
                    resource=_LEASES,
                    name=self._node.metadata.name,
                    namespace=LEASE_NAMESPACE,
                    identity=self._identity,
                ),
                then=self._read,
                failed=_ignore,
            )

    def _read(self, lease: Lease) -> None:
        self._lease = lease
        self.renew()


def _ignore(_: object) -> None:
    """The next beat makes it good."""

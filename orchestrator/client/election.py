"""Leader election: of several processes one holds a Lease, and says so again and again.

Follows client-go's leader election (https://pkg.go.dev/k8s.io/client-go/tools/leaderelection): who sees
that a Lease was not renewed for as long as it lasts, by the own clock, takes it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from msgspec.structs import replace

from actors import Clock, NoReply
from orchestrator.api.coordination.v1 import Lease, LeaseSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.client.api import Client
from orchestrator.machinery.times import format_micro_time
from orchestrator.protocol import AlreadyExists, ApiError, Conflict, NotFound

_log: Final = logging.getLogger("orchestrator.election")

LEASE_SECONDS: Final = 15.0
RENEW_SECONDS: Final = 10.0
RETRY_SECONDS: Final = 2.0
"""What controllers of Kubernetes have: how long a lease lasts, within how long it must be renewed, and
how often that is tried."""


class Election:
    """One candidate for a Lease. `identity` must be no other candidate's."""

    def __init__(
        self,
        client: Client,
        clock: Clock,
        *,
        namespace: str,
        name: str,
        identity: str,
        lease_seconds: float = LEASE_SECONDS,
        renew_seconds: float = RENEW_SECONDS,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        if not lease_seconds > renew_seconds > retry_seconds > 0:
            raise ValueError(
                "a lease lasts longer than it may take to renew it, and that longer than one try: "
                f"not {lease_seconds:g} > {renew_seconds:g} > {retry_seconds:g} > 0 s"
            )
        self._client = client
        self._clock = clock
        self._namespace, self._name, self._identity = namespace, name, identity
        self._lease_seconds = lease_seconds
        self._renew_seconds = renew_seconds
        self._retry_seconds = retry_seconds
        self._seen: LeaseSpec | None = None
        self._seen_at = 0.0
        self._said = ""  # why the lease could not be had

    @asynccontextmanager
    async def held(self) -> AsyncIterator["asyncio.Task[None]"]:
        """Wait for the lease, hold it inside the block, and give it back at its end.

        The task that is given ends when the lease is lost: then another may lead.
        """
        while not await self._try():
            await self._clock.sleep(self._retry_seconds)
        keeping = asyncio.ensure_future(self._keep())
        try:
            yield keeping
        finally:
            if not keeping.done():
                keeping.cancel()
                with suppress(asyncio.CancelledError):
                    await keeping
                await self._release()

    async def _keep(self) -> None:
        """Renew the lease until that was not possible for too long."""
        renewed = self._clock.monotonic()
        while self._clock.monotonic() - renewed < self._renew_seconds:
            await self._clock.sleep(self._retry_seconds)
            if await self._try():
                renewed = self._clock.monotonic()

    async def _try(self) -> bool:
        """Take the lease or renew it; answers whether it is ours."""
        try:
            return await self._taken_or_renewed()
        except (
            Conflict,
            AlreadyExists,
            NoReply,
        ):  # others were faster, or nobody answers: try again
            return False
        except ApiError as error:
            if str(error) != self._said:  # once: it is tried every two seconds
                self._said = str(error)
                _log.warning("the lease %s/%s: %s", self._namespace, self._name, error)
            return False

    async def _taken_or_renewed(self) -> bool:
        now = format_micro_time(self._clock.now())
        mine = LeaseSpec(
            holder_identity=self._identity,
            lease_duration_seconds=round(self._lease_seconds),
            acquire_time=now,
            renew_time=now,
            lease_transitions=0,
        )
        try:
            lease = await self._client.get(Lease, self._name, namespace=self._namespace)
        except NotFound:
            metadata = ObjectMeta(name=self._name, namespace=self._namespace)
            await self._client.create(Lease(metadata=metadata, spec=mine))
            return True
        spec = lease.spec or LeaseSpec()
        if spec != self._seen:
            self._seen, self._seen_at = spec, self._clock.monotonic()
        if spec.holder_identity == self._identity:
            mine = replace(
                mine, acquire_time=spec.acquire_time, lease_transitions=spec.lease_transitions
            )
        elif spec.holder_identity and self._is_valid(spec):
            return False
        else:
            mine = replace(mine, lease_transitions=(spec.lease_transitions or 0) + 1)
        await self._client.update(replace(lease, spec=mine))
        return True

    def _is_valid(self, spec: LeaseSpec) -> bool:
        """Whether another's lease still holds: by when a change of it was seen last, not by its clock."""
        lasts = spec.lease_duration_seconds or self._lease_seconds
        return self._clock.monotonic() < self._seen_at + lasts

    async def _release(self) -> None:
        """Let the next candidate have the lease at once."""
        with suppress(ApiError, NoReply):
            lease = await self._client.get(Lease, self._name, namespace=self._namespace)
            if lease.spec is not None and lease.spec.holder_identity == self._identity:
                free = replace(lease.spec, holder_identity="", lease_duration_seconds=1)
                await self._client.update(replace(lease, spec=free))

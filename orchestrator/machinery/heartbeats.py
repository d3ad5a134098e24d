"""Leases whose renewals are computed instead of written.

A healthy node renews its lease every ten seconds for ever, which tells nobody anything: in a simulated
year that is three million writes a node. A lease that carries the annotation

    simulation.orchestrator.dev/renewed-every: "10"

is renewed at its `acquireTime`, and every so many seconds from its `renewTime` on, as long as the
annotation is there. When the node falls silent, its last renewal is written and the annotation goes; from then on the lease is as old
as it would have been, and whoever watches leases finds out when he would have.
"""

from typing import Final

from msgspec.structs import replace

from orchestrator.api.coordination.v1 import Lease, LeaseSpec
from orchestrator.machinery.times import format_micro_time, parse_time

RENEWED_EVERY: Final = "simulation.orchestrator.dev/renewed-every"


def is_computed(lease: Lease | None) -> bool:
    """Whether the lease is renewed without being written."""
    return lease is not None and RENEWED_EVERY in lease.metadata.annotations


def computed(lease: Lease, now: float, first: float, period: float) -> Lease:
    """The lease, renewed `now`, at `first`, and every `period` seconds after that (epoch seconds)."""
    metadata = lease.metadata
    annotations = {**metadata.annotations, RENEWED_EVERY: f"{period:g}"}
    spec = replace(
        lease.spec or LeaseSpec(),
        acquire_time=format_micro_time(now),
        renew_time=format_micro_time(first),
    )
    return replace(lease, metadata=replace(metadata, annotations=annotations), spec=spec)


def last_renewal(lease: Lease, now: float) -> float:
    """When a computed lease was renewed last."""
    spec = lease.spec or LeaseSpec()
    first = parse_time(spec.renew_time or "")
    if now < first and spec.acquire_time:
        return parse_time(spec.acquire_time)
    period = float(lease.metadata.annotations[RENEWED_EVERY])
    return first + max(0.0, (now - first) // period) * period


def written(lease: Lease, now: float) -> Lease:
    """The lease as it would be if its renewals had been written, and are no more computed."""
    spec = lease.spec or LeaseSpec()
    renewed = format_micro_time(last_renewal(lease, now))
    annotations = {k: v for k, v in lease.metadata.annotations.items() if k != RENEWED_EVERY}
    return replace(
        lease,
        metadata=replace(lease.metadata, annotations=annotations),
        spec=replace(spec, acquire_time=None, renew_time=renewed),
    )

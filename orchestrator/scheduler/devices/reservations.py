"""What is written of claims: that a pod has them, that it has not, and that nobody has."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.core.v1 import Pod, PodExtendedResourceClaimStatus
from orchestrator.api.resource.v1 import AllocationResult, ResourceClaim, ResourceClaimStatus
from orchestrator.client import Client
from orchestrator.machinery import resource_claims
from orchestrator.machinery.times import format_time
from orchestrator.protocol import ApiError, Conflict
from orchestrator.scheduler.devices.claims import PLUGIN, allocation_of, claims_of
from orchestrator.scheduler.devices.extended import Special
from orchestrator.scheduler.errors import PluginError
from orchestrator.scheduler.snapshot import Snapshot

Write = Callable[[Client], Awaitable[None]]
_TRIES: Final = 5  # of a write that meets a conflict


def reserving(
    pod: Pod,
    claims: Iterable[ResourceClaim],
    results: Mapping[str, AllocationResult],
    nodes: Snapshot,
) -> Write:
    """Give claims their results, and reserve them for a pod."""

    async def write(client: Client) -> None:
        for claim in claims:
            await _reserve(client, pod, claim, results.get(claim.metadata.uid), nodes)

    return write


async def _reserve(
    client: Client,
    pod: Pod,
    claim: ResourceClaim,
    result: AllocationResult | None,
    nodes: Snapshot,
) -> None:
    """Write a claim's allocation and that the pod uses it; read it again after a conflict."""
    metadata = claim.metadata
    for attempt in range(_TRIES):
        if attempt:
            claim = await client.get(ResourceClaim, metadata.name, namespace=metadata.namespace)
        try:
            await _reserve_once(client, pod, claim, result, nodes)
        except Conflict:
            if attempt == _TRIES - 1:
                raise
        else:
            return


async def _reserve_once(
    client: Client,
    pod: Pod,
    claim: ResourceClaim,
    result: AllocationResult | None,
    nodes: Snapshot,
) -> None:
    name = f"{claim.metadata.namespace}/{claim.metadata.name}"
    said = "deleted" if claim.metadata.deletion_timestamp is not None else ""
    if result is not None and allocation_of(claim) is not None:
        said = "allocated elsewhere"
    if result is None and allocation_of(claim) is None:
        said = "deallocated elsewhere"
    if said:
        raise PluginError(PLUGIN, f"claim {name} got {said} in the meantime")
    finalizers = claim.metadata.finalizers
    if result is not None and resource_claims.FINALIZER not in finalizers:
        metadata = replace(claim.metadata, finalizers=(*finalizers, resource_claims.FINALIZER))
        with _saying(f"add finalizer to claim {name}"):
            claim = await client.update(replace(claim, metadata=metadata))
    status = claim.status or ResourceClaimStatus()
    allocation = result or status.allocation
    assert allocation is not None
    if allocation.allocation_timestamp is None:
        allocation = replace(allocation, allocation_timestamp=format_time(nodes.now()))
    users = (*status.reserved_for, resource_claims.consumer(pod))
    status = replace(status, allocation=allocation, reserved_for=users)
    added = "reservation" if result is None else "allocation and reservation"
    with _saying(f"add {added} to claim {name}"):
        await client.update_status(replace(claim, status=status))


@contextmanager
def _saying(what: str) -> Iterator[None]:
    """Say what was being done when the API server refused. Raises Conflict as it is, others as PluginError."""
    try:
        yield
    except Conflict:
        raise
    except ApiError as error:
        raise PluginError(PLUGIN, f"{what}: {error}") from error


def making(
    pod: Pod, special: Special, result: AllocationResult, made: list[ResourceClaim], nodes: Snapshot
) -> Write:
    """Make the claim for a pod's extended resources, with what it gets, and tell the pod of it.

    The claim is put into `made`, and the devices are counted for it instead of for the one that had no name.
    """

    async def write(client: Client) -> None:
        metadata = replace(special.claim.metadata, name="", uid="")
        claim = await client.create(replace(special.claim, metadata=metadata))
        made.append(claim)
        nodes.devices.forget(special.claim.metadata.uid)
        nodes.devices.assume(claim.metadata.uid, result)
        await _reserve(client, pod, claim, result, nodes)
        said = PodExtendedResourceClaimStatus(
            request_mappings=special.mappings, resource_claim_name=claim.metadata.name
        )
        await client.patch(
            Pod,
            pod.metadata.name,
            {
                "metadata": {"uid": pod.metadata.uid},
                "status": {"extendedResourceClaimStatus": codec.to_dict(said)},
            },
            namespace=pod.metadata.namespace,
            patch_type="strategic",
            subresource="status",
        )

    return write


def deleting(claim: ResourceClaim) -> Write:
    """Delete a claim that the scheduler made, with what keeps it."""

    async def write(client: Client) -> None:
        name, namespace = claim.metadata.name, claim.metadata.namespace
        kept = (await client.get(ResourceClaim, name, namespace=namespace)).metadata.finalizers
        left = [each for each in kept if each != resource_claims.FINALIZER]
        body = {"metadata": {"finalizers": left or None}}
        await client.patch(ResourceClaim, name, body, namespace=namespace, patch_type="merge")
        await client.delete(ResourceClaim, name, namespace=namespace)

    return write


def giving_back(pod: Pod, nodes: Snapshot) -> Write:
    """Take a pod from its claims."""

    async def write(client: Client) -> None:
        """The pod uses its claims no more; whether they stay allocated is the controller's business."""
        for claim in claims_of(pod, nodes):
            if resource_claims.is_reserved_for(claim, pod.metadata.uid):
                await client.patch(
                    ResourceClaim,
                    claim.metadata.name,
                    {
                        "metadata": {"uid": claim.metadata.uid},
                        "status": {"reservedFor": [{"$patch": "delete", "uid": pod.metadata.uid}]},
                    },
                    namespace=claim.metadata.namespace,
                    patch_type="strategic",
                    subresource="status",
                )

    return write


def deallocating(claim: ResourceClaim) -> Write:
    """Set the devices of a claim free."""

    async def write(client: Client) -> None:
        await client.update_status(replace(claim, status=ResourceClaimStatus()))

    return write

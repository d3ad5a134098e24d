"""The claims of a pod: whether they can be used, what they have and what they would get on a node."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from orchestrator.api.core.v1 import Pod
from orchestrator.api.resource.v1 import AllocationResult, DeviceClass, ResourceClaim
from orchestrator.machinery import node_affinity, resource_claims
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.machinery.times import parse_time
from orchestrator.scheduler.devices.allocator import Allocation, Allocator
from orchestrator.scheduler.devices.errors import AllocationFault, InvalidPools
from orchestrator.scheduler.devices.extended import Special, is_made_for, special_claim
from orchestrator.scheduler.devices.requests import alternatives, requests_of
from orchestrator.scheduler.errors import PluginError
from orchestrator.scheduler.snapshot import Snapshot

PLUGIN: Final = "DynamicResources"
_TOO_FEW: Final = "cannot allocate all claims"


class Claims(Struct):
    """The claims of a pod: those that are allocated and those that are not; or why none can be used."""

    refusal: str = ""
    all: tuple[ResourceClaim, ...] = ()
    allocated: tuple[ResourceClaim, ...] = ()
    missing: tuple[ResourceClaim, ...] = ()
    unready: tuple[ResourceClaim, ...] = ()  # of the allocated: their devices do not get prepared
    fault: str = ""
    # Extended resources that a class of devices stands for, with that class, and the claim for them that is left
    # from an attempt that failed.
    backed: Mapping[str, str] = {}
    stale: ResourceClaim | None = None
    pod: Pod | None = None
    _special: dict[tuple[str, ...], Special] = {}

    @property
    def empty(self) -> bool:
        """Whether the pod has no claim, and needs none."""
        return not (self.all or self.backed)

    def special_on(self, row: int, nodes: Snapshot) -> Special | None:
        """The claim that a node needs for what it does not offer itself; None: there is nothing of the kind."""
        names = tuple(n for n in self.backed if not nodes.allocatable[nodes.column(n), row])
        if not names or self.pod is None:
            return None
        found = self._special.get(names)
        if found is None:
            wanted = {name: self.backed[name] for name in names}
            found = self._special[names] = special_claim(self.pod, wanted)
        return found

    def traits(self) -> tuple[object, ...]:
        """All that nodes are judged by."""
        special = special_claim(self.pod, self.backed).claim if self.backed and self.pod else None
        return (
            msgspec.json.encode(special.spec) if special is not None else None,
            tuple(self.backed),
            self.stale is not None,
            self.refusal,
            tuple(_asked(claim) for claim in self.missing),
            tuple(_usable_on(claim) for claim in self.allocated),
            bool(self.unready),
        )

    def allocate(self, row: int, nodes: Snapshot) -> list[Allocation] | str:
        """What the claims would get on a row, or why not; the special one comes last. Raises PluginError."""
        special = self.special_on(row, nodes)
        missing = self.missing if special is None else (*self.missing, special.claim)
        try:
            found = Allocator(
                nodes.devices, class_of(nodes), nodes.names[row], nodes.labels[row], missing
            ).search()
        except InvalidPools as error:
            return str(error)
        except AllocationFault as error:
            words = f'running "{PLUGIN}" filter plugin: {error}'
            raise PluginError(PLUGIN, words) from None
        return _TOO_FEW if found is None else found

    def out_of_reach(self, rows: Sequence[int], nodes: Snapshot) -> list[ResourceClaim]:
        """The allocated claims that cannot be used on some of the rows."""
        return [
            claim
            for claim in self.allocated
            if (rows and claim in self.unready)
            or not all(reaches(claim, row, nodes) for row in rows)
        ]


def looked_up(pod: Pod, nodes: Snapshot, timeout: float) -> Claims:
    """What is known of a pod's claims; a binding of devices is late after `timeout` seconds."""
    try:
        claims = tuple(claims_of(pod, nodes))
    except resource_claims.ClaimError as error:
        return Claims(str(error))
    backed = {name: nodes.devices.backed[name] for name in sorted(nodes.backed_by_devices(pod))}
    found = Claims(all=claims, backed=backed, pod=pod)
    if backed:
        known = nodes.objects.get(ResourceClaim)
        some = known.list(pod.metadata.namespace) if known is not None else ()
        found.stale = next((claim for claim in some if is_made_for(claim, pod)), None)
    for claim in claims:
        if allocation_of(claim) is not None:
            found.allocated += (claim,)
            state = readiness(claim, timeout, nodes)
            if state.failed or state.late:
                found.unready += (claim,)
            continue
        found.missing += (claim,)
        found.refusal = found.refusal or _why_not_allocated(claim, nodes)
    return found


def _why_not_allocated(claim: ResourceClaim, nodes: Snapshot) -> str:
    """Why a claim cannot be allocated on any node just now; empty: it can be tried."""
    metadata = claim.metadata
    name = f"{metadata.namespace}/{metadata.name}"
    if metadata.uid in nodes.devices.pending:
        return f"resource claim {name} is in the process of being allocated"
    find = class_of(nodes)
    for request in requests_of(claim):
        some = alternatives(request)
        if not some:
            return f"resource claim {name}, request {request.name}: unknown request type"
        for each in some:
            if find(each.class_name) is None:
                return f"request {each.full_name}: device class {each.class_name} does not exist"
    return ""


def claims_of(pod: Pod, nodes: Snapshot) -> list[ResourceClaim]:
    """The claims of a pod. Raises ClaimError: one is not there, goes, or is another pod's."""
    found = []
    known = nodes.objects.get(ResourceClaim)
    for entry, name in resource_claims.claims_named(pod):
        claim = known.get(pod.metadata.namespace, name) if known is not None else None
        if claim is None:
            raise resource_claims.ClaimError(f'resourceclaim.resource.k8s.io "{name}" not found')
        if claim.metadata.deletion_timestamp is not None:
            raise resource_claims.ClaimError(f'resourceclaim "{name}" is being deleted')
        if entry.resource_claim_name is None:
            resource_claims.check_owner(pod, claim)
        found.append(claim)
    return found


def class_of(nodes: Snapshot) -> Callable[[str], DeviceClass | None]:
    """Answers a DeviceClass by its name, or None."""
    classes = nodes.objects.get(DeviceClass)
    return lambda name: classes.get("", name) if classes is not None else None


def allocation_of(claim: ResourceClaim) -> AllocationResult | None:
    """Which devices a claim has; None before it is allocated."""
    return claim.status.allocation if claim.status is not None else None


_asked: Final[IdentityMemo[ResourceClaim, bytes]] = IdentityMemo(
    lambda claim: msgspec.json.encode(claim.spec)
)


def _usable_on(claim: ResourceClaim) -> bytes:
    allocation = allocation_of(claim)
    return msgspec.json.encode(allocation.node_selector if allocation is not None else None)


def reaches(claim: ResourceClaim, row: int, nodes: Snapshot) -> bool:
    """Whether the devices of a claim can be used on the node of a row; true of a claim without any."""
    allocation = allocation_of(claim)
    if allocation is None or allocation.node_selector is None:
        return True
    matches = node_affinity.matcher(allocation.node_selector)
    return matches(nodes.labels[row], nodes.names[row])


# --- devices that are prepared before their pod is bound -----------------------------------------------


class Readiness(Struct, frozen=True):
    """Whether the devices of a claim are ready for its pod; else why they failed, or whether they took too long."""

    ready: bool = True
    failed: str = ""
    late: bool = False


_READY: Final = Readiness()


def readiness(claim: ResourceClaim, timeout: float, nodes: Snapshot) -> Readiness:
    """How far the preparation of a claim's devices is."""
    status = claim.status
    allocation = allocation_of(claim)
    if status is None or allocation is None or allocation.devices is None:
        return Readiness(ready=False)
    awaited = [r for r in allocation.devices.results if r.binding_conditions]
    for result in awaited:
        known = next(
            (
                d
                for d in status.devices
                if (d.driver, d.pool, d.device) == (result.driver, result.pool, result.device)
            ),
            None,
        )
        conditions = {c.type: c for c in known.conditions} if known is not None else {}
        for name in result.binding_failure_conditions:
            failed = conditions.get(name)
            if failed is not None and failed.status == "True":
                return Readiness(
                    ready=False,
                    failed=f"device binding failed: claim={claim.metadata.name}, "
                    f"reason={failed.reason}, message={_quoted(failed.message)}",
                )
        if any(
            n not in conditions or conditions[n].status != "True" for n in result.binding_conditions
        ):
            since = allocation.allocation_timestamp
            late = bool(since) and parse_time(since or "") + timeout < nodes.now()
            return Readiness(ready=False, late=late)
    return _READY


def _quoted(text: str) -> str:
    """A text as Go quotes it."""
    return msgspec.json.encode(text).decode()

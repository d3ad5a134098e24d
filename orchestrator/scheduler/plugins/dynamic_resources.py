"""DynamicResources: a pod goes where the devices are that its claims have, or can get.

The kernel of a pod asks for its claims on each node. Pods whose claims ask for the same share what is known
of the nodes, whatever their claims are called; a device that is given away has its node looked at again.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np

from orchestrator.api.core.v1 import Pod
from orchestrator.api.resource.v1 import DeviceClass, ResourceClaim, ResourceSlice
from orchestrator.client import Client
from orchestrator.machinery import resource_claims
from orchestrator.scheduler.devices.allocator import Allocation
from orchestrator.scheduler.devices.claims import (
    PLUGIN,
    Claims,
    allocation_of,
    claims_of,
    class_of,
    looked_up,
    reaches,
    readiness,
)
from orchestrator.scheduler.devices.extended import is_made_for
from orchestrator.scheduler.devices.requests import MOST_ALTERNATIVES, has_alternatives, requests_of
from orchestrator.scheduler.devices.reservations import (
    deallocating,
    deleting,
    giving_back,
    making,
    reserving,
)
from orchestrator.scheduler.devices.results import result_of
from orchestrator.scheduler.errors import PluginError
from orchestrator.scheduler.events import ClusterEvent
from orchestrator.scheduler.framework import (
    Attempts,
    Nomination,
    Plugin,
    Preparation,
    Remedy,
    Write,
)
from orchestrator.scheduler.kernels import FilterKernel, ScoreKernel, default_normalize
from orchestrator.scheduler.refusals import Refusal
from orchestrator.scheduler.shape import only_nodes
from orchestrator.scheduler.snapshot import Bool, Int64, Rows, Snapshot

BINDING_SECONDS: Final = 600.0
_LEFT_OVER: Final = "cannot schedule extended resource claim"
_ELSEWHERE: Final = "resourceclaim not available on the node"


class DynamicResources(Plugin):
    """Gives devices to claims. A pod with claims waits for them; others have only its last word here.

    Devices that have to be prepared before their pod is bound are waited for `binding_timeout` seconds.
    """

    name = PLUGIN
    by_content = True
    of_volumes = True
    weight = 2
    helped_by = frozenset(
        (
            ClusterEvent.NODE_ADDED,
            ClusterEvent.NODE_LABELS,
            ClusterEvent.NODE_ALLOCATABLE,
            ClusterEvent.DEVICES,
            ClusterEvent.DEVICE_CLAIMS,
            ClusterEvent.OWN_CLAIMS,
        )
    )
    watches = (ResourceClaim, ResourceSlice, DeviceClass)

    def __init__(self, binding_timeout: float = BINDING_SECONDS) -> None:
        self._binding_timeout = binding_timeout

    def enqueue_gate(self, pod: Pod, nodes: Snapshot) -> str:
        """Why the pod need not be tried: a claim that it names is not there, or is not its own."""
        if pod.spec is None or not pod.spec.resource_claims:
            return ""
        try:
            claims_of(pod, nodes)
        except resource_claims.ClaimError as error:
            return str(error)
        return ""

    def helps(self, pod: Pod, event: ClusterEvent, old: Any, new: Any, nodes: Snapshot) -> bool:
        """Of changes of claims: one that sets devices free, or one of the pod's own claims."""
        if event is not ClusterEvent.DEVICE_CLAIMS and event is not ClusterEvent.OWN_CLAIMS:
            return new is not None
        try:
            names = {claim.metadata.uid for claim in claims_of(pod, nodes)}
        except resource_claims.ClaimError:
            return False
        if event is ClusterEvent.OWN_CLAIMS:
            return True
        if new is None:  # its devices were set free before, unless it stood in the pod's own way
            return is_made_for(old, pod)
        if old is not None and allocation_of(old) is not None and allocation_of(new) is None:
            return True
        return new.metadata.uid in names and (old is None or old.status != new.status)

    def filter_kernel(self, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        """As `FilterRule.filter_kernel`."""
        if not nodes.uses_devices(pod):
            return None
        claims = self._claims(pod, nodes)
        return _Filter(claims, nodes) if claims.refusal or not claims.empty else None

    def score_kernel(self, pod: Pod, nodes: Snapshot) -> ScoreKernel | None:
        """As `ScoreRule.score_kernel`."""
        if pod.spec is None or not pod.spec.resource_claims:
            return None
        claims = self._claims(pod, nodes)
        if claims.refusal or not any(map(has_alternatives, claims.missing)):
            return None
        return _Score(claims, nodes)

    def _claims(self, pod: Pod, nodes: Snapshot) -> Claims:
        return looked_up(pod, nodes, self._binding_timeout)

    def post_filter(self, pod: Pod, refusal: Refusal, cycle: Attempts) -> Nomination | Remedy | str:
        """Set free the devices of a claim that keeps its pod from all nodes, where nobody else has it."""
        nothing = "no new claims to deallocate"
        if not cycle.nodes.uses_devices(pod):
            return nothing
        claims = self._claims(pod, cycle.nodes)
        if claims.refusal or claims.empty:
            return nothing
        rows = _kept_by_claims(pod, cycle) if claims.allocated else []
        for claim in claims.out_of_reach(rows, cycle.nodes):
            users = claim.status.reserved_for if claim.status is not None else ()
            if all(each.uid == pod.metadata.uid for each in users) and len(users) <= 1:
                return Remedy("deallocation of ResourceClaim completed", deallocating(claim))
        if claims.stale is not None:
            return Remedy("deletion of ResourceClaim completed", deleting(claims.stale))
        return "still not schedulable"

    def pre_bind(self, pod: Pod, node: str, nodes: Snapshot) -> Preparation | None:
        """Give the claims what was found for them, and reserve them for the pod."""
        row = nodes.row_of(node)
        if row is None or not nodes.uses_devices(pod):
            return None
        claims = self._claims(pod, nodes)
        special = claims.special_on(row, nodes)
        unreserved = [
            c for c in claims.all if not resource_claims.is_reserved_for(c, pod.metadata.uid)
        ]
        waits = self._waiting(pod, nodes)
        # kube-scheduler 1.36 makes the claim for extended resources beside other claims even where the node
        # offers them itself, and stumbles over its emptiness.
        empty = special is None and bool(claims.backed and claims.all)
        if not (unreserved or empty) and special is None:
            return Preparation((), _nothing, waits, self._binding_timeout) if claims.all else None
        found = claims.allocate(row, nodes) if claims.missing or special is not None else []
        if isinstance(found, str):
            raise PluginError(self.name, "claim allocation not found for node")
        results = {
            each.claim.metadata.uid: result_of(each, node, class_of(nodes), nodes.new_uid)
            for each in found
        }
        for uid, result in results.items():
            nodes.devices.assume(uid, result)
        made: list[ResourceClaim] = []
        writes = [reserving(pod, unreserved, results, nodes)]
        if special is not None:
            result = results[special.claim.metadata.uid]
            writes.append(making(pod, special, result, made, nodes))
        if empty:
            writes.append(_refusing_the_empty(pod))
        return Preparation(
            (),
            lambda: _forget(nodes, (*results, *(each.metadata.uid for each in made))),
            waits,
            self._binding_timeout,
            write=_one_after_another(writes),
            withdraw=_one_after_another([giving_back(pod, nodes), _deleting_all(made)]),
        )

    def _waiting(self, pod: Pod, nodes: Snapshot) -> Callable[[], bool]:
        def ready() -> bool:
            """Whether the devices are prepared. Raises PluginError: one cannot be, or not in time."""
            for claim in claims_of(pod, nodes):
                state = readiness(claim, self._binding_timeout, nodes)
                if state.failed:
                    raise PluginError(self.name, state.failed)
                if state.late:
                    words = f"device binding timeout: claim={claim.metadata.name}"
                    raise PluginError(self.name, words)
                if not state.ready:
                    return False
            return True

        return ready


def _nothing() -> None:
    """There is nothing to take back."""


def _forget(nodes: Snapshot, uids: Iterable[str]) -> None:
    for uid in uids:
        nodes.devices.forget(uid)


def _one_after_another(writes: Sequence[Write]) -> Write:
    async def write(client: Client) -> None:
        for each in writes:
            await each(client)

    return write


def _refusing_the_empty(pod: Pod) -> Write:
    """What becomes of a claim for extended resources that asks for none."""
    name = f"{pod.metadata.namespace}/{pod.metadata.name}"

    async def write(_client: Client) -> None:
        words = (
            f"nil or empty request mappings, no update of pod {name} ExtendedResourceClaimStatus"
        )
        raise PluginError(PLUGIN, words)

    return write


def _deleting_all(claims: Sequence[ResourceClaim]) -> Write:
    """Delete the claims that are in the list when the time has come."""

    async def write(client: Client) -> None:
        for claim in claims:
            await deleting(claim)(client)

    return write


def _kept_by_claims(pod: Pod, cycle: Attempts) -> list[int]:
    """The rows that could take a pod, and have devices for all its claims but those that have some elsewhere."""
    shape, nodes = cycle.shape_of(pod), cycle.nodes
    only = only_nodes(kernel for _, kernel in shape.filters)
    rows = nodes.all_rows() if only is None else nodes.rows_of(only)
    return [
        row
        for row in rows.tolist()
        if isinstance(kernel := shape.refusing(row), _Filter)
        and kernel.reasons(row) == (_ELSEWHERE,)
    ]


# --- kernels ---------------------------------------------------------------------------------------


_UNKNOWN: Final = -1


class _Filter(FilterKernel):
    # The filters before this one, those between pods too, keep it from nodes whose devices a selector fails on.
    spanning = True
    may_fail = True

    def __init__(self, claims: Claims, nodes: Snapshot) -> None:
        self._claims, self._nodes = claims, nodes
        self.refusal = claims.refusal
        self.traits = claims.traits()
        self._known = np.zeros(
            0, np.int8
        )  # by row: 1 it passes, 0 it does not, below 0 to be found
        self._version = -1

    def rows(self, rows: Rows) -> Bool:
        if self._nodes.claims.supposing:  # versions come back afterwards
            return np.array([self.row(row) for row in rows.tolist()], np.bool_)
        self._catch_up()
        known = self._known
        for row in rows[known[rows] < 0].tolist():
            known[row] = self.row(row)
        return np.asarray(known[rows] > 0)

    def _catch_up(self) -> None:
        """Forget what was found of rows that are others by now: a pod like this one asks of all of them."""
        nodes = self._nodes
        if nodes.version == self._version:
            return
        touched = nodes.touched_since(self._version)
        self._version = nodes.version
        if touched is None or len(self._known) != nodes.valid.size:
            self._known = np.full(nodes.valid.size, _UNKNOWN, np.int8)
        else:
            self._known[touched] = _UNKNOWN

    def row(self, row: int) -> bool:
        return not self._why_not(row)

    def reasons(self, row: int) -> tuple[str, ...]:
        return (self._why_not(row),)

    def _why_not(self, row: int) -> str:
        claims, nodes = self._claims, self._nodes
        if claims.stale is not None:
            return _LEFT_OVER
        if claims.missing or claims.special_on(row, nodes) is not None:
            found = claims.allocate(row, nodes)
            if isinstance(found, str):
                return found
        if claims.unready or not all(reaches(c, row, nodes) for c in claims.allocated):
            return _ELSEWHERE
        return ""

    def unresolvable(self, rows: Rows) -> Bool:
        return np.ones(len(rows), np.bool_)


class _Score(ScoreKernel):
    """Prefers nodes where requests get what they would like best."""

    spanning = True  # asked about nodes alone that the filter leaves

    def __init__(self, claims: Claims, nodes: Snapshot) -> None:
        self._claims, self._nodes = claims, nodes
        self.traits = claims.traits()
        self._given = sum(map(_rank_of_allocated, claims.allocated))

    def rows(self, rows: Rows) -> Int64:
        return default_normalize(np.array([self._likes(row) for row in rows.tolist()], np.int64))

    def _likes(self, row: int) -> int:
        found = self._claims.allocate(row, self._nodes)
        return 0 if isinstance(found, str) else self._given + sum(map(_rank, found))


def _rank(allocation: Allocation) -> int:
    used = {found.request.full_name for found in allocation.devices}
    return _rank_of(allocation.claim, used)


def _rank_of_allocated(claim: ResourceClaim) -> int:
    allocation = allocation_of(claim)
    devices = allocation.devices if allocation is not None else None
    return _rank_of(claim, {r.request for r in devices.results} if devices is not None else set())


def _rank_of(claim: ResourceClaim, used: set[str]) -> int:
    return sum(
        MOST_ALTERNATIVES - place
        for request in requests_of(claim)
        for place, each in enumerate(request.first_available)
        if f"{request.name}/{each.name}" in used
    )

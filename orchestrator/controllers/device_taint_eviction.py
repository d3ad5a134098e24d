"""Pods whose claims have devices with a NoExecute taint that they do not tolerate, or not for longer, go."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from orchestrator.api.core.v1 import Pod, PodCondition, PodStatus
from orchestrator.api.resource.v1 import (
    Device,
    DeviceRequestAllocationResult,
    DeviceTaint,
    ResourceClaim,
    ResourceSlice,
)
from orchestrator.client import Change, EventRecorder, Key, KeyFunction, OfStatus
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.pods import has_ended
from orchestrator.machinery.conditions import with_condition
from orchestrator.machinery.resource_claims import (
    ClaimError,
    check_owner,
    claim_name,
    is_for,
    is_reserved_for,
)
from orchestrator.machinery.times import format_time, parse_time
from orchestrator.protocol import NotFound

_NO_EXECUTE = "NoExecute"
_REASON = "DeviceTaintManagerEviction"


def evict_at(result: DeviceRequestAllocationResult, taints: Iterable[DeviceTaint]) -> float | None:
    """When whoever has an allocated device must go for its taints (epoch seconds); None: it may stay."""
    times = []
    for taint in taints:
        if taint.effect != _NO_EXECUTE:
            continue
        seconds = [
            each.toleration_seconds
            for each in result.tolerations
            if each.effect == _NO_EXECUTE and is_for(each, taint)
        ]
        if None in seconds:
            continue
        added = parse_time(taint.time_added) if taint.time_added else 0.0
        times.append(added + min((max(each or 0, 0) for each in seconds), default=0))
    return min(times, default=None)


def _pool_of(piece: ResourceSlice) -> list[str]:
    return [f"{piece.spec.driver}/{piece.spec.pool.name}"]


def _pools_of(claim: ResourceClaim) -> list[str]:
    """The pools of the devices that a claim has."""
    return list(dict.fromkeys(f"{r.driver}/{r.pool}" for r in _results(claim)))


def _results(claim: ResourceClaim) -> tuple[DeviceRequestAllocationResult, ...]:
    allocation = claim.status.allocation if claim.status is not None else None
    devices = allocation.devices if allocation is not None else None
    return devices.results if devices is not None else ()


def _taints(piece: ResourceSlice | None) -> bool:
    return piece is not None and any(
        taint.effect == _NO_EXECUTE for device in piece.spec.devices for taint in device.taints
    )


class DeviceTaintEvictionController(KubernetesController):
    """Evicts by taints of devices; there is one key for each pod. It sleeps while there are no slices."""

    name = "device-taint-eviction"
    account = "device-taint-eviction-controller"
    kind = ResourceSlice
    dormant = True

    def prepare(self) -> None:
        """Events are said by the name that the original has there; nobody is known to be about to go."""
        self._pending: dict[Key, str] = {}  # pods whose time will come, and their uids
        self.events = EventRecorder(
            self.ctx,
            self.client.api,
            self.name,
            enabled=self._wiring.record_events,
            identity=self._wiring.identity,
            field_manager=self._wiring.field_manager or self.name,
        )

    def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
        """A pod that gets a node, a claim that gets devices or a user."""
        return {Pod: self._of_pod, ResourceClaim: self._of_claim}

    def indexes(self) -> Mapping[Any, Mapping[str, KeyFunction]]:
        """Slices and claims by pools."""
        return {ResourceSlice: {"pool": _pool_of}, ResourceClaim: {"pool": OfStatus(_pools_of)}}

    def own_keys(self, change: Change[ResourceSlice]) -> Iterable[Key]:
        """The users of a slice's pool, where it has or had taints that evict."""
        if not (_taints(change.old) or _taints(change.new)):
            return ()
        (pool,) = _pool_of(change.latest)
        claims = self.cache(ResourceClaim).by_index("pool", pool)
        return [key for claim in claims for key in _users(claim)]

    def initial_keys(self) -> Iterable[Key]:
        """The users of all claims."""
        return [key for claim in self.cache(ResourceClaim).list() for key in _users(claim)]

    def _of_pod(self, change: Change[Pod]) -> Iterable[Key]:
        old, new = change.old, change.new
        if new is None or new.spec is None or not new.spec.resource_claims:
            return ()
        if old is not None and old.spec is new.spec:
            return ()
        return (Key(new.metadata.namespace, new.metadata.name),)

    def _of_claim(self, change: Change[ResourceClaim]) -> Iterable[Key]:
        there = (each for each in (change.old, change.new) if each is not None)
        return dict.fromkeys(key for claim in there for key in _users(claim))

    async def reconcile(self, key: Key) -> float | None:
        """Delete a pod whose time has come; answers when it comes. Who may stay after all hears so."""
        pod = self.cache(Pod).get(*key)
        waiting = self._pending.pop(key, "")
        if pod is None or pod.spec is None or not pod.spec.node_name or has_ended(pod):
            return None
        if pod.metadata.deletion_timestamp is not None:
            return None
        at = self._evict_at(pod)
        if at is None:
            if waiting == pod.metadata.uid:
                self.events.event(pod, "Normal", _REASON, "Cancelling deletion")
            return None
        now = self.ctx.clock.now()
        if at > now:
            self._pending[key] = pod.metadata.uid
            return at - now
        await self._evict(pod)
        return None

    def _evict_at(self, pod: Pod) -> float | None:
        """When the first of a pod's claims does not tolerate its devices any more."""
        times = [
            at
            for claim in self._claims(pod)
            for result in _results(claim)
            if (device := self._device(result)) is not None
            and (at := evict_at(result, device.taints)) is not None
        ]
        return min(times, default=None)

    def _claims(self, pod: Pod) -> list[ResourceClaim]:
        """The claims that are reserved for a pod, as far as they have been made."""
        assert pod.spec is not None
        found = []
        for entry in pod.spec.resource_claims:
            with suppress(ClaimError):
                name = claim_name(pod, entry)
                claim = self.cache(ResourceClaim).get(pod.metadata.namespace, name or "")
                if claim is None or not is_reserved_for(claim, pod.metadata.uid):
                    continue
                if entry.resource_claim_name is None:
                    check_owner(pod, claim)
                found.append(claim)
        return found

    def _device(self, result: DeviceRequestAllocationResult) -> Device | None:
        """An allocated device as the newest generation of its pool has it."""
        pool = f"{result.driver}/{result.pool}"
        slices = list(self.cache(ResourceSlice).by_index("pool", pool))
        newest = max((each.spec.pool.generation for each in slices), default=0)
        return next(
            (
                device
                for piece in slices
                if piece.spec.pool.generation == newest
                for device in piece.spec.devices
                if device.name == result.device
            ),
            None,
        )

    async def _evict(self, pod: Pod) -> None:
        metadata = pod.metadata
        self.events.event(pod, "Normal", _REASON, "Marking for deletion")
        condition = PodCondition(
            type="DisruptionTarget",
            status="True",
            reason="DeletionByDeviceTaintManager",
            message="Device Taint manager: deleting due to NoExecute taint",
        )
        status = pod.status or PodStatus()
        at = format_time(self.ctx.clock.now())
        conditions = with_condition(status.conditions, condition, at)
        changed = replace(pod, status=replace(status, conditions=conditions))
        try:
            await self.client.update_status(
                replace(changed, metadata=replace(metadata, resource_version=""))
            )
            await self.client.delete(
                Pod, metadata.name, namespace=metadata.namespace, uid=metadata.uid
            )
        except NotFound:
            return


def _users(claim: ResourceClaim) -> list[Key]:
    users = claim.status.reserved_for if claim.status is not None else ()
    return [
        Key(claim.metadata.namespace, each.name)
        for each in users
        if not each.api_group and each.resource == "pods"
    ]

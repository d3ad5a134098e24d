"""How a kubelet begins with a pod: a new one, one that it ran before it restarted, one that it must not have."""

import asyncio
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from orchestrator.api.core.v1 import Node, Pod, PodStatus
from orchestrator.kubelet.eviction import EVICTED
from orchestrator.kubelet.host_names import host_name_fault
from orchestrator.kubelet.managed_pods import RETRY_SECONDS, ManagedPod
from orchestrator.kubelet.networks.interface import NetworkFault
from orchestrator.kubelet.pod_effects import PodEffects
from orchestrator.kubelet.pod_events import (
    FinishPod,
    PodChanged,
    PodRejected,
)
from orchestrator.kubelet.pod_worker import PodWorker
from orchestrator.kubelet.shutdown import (
    NOT_ADMITTED,
    NOT_ADMITTED_MESSAGE,
)
from orchestrator.kubelet.static_pods import MIRROR
from orchestrator.machinery.resources import qos_class


class PodAdoption(PodEffects):
    """Takes pods up, with their addresses, or rejects them."""

    def _adopt(self, pod: Pod, *, looked: bool = False) -> None:
        """Begin with a pod: a new one, or one that this node ran before the kubelet restarted.

        `looked`: the node's labels were just read.
        """
        now = self.ctx.clock.now()
        metadata, status = pod.metadata, pod.status or PodStatus()
        if MIRROR in metadata.annotations:  # of a pod that this node does not have any more
            self._writes.delete(pod, _ignore, _ignore)
            return
        if pod.spec is not None and pod.spec.runtime_class_name and self._classes.waits(pod):
            return
        managed = self._pods[metadata.uid] = ManagedPod(
            PodWorker(pod, now, self._spec.max_container_restart_period)
        )
        if status.phase in ("Succeeded", "Failed"):
            managed.worker.finished = managed.released = True
            managed.ips = tuple(ip.ip for ip in status.pod_ips)
            self._network.leave(metadata.uid)
            if metadata.deletion_timestamp is not None:
                self._finish(managed, FinishPod(delete=True))
            return
        if status.container_statuses or status.init_container_statuses:
            if not self._join(managed):
                return
            managed.reported = status
            self._admission.add(pod)
            # What the runtime knows counts more than what was reported last.
            self._perform(managed, managed.worker.restore(self._reports_of(metadata.uid), now))
            self._starts_of(metadata.uid).take_up(managed.worker)
            if managed.worker.mounted and managed.worker.traits.mounts:
                self._recall_volumes(managed)
            return
        rejection = None
        if metadata.deletion_timestamp is None:
            if self._registration.not_ready:
                self._reject(managed, NOT_ADMITTED, NOT_ADMITTED_MESSAGE)
                return
            rejection = (
                self._under_pressure(pod) or self._admission.reject(pod) or self._refused(pod)
            )
        if rejection is not None:
            if rejection[0] != EVICTED and not looked:
                del self._pods[metadata.uid]
                self._look_at_node(pod)
            else:
                self._reject(managed, *rejection)
            return
        if self._join(managed):
            self._admission.add(pod)
            if managed.worker.traits.limited:
                self._pressure.begin()
            self._apply(managed, PodChanged(pod))

    def _join(self, managed: ManagedPod) -> bool:
        """Give the pod its address. Where that takes time, it is begun with anew when it is there; if the machine
        refuses, after a while.
        """
        pod = managed.worker.pod
        whole = pod.spec is not None and pod.spec.set_hostname_as_fqdn
        if whole and (fault := host_name_fault(pod)):
            self._join_later(pod, fault)
            return False
        if pod.spec is not None and pod.spec.host_users is False:
            fault = getattr(self._runtimes.of(pod.metadata.uid), "sandbox_fault", _no_fault)(pod)
            if fault:
                self._join_later(pod, fault)
                return False
        preparing = self._network.prepare(pod)
        if preparing is not None and self._latest(pod) is not None:  # a static pod is waited for
            del self._pods[pod.metadata.uid]
            self.ctx.task(self._adopt_prepared(pod, preparing), "network")
            return False
        try:
            address = self._network.join(pod).address
        except NetworkFault as fault:
            self._join_later(pod, f"rpc error: code = Unknown desc = {fault}")
            return False
        managed.ips = (address,) if address else ()
        return True

    def _join_later(self, pod: Pod, fault: str) -> None:
        """The pod gets no sandbox: say so, and begin with it anew after a while."""
        said = f"Failed to create pod sandbox: {fault}"
        if self._record_events:
            self._events.event(pod, "Warning", "FailedCreatePodSandBox", said)
        del self._pods[pod.metadata.uid]
        self.ctx.call_after(RETRY_SECONDS, self._adopt_latest, pod)

    async def _adopt_prepared(self, pod: Pod, preparing: Future[Any]) -> None:
        with suppress(NetworkFault):  # joining says so, too
            # What is cut off with this actor is the waiting: the next one finds what is prepared.
            await asyncio.shield(asyncio.wrap_future(preparing))
        self._adopt_latest(pod)
        if pod.metadata.uid not in self._pods:
            self._network.leave(pod.metadata.uid)

    def _reject(self, managed: ManagedPod, reason: str, message: str) -> None:
        if self._record_events:
            self._events.event(managed.worker.pod, "Warning", reason, message)
        self._apply(managed, PodRejected(reason, f"Pod was rejected: {message}"))

    def _look_at_node(self, pod: Pod) -> None:
        """Read the node, whose labels or resources may have changed, before a pod is rejected for them."""

        def then(node: Node | None) -> None:
            if node is not None:
                self._admission.renew(node)
            self._adopt_latest(pod, looked=True)

        self._registration.read(then, lambda _: then(None))

    def _adopt_latest(self, pod: Pod, *, looked: bool = False) -> None:
        """Begin with the pod as it is now, if it is still there."""
        latest = self._latest(pod)
        if latest is not None and pod.metadata.uid not in self._pods:
            self._adopt(latest, looked=looked)

    def _refused(self, pod: Pod) -> tuple[str, str] | None:
        """What the pod's runtime does not do on this machine, and the pod may not do without."""
        ask = getattr(self._runtimes.of(pod.metadata.uid), "refusal", None)
        return ask(pod) if ask is not None else None

    def _under_pressure(self, pod: Pod) -> tuple[str, str] | None:
        """A node that runs short takes no pod that asks for nothing, nor any where its disk is full."""
        pressed = self._pressure.conditions
        memory_only = pressed == {"MemoryPressure"}
        if not pressed or (memory_only and qos_class(pod) != "BestEffort"):
            return None
        return EVICTED, f"The node had condition: [{' '.join(sorted(pressed))}]. "


def _no_fault(pod: Pod) -> str:
    """Runtimes that say nothing of it make a sandbox for each pod."""
    return ""


def _ignore(_: object) -> None:
    """The watch tells what has become of it."""

"""How a kubelet tells of its pods: statuses, written once for all that happened in one slice of messages, and ends.

A write that fails is made again from what is true by then. What a pod held is free for others with its last word.
"""

from functools import partial
from typing import Final

from orchestrator.api.core.v1 import Pod
from orchestrator.kubelet.happenings import resize_pending
from orchestrator.kubelet.managed_pods import RETRY_SECONDS, ManagedPod, ManagedPods
from orchestrator.kubelet.pod_events import FinishPod
from orchestrator.kubelet.pod_status import is_overwritten, status_of
from orchestrator.protocol import (
    Deleted,
    NotFound,
)

_INSIST_SECONDS: Final = (
    10.0  # how often kubelet's status manager looks at what others have written
)


class PodReports(ManagedPods):
    """Writes statuses, deletes pods that have ended, and gives back what they held."""

    def drained(self) -> None:
        """Write the statuses that changed in this slice of messages."""
        if not self._dirty:
            return
        dirty, self._dirty = self._dirty, {}
        now = self.ctx.clock.now()
        for uid in dirty:
            managed = self._pods.get(uid)
            if managed is not None:
                self._report(managed, now)

    def _report(
        self, managed: ManagedPod, now: float, *, whatever_was_reported: bool = False
    ) -> None:
        worker = managed.worker
        if managed.done is not None and not managed.done.delete:
            return
        shown: Pod | None = worker.pod
        if self._static is not None and self._static.is_static(worker.uid):
            shown = self._static.mirror_of(worker.uid)
        if shown is None:
            return  # until there is a mirror
        ips = managed.ips if worker.mounted else ()  # it gets its network after its volumes
        status = status_of(
            worker,
            node_ips=(self._spec.address,),
            pod_ips=ips,
            now=now,
            reported=managed.reported,
        )
        if status == managed.reported and not whatever_was_reported:
            return
        managed.reported = status
        if status.phase in ("Succeeded", "Failed"):
            self._release(managed)
        self._writes.report(shown, status, partial(self._report_failed, worker.uid))

    def _report_failed(self, uid: str, error: BaseException) -> None:
        managed = self._pods.get(uid)
        if managed is None or isinstance(error, NotFound):
            return  # the watch will tell that it is gone
        managed.reported = None
        self.ctx.call_after(RETRY_SECONDS, self._mark_dirty, uid)

    def _mark_dirty(self, uid: str) -> None:
        self._dirty[uid] = None

    def _insist_later(self, uid: str) -> None:
        """Somebody else may have written over a pod's status: look at it again when that has had its time."""
        if not self._overwritten:
            self.ctx.call_after(_INSIST_SECONDS, self._insist)
        self._overwritten[uid] = None

    def _insist(self) -> None:
        """Write what is true of pods over what others say of them."""
        uids, self._overwritten = self._overwritten, {}
        now = self.ctx.clock.now()
        for uid in uids:
            managed = self._pods.get(uid)
            if managed is None or managed.reported is None:
                continue
            status, reported = managed.worker.pod.status, managed.reported
            if status is None or is_overwritten(status, reported):
                self._report(managed, now, whatever_was_reported=True)

    def _finish(self, managed: ManagedPod, effect: FinishPod) -> None:
        managed.done = effect
        static = self._static is not None and self._static.is_static(managed.worker.uid)
        if static or not effect.delete:
            self._forget(managed)
            return
        worker = managed.worker
        self._report(managed, self.ctx.clock.now())
        self._dirty.pop(worker.uid, None)
        self._delete(worker.pod)

    def _delete(self, pod: Pod) -> None:
        self._writes.delete(pod, self._deleted, partial(self._delete_failed, pod))

    def _deleted(self, answer: Deleted) -> None:
        managed = self._pods.get(answer.object.metadata.uid)
        if managed is not None and answer.gone:
            self._forget(managed)

    def _delete_failed(self, pod: Pod, error: BaseException) -> None:
        managed = self._pods.get(pod.metadata.uid)
        if managed is None:
            return
        if isinstance(error, NotFound):
            self._forget(managed)
        else:
            self.ctx.call_after(RETRY_SECONDS, self._delete, pod)

    def _forget(self, managed: ManagedPod) -> None:
        worker = managed.worker
        if self._pods.pop(worker.uid, None) is None:
            return
        if managed.wake is not None:
            managed.wake.cancel()
        self._runtimes.remove(worker.uid)
        self._cpu_time.forget(worker.uid)
        for starts in (self._starts, *self._starts_of_others.values()):
            starts.forget(worker.uid)
        self._release(managed)

    def _release(self, managed: ManagedPod) -> None:
        """What a pod held is free as soon as no container of it will run again."""
        if managed.released:
            return
        managed.released = True
        pod = managed.worker.pod
        self._admission.remove(pod)
        self._in_use.release(pod.metadata.uid)
        if self._deferred:
            self._resize_deferred()
        self._network.leave(pod.metadata.uid)

    def _resize(self, managed: ManagedPod, pod: Pod) -> None:
        """See whether the node has what the pod's containers ask for by now."""
        worker = managed.worker
        before, worker.resize_pending = worker.resize_pending, self._admission.resize(pod)
        pending = worker.resize_pending
        self._deferred.pop(worker.uid, None)
        if pending is not None:
            if pending[0] == "Deferred":
                self._deferred[worker.uid] = None
            if pending != before:
                self._say(pod, resize_pending(pod, *pending))

    def _resize_deferred(self) -> None:
        """Something has become free: those may get it that wait for more."""
        for uid in list(self._deferred):
            managed = self._pods.get(uid)
            if managed is not None:
                pod = managed.worker.pod
                self._resize(managed, pod)
                if managed.worker.resize_pending is None:
                    self._perform(managed, managed.worker.resize(self.ctx.clock.now()))
            else:
                del self._deferred[uid]

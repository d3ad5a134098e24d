"""The Job controller: as many pods at a time as asked, until enough have ended well."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.batch.v1 import Job, JobCondition, JobStatus, UncountedTerminatedPods
from orchestrator.api.core.v1 import Pod
from orchestrator.client import (
    Key,
    KeyFunction,
    OfMetadata,
    Source,
    key_of,
)
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.claiming import claim_of, settle
from orchestrator.controllers.indexes import controller_index
from orchestrator.controllers.job.backoff import Backoff, remembered
from orchestrator.controllers.job.ended import ended_at
from orchestrator.controllers.job.indexes import format_indexes
from orchestrator.controllers.job.plan import Plan, plan
from orchestrator.controllers.job.tally import FINALIZER, Tally, is_indexed, tally
from orchestrator.controllers.job.verdict import Verdict, deadline_of, verdict
from orchestrator.controllers.pod_control import create_pods
from orchestrator.controllers.slow_start import slow_start
from orchestrator.controllers.suitors import Suitors
from orchestrator.machinery.labels import Selector, compile_selector
from orchestrator.machinery.owners import controller_of
from orchestrator.machinery.times import format_time
from orchestrator.protocol import ApiError, NotFound

_INTERIM: Final = {"Complete": "SuccessCriteriaMet", "Failed": "FailureTarget"}


class JobController(KubernetesController):
    """Runs each Job to its end."""

    name = "job"
    account = "job-controller"
    kind = Job
    rest_seconds = 0.1
    owns = (Pod,)

    def prepare(self) -> None:
        """Nothing is known of failures before."""
        self._backoffs: dict[Key, tuple[str, Backoff]] = {}  # with the uid of the Job

    def watches(self) -> Mapping[Any, Source]:
        """A pod without a controller concerns the Jobs whose selector it matches."""
        return {Pod: Suitors(lambda: self.cache(Job), _selector)}

    def indexes(self) -> Mapping[Any, Mapping[str, KeyFunction]]:
        """Pods by the uid of their controller; those without one by namespace."""
        return {Pod: {"controller": controller_index, "tracked": _tracked_index}}

    async def reconcile(self, key: Key) -> float | None:
        """Count what has ended, see whether the Job is over, and bring its pods to their number."""
        job = self.cache(Job).get(key.namespace, key.name)
        await self._release(self._abandoned(key, job))
        if job is None or job.metadata.deletion_timestamp is not None or ended_at(job) is not None:
            self._backoffs.pop(key, None)
        if job is None or job.spec is None or job.spec.managed_by not in (None, _MANAGED_HERE):
            return None
        pods = await self._pods_of(job)
        if job.metadata.deletion_timestamp is not None:
            await self._release(pods)
            return None
        if ended_at(job) is not None:
            await self._release(pods)
            return None  # when it goes is the matter of ttl_after_finished
        return await self._advance(job, pods)

    def _abandoned(self, key: Key, job: Job | None) -> list[Pod]:
        """Pods that wait to be counted by a Job of this name that is gone, or has let them go."""
        uid = job.metadata.uid if job is not None else ""
        tracked = self.cache(Pod).by_index("tracked", f"{key.namespace}/{key.name}")
        return [
            pod
            for pod in tracked
            if (owner.uid != uid if (owner := controller_of(pod)) else self._is_left(job, pod))
        ]

    def _is_left(self, job: Job | None, pod: Pod) -> bool:
        """Whether a pod without a controller will not be adopted, either."""
        if job is None or job.metadata.deletion_timestamp is not None:
            return True
        return not _selector(job).matches(pod.metadata.labels)

    async def _pods_of(self, job: Job) -> list[Pod]:
        """The Job's pods, after it has adopted and released what its selector says."""
        cache = self.cache(Pod)
        claim = claim_of(
            job,
            cache.by_index("controller", job.metadata.uid),
            cache.by_index("controller", f"none/{job.metadata.namespace}"),
            _selector(job).matches,
        )
        pods = await settle(self.client, job, claim, finalizer=FINALIZER)
        return sorted(pods, key=lambda pod: pod.metadata.name)

    # --- one look --------------------------------------------------------------------------

    async def _advance(self, job: Job, pods: list[Pod]) -> float | None:
        now = self.ctx.clock.now()
        ending = _interim_of(job)
        if ending is None:  # what ends is neither suspended nor resumed any more
            job = await self._started_or_suspended(job, now)
        counted = tally(job, pods)
        backoff = self._backoff_of(job, pods, counted)
        ending = ending or verdict(job, counted, now)
        todo = Plan()
        if ending is not None and ending.type == "Failed":
            await self._delete(job, counted.active)  # they are failures, too
        elif ending is not None or _is_suspended(job):
            todo = Plan(surplus=counted.active)
        else:
            todo = plan(job, pods, counted, backoff, now)
        failure: ApiError | None = None
        try:
            await self._take_back(job, todo.surplus)
            await create_pods(self.client, self.events, job, todo.make)
        except ApiError as error:
            failure = error  # what has ended is counted all the same
        job = await self._write(job, counted, ending)
        self._backoffs[key_of(job)] = (job.metadata.uid, backoff)
        await self._count(job, counted, ending)
        if failure is not None:
            raise failure
        deadline = deadline_of(job)
        if deadline is not None and ending is None:
            left = max(deadline - now, 0.0)
            return left if todo.wait is None else min(todo.wait, left)
        return todo.wait

    def _backoff_of(self, job: Job, pods: Sequence[Pod], counted: Tally) -> Backoff:
        """The back-off with what has ended since the last look."""
        uid, known = self._backoffs.get(key_of(job), ("", Backoff()))
        if uid != job.metadata.uid:
            fresh = {p.metadata.uid for p in (*counted.won, *counted.lost)}
            known = remembered(p for p in pods if p.metadata.uid not in fresh)
        return known.after(counted.won, counted.lost)

    async def _started_or_suspended(self, job: Job, now: float) -> Job:
        """Note the start, a suspension or its end in the status."""
        status = job.status or JobStatus()
        was = next((c for c in status.conditions if c.type == "Suspended"), None)
        if _is_suspended(job):
            if was is None or was.status != "True":
                condition = _condition("Suspended", "True", "JobSuspended", "Job suspended", now)
                self.events.event(job, "Normal", "Suspended", "Job suspended")
                status = _with_condition(replace(status, start_time=None), condition)
        elif status.start_time is None:
            status = replace(status, start_time=format_time(now))
            if was is not None and was.status == "True":
                condition = _condition("Suspended", "False", "JobResumed", "Job resumed", now)
                self.events.event(job, "Normal", "Resumed", "Job resumed")
                status = _with_condition(status, condition)
        return job if status is job.status else replace(job, status=status)

    # --- writes ----------------------------------------------------------------------------

    async def _take_back(self, job: Job, pods: Sequence[Pod]) -> None:
        """Delete pods that are not to be counted, however they end."""
        await self._release(pods)
        await self._delete(job, pods)

    async def _delete(self, job: Job, pods: Iterable[Pod]) -> None:
        for pod in pods:
            metadata = pod.metadata
            try:
                await self.client.delete(
                    Pod, metadata.name, namespace=metadata.namespace, uid=metadata.uid
                )
            except NotFound:
                continue
            message = f"Deleted pod: {metadata.name}"
            self.events.event(job, "Normal", "SuccessfulDelete", message)

    async def _write(self, job: Job, counted: Tally, ending: Verdict | None) -> Job:
        """The status as it is now, with what has ended noted as not yet counted."""
        now = self.ctx.clock.now()
        status = replace(
            job.status or JobStatus(),
            active=len(counted.active) or None,
            ready=counted.ready,
            terminating=counted.terminating,
            uncounted_terminated_pods=counted.uncounted,
        )
        if is_indexed(job):
            status = replace(
                status,
                completed_indexes=format_indexes(counted.completed),
                failed_indexes=format_indexes(counted.failed_indexes),
                succeeded=len(counted.completed) or None,
            )
        if ending is not None:
            interim = _INTERIM[ending.type]
            if not any(c.type == interim for c in status.conditions):
                condition = _condition(interim, "True", ending.reason, ending.message, now)
                status = _with_condition(status, condition)
        present = self.cache(Job).get(job.metadata.namespace, job.metadata.name)
        if present is not None and status == present.status:
            return job
        return await self.client.update_status(replace(job, status=status))

    async def _count(self, job: Job, counted: Tally, ending: Verdict | None) -> None:
        """Take the finalizers of what is noted, move it into the counters, and end the Job."""
        await self._release(counted.countable)
        before = status = job.status
        assert before is not None
        assert status is not None
        if counted.uncounted.succeeded or counted.uncounted.failed:
            status = replace(
                status,
                failed=counted.failed or None,
                succeeded=counted.succeeded or None,
                uncounted_terminated_pods=UncountedTerminatedPods(),
            )
        if ending is not None and not counted.active and not counted.terminating:
            now = self.ctx.clock.now()
            end = _condition(ending.type, "True", ending.reason, ending.message, now)
            status = _with_condition(status, end)
            if ending.type == "Complete":
                status = replace(status, completion_time=format_time(now))
        if status is not job.status:
            await self.client.update_status(replace(job, status=status))
        if status.conditions is not before.conditions and ending is not None:
            if ending.type == "Complete":
                self.events.event(job, "Normal", "Completed", "Job completed")
            else:
                self.events.event(job, "Warning", ending.reason, ending.message)

    async def _release(self, pods: Iterable[Pod]) -> None:
        """Let the pods go: take the finalizer that held them until they were counted."""

        async def attempt(batch: Sequence[Pod]) -> Sequence[object]:
            answers = await self.client.merge_all(
                Pod, [(key_of(pod), _without_finalizer(pod)) for pod in batch]
            )
            return [answer for answer in answers if not isinstance(answer, NotFound)]

        await slow_start([pod for pod in pods if FINALIZER in pod.metadata.finalizers], attempt)


def _without_finalizer(pod: Pod) -> dict[str, Any]:
    finalizers = [f for f in pod.metadata.finalizers if f != FINALIZER]
    return {"metadata": {"uid": pod.metadata.uid, "finalizers": finalizers or None}}


@OfMetadata
def _tracked_index(pod: Pod) -> Iterable[str]:
    """`namespace/name` of the Job that has to count the pod, or had to."""
    if FINALIZER not in pod.metadata.finalizers:
        return ()
    owner = controller_of(pod)
    if owner is None:
        name = pod.metadata.labels.get("batch.kubernetes.io/job-name", "")
    else:
        name = owner.name if owner.kind == "Job" else ""
    return (f"{pod.metadata.namespace}/{name}",) if name else ()


_MANAGED_HERE: Final = "kubernetes.io/job-controller"


def _is_suspended(job: Job) -> bool:
    return job.spec is not None and bool(job.spec.suspend)


def _selector(job: Job) -> Selector:
    return compile_selector(job.spec.selector if job.spec is not None else None)


def _interim_of(job: Job) -> Verdict | None:
    """The end that was found before, and waits for the last pods to go."""
    for condition in job.status.conditions if job.status is not None else ():
        for type_, interim in _INTERIM.items():
            if condition.type == interim and condition.status == "True":
                return Verdict(type_, condition.reason, condition.message)
    return None


def _condition(type_: str, status: str, reason: str, message: str, now: float) -> JobCondition:
    at = format_time(now)
    return JobCondition(
        type=type_,
        status=status,
        reason=reason,
        message=message,
        last_probe_time=at,
        last_transition_time=at,
    )


def _with_condition(status: JobStatus, condition: JobCondition) -> JobStatus:
    others = tuple(c for c in status.conditions if c.type != condition.type)
    return replace(status, conditions=(*others, condition))

"""The Job controller: as many pods at a time as asked, until enough have ended well."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.batch.v1 import Job, JobCondition, JobStatus, UncountedTerminatedPods
from orchestrator.api.core.v1 import Pod
from orchestrator.api.scheme import resource_of
from orchestrator.client import Backoff as QueueBackoff
from orchestrator.client import (
    Key,
    KeyFunction,
    OfMetadata,
    Source,
    generation_changed,
    key_of,
)
from orchestrator.client.sources import OwnerKeys
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.claiming import claim_of, settle
from orchestrator.controllers.indexes import controller_index
from orchestrator.controllers.job.backoff import Backoff, remembered
from orchestrator.controllers.job.ended import ended_at
from orchestrator.controllers.job.notes import counted, notes
from orchestrator.controllers.job.plan import Plan, plan, removable
from orchestrator.controllers.job.tally import FINALIZER, Tally, tally
from orchestrator.controllers.job.verdict import Verdict, deadline_of, verdict
from orchestrator.controllers.pod_control import create_pods
from orchestrator.controllers.pods import is_ready
from orchestrator.controllers.slow_start import slow_start
from orchestrator.controllers.suitors import Suitors
from orchestrator.machinery.labels import Selector, compile_selector
from orchestrator.machinery.owners import controller_of
from orchestrator.machinery.times import format_time
from orchestrator.protocol import ApiError, Invalid, NotFound

# How long changes of a Job's pods are gathered before it is looked at, as by the original.
BATCH_SECONDS: Final = 1.0
_INTERIM: Final = {"Complete": "SuccessCriteriaMet", "Failed": "FailureTarget"}


class JobController(KubernetesController):
    """Runs each Job to its end."""

    name = "job"
    account = "job-controller"
    kind = Job
    # As the original's: a pod that cannot be made is tried again after 1 s, 2 s, ..., 60 s.
    backoff = QueueBackoff(base_seconds=1.0, most_seconds=60.0)
    rest_seconds = 0.1
    predicates = (generation_changed,)

    def prepare(self) -> None:
        """Nothing is known of failures before."""
        self._backoffs: dict[Key, tuple[str, Backoff]] = {}  # with the uid of the Job

    def watches(self) -> Mapping[Any, Source]:
        """A pod concerns its Job; one without a controller those whose selector it matches.

        What is asked of a Job counts at once; its status comes from pods, and more of those may follow.
        """
        owners, suitors = OwnerKeys(resource_of(Job)), Suitors(lambda: self.cache(Job), _selector)
        return {
            Pod: lambda change: map(self._batched, (*owners(change), *suitors(change))),
            Job: lambda change: ((key_of(change.latest), BATCH_SECONDS),),
        }

    def _batched(self, key: Key) -> tuple[Key, float]:
        """Pods end in numbers, and one look counts them; whoever has no Job that goes on is let go at once."""
        job = self.cache(Job).get(*key)
        goes_on = job is not None and ended_at(job) is None
        return key, BATCH_SECONDS if goes_on else 0.0

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
        status = job.status or JobStatus()
        if status.start_time is None and not _is_suspended(job):
            job = replace(job, status=replace(status, start_time=format_time(now)))
        counted = tally(job, pods)
        backoff = self._backoff_of(job, pods, counted)
        ending = _interim_of(job) or verdict(job, counted, now)
        todo = self._plan(job, pods, counted, backoff, ending)
        done = await self._carry_out(
            job, todo, takes_back=ending is None or ending.type != "Failed"
        )
        if done.failure is not None and ending is not None:
            ending = None  # some still run: it is looked at again
        elif ending is None and job.metadata.deletion_timestamp is None:
            job = self._suspended_or_resumed(job, now)
        try:
            job = await self._write(job, pods, counted, todo, done, ending)
        except Invalid:
            # While failures delay the next pod nobody counts as active (see _write), and the API refuses that
            # some are ready nevertheless: as in Kubernetes it is all told when that pod is made.
            if todo.wait is None:
                raise
        else:
            self._backoffs[key_of(job)] = (job.metadata.uid, backoff)
        if done.failure is not None:
            raise done.failure
        deadline = deadline_of(job)
        if deadline is not None and ending is None:
            left = max(deadline - now, 0.0)
            return left if todo.wait is None else min(todo.wait, left)
        return todo.wait

    def _plan(
        self, job: Job, pods: list[Pod], counted: Tally, backoff: Backoff, ending: Verdict | None
    ) -> Plan:
        if ending is not None:
            return Plan(surplus=counted.active)
        if job.metadata.deletion_timestamp is not None:
            return Plan()
        if _is_suspended(job):
            return Plan(surplus=removable(job, counted.active, len(counted.active)))
        return plan(job, pods, counted, backoff, self.ctx.clock.now())

    def _backoff_of(self, job: Job, pods: Sequence[Pod], counted: Tally) -> Backoff:
        """The back-off with what has ended since the last look."""
        uid, known = self._backoffs.get(key_of(job), ("", Backoff()))
        if uid != job.metadata.uid:
            fresh = {p.metadata.uid for p in (*counted.won, *counted.lost)}
            known = remembered(p for p in pods if p.metadata.uid not in fresh)
        return known.after(counted.won, counted.lost)

    def _suspended_or_resumed(self, job: Job, now: float) -> Job:
        """Note a suspension or its end in the status."""
        status = job.status or JobStatus()
        if _is_suspended(job):
            suspended = _condition("Suspended", "True", "JobSuspended", "Job suspended", now)
            conditions = _with_condition(status.conditions, suspended)
            if conditions is not status.conditions:
                self.events.event(job, "Normal", "Suspended", "Job suspended")
                status = replace(status, conditions=conditions, start_time=None)
        elif any(condition.type == "Suspended" for condition in status.conditions):
            resumed = _condition("Suspended", "False", "JobResumed", "Job resumed", now)
            conditions = _with_condition(status.conditions, resumed)
            if conditions is not status.conditions:
                self.events.event(job, "Normal", "Resumed", "Job resumed")
                status = replace(status, conditions=conditions, start_time=format_time(now))
        return job if status is job.status else replace(job, status=status)

    # --- writes ----------------------------------------------------------------------------

    async def _carry_out(self, job: Job, todo: Plan, *, takes_back: bool) -> "_Done":
        """Delete and create; pods that the Job `takes_back` are not counted, however they end."""
        gone: list[Pod] = []
        try:
            if takes_back:
                await self._release(todo.surplus)
            for pod in todo.surplus:
                await self._delete(job, pod)
                gone.append(pod)
            await create_pods(self.client, self.events, job, todo.make)
        except ApiError as error:
            return _Done(tuple(gone), 0, error)  # what has ended is counted all the same
        return _Done(tuple(gone), len(todo.make), None)

    async def _delete(self, job: Job, pod: Pod) -> None:
        metadata = pod.metadata
        try:
            await self.client.delete(
                Pod, metadata.name, namespace=metadata.namespace, uid=metadata.uid
            )
        except NotFound:
            return
        except ApiError as error:
            message = f"Error deleting: {error.message}"
            self.events.event(job, "Warning", "FailedDelete", message)
            raise
        message = f"Deleted pod: {metadata.name}"
        self.events.event(job, "Normal", "SuccessfulDelete", message)

    async def _write(
        self,
        job: Job,
        pods: list[Pod],
        tallied: Tally,
        todo: Plan,
        done: "_Done",
        ending: Verdict | None,
    ) -> Job:
        """The status as it is now, with what has ended noted, let go, and counted; and the end."""
        now = self.ctx.clock.now()
        waits = todo.wait is not None and not todo.make  # Kubernetes says 0 then, whoever is active
        terminating = tallied.terminating + len(done.gone)
        held = {pod.metadata.uid for pod in pods if FINALIZER in pod.metadata.finalizers}
        status = replace(
            counted(job.status or JobStatus(), held),
            active=None if waits else len(tallied.active) - len(done.gone) + done.made or None,
            ready=tallied.ready - sum(is_ready(pod) for pod in done.gone),
            terminating=terminating,
        )
        noted = notes(job, status, pods, tallied, ending)
        status = noted.status
        if ending is not None and not any(
            c.type == _INTERIM[ending.type] for c in status.conditions
        ):
            interim = _condition(_INTERIM[ending.type], "True", ending.reason, ending.message, now)
            status = replace(status, conditions=(*status.conditions, interim))
        present = self.cache(Job).get(job.metadata.namespace, job.metadata.name)
        if present is None or status != present.status:
            job = await self.client.update_status(replace(job, status=status))
        await self._release(noted.let_go)
        status = before = job.status or JobStatus()
        status = counted(status, held - {pod.metadata.uid for pod in noted.let_go})
        uncounted = status.uncounted_terminated_pods
        if ending is None or noted.more or terminating or _has_uids(uncounted):
            ending = None
        else:
            status = _ended(status, ending, now)
        if status != before:
            job = await self.client.update_status(replace(job, status=status))
        if ending is not None:
            self._tell(job, ending)
        return job

    def _tell(self, job: Job, ending: Verdict) -> None:
        """Record the end."""
        if ending.type != "Complete":
            self.events.event(job, "Warning", ending.reason, ending.message)
            return
        completions = job.spec.completions if job.spec is not None else None
        succeeded = job.status.succeeded or 0 if job.status is not None else 0
        if completions is not None and succeeded > completions:
            message = "Too many succeeded pods running after completion count reached"
            self.events.event(job, "Warning", "TooManySucceededPods", message)
        self.events.event(job, "Normal", "Completed", "Job completed")

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


def _with_condition(
    conditions: tuple[JobCondition, ...], condition: JobCondition
) -> tuple[JobCondition, ...]:
    """The conditions with this one in the place of its type's; the very same if it says nothing new."""
    for position, each in enumerate(conditions):
        if each.type == condition.type:
            said = (each.status, each.reason, each.message)
            if said == (condition.status, condition.reason, condition.message):
                return conditions
            return (*conditions[:position], condition, *conditions[position + 1 :])
    return (*conditions, condition)


def _ended(status: JobStatus, ending: Verdict, now: float) -> JobStatus:
    end = _condition(ending.type, "True", ending.reason, ending.message, now)
    status = replace(status, conditions=_with_condition(status.conditions, end))
    return (
        replace(status, completion_time=format_time(now)) if ending.type == "Complete" else status
    )


def _has_uids(uncounted: UncountedTerminatedPods | None) -> bool:
    return uncounted is not None and bool(uncounted.succeeded or uncounted.failed)


class _Done(Struct, frozen=True):
    """The pods that one look has deleted, how many it has made, and what kept it from more."""

    gone: tuple[Pod, ...]
    made: int
    failure: ApiError | None

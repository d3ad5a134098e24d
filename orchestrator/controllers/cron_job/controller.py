"""The CronJob controller: makes the Job of each time, watches over those that run, cuts the history."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from orchestrator.api.batch.v1 import CronJob, CronJobStatus, Job
from orchestrator.api.core.v1 import ObjectReference
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.client import Change, Key, KeyFunction, key_of
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.cron_job.timing import (
    MANY,
    InvalidScheduleError,
    due,
    next_after,
    rfc1123,
    rfc3339,
    schedule_of,
    zone_of,
)
from orchestrator.controllers.indexes import controller_index
from orchestrator.controllers.job.ended import ended_at, is_complete
from orchestrator.controllers.pod_control import is_farewell
from orchestrator.machinery.cron import schedule_error
from orchestrator.machinery.owners import is_controlled_by, owner_reference
from orchestrator.machinery.references import reference_to
from orchestrator.machinery.times import format_time, parse_time
from orchestrator.protocol import AlreadyExists, ApiError, NotFound

SCHEDULED_AT: Final = "batch.kubernetes.io/cronjob-scheduled-timestamp"
_TOO_MANY = (
    "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
)
_FORBIDDEN = "Not starting job because prior execution is running and concurrency policy is Forbid"


class CronJobController(KubernetesController):
    """Runs each CronJob's schedule."""

    name = "cronjob"
    account = "cronjob-controller"
    dormant = True
    kind = CronJob
    owns = (Job,)

    def own_keys(self, change: Change[Any]) -> Iterable[Any]:
        """One whose schedule has changed is looked at when its next time comes, not before."""
        old, new = change.old, change.new
        if old is None or new is None or _when(old) == _when(new):
            return super().own_keys(change)
        zone, schedule = zone_of(new), schedule_of(new)
        if zone is None or schedule is None:
            return super().own_keys(change)
        wait = next_after(new, schedule, zone, self.ctx.clock.now())
        return [(key_of(new), wait)] if wait is not None else super().own_keys(change)

    def indexes(self) -> Mapping[Any, Mapping[str, KeyFunction]]:
        """Jobs by the uid of their controller."""
        return {Job: {"controller": controller_index}}

    async def reconcile(self, key: Key) -> float | None:
        """Settle what has ended, and start what is due."""
        cron_job = self.cache(CronJob).get(key.namespace, key.name)
        if cron_job is None or cron_job.spec is None:
            return None
        jobs = list(self.cache(Job).by_index("controller", cron_job.metadata.uid))
        before = cron_job.status or CronJobStatus()
        status = await self._cut(cron_job, before, jobs)
        status = await self._settled(cron_job, status, jobs)
        again: float | None = None
        failure: ApiError | None = None
        if cron_job.metadata.deletion_timestamp is None:
            status, again, failure = await self._start(cron_job, status)
        if status != before:
            await self.client.update_status(replace(cron_job, status=status))
        if failure is not None:
            raise failure
        return again

    # --- what runs -------------------------------------------------------------------------

    async def _settled(
        self, cron_job: CronJob, status: CronJobStatus, jobs: Sequence[Job]
    ) -> CronJobStatus:
        """The status without the Jobs that have ended or are gone; one that is orphaned counts as long as it is there."""
        by_uid = {job.metadata.uid: job for job in jobs}
        active = []
        for reference in status.active:
            job = by_uid.get(reference.uid)
            if job is None:
                if await self._is_there(cron_job, reference):
                    active.append(reference)
                    continue
                message = f"Active job went missing: {reference.name}"
                self.events.event(cron_job, "Normal", "MissingJob", message)
            elif ended_at(job) is None:
                active.append(reference)
            else:
                condition = "Complete" if is_complete(job) else "Failed"
                message = f"Saw completed job: {reference.name}, condition: {condition}"
                self.events.event(cron_job, "Normal", "SawCompletedJob", message)
        known = {reference.uid for reference in status.active}
        for job in jobs:
            if job.metadata.uid not in known and ended_at(job) is None:
                message = (
                    f"Saw a job that the controller did not create or forgot: {job.metadata.name}"
                )
                self.events.event(cron_job, "Warning", "UnexpectedJob", message)
        return replace(
            status, active=tuple(active), last_successful_time=_last_success(status, jobs)
        )

    async def _is_there(self, cron_job: CronJob, reference: ObjectReference) -> bool:
        try:
            await self.client.get(Job, reference.name, namespace=cron_job.metadata.namespace)
        except NotFound:
            return False
        return True

    async def _cut(
        self, cron_job: CronJob, status: CronJobStatus, jobs: Sequence[Job]
    ) -> CronJobStatus:
        """Delete the oldest ended Jobs beyond the limits of the history; the status without them."""
        spec = cron_job.spec
        assert spec is not None
        ended = [job for job in jobs if ended_at(job) is not None]
        for well, limit in (
            (True, spec.successful_jobs_history_limit),
            (False, spec.failed_jobs_history_limit),
        ):
            if limit is None:
                continue
            those = sorted((j for j in ended if is_complete(j) is well), key=_age)
            for job in those[: max(0, len(those) - limit)]:
                if await self._delete(cron_job, job.metadata) is None:
                    status = _without(status, job.metadata.uid)
        return status

    async def _delete(
        self, cron_job: CronJob, metadata: ObjectMeta | ObjectReference
    ) -> ApiError | None:
        """Delete a Job; answers why that failed."""
        try:
            await self.client.delete(
                Job,
                metadata.name,
                namespace=cron_job.metadata.namespace,
                uid=metadata.uid,
                propagation_policy="Background",
            )
        except ApiError as error:
            message = f"Deleted job: {error.message}"
            self.events.event(cron_job, "Warning", "FailedDelete", message)
            return error
        message = f"Deleted job {metadata.name}"
        self.events.event(cron_job, "Normal", "SuccessfulDelete", message)
        return None

    # --- what is due -----------------------------------------------------------------------

    async def _start(self, cron_job: CronJob, status: CronJobStatus) -> "_Started":
        """Start the Job of the latest time, if its policy lets it."""
        spec = cron_job.spec
        assert spec is not None
        zone, schedule = zone_of(cron_job), schedule_of(cron_job)
        if zone is None:
            message = f'invalid timeZone: "{spec.time_zone}": unknown time zone {spec.time_zone}'
            self.events.event(cron_job, "Warning", "UnknownTimeZone", message)
            return _Started(status)
        if spec.suspend:
            return _Started(status)
        if schedule is None:
            fault = schedule_error(spec.schedule)
            message = f'unparseable schedule: "{spec.schedule}" : {fault}'
            self.events.event(cron_job, "Warning", "UnparseableSchedule", message)
            return _Started(status)
        now = self.ctx.clock.now()
        known = replace(cron_job, status=status)
        again = next_after(known, schedule, zone, now)
        try:
            what = due(known, schedule, zone, now)
        except InvalidScheduleError as error:
            message = f"invalid schedule: {spec.schedule} : {error}"
            self.events.event(cron_job, "Warning", "InvalidSchedule", message)
            return _Started(status)
        if what.latest is None:
            return _Started(status, again)
        if what.missed > MANY:
            self.events.event(cron_job, "Warning", "TooManyMissedTimes", _TOO_MANY)
        if not self._may_start(known, what.latest, now):
            return _Started(status, again)
        if spec.concurrency_policy == "Replace":
            for reference in status.active:
                refused = await self._replace(cron_job, reference)
                if refused is not None:
                    return _Started(status, failure=refused)
                status = _without(status, reference.uid)
        return await self._create(cron_job, status, job_of(cron_job, what.latest, zone), again)

    def _may_start(self, cron_job: CronJob, at: int, now: float) -> bool:
        """Whether the Job of a time is still to be made, and the policy lets it; says so where not."""
        spec, status = cron_job.spec, cron_job.status
        assert spec is not None
        assert status is not None
        deadline = spec.starting_deadline_seconds
        if deadline is not None and at + deadline < now:
            message = f"Missed scheduled time to start a job: {rfc1123(at)}"
            self.events.event(cron_job, "Warning", "MissSchedule", message)
            return False
        name = name_of(cron_job, at)
        if any(reference.name == name for reference in status.active):
            return False
        if status.active and spec.concurrency_policy == "Forbid":
            self.events.event(cron_job, "Normal", "JobAlreadyActive", _FORBIDDEN)
            return False
        return True

    async def _replace(self, cron_job: CronJob, reference: ObjectReference) -> ApiError | None:
        """Delete a Job that runs, to have another in its place; answers why that failed."""
        try:
            await self.client.get(Job, reference.name, namespace=reference.namespace)
        except ApiError as error:
            message = f"Get job: {error.message}"
            self.events.event(cron_job, "Warning", "FailedGet", message)
            return error
        return await self._delete(cron_job, reference)

    async def _create(
        self, cron_job: CronJob, status: CronJobStatus, wanted: Job, again: float | None
    ) -> "_Started":
        """Make the Job of a time, unless it was made before."""
        name, namespace = wanted.metadata.name, wanted.metadata.namespace
        try:
            job = await self.client.create(wanted)
        except AlreadyExists:
            job = await self.client.get(Job, name, namespace=namespace)
            if not is_controlled_by(job, cron_job):
                return _Started(status, again)
            if any(reference.uid == job.metadata.uid for reference in status.active):
                return _Started(status, again)
        except ApiError as error:
            if not is_farewell(error):
                message = f"Error creating job: {error.message}"
                self.events.event(cron_job, "Warning", "FailedCreate", message)
            return _Started(status, failure=error)
        else:
            message = f"Created job {name}"
            self.events.event(cron_job, "Normal", "SuccessfulCreate", message)
        at = parse_time(wanted.metadata.annotations[SCHEDULED_AT])
        active = (*status.active, reference_to(job))
        status = replace(status, active=active, last_schedule_time=format_time(at))
        return _Started(status, again)


class _Started(NamedTuple):
    """The status after a start, when to look again (seconds), and what kept it from starting."""

    status: CronJobStatus
    again: float | None = None
    failure: ApiError | None = None


def name_of(cron_job: CronJob, at: int) -> str:
    """The name of the Job of a time: made of the minute, so that no time has two."""
    return f"{cron_job.metadata.name}-{at // 60}"


def job_of(cron_job: CronJob, at: int, zone: tzinfo) -> Job:
    """The Job of a time."""
    assert cron_job.spec is not None
    template = cron_job.spec.job_template
    annotations = {**template.metadata.annotations, SCHEDULED_AT: rfc3339(at, zone)}
    return Job(
        metadata=ObjectMeta(
            name=name_of(cron_job, at),
            namespace=cron_job.metadata.namespace,
            labels=template.metadata.labels,
            annotations=annotations,
            owner_references=(owner_reference(cron_job, controller=True),),
        ),
        spec=template.spec,
    )


def _without(status: CronJobStatus, uid: str) -> CronJobStatus:
    return replace(status, active=tuple(each for each in status.active if each.uid != uid))


def _when(cron_job: CronJob) -> tuple[str, str | None]:
    spec = cron_job.spec
    return (spec.schedule, spec.time_zone) if spec is not None else ("", None)


def _last_success(status: CronJobStatus, jobs: Sequence[Job]) -> str | None:
    last = status.last_successful_time
    times = [
        job.status.completion_time
        for job in jobs
        if is_complete(job) and job.status is not None and job.status.completion_time
    ]
    latest = max(times, key=parse_time, default=None)
    if latest is None or (last is not None and parse_time(last) >= parse_time(latest)):
        return last
    return latest


def _age(job: Job) -> tuple[bool, str, str]:
    started = job.status.start_time if job.status is not None else None
    return started is None, started or "", job.metadata.name

"""The CronJob controller: makes the Job of each time, watches over those that run, cuts the history."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Final

from msgspec.structs import replace

from orchestrator.api.batch.v1 import CronJob, CronJobStatus, Job
from orchestrator.api.core.v1 import ObjectReference
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.client import Key
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.cron_job.timing import (
    MANY,
    due,
    rfc1123,
    rfc3339,
    schedule_of,
    zone_of,
)
from orchestrator.controllers.job.ended import ended_at, is_complete
from orchestrator.machinery.owners import is_controlled_by, owner_reference
from orchestrator.machinery.times import format_time, parse_time
from orchestrator.protocol import AlreadyExists, ApiError, NotFound

SCHEDULED_AT: Final = "batch.kubernetes.io/cronjob-scheduled-timestamp"
# A little after the time itself, so that a clock that is behind finds it has come.
_AFTER_SECONDS: Final = 0.1
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

    async def reconcile(self, key: Key) -> float | None:
        """Settle what has ended, and start what is due."""
        cron_job = self.cache(CronJob).get(key.namespace, key.name)
        if cron_job is None or cron_job.spec is None:
            return None
        jobs = [
            job for job in self.cache(Job).list(key.namespace) if is_controlled_by(job, cron_job)
        ]
        status = self._settled(cron_job, jobs)
        await self._cut(cron_job, jobs)
        if cron_job.metadata.deletion_timestamp is None and not cron_job.spec.suspend:
            status, again = await self._start(cron_job, status)
        else:
            again = None
        if status != (cron_job.status or CronJobStatus()):
            await self.client.update_status(replace(cron_job, status=status))
        return again

    # --- what runs -------------------------------------------------------------------------

    def _settled(self, cron_job: CronJob, jobs: Sequence[Job]) -> CronJobStatus:
        """The status without the Jobs that have ended or are gone."""
        status = cron_job.status or CronJobStatus()
        by_uid = {job.metadata.uid: job for job in jobs}
        active = []
        for reference in status.active:
            job = by_uid.get(reference.uid)
            if job is None:
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

    async def _cut(self, cron_job: CronJob, jobs: Sequence[Job]) -> None:
        """Delete the oldest ended Jobs beyond the limits of the history."""
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
                await self._delete(cron_job, job.metadata)

    async def _delete(self, cron_job: CronJob, metadata: ObjectMeta | ObjectReference) -> None:
        try:
            await self.client.delete(
                Job,
                metadata.name,
                namespace=cron_job.metadata.namespace,
                uid=metadata.uid,
                propagation_policy="Background",
            )
        except NotFound:
            return
        message = f"Deleted job {metadata.name}"
        self.events.event(cron_job, "Normal", "SuccessfulDelete", message)

    # --- what is due -----------------------------------------------------------------------

    async def _start(
        self, cron_job: CronJob, status: CronJobStatus
    ) -> tuple[CronJobStatus, float | None]:
        """Start the Job of the latest time, if its policy lets it; and when to look again."""
        spec = cron_job.spec
        assert spec is not None
        zone, schedule = zone_of(cron_job), schedule_of(cron_job)
        if zone is None:
            message = f"invalid timeZone: {spec.time_zone!r}"
            self.events.event(cron_job, "Warning", "UnknownTimeZone", message)
            return status, None
        if schedule is None:
            message = f"unparseable schedule: {spec.schedule!r}"
            self.events.event(cron_job, "Warning", "UnparseableSchedule", message)
            return status, None
        now = self.ctx.clock.now()
        what = due(cron_job, schedule, zone, now)
        again = what.next + _AFTER_SECONDS - now if what.next is not None else None
        if what.missed > MANY:
            self.events.event(cron_job, "Warning", "TooManyMissedTimes", _TOO_MANY)
        if what.latest is None:
            return status, again
        deadline = spec.starting_deadline_seconds
        if deadline is not None and what.latest + deadline < now:
            message = f"Missed scheduled time to start a job: {rfc1123(what.latest, zone)}"
            self.events.event(cron_job, "Warning", "MissSchedule", message)
            return status, again
        if status.active and spec.concurrency_policy == "Forbid":
            self.events.event(cron_job, "Normal", "JobAlreadyActive", _FORBIDDEN)
            return status, again
        if spec.concurrency_policy == "Replace":
            for reference in status.active:
                await self._delete(cron_job, reference)
            status = replace(status, active=())
        return await self._create(cron_job, status, what.latest, zone), again

    async def _create(
        self, cron_job: CronJob, status: CronJobStatus, at: int, zone: tzinfo
    ) -> CronJobStatus:
        """The status with the Job of a time, which is made unless it was before."""
        wanted = job_of(cron_job, at, zone)
        name, namespace = wanted.metadata.name, wanted.metadata.namespace
        try:
            job = await self.client.create(wanted)
        except AlreadyExists:
            job = await self.client.get(Job, name, namespace=namespace)
            if not is_controlled_by(job, cron_job):
                message = f"Error creating job: jobs.batch {name!r} already exists"
                self.events.event(cron_job, "Warning", "FailedCreate", message)
                return status
        except ApiError as error:
            message = f"Error creating job: {error.message}"
            self.events.event(cron_job, "Warning", "FailedCreate", message)
            raise
        else:
            message = f"Created job {name}"
            self.events.event(cron_job, "Normal", "SuccessfulCreate", message)
        scheduled = replace(status, last_schedule_time=format_time(at))
        known = any(reference.uid == job.metadata.uid for reference in status.active)
        if known or ended_at(job) is not None:
            return scheduled
        return replace(scheduled, active=(*status.active, _reference_to(job)))


def job_of(cron_job: CronJob, at: int, zone: tzinfo) -> Job:
    """The Job of a time; its name is made of the minute, so that no time has two."""
    assert cron_job.spec is not None
    template = cron_job.spec.job_template
    annotations = {**template.metadata.annotations, SCHEDULED_AT: rfc3339(at, zone)}
    return Job(
        metadata=ObjectMeta(
            name=f"{cron_job.metadata.name}-{at // 60}",
            namespace=cron_job.metadata.namespace,
            labels=template.metadata.labels,
            annotations=annotations,
            owner_references=(owner_reference(cron_job, controller=True),),
        ),
        spec=template.spec,
    )


def _reference_to(job: Job) -> ObjectReference:
    metadata = job.metadata
    return ObjectReference(
        api_version=Job.api_version,
        kind=Job.kind,
        name=metadata.name,
        namespace=metadata.namespace,
        uid=metadata.uid,
        resource_version=metadata.resource_version,
    )


def _last_success(status: CronJobStatus, jobs: Sequence[Job]) -> str | None:
    last = status.last_successful_time
    times = [at for job in jobs if is_complete(job) and (at := ended_at(job)) is not None]
    latest = max(times, default=None)
    if latest is None or (last is not None and parse_time(last) >= latest):
        return last
    return format_time(latest)


def _age(job: Job) -> tuple[str, str]:
    started = job.status.start_time if job.status is not None else None
    return started or "", job.metadata.name

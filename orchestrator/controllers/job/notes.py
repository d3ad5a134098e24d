"""What one look notes in a Job's status. Each pod that ended is counted once, whatever crashes meanwhile.

A pod carries a finalizer until it is counted. Its uid is first noted in the status
(`uncountedTerminatedPods`), then the finalizer goes, then the uid moves into the counters; a
controller that begins anew finds out from the status and the finalizers how far that came. A success of
an indexed Job needs no uid: its index is noted, and can be as often as one likes.
"""

from collections.abc import Collection, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.batch.v1 import Job, JobStatus, UncountedTerminatedPods
from orchestrator.api.core.v1 import Pod
from orchestrator.controllers.job.failure_policy import judge
from orchestrator.controllers.job.indexes import format_indexes
from orchestrator.controllers.job.tally import (
    FINALIZER,
    Tally,
    has_failed,
    has_limit_per_index,
    has_place,
    has_succeeded,
    index_of,
    is_indexed,
)
from orchestrator.controllers.job.verdict import Verdict

MOST: Final = 500  # uids that a status notes at a time


class Notes(Struct, frozen=True):
    """The status that notes what has ended, the pods to let go then, and whether there are more."""

    status: JobStatus
    let_go: tuple[Pod, ...]
    more: bool


def counted(status: JobStatus, held: Collection[str]) -> JobStatus:
    """The status with the uids that it notes in its counters, but for those of pods still `held`."""
    noted = status.uncounted_terminated_pods or UncountedTerminatedPods()
    succeeded = tuple(uid for uid in noted.succeeded if uid in held)
    failed = tuple(uid for uid in noted.failed if uid in held)
    won, lost = len(noted.succeeded) - len(succeeded), len(noted.failed) - len(failed)
    return replace(
        status,
        succeeded=(status.succeeded or 0) + won or None,
        failed=(status.failed or 0) + lost or None,
        uncounted_terminated_pods=UncountedTerminatedPods(succeeded=succeeded, failed=failed),
    )


def notes(
    job: Job, status: JobStatus, pods: Sequence[Pod], tally: Tally, ending: Verdict | None
) -> Notes:
    """What to note of the pods, when `status` counts what was let go before.

    A Job that ends lets all go: if it fails, what has not succeeded has failed.
    """
    noted = status.uncounted_terminated_pods or UncountedTerminatedPods()
    succeeded, failed = list(noted.succeeded), list(noted.failed)
    indexes, let_go, more = 0, [], False
    for pod in _in_order(job, pods):
        if FINALIZER not in pod.metadata.finalizers or not _may_go(job, pod, tally, ending):
            continue
        let_go.append(pod)
        uid = pod.metadata.uid
        if has_succeeded(pod) and uid not in noted.failed:
            if is_indexed(job):
                indexes += 1
            elif uid not in noted.succeeded:
                succeeded.append(uid)
        elif uid not in noted.failed and _is_failure(job, pod, ending):
            failed.append(uid)
        more = indexes + len(succeeded) + len(failed) >= MOST
        if more:
            break
    uncounted = UncountedTerminatedPods(succeeded=tuple(succeeded), failed=tuple(failed))
    status = replace(status, uncounted_terminated_pods=uncounted)
    return Notes(_with_indexes(job, status, tally), tuple(let_go), more)


def _in_order(job: Job, pods: Sequence[Pod]) -> Sequence[Pod]:
    if not is_indexed(job):
        return pods
    return sorted(pods, key=lambda pod: -1 if (index := index_of(pod)) is None else index)


def _may_go(job: Job, pod: Pod, tally: Tally, ending: Verdict | None) -> bool:
    if job.metadata.deletion_timestamp is not None or ending is not None or has_succeeded(pod):
        return True
    return has_failed(job, pod) and not any(pod is each for each in tally.delayed.values())


def _is_failure(job: Job, pod: Pod, ending: Verdict | None) -> bool:
    failed = has_failed(job, pod) or (ending is not None and ending.type == "Failed")
    return failed and has_place(job, pod) and judge(job, pod).action != "Ignore"


def _with_indexes(job: Job, status: JobStatus, tally: Tally) -> JobStatus:
    if not is_indexed(job):
        return status
    return replace(
        status,
        succeeded=len(tally.completed) or None,
        completed_indexes=format_indexes(tally.completed),
        failed_indexes=format_indexes(tally.failed_indexes) if has_limit_per_index(job) else None,
    )

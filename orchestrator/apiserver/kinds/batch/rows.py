"""The kinds of `batch`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.batch.v1 import CronJob, Job
from orchestrator.apiserver.kinds.batch.cron_job_validation import CRON_JOB_RULES
from orchestrator.apiserver.kinds.batch.defaults import default_cron_job, default_job
from orchestrator.apiserver.kinds.batch.job_validation import JOB_RULES
from orchestrator.apiserver.kinds.batch.strategy import JobStrategy
from orchestrator.apiserver.kinds.batch.tables import CRON_JOBS, JOBS
from orchestrator.apiserver.kinds.batch.warnings import PODS_STAY, cron_job_warnings, job_warnings
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.strategy import OBSERVED, Traits

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        CronJob,
        warnings=cron_job_warnings,
        rules=CRON_JOB_RULES,
        default=default_cron_job,
        traits=OBSERVED,
        table=CRON_JOBS,
    ),
    Kind(
        Job,
        warnings=job_warnings,
        rules=JOB_RULES,
        default=default_job,
        strategy=JobStrategy,
        traits=Traits(generation=True, propagation="Orphan"),
        deletion_warning=PODS_STAY,
        table=JOBS,
    ),
)

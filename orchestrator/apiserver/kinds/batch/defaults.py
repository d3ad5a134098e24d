"""Defaults of Jobs and CronJobs."""

from typing import Final

from orchestrator.api.batch.v1 import (
    CronJob,
    Job,
    JobSpec,
    PodFailurePolicy,
    PodFailurePolicyOnPodConditionsPattern,
    PodFailurePolicyRule,
)
from orchestrator.apiserver.defaults.change import each, fill, fill_zero, maybe, put
from orchestrator.apiserver.kinds.core.pods.defaults import default_template

_MAX_INT32: Final = 2**31 - 1


def default_job(job: Job) -> Job:
    """One pod, six more tries; a job without labels is labelled like its pods."""
    spec = job.spec or JobSpec()
    if spec.completions is None and spec.parallelism is None:
        spec = put(spec, completions=1)
    spec = fill(
        spec,
        parallelism=1,
        backoff_limit=6 if spec.backoff_limit_per_index is None else _MAX_INT32,
        completion_mode="NonIndexed",
        suspend=False,
        pod_replacement_policy="TerminatingOrFailed"
        if spec.pod_failure_policy is None
        else "Failed",
        manual_selector=False,
    )
    spec = put(
        spec,
        pod_failure_policy=maybe(spec.pod_failure_policy, _default_failure_policy),
        template=default_template(spec.template),
    )
    metadata = job.metadata
    labels = spec.template.metadata.labels  # those that the selector finds among them
    if labels and not metadata.labels:
        metadata = put(metadata, labels=labels)
    return put(job, metadata=metadata, spec=spec)


def _default_failure_policy(policy: PodFailurePolicy) -> PodFailurePolicy:
    return put(policy, rules=each(policy.rules, _default_failure_rule))


def _default_failure_rule(rule: PodFailurePolicyRule) -> PodFailurePolicyRule:
    return put(rule, on_pod_conditions=each(rule.on_pod_conditions, _default_pattern))


def _default_pattern(
    pattern: PodFailurePolicyOnPodConditionsPattern,
) -> PodFailurePolicyOnPodConditionsPattern:
    return fill_zero(pattern, status="True")


def default_cron_job(cron_job: CronJob) -> CronJob:
    """Jobs may overlap; a few finished ones are kept."""
    spec = fill(
        fill_zero(cron_job.spec, concurrency_policy="Allow"),
        suspend=False,
        successful_jobs_history_limit=3,
        failed_jobs_history_limit=1,
    )
    # The job's own defaults come when the job is made.
    template = spec.job_template
    job_spec = template.spec or JobSpec()
    job_spec = put(
        job_spec,
        pod_failure_policy=maybe(job_spec.pod_failure_policy, _default_failure_policy),
        template=default_template(job_spec.template),
    )
    return put(cron_job, spec=put(spec, job_template=put(template, spec=job_spec)))

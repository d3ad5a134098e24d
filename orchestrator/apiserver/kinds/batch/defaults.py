"""Defaults of Jobs and CronJobs, and the selector that a Job gets from its own uid."""

from typing import Final

from orchestrator.api.batch.v1 import (
    CronJob,
    Job,
    JobSpec,
    PodFailurePolicy,
    PodFailurePolicyOnPodConditionsPattern,
    PodFailurePolicyRule,
)
from orchestrator.api.meta.v1 import LabelSelector, ObjectMeta
from orchestrator.apiserver.defaults.change import each, fill, maybe, merged, put
from orchestrator.apiserver.kinds.core.pods.defaults import default_template

_CONTROLLER_UID: Final = "batch.kubernetes.io/controller-uid"
_JOB_NAME: Final = "batch.kubernetes.io/job-name"
_LEGACY_CONTROLLER_UID: Final = "controller-uid"
_LEGACY_JOB_NAME: Final = "job-name"
_MAX_INT32: Final = 2**31 - 1


def default_job(job: Job) -> Job:
    """One pod, six more tries; a selector that finds this job's pods and no other's."""
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
    if not spec.manual_selector and metadata.uid and metadata.name:
        spec = _with_selector(spec, metadata)
    assert spec.template is not None
    labels = spec.template.metadata.labels  # those that the selector finds among them
    if labels and not metadata.labels:
        metadata = put(metadata, labels=labels)
    return put(job, metadata=metadata, spec=spec)


def _with_selector(spec: JobSpec, metadata: ObjectMeta) -> JobSpec:
    """Labels and selector from the uid; what is there already stays, for validation to judge."""
    uid = metadata.uid or ""
    marks = {
        _LEGACY_JOB_NAME: metadata.name,
        _JOB_NAME: metadata.name,
        _LEGACY_CONTROLLER_UID: uid,
        _CONTROLLER_UID: uid,
    }
    template = spec.template
    template_meta = template.metadata
    labels = merged(template_meta.labels, marks)
    selector = spec.selector or LabelSelector()
    wanted = merged(selector.match_labels, {_CONTROLLER_UID: uid})
    return put(
        spec,
        template=put(template, metadata=put(template_meta, labels=labels)),
        selector=put(selector, match_labels=wanted),
    )


def _default_failure_policy(policy: PodFailurePolicy) -> PodFailurePolicy:
    return put(policy, rules=each(policy.rules, _default_failure_rule))


def _default_failure_rule(rule: PodFailurePolicyRule) -> PodFailurePolicyRule:
    return put(rule, on_pod_conditions=each(rule.on_pod_conditions, _default_pattern))


def _default_pattern(
    pattern: PodFailurePolicyOnPodConditionsPattern,
) -> PodFailurePolicyOnPodConditionsPattern:
    return fill(pattern, status="True")


def default_cron_job(cron_job: CronJob) -> CronJob:
    """Jobs may overlap; a few finished ones are kept."""
    spec = fill(
        cron_job.spec,
        concurrency_policy="Allow",
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

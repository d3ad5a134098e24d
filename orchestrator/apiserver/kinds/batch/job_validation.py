"""Jobs: what they ask for, what of it stays, and the end of them."""

from typing import Final

from msgspec.structs import replace

from orchestrator.api.batch.v1 import (
    Job,
    JobSpec,
)
from orchestrator.api.core.v1 import Container, PodTemplateSpec
from orchestrator.apiserver.kinds.batch.job_policies import policy_errors
from orchestrator.apiserver.kinds.batch.job_status_validation import is_true, status_errors
from orchestrator.apiserver.kinds.core.pods.spec_validation import template_errors
from orchestrator.apiserver.validation.field import (
    Errors,
    immutable,
    invalid,
    nonnegative,
    not_supported,
    required,
    too_long,
)
from orchestrator.apiserver.validation.formats import domain_path_errors
from orchestrator.apiserver.validation.golang import as_go
from orchestrator.apiserver.validation.rules import CHANGE_AND_WHOLE, Rules
from orchestrator.apiserver.validation.selectors import label_selector_errors, selects
from orchestrator.apiserver.validation.workloads import template_labels
from orchestrator.machinery.names import dns1123_label_errors

CONTROLLER_UID: Final = "batch.kubernetes.io/controller-uid"
JOB_NAME: Final = "batch.kubernetes.io/job-name"
LEGACY_CONTROLLER_UID: Final = "controller-uid"
LEGACY_JOB_NAME: Final = "job-name"

_MODES: Final = ("NonIndexed", "Indexed")
_REPLACEMENTS: Final = ("Failed", "TerminatingOrFailed")
_CONCURRENCIES: Final = ("Allow", "Forbid", "Replace")
_ACTIONS: Final = ("Count", "FailIndex", "FailJob", "Ignore")
_EXIT_OPERATORS: Final = ("In", "NotIn")
_STATUSES: Final = ("False", "True", "Unknown")
_MAX_INDEXED_PARALLELISM: Final = 100_000
_MAX_FAILED_INDEXES: Final = 100_000
_MANY_COMPLETIONS: Final = 100_000
_MAX_WITH_MANY: Final = 10_000
_MAX_RULES: Final = 20
_MAX_EXIT_CODES: Final = 255
_MAX_MANAGED_BY: Final = 63
_MAX_CRON_NAME: Final = 52  # its jobs' names are 11 characters longer

# --- Job -----------------------------------------------------------------------------------


def _job_errors(job: Job) -> Errors:
    spec = job.spec or JobSpec()
    yield from _generated_errors(job, spec)
    yield from _whole_spec_errors(spec)
    if spec.completion_mode == "Indexed" and spec.completions:
        host = f"{job.metadata.name}-{spec.completions - 1}"
        if dns1123_label_errors(host):
            detail = f"will not able to create pod with invalid DNS label: {host}"
            yield invalid("metadata.name", job.metadata.name, detail)


def _whole_spec_errors(spec: JobSpec) -> Errors:
    yield from job_spec_errors("spec", spec)
    labels = template_labels(spec.template)
    if spec.selector is None:
        yield required("spec.selector")
    else:
        yield from label_selector_errors("spec.selector", spec.selector)
    if spec.selector is None or selects(spec.selector, labels) is False:
        detail = "`selector` does not match template `labels`"
        yield invalid("spec.template.metadata.labels", as_go(labels), detail)


def _generated_errors(job: Job, spec: JobSpec) -> Errors:
    """Unless it was asked not to, the server made the selector and the labels that it finds."""
    if spec.manual_selector or spec.selector is None:
        return
    uid, name = job.metadata.uid or "", job.metadata.name
    if not uid:
        yield required("metadata.uid")
    expected = {
        LEGACY_CONTROLLER_UID: uid,
        LEGACY_JOB_NAME: name,
        CONTROLLER_UID: uid,
        JOB_NAME: name,
    }
    labels = template_labels(spec.template)
    for key, value in expected.items():
        where = f"spec.template.metadata.labels[{key}]"
        if key not in labels:
            yield required(where, f"must be '{value}'")
        elif labels[key] != value:
            yield invalid(where, as_go(labels), f"must be '{value}'")
    if selects(spec.selector, expected) is False:
        yield invalid("spec.selector", as_go(spec.selector), "`selector` not auto-generated")


_COUNTS: Final = (
    ("parallelism", "parallelism"),
    ("completions", "completions"),
    ("active_deadline_seconds", "activeDeadlineSeconds"),
    ("backoff_limit", "backoffLimit"),
    ("ttl_seconds_after_finished", "ttlSecondsAfterFinished"),
    ("backoff_limit_per_index", "backoffLimitPerIndex"),
    ("max_failed_indexes", "maxFailedIndexes"),
)


def job_spec_errors(path: str, spec: JobSpec) -> Errors:
    """The spec of a Job, or of the Jobs of a CronJob."""
    for attribute, wire in _COUNTS:
        yield from nonnegative(f"{path}.{wire}", getattr(spec, attribute))
    if spec.max_failed_indexes is not None and spec.backoff_limit_per_index is None:
        yield required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified")
    if spec.managed_by is not None:
        yield from _managed_by_errors(f"{path}.managedBy", spec.managed_by)
    if spec.completion_mode is not None and spec.completion_mode not in _MODES:
        yield not_supported(f"{path}.completionMode", spec.completion_mode, _MODES)
    if spec.completion_mode == "Indexed":
        yield from _indexed_errors(path, spec)
    elif spec.completion_mode in (None, "NonIndexed"):
        for attribute, wire in _COUNTS[5:]:
            value = getattr(spec, attribute)
            if value is not None:
                yield invalid(f"{path}.{wire}", value, "requires indexed completion mode")
    yield from policy_errors(path, spec)
    yield from template_errors(f"{path}.template", spec.template)
    yield from _restart_errors(f"{path}.template.spec.restartPolicy", spec)


def _managed_by_errors(path: str, value: str) -> Errors:
    if not value:
        yield required(path)
    else:
        for part, why in domain_path_errors(value):
            yield invalid(path, part, why)
    if len(value) > _MAX_MANAGED_BY:
        yield too_long(path, _MAX_MANAGED_BY)


def _indexed_errors(path: str, spec: JobSpec) -> Errors:
    completions, parallelism = spec.completions, spec.parallelism
    failed = spec.max_failed_indexes
    if completions is None:
        yield required(f"{path}.completions", "when completion mode is Indexed")
    if parallelism is not None and parallelism > _MAX_INDEXED_PARALLELISM:
        detail = (
            f"must be less than or equal to {_MAX_INDEXED_PARALLELISM} when completion mode is "
            "Indexed"
        )
        yield invalid(f"{path}.parallelism", parallelism, detail)
    if failed is not None and completions is not None and failed > completions:
        detail = "must be less than or equal to completions"
        yield invalid(f"{path}.maxFailedIndexes", failed, detail)
    if failed is not None and failed > _MAX_FAILED_INDEXES:
        detail = f"must be less than or equal to {_MAX_FAILED_INDEXES}"
        yield invalid(f"{path}.maxFailedIndexes", failed, detail)
    if (completions or 0) > _MANY_COMPLETIONS and spec.backoff_limit_per_index is not None:
        yield from _many_errors(path, spec)


def _many_errors(path: str, spec: JobSpec) -> Errors:
    if spec.max_failed_indexes is None:
        detail = f"must be specified when completions is above {_MANY_COMPLETIONS}"
        yield required(f"{path}.maxFailedIndexes", detail)
    detail = (
        f"must be less than or equal to {_MAX_WITH_MANY} when completions are above "
        f"{_MANY_COMPLETIONS} and used with backoff limit per index"
    )
    counts = (("parallelism", spec.parallelism), ("maxFailedIndexes", spec.max_failed_indexes))
    for name, count in counts:
        if count is not None and count > _MAX_WITH_MANY:
            yield invalid(f"{path}.{name}", count, detail)


def _restart_errors(path: str, spec: JobSpec) -> Errors:
    policy = spec.template.spec.restart_policy if spec.template.spec else ""
    if policy in ("Always", ""):
        yield required(path, 'valid values: "OnFailure", "Never"')
    elif policy not in ("OnFailure", "Never"):
        yield not_supported(path, policy, ("OnFailure", "Never"))
    elif spec.pod_failure_policy is not None and policy != "Never":
        detail = 'only "Never" is supported when podFailurePolicy is specified'
        yield invalid(path, policy, detail)


# --- updates -------------------------------------------------------------------------------

_FIXED: Final = (
    ("completion_mode", "completionMode"),
    ("pod_failure_policy", "podFailurePolicy"),
    ("backoff_limit_per_index", "backoffLimitPerIndex"),
    ("managed_by", "managedBy"),
    ("success_policy", "successPolicy"),
)


def _update_errors(new: Job, old: Job) -> Errors:
    if new.spec is None or old.spec is None:
        return
    spec, before = new.spec, old.spec
    if spec is not before:
        yield from _whole_spec_errors(spec)  # every update is asked twice
    if spec.completion_mode != "Indexed":
        yield from immutable("spec.completions", spec.completions, before.completions)
    elif spec.completions not in (None, before.completions, spec.parallelism):
        detail = "can only be modified in tandem with spec.parallelism"
        yield invalid("spec.completions", spec.completions, detail)
    yield from immutable("spec.selector", spec.selector, before.selector)
    if spec.template is not before.template:
        yield from _template_change_errors(spec.template, before.template, old)
    for attribute, wire in _FIXED:
        yield from immutable(f"spec.{wire}", getattr(spec, attribute), getattr(before, attribute))


def _template_change_errors(
    new: PodTemplateSpec | None, old: PodTemplateSpec | None, job: Job
) -> Errors:
    """A job that is suspended may get other resources; else its pods are made from one template."""
    is_open = _is_open(job)
    present = _open_template(new, old) if is_open else old
    if not is_open or new is None or present is None or not (new.spec and present.spec):
        yield from immutable("spec.template", new, present)
        return
    spec = replace(
        present.spec,
        containers=_with_resources(present.spec.containers, new.spec.containers),
        init_containers=_with_resources(present.spec.init_containers, new.spec.init_containers),
    )
    yield from immutable("spec.template.spec", new.spec, spec)


def _with_resources(
    old: tuple[Container, ...], new: tuple[Container, ...]
) -> tuple[Container, ...]:
    if len(old) != len(new):
        return old
    return tuple(
        replace(before, resources=after.resources) if before.name == after.name else before
        for before, after in zip(old, new, strict=True)
    )


def _is_open(job: Job) -> bool:
    """Whether no pod of a suspended job is running, so that its template may be changed."""
    held = job.spec is not None and bool(job.spec.suspend)
    status = job.status
    if status is None:
        return held
    waits = status.start_time is None or is_true(job, "Suspended")
    return held and waits and not status.active


def _open_template(
    new: PodTemplateSpec | None, old: PodTemplateSpec | None
) -> PodTemplateSpec | None:
    """The old template with what may still change: where the pods will run."""
    if new is None or old is None or not (new.spec and old.spec):
        return old
    affinity, before = new.spec.affinity, old.spec.affinity
    nodes = affinity.node_affinity if affinity else None
    if before is not None:
        before = replace(before, node_affinity=nodes)
        if affinity is None and before == type(before)():
            before = None
    elif affinity is not None:
        before = type(affinity)(node_affinity=nodes)
    spec = replace(
        old.spec,
        affinity=before,
        node_selector=new.spec.node_selector,
        tolerations=new.spec.tolerations,
        scheduling_gates=new.spec.scheduling_gates,
    )
    return replace(old, metadata=new.metadata, spec=spec)


JOB_RULES: Final = Rules(
    spec=_job_errors, update=_update_errors, status=status_errors, metadata_again=CHANGE_AND_WHOLE
)

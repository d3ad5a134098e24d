"""Jobs: a new one gets a selector from its own uid, that finds its pods and no other's."""

from typing import Any

from orchestrator.api.batch.v1 import Job, JobSpec
from orchestrator.api.meta.v1 import LabelSelector, ObjectMeta
from orchestrator.apiserver.defaults.change import merged, put
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.batch.job_validation import (
    CONTROLLER_UID,
    JOB_NAME,
    LEGACY_CONTROLLER_UID,
    LEGACY_JOB_NAME,
)
from orchestrator.apiserver.kinds.strategy import Strategy


class JobStrategy(Strategy):
    """What is special about jobs. An update has to bring selector and labels back."""

    def prepare_for_create(self, new: Job, env: Environment) -> Any:
        """With its selector, unless it was asked not to make one."""
        new = super().prepare_for_create(new, env)
        spec = new.spec or JobSpec()
        if spec.manual_selector:
            return new
        marked = _with_selector(spec, new.metadata)
        metadata, template = new.metadata, spec.template.metadata
        # Labels that the job has from its template go on being those of the template.
        if not metadata.labels or metadata.labels is template.labels:
            metadata = put(metadata, labels=marked.template.metadata.labels)
        return put(new, metadata=metadata, spec=marked)

    def prepare_for_status_update(self, new: Job, old: Job, env: Environment) -> Any:
        """A job without labels reads as one with those of its template, whatever took them away."""
        new = super().prepare_for_status_update(new, old, env)
        if new.metadata.labels or new.spec is None:
            return new
        return put(new, metadata=put(new.metadata, labels=new.spec.template.metadata.labels))


def _with_selector(spec: JobSpec, metadata: ObjectMeta) -> JobSpec:
    """Labels and selector from the uid; what is there already stays, for validation to judge."""
    uid = metadata.uid or ""
    marks = {
        LEGACY_JOB_NAME: metadata.name,
        JOB_NAME: metadata.name,
        LEGACY_CONTROLLER_UID: uid,
        CONTROLLER_UID: uid,
    }
    template = spec.template
    template_meta = template.metadata
    labels = merged(template_meta.labels, marks)
    selector = spec.selector or LabelSelector()
    wanted = merged(selector.match_labels, {CONTROLLER_UID: uid})
    return put(
        spec,
        template=put(template, metadata=put(template_meta, labels=labels)),
        selector=put(selector, match_labels=wanted),
    )

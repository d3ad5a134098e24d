"""Pods stamped from a Job's template."""

from typing import Final

from msgspec.structs import replace

from orchestrator.api.batch.v1 import Job
from orchestrator.api.core.v1 import (
    Container,
    EnvVar,
    EnvVarSource,
    ObjectFieldSelector,
    Pod,
    PodSpec,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scalars import EMPTY
from orchestrator.controllers.job.tally import FINALIZER, INDEX, INDEX_FAILURES, INDEX_IGNORED
from orchestrator.machinery.owners import owner_reference

LONGEST_PREFIX: Final = 58  # what leaves room for five random letters in a DNS label
_INDEX_VARIABLE: Final = EnvVar(
    name="JOB_COMPLETION_INDEX",
    value_from=EnvVarSource(
        field_ref=ObjectFieldSelector(field_path=f"metadata.labels['{INDEX}']")
    ),
)


def make_pod(job: Job, index: int | None = None, failures: int = 0, ignored: int = 0) -> Pod:
    """A pod of the Job; of an indexed one for an index that failed so often, and so often uncounted.

    Pods without an index share the template's spec object.
    """
    assert job.spec is not None
    template = job.spec.template
    metadata = template.metadata
    spec = template.spec
    labels, annotations = dict(metadata.labels), dict(metadata.annotations)
    prefix = f"{job.metadata.name}-"
    if index is not None:
        labels[INDEX] = annotations[INDEX] = str(index)
        if job.spec.backoff_limit_per_index is not None:
            annotations[INDEX_FAILURES] = str(failures)
            if ignored:
                annotations[INDEX_IGNORED] = str(ignored)
        prefix = _prefix(job.metadata.name, index)
        if spec is not None:
            spec = _with_index(spec, f"{job.metadata.name}-{index}")
    return Pod(
        metadata=ObjectMeta(
            generate_name=prefix,
            namespace=job.metadata.namespace,
            labels=labels,
            annotations=annotations or EMPTY,  # Go leaves out what is empty
            finalizers=metadata.finalizers
            if FINALIZER in metadata.finalizers
            else (*metadata.finalizers, FINALIZER),
            owner_references=(owner_reference(job, controller=True),),
        ),
        spec=spec,
    )


def _prefix(job_name: str, index: int) -> str:
    """What the names of an index's pods begin with: a long name is cut, and not its index."""
    end = f"-{index}-"
    return job_name[: LONGEST_PREFIX - len(end)] + end


def _with_index(spec: PodSpec, hostname: str) -> PodSpec:
    return replace(
        spec,
        hostname=hostname,
        init_containers=tuple(_knowing_its_index(c) for c in spec.init_containers),
        containers=tuple(_knowing_its_index(c) for c in spec.containers),
    )


def _knowing_its_index(container: Container) -> Container:
    if any(variable.name == _INDEX_VARIABLE.name for variable in container.env):
        return container
    return replace(container, env=(*container.env, _INDEX_VARIABLE))

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
from orchestrator.controllers.job.tally import FINALIZER, INDEX, INDEX_FAILURES
from orchestrator.machinery.owners import owner_reference

_INDEX_VARIABLE: Final = EnvVar(
    name="JOB_COMPLETION_INDEX",
    value_from=EnvVarSource(
        field_ref=ObjectFieldSelector(field_path=f"metadata.labels['{INDEX}']")
    ),
)


def make_pod(job: Job, index: int | None = None, failures: int = 0) -> Pod:
    """A pod of the Job; of an indexed one for an index that failed so often already.

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
        prefix = f"{job.metadata.name}-{index}-"
        if spec is not None:
            spec = _with_index(spec, f"{job.metadata.name}-{index}")
    return Pod(
        metadata=ObjectMeta(
            generate_name=prefix,
            namespace=job.metadata.namespace,
            labels=labels,
            annotations=annotations or EMPTY,  # Go leaves out what is empty
            finalizers=(*metadata.finalizers, FINALIZER),
            owner_references=(owner_reference(job, controller=True),),
        ),
        spec=spec,
    )


def _with_index(spec: PodSpec, hostname: str) -> PodSpec:
    return replace(
        spec,
        hostname=spec.hostname or hostname,
        init_containers=tuple(_knowing_its_index(c) for c in spec.init_containers),
        containers=tuple(_knowing_its_index(c) for c in spec.containers),
    )


def _knowing_its_index(container: Container) -> Container:
    if any(variable.name == _INDEX_VARIABLE.name for variable in container.env):
        return container
    return replace(container, env=(*container.env, _INDEX_VARIABLE))

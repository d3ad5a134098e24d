"""What the server makes of a new job."""

from msgspec.structs import replace

from orchestrator.api.batch.v1 import Job, JobSpec, JobStatus
from orchestrator.api.core.v1 import Container, PodSpec, PodTemplateSpec
from orchestrator.api.meta.v1 import LabelSelector, ObjectMeta
from tests.apiserver.harness import Api

_SPEC = PodSpec(containers=(Container(name="c", image="i"),), restart_policy="Never")


def _job(**labels: str) -> Job:
    template = PodTemplateSpec(metadata=ObjectMeta(labels=labels), spec=_SPEC)
    metadata = ObjectMeta(name="sum", namespace="default")
    return Job(metadata=metadata, spec=JobSpec(template=template))


async def test_a_new_job_selects_its_pods_by_its_uid(api: Api) -> None:
    """And is labelled like them, if it has no labels of its own."""
    made = await api.create(_job(app="x"))
    uid = made.metadata.uid
    assert made.spec.selector == LabelSelector(
        match_labels={"batch.kubernetes.io/controller-uid": uid}
    )
    assert made.spec.template.metadata.labels == {
        "app": "x",
        "job-name": "sum",
        "batch.kubernetes.io/job-name": "sum",
        "controller-uid": uid,
        "batch.kubernetes.io/controller-uid": uid,
    }
    assert made.metadata.labels == made.spec.template.metadata.labels


async def test_a_job_without_labels_has_those_of_its_template(api: Api) -> None:
    """Even if it is a write of its status that brings none."""
    made = await api.create(_job(app="x"))
    bare = replace(made, metadata=replace(made.metadata, labels={}), status=JobStatus(active=1))
    reported = await api.status(bare)
    assert reported.metadata.labels == made.spec.template.metadata.labels

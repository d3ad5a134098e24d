"""`namespaces/finalize`: the namespace controller lets an emptied namespace go.

It writes `spec.finalizers` and nothing else; the last one gone removes the namespace.
"""

from typing import Final

from msgspec.structs import replace

from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.core.cluster.validation import finalizer_errors
from orchestrator.apiserver.pipeline.admission import admit, review, review_outside
from orchestrator.apiserver.pipeline.authorize import authorize
from orchestrator.apiserver.pipeline.commit import commit
from orchestrator.apiserver.pipeline.course import Course
from orchestrator.apiserver.pipeline.draft import Draft, Step
from orchestrator.apiserver.pipeline.kinds import refuse_invalid
from orchestrator.apiserver.pipeline.metadata import check_identity, check_uid
from orchestrator.apiserver.pipeline.objects import read, take
from orchestrator.apiserver.pipeline.own_fields import own_fields
from orchestrator.apiserver.pipeline.part import Part
from orchestrator.apiserver.validation.field import cause_of

_NAME: Final = "kubernetes.io/metadata.name"


def _keep_all_but_spec(course: Course) -> tuple[Step, ...]:
    """Errors: Conflict, Invalid."""
    resource = course.served.resource

    def step(_env: Environment, draft: Draft) -> None:
        new, old = draft.new, draft.old
        check_identity(resource, new.metadata, old.metadata, draft.message, unconditional=True)
        check_uid(resource, new.metadata, old.metadata)
        # What is sent replaces its metadata, too; what the server owns stays.
        metadata = replace(
            old.metadata,
            labels={**new.metadata.labels, _NAME: draft.name},
            annotations=new.metadata.annotations,
            owner_references=new.metadata.owner_references,
            finalizers=new.metadata.finalizers,
        )
        draft.new = replace(old, spec=new.spec, metadata=metadata)
        causes = [cause_of(fault) for fault in finalizer_errors(draft.new)]
        refuse_invalid(resource, draft.name, causes)

    return (step,)


FINALIZE: Final = Part(
    writes={
        "update": (
            authorize,
            take,
            read,
            _keep_all_but_spec,
            own_fields,
            admit,
            review_outside,
            review,
            commit,
        )
    },
    readable=False,
)

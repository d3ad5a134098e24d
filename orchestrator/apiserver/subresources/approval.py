"""`certificatesigningrequests/approval`: who may approve says so, and nothing else."""

from typing import Final

from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.certificates.strategy import prepare_for_approval
from orchestrator.apiserver.kinds.certificates.validation import approval_errors
from orchestrator.apiserver.pipeline.admission import admit, review, review_outside
from orchestrator.apiserver.pipeline.apply import apply
from orchestrator.apiserver.pipeline.authorize import authorize
from orchestrator.apiserver.pipeline.commit import commit
from orchestrator.apiserver.pipeline.course import Course, Maker
from orchestrator.apiserver.pipeline.draft import Draft, Step
from orchestrator.apiserver.pipeline.kinds import refuse_invalid
from orchestrator.apiserver.pipeline.metadata import check_uid
from orchestrator.apiserver.pipeline.objects import keep_all_but_status, read, take
from orchestrator.apiserver.pipeline.own_fields import own_fields
from orchestrator.apiserver.pipeline.part import Part
from orchestrator.apiserver.pipeline.patch import patch
from orchestrator.apiserver.validation.field import cause_of


def _prepare(_course: Course) -> tuple[Step, ...]:
    def step(env: Environment, draft: Draft) -> None:
        draft.new = prepare_for_approval(draft.new, draft.old, env)

    return (step,)


def _validate(course: Course) -> tuple[Step, ...]:
    """Errors: Invalid."""
    resource = course.served.resource

    def step(_env: Environment, draft: Draft) -> None:
        check_uid(resource, draft.new.metadata, draft.old.metadata)
        causes = [cause_of(each) for each in approval_errors(draft.new, draft.old)]
        refuse_invalid(resource, draft.name, causes)

    return (step,)


_REPLACE: Final[tuple[Maker, ...]] = (
    keep_all_but_status,
    _prepare,
    own_fields,
    admit,
    review_outside,
    review,
    _validate,
    commit,
)
APPROVAL: Final = Part(
    writes={
        "update": (authorize, take, read, *_REPLACE),
        "patch": (authorize, read, patch, *_REPLACE),
        "apply": (authorize, read, apply, *_REPLACE),
    }
)

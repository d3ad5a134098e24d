"""`pods/resize` and `pods/ephemeralcontainers`: the little that may change of a pod's spec, by paths of their own.

The whole pod is read and answered; all that the path is not for is dropped from what is written.
"""

from typing import Final

from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.core.pods.parts import (
    Judge,
    Prepare,
    ephemeral_errors,
    resize_errors,
    resized,
    with_ephemeral_containers,
)
from orchestrator.apiserver.kinds.validating import validate_part_update
from orchestrator.apiserver.pipeline.admission import admit, review, review_outside
from orchestrator.apiserver.pipeline.apply import apply
from orchestrator.apiserver.pipeline.authorize import authorize
from orchestrator.apiserver.pipeline.commit import commit
from orchestrator.apiserver.pipeline.course import Course, Maker
from orchestrator.apiserver.pipeline.draft import Draft, Step
from orchestrator.apiserver.pipeline.kinds import count_generation, default, refuse_invalid
from orchestrator.apiserver.pipeline.objects import keep, read, take
from orchestrator.apiserver.pipeline.own_fields import own_fields
from orchestrator.apiserver.pipeline.part import Part
from orchestrator.apiserver.pipeline.patch import patch


def _part(prepare: Prepare, judge: Judge) -> Part:
    """A part that changes a pod as `prepare` says and is refused by `judge`."""

    def prepared(course: Course) -> tuple[Step, ...]:
        def step(_env: Environment, draft: Draft) -> None:
            draft.new = prepare(draft.new, draft.old)

        return (step,)

    def validated(course: Course) -> tuple[Step, ...]:
        kind, resource = course.served.kind, course.served.resource

        def step(_env: Environment, draft: Draft) -> None:
            causes = validate_part_update(kind, draft.new, draft.old, judge)
            refuse_invalid(resource, draft.name, causes)

        return (step,)

    rest: tuple[Maker, ...] = (
        keep,
        default,
        own_fields,  # of what is dropped, too, as in Kubernetes
        prepared,
        admit,
        count_generation,
        validated,
        review_outside,
        review,
        commit,
    )
    return Part(
        writes={
            "update": (authorize, take, read, *rest),
            "patch": (authorize, read, patch, *rest),
            "apply": (authorize, read, apply, *rest),
        }
    )


RESIZE: Final = _part(resized, resize_errors)
EPHEMERAL_CONTAINERS: Final = _part(with_ephemeral_containers, ephemeral_errors)

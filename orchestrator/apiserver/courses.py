"""From an action and a path to the steps that a write takes."""

from typing import Final, NoReturn

from orchestrator.api.scheme import Scheme
from orchestrator.apiserver import errors
from orchestrator.apiserver.authorization import Access
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.authorize import authorize
from orchestrator.apiserver.pipeline.course import Action, Course, Maker, make_steps
from orchestrator.apiserver.pipeline.draft import Draft, Step
from orchestrator.apiserver.pipeline.part import Part
from orchestrator.apiserver.pipeline.served import Served
from orchestrator.apiserver.pipeline.verbs import (
    APPLY,
    CONNECT,
    CREATE,
    DELETE,
    PATCH,
    UPDATE,
)
from orchestrator.apiserver.reviews import ANSWER, REVIEWS
from orchestrator.apiserver.subresources import SUBRESOURCES
from orchestrator.apiserver.subresources.binding import BINDINGS, LEGACY_BINDING
from orchestrator.protocol import ApiError

_OBJECT: Final = Part(
    writes={"create": CREATE, "update": UPDATE, "patch": PATCH, "apply": APPLY, "delete": DELETE}
)
_REVIEW: Final = Part(writes={"create": ANSWER}, readable=False)
_NOTHING: Final = Part(readable=False)


def part_of(served: Served, subresource: str) -> Part:
    """What the path means. Raises NotFound if there is no such subresource."""
    if subresource:
        part = SUBRESOURCES.get(subresource)
        if part is None or served.resource.subresource(subresource) is None:
            raise errors.no_such_resource()
        return part(served.kind)
    if served.virtual:
        if served.bucket == BINDINGS:
            return LEGACY_BINDING
        return _REVIEW if served.bucket in REVIEWS else _NOTHING
    return _OBJECT


def steps_of(
    served: Served,
    scheme: Scheme,
    action: Action,
    subresource: str,
    access: Access | None = None,
    *,
    bulky: bool = False,
) -> tuple[Step, ...]:
    """The steps of such writes; those of a path or action that is not there end in its refusal.

    `bulky`: what is written is large.
    """
    if action == "connect":
        course = Course(served, scheme, action, subresource, access=access)
        return make_steps(course, CONNECT)
    makers: tuple[Maker, ...]
    part = _NOTHING
    try:
        part = part_of(served, subresource)
        makers = _makers(served, part, action, subresource)
    except ApiError as error:
        makers = (authorize, _refusing(error))
    course = Course(served, scheme, action, subresource, part.as_part, access, bulky=bulky)
    return make_steps(course, makers)


def _makers(served: Served, part: Part, action: Action, subresource: str) -> tuple[Maker, ...]:
    makers = part.writes.get(action)
    verb = "patch" if action == "apply" else action
    if makers is None or not (subresource or verb in served.resource.verbs):
        raise errors.method_not_allowed(served.resource, verb)
    return makers


def _refusing(error: ApiError) -> Maker:
    def step(_env: Environment, _draft: Draft) -> NoReturn:
        raise error

    return lambda _course: (step,)

"""What a tuple of steps is made for: one action upon one resource or subresource."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from orchestrator.api.scheme import Scheme
from orchestrator.apiserver.admission.interface import Operation
from orchestrator.apiserver.aside import aside
from orchestrator.apiserver.authorization import Access, Verb
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.pipeline.draft import Decision, Draft, Step, Wait
from orchestrator.apiserver.pipeline.served import Served
from orchestrator.protocol import Created
from orchestrator.store import Change

Action: TypeAlias = Literal["create", "update", "patch", "apply", "delete", "connect"]
"""How an object is written. An apply comes as a patch, and is authorized as one."""

_OPERATIONS: Final[dict[Action, Operation]] = {
    "create": "CREATE",
    "update": "UPDATE",
    "patch": "UPDATE",
    "apply": "UPDATE",
    "delete": "DELETE",
    "connect": "CONNECT",
}


class Course(Struct, frozen=True):
    """`as_part` makes a subresource of another kind from the stored object (`scale`).

    Without `access` everything is allowed. `instead`: an update or an apply creates its object,
    which the answer says. `creates_applied`: it is an apply that creates. `bulky`: what is written is large, and the steps that only look at it are taken aside.
    """

    served: Served
    scheme: Scheme
    action: Action
    subresource: str
    as_part: Callable[[Any], Any] | None = None
    access: Access | None = None
    instead: bool = False
    creates_applied: bool = False
    bulky: bool = False

    @property
    def verb(self) -> Verb:
        """Authorization's word for the action."""
        if self.action == "connect":
            return "create"
        return "patch" if self.action == "apply" else self.action

    @property
    def applied(self) -> bool:
        """Whether what is written was applied."""
        return self.action == "apply" or self.creates_applied

    @property
    def operation(self) -> Operation:
        """Admission's word for the action."""
        return _OPERATIONS[self.action]

    @property
    def show(self) -> Callable[[Any], Any]:
        """Makes the answer of an object as it is stored."""
        show = self.as_part or self.served.to_version
        return (lambda stored: Created(show(stored))) if self.instead else show

    @property
    def reply(self) -> Callable[[Change], Any]:
        """Makes the answer of what was committed."""
        if self.as_part is None and not self.instead:
            return self.served.reply
        show = self.show
        return lambda change: show(change.object)


Maker: TypeAlias = Callable[[Course], tuple[Step, ...]]
"""Makes the steps of one name for a course; none where they would have nothing to do."""


def pure(maker: Maker) -> Maker:
    """Says that the maker's steps read and change their draft alone: those of a bulky write are taken aside.

    Where a webhook converts between versions they may have to ask it first, and stay.
    """

    @wraps(maker)
    def made(course: Course) -> tuple[Step, ...]:
        steps = maker(course)
        if not course.bulky or course.served.versions is not None:
            return steps
        return tuple(map(_taken_aside, steps))

    return made


def _taken_aside(step: Step) -> Step:
    def begin(env: Environment, draft: Draft) -> Wait:
        return Wait(partial(aside, partial(step, env, draft)), _the_same)

    return begin


def _the_same(decision: Decision) -> Decision:
    return decision


def make_steps(course: Course, makers: tuple[Maker, ...]) -> tuple[Step, ...]:
    """The steps of all makers, in order."""
    return tuple(step for maker in makers for step in maker(course))

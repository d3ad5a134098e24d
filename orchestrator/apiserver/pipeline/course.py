"""What a tuple of steps is made for: one action upon one resource or subresource."""

from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from orchestrator.api.scheme import Scheme
from orchestrator.apiserver.admission.interface import Operation
from orchestrator.apiserver.authorization import Access, Verb
from orchestrator.apiserver.pipeline.draft import Step
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
    which the answer says.
    """

    served: Served
    scheme: Scheme
    action: Action
    subresource: str
    as_part: Callable[[Any], Any] | None = None
    access: Access | None = None
    instead: bool = False

    @property
    def verb(self) -> Verb:
        """Authorization's word for the action."""
        if self.action == "connect":
            return "create"
        return "patch" if self.action == "apply" else self.action

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


def make_steps(course: Course, makers: tuple[Maker, ...]) -> tuple[Step, ...]:
    """The steps of all makers, in order."""
    return tuple(step for maker in makers for step in maker(course))

"""What the server does with an object because of its kind: the generic answer to each question.

A strategy is asked, it never acts: it gets frozen objects and answers frozen objects, and keeps
parts the same objects where it changes nothing, so that a pod's spec stays its template's.
"""

from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.scheme import Resource
from orchestrator.apiserver.environment import Environment
from orchestrator.machinery.objects import is_same_part
from orchestrator.protocol import Identity, PropagationPolicy


class Traits(Struct, frozen=True):
    """How a resource differs from most, as data.

    `generation`: counts changes of what is neither metadata nor status; `empties_count`: and an empty list or map is
    one that somebody says. `unconditional_update`:
    an update without a resourceVersion writes over whatever is there. `create_on_update`: a PUT
    to a free name creates. `created_by_status`: an apply to the status of a free name creates, too.
    `propagation`: what a delete does with dependents when it does not
    say. `names_itself`: an object without a name gets its uid for one. `collected`: whoever
    deletes an object may say what becomes of its dependents.
    """

    generation: bool = False
    empties_count: bool = False
    unconditional_update: bool = True
    create_on_update: bool = False
    created_by_status: bool = False
    propagation: PropagationPolicy = "Background"
    names_itself: bool = False
    collected: bool = True


COMMON: Final = Traits()
# What most kinds with a controller behind them have: the controller says which generation it saw.
OBSERVED: Final = Traits(generation=True)
STRICT: Final = Traits(unconditional_update=False)
OBSERVED_STRICT: Final = Traits(generation=True, unconditional_update=False)


class Strategy:
    """The behaviour of kinds without rules of their own, and the base of the others.

    `ends_once`: a second delete of what is held changes nothing.
    """

    ends_once = False

    def __init__(self, resource: Resource, traits: Traits) -> None:
        self.resource = resource
        self.traits = traits
        self.has_status: Final = resource.subresource("status") is not None and "status" in parts(
            resource.type
        )
        self._empty_status: Final = resource.type().status if self.has_status else None
        self.content: Final = tuple(
            name for name in parts(resource.type) if name not in ("metadata", "status")
        )

    def attributed(self, new: Any, identity: Identity) -> Any:
        """A new object with who makes it in it, for kinds that say so."""
        return new

    def as_owned(self, sent: Any) -> Any:
        """A new object as Kubernetes has it where it notes whose its fields are."""
        return sent

    def prepare_for_create(self, new: Any, env: Environment) -> Any:
        """A new object, stamped already: without what only the system may say."""
        return self.without_status(new)

    def prepare_for_update(self, new: Any, old: Any, env: Environment) -> Any:
        """An update of everything but status; the metadata is merged already."""
        return self.with_status_of(new, old)

    def prepare_for_status_update(self, new: Any, old: Any, env: Environment) -> Any:
        """An update of the status alone; the metadata is merged already."""
        return replace(old, metadata=new.metadata, status=new.status)

    def allocate(self, new: Any, old: Any, env: Environment, *, dry_run: bool) -> Any:
        """The object with what is counted out from pools; `old` is None for a new one.

        It is asked before validation. Raises Invalid when a pool refuses.
        """
        return new

    def grace_seconds(self, stored: Any, asked: int | None) -> int | None:
        """How long a deleted object may go on; None: the kind knows no grace period."""
        return None

    def mark_ending(self, stored: Any) -> Any:
        """The object as it should look while something holds it after its deletion."""
        return stored

    def is_held(self, stored: Any) -> bool:
        """Whether something beside `metadata.finalizers` keeps a deleted object."""
        return False

    def has_changed(self, new: Any, old: Any) -> bool:
        """Whether an update changes what `generation` counts."""
        for name in self.content:
            mine, theirs = getattr(new, name), getattr(old, name)
            if mine is not theirs and not is_same_part(mine, theirs):
                return True
        return False

    def without_status(self, new: Any) -> Any:
        """The object with its status as nobody has said anything."""
        if not self.has_status:
            return new
        empty = self._empty_status
        return new if new.status == empty else replace(new, status=empty)

    def with_status_of(self, new: Any, old: Any) -> Any:
        """The object with the status of another state."""
        if not self.has_status or new.status is old.status:
            return new
        return replace(new, status=old.status)


def parts(kind: type[Any]) -> tuple[str, ...]:
    """The names of a kind's top-level fields."""
    return tuple(getattr(kind, "__struct_fields__", ()))

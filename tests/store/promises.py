"""Words that the store's tests are written in."""

from typing import Any

from msgspec import Struct

from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.store import Change, Mismatch, Outcome, Store, Write

BUCKET = "things"


class Thing(Struct, frozen=True):
    """An object that only the tests know."""

    metadata: ObjectMeta
    value: int = 0


def thing(name: str, namespace: str = "", value: int = 0) -> Thing:
    """A thing that is not stored yet."""
    return Thing(ObjectMeta(name=name, namespace=namespace), value)


def attempt(store: Store, write: Write) -> Outcome:
    """Commit, flush, and answer what `done` got; it must be called exactly once."""
    outcomes: list[Outcome] = []
    store.commit(write, outcomes.append)
    store.flush()
    (outcome,) = outcomes
    return outcome


def succeed(store: Store, write: Write) -> Change:
    """The change that the write made."""
    outcome = attempt(store, write)
    assert isinstance(outcome, Change)
    return outcome


def refused(store: Store, write: Write) -> Any:
    """What was there instead of what the write expected."""
    outcome = attempt(store, write)
    assert isinstance(outcome, Mismatch)
    return outcome.present


def put(store: Store, name: str, value: int = 0, namespace: str = "", bucket: str = BUCKET) -> Any:
    """Store a thing whatever is there; answers it as stored."""
    present = store.get(bucket, namespace, name)
    new = thing(name, namespace, value)
    return succeed(store, Write(bucket, namespace, name, new, present)).object


def remove(store: Store, name: str, namespace: str = "", bucket: str = BUCKET) -> Any:
    """Delete a thing; answers its last state."""
    present = store.get(bucket, namespace, name)
    return succeed(store, Write(bucket, namespace, name, present, present, delete=True)).object


def values(store: Store, namespace: str = "") -> dict[tuple[str, str], int]:
    """The present things: (namespace, name) to value."""
    return as_values(store.list(BUCKET, namespace))


def as_values(things: Any) -> dict[tuple[str, str], int]:
    """(namespace, name) to value, in the order of the things."""
    return {(each.metadata.namespace, each.metadata.name): each.value for each in things}

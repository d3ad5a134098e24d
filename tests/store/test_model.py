"""The store beside a plain dict: whatever is done to both, they agree."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from orchestrator.store import Change, Compacted, Key, MemoryStore, Store, Write
from tests.store.promises import BUCKET, as_values, attempt, refused, succeed, thing

NAMESPACES = st.sampled_from(["", "a", "b", "b-c"])
NAMES = st.sampled_from(["m", "k", "z", "a", "z-1"])
VALUES = st.integers(0, 9)
HISTORY_LIMIT = 12

State = dict[tuple[str, str], int]


class StoreModel(RuleBasedStateMachine):
    """Random writes, good and bad, against a dict and a list of all its past states."""

    def new_store(self) -> Store:
        """The engine under test."""
        return MemoryStore(history_limit=HISTORY_LIMIT)

    def __init__(self) -> None:
        super().__init__()
        self.store = self.new_store()
        self.states: list[State] = [{}]  # the state at revision 1, 2, ...
        self.read: dict[tuple[str, str], Any] = {}  # what some slow writer read once
        self.told: list[Change] = []
        self.floor = 1
        self.store.listen(self.told.append)

    @property
    def present(self) -> State:
        """What the dict holds now."""
        return self.states[-1]

    def committed(self, state: State) -> None:
        """The model's side of a successful write."""
        self.states.append(state)
        self.floor = max(self.floor, len(self.states) - HISTORY_LIMIT)

    @rule(namespace=NAMESPACES, name=NAMES, value=VALUES)
    def write(self, namespace: str, name: str, value: int) -> None:
        """Create or replace, from a fresh read."""
        expected = self.store.get(BUCKET, namespace, name)
        assert (expected is None) == ((namespace, name) not in self.present)
        new = thing(name, namespace, value)
        change = succeed(self.store, Write(BUCKET, namespace, name, new, expected))
        assert change.type == ("ADDED" if expected is None else "MODIFIED")
        self.committed({**self.present, (namespace, name): value})

    @precondition(lambda self: self.present)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """Remove something that is there."""
        key = data.draw(st.sampled_from(sorted(self.present)))
        expected = self.store.get(BUCKET, *key)
        succeed(self.store, Write(BUCKET, *key, expected, expected, delete=True))
        self.committed({each: value for each, value in self.present.items() if each != key})

    @rule(namespace=NAMESPACES, name=NAMES)
    def read_slowly(self, namespace: str, name: str) -> None:
        """Some writer reads, and will write later."""
        self.read[namespace, name] = self.store.get(BUCKET, namespace, name)

    @precondition(lambda self: self.read)
    @rule(data=st.data(), value=VALUES, delete=st.booleans())
    def write_late(self, data: st.DataObject, value: int, delete: bool) -> None:
        """It succeeds exactly if nobody wrote in between."""
        key = data.draw(st.sampled_from(sorted(self.read)))
        expected, present = self.read.pop(key), self.store.get(BUCKET, *key)
        if expected is present and not (delete and present is None):
            new = thing(key[1], key[0], value)
            succeed(self.store, Write(BUCKET, *key, new, expected))
            self.committed({**self.present, key: value})
        elif expected is not present:
            write = Write(BUCKET, *key, expected or thing(key[1], key[0]), expected, delete=delete)
            assert refused(self.store, write) is present

    @rule(value=VALUES)
    def write_elsewhere(self, value: int) -> None:
        """Another bucket's writes take revisions and nothing else."""
        expected = self.store.get("others", "", "x")
        attempt(self.store, Write("others", "", "x", thing("x", value=value), expected))
        self.states.append(self.present)

    @rule(back=st.integers(0, 5))
    def compact(self, back: int) -> None:
        """Forget a part of the past."""
        revision = max(1, self.store.revision - back)
        self.store.compact(revision)
        self.floor = max(self.floor, revision)

    @invariant()
    def the_present_agrees(self) -> None:
        """Revision, counts, keys in order, values, and stamps."""
        assert self.store.revision == len(self.states)
        assert as_values(self.store.list(BUCKET)) == self.present
        assert list(as_values(self.store.list(BUCKET))) == sorted(self.present)
        assert self.store.count(BUCKET) == len(self.present)
        for namespace in ("a", "b", "b-c"):
            mine = {key: value for key, value in self.present.items() if key[0] == namespace}
            assert as_values(self.store.list(BUCKET, namespace)) == mine

    @rule(back=st.integers(0, 20), after=st.tuples(NAMESPACES, NAMES))
    def the_past_agrees(self, back: int, after: tuple[str, str]) -> None:
        """A scan of the past is the dict of the past; changes since then lead to the present."""
        revision = max(1, self.store.revision - back)
        try:
            changes = self.store.changes_since(BUCKET, revision)
        except Compacted:
            return  # how far back history reaches is the next invariant's
        then = self.states[revision - 1]
        assert as_values(self.store.scan(BUCKET, at=revision)) == then
        behind = {key: value for key, value in sorted(then.items()) if key > after}
        paged = as_values(self.store.scan(BUCKET, after=Key(*after), at=revision))
        assert list(paged.items()) == list(behind.items())
        count = self.store.count_behind(BUCKET, after=Key(*after), at=revision)
        assert count == len(behind)
        assert replayed(then, changes) == self.present

    @invariant()
    def history_reaches_as_far_as_promised(self) -> None:
        """Within the limit, nothing but an explicit compaction takes history away."""
        self.store.changes_since(BUCKET, max(self.floor, 1))

    @invariant()
    def the_listener_was_told_everything(self) -> None:
        """Its changes, replayed from nothing, are the present."""
        mine = [change for change in self.told if change.bucket == BUCKET]
        assert replayed({}, mine) == self.present
        assert [change.revision for change in self.told] == list(range(2, len(self.states) + 1))


def replayed(state: State, changes: Any) -> State:
    """The state after the changes; each must fit the state it meets."""
    state = dict(state)
    for change in changes:
        key = (change.object.metadata.namespace, change.object.metadata.name)
        assert (change.previous is None) == (key not in state)
        assert change.previous is None or change.previous.value == state[key]
        if change.type == "DELETED":
            del state[key]
        else:
            state[key] = change.object.value
    return state


TestMemoryStore = StoreModel.TestCase

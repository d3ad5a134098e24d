"""The nine promises of the store's package docstring, one by one."""

import pytest

from orchestrator.store import (
    Change,
    Compacted,
    FutureRevision,
    Key,
    NotNew,
    Outcome,
    Store,
    Write,
)
from tests.store.promises import (
    BUCKET,
    as_values,
    attempt,
    put,
    refused,
    remove,
    succeed,
    thing,
    values,
)

# --- 1. one order ----------------------------------------------------------------------------


def test_an_empty_store_is_at_revision_1(store: Store) -> None:
    """Revision 0 is kept free: Kubernetes' API uses it for "any"."""
    assert store.revision == 1


def test_each_write_takes_the_next_revision_and_stamps_it(store: Store) -> None:
    """Creating, replacing and deleting, in whatever bucket, share one counter."""
    first = put(store, "a", 1)
    second = put(store, "b", 1, bucket="others")
    third = put(store, "a", 2)
    last = remove(store, "a")
    stamps = [each.metadata.resource_version for each in (first, second, third, last)]
    assert stamps == ["2", "3", "4", "5"]
    assert store.revision == 5


def test_a_refused_write_takes_no_revision(store: Store) -> None:
    """The order has no holes."""
    put(store, "a")
    refused(store, Write(BUCKET, "", "a", thing("a"), None))
    assert store.revision == 2


# --- 2. compare-and-swap ---------------------------------------------------------------------


def test_a_create_is_refused_where_something_is(store: Store) -> None:
    """Expecting nothing, and finding something, changes nothing."""
    stored = put(store, "a", 1)
    assert refused(store, Write(BUCKET, "", "a", thing("a", value=2), None)) is stored
    assert store.get(BUCKET, "", "a") is stored


def test_a_write_from_an_old_read_is_refused(store: Store) -> None:
    """Of two writers that read the same state, the second one loses."""
    read = put(store, "a", 1)
    won = succeed(store, Write(BUCKET, "", "a", thing("a", value=2), read)).object
    assert refused(store, Write(BUCKET, "", "a", thing("a", value=3), read)) is won
    assert values(store) == {("", "a"): 2}


def test_a_write_to_what_is_gone_is_refused(store: Store) -> None:
    """An update must not bring a deleted object back."""
    read = put(store, "a")
    remove(store, "a")
    assert refused(store, Write(BUCKET, "", "a", thing("a"), read)) is None
    assert refused(store, Write(BUCKET, "", "a", read, read, delete=True)) is None


def test_equal_is_not_the_same(store: Store) -> None:
    """A recreated object is another one, however equal its fields are."""
    read = put(store, "a", 1)
    remove(store, "a")
    put(store, "a", 1)
    refused(store, Write(BUCKET, "", "a", thing("a", value=2), read))


# --- 3. read your writes ---------------------------------------------------------------------


def test_a_write_is_read_at_once(store: Store) -> None:
    """Even before `flush`: the next message of the same slice must see it."""
    store.commit(Write(BUCKET, "ns", "a", thing("a", "ns", 7)), lambda _outcome: None)
    assert values(store) == {("ns", "a"): 7}
    assert store.count(BUCKET) == store.count(BUCKET, "ns") == 1


# --- 4. key order ----------------------------------------------------------------------------


def test_lists_are_in_key_order_whatever_the_order_of_writes(store: Store) -> None:
    """By namespace, then by name."""
    for namespace, name in [("b", "z"), ("a", "y"), ("b", "a"), ("a", "x"), ("b", "m"), ("c", "a")]:
        put(store, name, namespace=namespace)
    remove(store, "m", "b")
    put(store, "m", namespace="b")
    keys = [("a", "x"), ("a", "y"), ("b", "a"), ("b", "m"), ("b", "z"), ("c", "a")]
    assert list(values(store)) == keys
    assert list(values(store, "b")) == keys[2:5]
    assert store.list(BUCKET, "missing") == store.list("missing") == ()


def test_a_list_is_a_snapshot(store: Store) -> None:
    """Later writes do not change what a reader holds."""
    put(store, "a", 1)
    before = store.list(BUCKET)
    put(store, "a", 2)
    put(store, "b", 1)
    assert as_values(before) == {("", "a"): 1}


def test_a_scan_begins_behind_a_key(store: Store) -> None:
    """The key need not exist any more."""
    for namespace in ("a", "b"):
        for name in "pqr":
            put(store, name, namespace=namespace)
    remove(store, "q", "a")
    behind = as_values(store.scan(BUCKET, after=Key("a", "q")))
    assert list(behind) == [("a", "r"), ("b", "p"), ("b", "q"), ("b", "r")]
    assert list(as_values(store.scan(BUCKET, "b", after=Key("b", "p")))) == [("b", "q"), ("b", "r")]


# --- 5. complete history, or none ------------------------------------------------------------


def test_changes_say_what_was_before(store: Store) -> None:
    """ADDED has no previous state; DELETED carries the last one with the deletion's revision."""
    added = put(store, "a", 1)
    modified = put(store, "a", 2)
    deleted = remove(store, "a")
    changes = store.changes_since(BUCKET, 1)
    assert [change.type for change in changes] == ["ADDED", "MODIFIED", "DELETED"]
    assert [change.revision for change in changes] == [2, 3, 4]
    assert [change.object for change in changes] == [added, modified, deleted]
    assert [change.previous for change in changes] == [None, added, modified]


def test_changes_since_the_present_are_none(store: Store) -> None:
    """Also in a bucket that nobody has used."""
    put(store, "a")
    assert list(store.changes_since(BUCKET, store.revision)) == []
    assert list(store.changes_since("others", 1)) == []


def test_a_history_is_of_one_bucket(store: Store) -> None:
    """Another bucket's changes are neither told nor counted."""
    put(store, "a")
    for value in range(100):
        put(store, "lease", value, bucket="leases")
    assert [change.object.metadata.name for change in store.changes_since(BUCKET, 1)] == ["a"]


def test_what_is_compacted_is_refused_not_guessed(store: Store) -> None:
    """Asking for changes since before the floor raises, and says where history begins."""
    put(store, "a", 1)
    put(store, "a", 2)
    put(store, "a", 3)
    store.compact(3)
    with pytest.raises(Compacted) as refusal:
        store.changes_since(BUCKET, 2)
    assert (refusal.value.revision, refusal.value.floor) == (2, 3)
    assert [change.revision for change in store.changes_since(BUCKET, 3)] == [4]
    assert values(store) == {("", "a"): 3}


def test_compaction_holds_for_buckets_without_changes(store: Store) -> None:
    """A bucket that is first written after the compaction knows of it."""
    put(store, "a")
    store.compact(2)
    with pytest.raises(Compacted):
        store.changes_since("new", 1)


def test_the_future_is_refused(store: Store) -> None:
    """A revision that was not committed yet has no history and no state."""
    with pytest.raises(FutureRevision):
        store.changes_since(BUCKET, 2)
    with pytest.raises(FutureRevision):
        store.scan(BUCKET, at=2)
    with pytest.raises(FutureRevision):
        store.compact(2)


# --- 6. consistent pages ---------------------------------------------------------------------


def test_a_scan_of_the_past_sees_the_past(store: Store) -> None:
    """Neither what came later nor the lack of what went later."""
    put(store, "changed", 1)
    put(store, "kept", 1)
    put(store, "removed", 1, "gone")
    then = store.revision
    before = values(store)
    put(store, "changed", 2)
    put(store, "new", 1)
    remove(store, "removed", "gone")
    assert as_values(store.scan(BUCKET, at=then)) == before
    assert list(as_values(store.scan(BUCKET, at=then))) == sorted(before)
    assert as_values(store.scan(BUCKET, after=Key("", "kept"), at=then)) == {("gone", "removed"): 1}


def test_a_scan_of_a_compacted_past_is_refused_at_once(store: Store) -> None:
    """The refusal comes from the call, not from the first item."""
    put(store, "a", 1)
    put(store, "a", 2)
    store.compact(3)
    with pytest.raises(Compacted):
        store.scan(BUCKET, at=2)


# --- 7. bounded ------------------------------------------------------------------------------


def test_a_history_keeps_its_limit_and_no_more(store: Store) -> None:
    """Of 60 changes the last 50 can be asked for; the floor is where they begin."""
    for value in range(60):
        put(store, "a", value)
    assert len(store.changes_since(BUCKET, 11)) == 50
    with pytest.raises(Compacted):
        store.changes_since(BUCKET, 10)


# --- 8. told once ----------------------------------------------------------------------------


def test_the_listener_gets_every_change_once_and_before_the_writer(store: Store) -> None:
    """The very change records of the history, in order; refused writes are not told."""
    told: list[str] = []
    heard: list[Change] = []

    def listen(change: Change) -> None:
        told.append(f"listener {change.revision}")
        heard.append(change)

    store.listen(listen)
    store.commit(Write(BUCKET, "", "a", thing("a")), lambda _outcome: told.append("writer"))
    store.flush()
    attempt(store, Write(BUCKET, "", "a", thing("a")))
    remove(store, "a")
    assert told == ["listener 2", "writer", "listener 3"]
    assert all(a is b for a, b in zip(heard, store.changes_since(BUCKET, 1), strict=True))


def test_a_new_listener_replaces_the_old_one(store: Store) -> None:
    """A restarted API server takes over."""
    old: list[Change] = []
    new: list[Change] = []
    store.listen(old.append)
    put(store, "a")
    store.listen(new.append)
    put(store, "b")
    assert [change.revision for change in old] == [2]
    assert [change.revision for change in new] == [3]


# --- 9. durable when answered ----------------------------------------------------------------


def test_every_write_is_answered_by_the_flush(store: Store) -> None:
    """At once or later, but once, and in the order of the commits."""
    answers: list[str] = []

    def note(outcome: Outcome) -> None:
        assert isinstance(outcome, Change)
        answers.append(outcome.object.metadata.name)

    for name in ("a", "b", "c"):
        store.commit(Write(BUCKET, "", name, thing(name)), note)
    store.flush()
    assert answers == ["a", "b", "c"]


# --- a new store may begin with objects ------------------------------------------------------


def test_what_a_store_begins_with_is_in_lists_and_in_no_history(store: Store) -> None:
    """It stands at the first revision, the very objects that were handed in, and can be replaced."""
    first, second = thing("a", value=1), thing("b", value=2)
    store.begin_with(BUCKET, (first, second))
    assert store.revision == 1
    assert tuple(store.list(BUCKET)) == (first, second)
    assert store.get(BUCKET, "", "a") is first
    assert list(store.changes_since(BUCKET, 1)) == []
    put(store, "a", 3)
    assert as_values(store.scan(BUCKET, at=1)) == {("", "a"): 1, ("", "b"): 2}


def test_only_a_new_store_begins_with_objects(store: Store) -> None:
    """Behind the first write, or twice, nobody would hear of a change."""
    store.begin_with(BUCKET, (thing("a"),))
    with pytest.raises(NotNew, match="not new"):
        store.begin_with(BUCKET, (thing("b"),))
    put(store, "c", bucket="others")
    with pytest.raises(NotNew, match="not new"):
        store.begin_with("more", (thing("b"),))

"""The work queue keeps client-go's promises: hypothesis plays workers and events."""

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.client import WorkQueue
from orchestrator.client.work_queue import BASE_DELAY_SECONDS, MAX_DELAY_SECONDS


def test_adding_a_key_many_times_counts_once() -> None:
    """Before it is processed."""
    queue: WorkQueue[str] = WorkQueue()
    for _ in range(3):
        queue.add("a")
    assert (queue.get(), queue.get()) == ("a", None)


def test_a_key_that_is_added_while_it_is_processed_comes_again_afterwards() -> None:
    """And not to a second worker meanwhile."""
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    assert queue.get() == "a"
    queue.add("a")
    assert queue.get() is None
    queue.done("a")
    assert queue.get() == "a"


def test_failures_wait_longer_and_longer_until_one_success() -> None:
    """From 5 ms, doubling, to 1000 s."""
    queue: WorkQueue[str] = WorkQueue()
    delays = [queue.fail("a", 0.0) for _ in range(40)]
    assert delays[:4] == [BASE_DELAY_SECONDS * 2**n for n in range(4)]
    assert delays[-1] == MAX_DELAY_SECONDS
    queue.forget("a")
    assert queue.fail("a", 0.0) == BASE_DELAY_SECONDS


def test_the_earliest_wish_for_later_counts() -> None:
    """Later ones are in it."""
    queue: WorkQueue[str] = WorkQueue()
    queue.add_after("a", 10.0)
    queue.add_after("a", 5.0)
    queue.add_after("a", 7.0)
    assert queue.advance(4.0) == 5.0
    assert queue.get() is None
    assert queue.advance(5.0) is None
    assert queue.get() == "a"
    queue.done("a")
    queue.advance(100.0)
    assert queue.get() is None


def test_a_key_is_put_off_only_if_that_makes_it_later() -> None:
    """Who comes after the time asked about, and who is at work, is not asked."""
    queue: WorkQueue[str] = WorkQueue()
    for key, at in (("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 9.0), ("e", 2.5)):
        queue.add_after(key, at)
    queue.add("e")
    wishes = {"a": 20.0, "b": None, "c": 1.0}
    assert queue.put_off(5.0, wishes.__getitem__) == 2.0
    assert queue.get() == "e"
    queue.advance(19.0)
    assert [queue.get() for _ in range(4)] == ["b", "c", "d", None]
    queue.advance(20.0)
    assert queue.get() == "a"


_STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "later", "get", "done", "fail", "time"]), st.integers(0, 3)),
    max_size=80,
)


@given(_STEPS)
def test_no_key_is_lost_and_none_is_in_two_hands(steps: list[tuple[str, int]]) -> None:
    """Whatever the order of events."""
    queue: WorkQueue[int] = WorkQueue()
    wanted: set[int] = set()  # added since its last run began
    held: list[int] = []
    now = 0.0
    for step, key in steps:
        if step == "add":
            queue.add(key)
            wanted.add(key)
        elif step == "later":
            queue.add_after(key, now + key)
            wanted.add(key)
        elif step == "time":
            now += key
            queue.advance(now)
        elif step == "get":
            found = queue.get()
            if found is not None:
                assert found not in held
                held.append(found)
                wanted.discard(found)
        elif held:
            done = held.pop(key % len(held))
            if step == "fail":
                queue.fail(done, now)
                wanted.add(done)
            queue.done(done)
    for key in list(held):
        queue.done(key)
    found_later = set()
    now += 10_000.0
    queue.advance(now)
    while (key_found := queue.get()) is not None:
        found_later.add(key_found)
        queue.done(key_found)
    assert wanted <= found_later

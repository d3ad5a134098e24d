"""When which key is reconciled: by plain values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.client import Backoff, Pacing, RateLimit, WorkQueue
from orchestrator.client.pacing import OWN_WRITES_SECONDS


class World:
    """What a pacing asks of its controller."""

    def __init__(self, **options: float | RateLimit | None) -> None:
        self.queue: WorkQueue[str] = WorkQueue()
        self.rest: dict[str, float] = {}
        self.revisions: dict[str, int] = {}
        self.behind: list[tuple[str, int]] = []
        self.pacing: Pacing[str] = Pacing(
            self.queue,
            workers=int(options.pop("workers", 2)),  # type: ignore[arg-type]
            at_rest=self.rest.get,
            seen=self.revisions.get,
            catch_up=lambda resource, revision: self.behind.append((resource, revision)),
            **options,  # type: ignore[arg-type]
        )

    def next(self, now: float) -> tuple[str, float | None]:
        """The keys to run, in one word."""
        run, due = self.pacing.next(now)
        return "".join(run), due


def test_no_more_run_than_there_are_workers() -> None:
    """The next one begins when one has ended."""
    world = World(workers=2)
    for key in "abc":
        world.queue.add(key)
    assert world.next(0) == ("ab", None)
    assert world.next(0) == ("", None)
    world.pacing.rested("a")
    assert world.next(0) == ("c", None)


def test_a_key_waits_for_the_caches_to_show_what_it_wrote() -> None:
    """And takes no worker's place meanwhile."""
    world = World(workers=1)
    world.revisions = {"pods": 4}
    world.pacing._seen = world.revisions.get
    world.queue.add("a")
    assert world.next(0) == ("a", None)
    world.pacing.wrote("a", {"pods": 5, "not watched": 9})
    world.pacing.rested("a")
    world.queue.add("a")
    world.queue.add("b")
    assert world.next(1) == ("b", 1 + OWN_WRITES_SECONDS)
    assert world.pacing.parked
    world.pacing.rested("b")
    world.revisions["pods"] = 5
    assert world.next(2) == ("a", None)
    assert not world.pacing.parked


def test_a_write_that_is_never_seen_does_not_stop_a_key() -> None:
    """Its cache is to catch up after a while, and after as long again it is looked at regardless."""
    world = World()
    world.revisions["pods"] = 1
    world.pacing.wrote("a", {"pods": 5})
    world.queue.add("a")
    assert world.next(0) == ("", OWN_WRITES_SECONDS)
    assert world.next(OWN_WRITES_SECONDS - 0.1) == ("", None)
    assert world.behind == []
    assert world.next(OWN_WRITES_SECONDS) == ("", 2 * OWN_WRITES_SECONDS)
    assert world.behind == [("pods", 5)]
    assert world.next(2 * OWN_WRITES_SECONDS) == ("a", None)
    assert world.behind == [("pods", 5)]


def test_who_looked_at_an_old_state_looks_again_when_the_caches_have_caught_up() -> None:
    """Once, though no source tells of the write."""
    world = World()
    world.revisions["pods"] = 1
    world.pacing.wrote("a", {"pods": 5})
    world.queue.add("a")
    world.next(0)
    world.next(OWN_WRITES_SECONDS)
    assert world.next(2 * OWN_WRITES_SECONDS) == ("a", None)
    world.pacing.rested("a")
    assert world.next(25) == ("", None)
    assert world.pacing.parked
    world.revisions["pods"] = 6
    assert world.next(30) == ("a", None)
    world.pacing.rested("a")
    assert world.next(40) == ("", None)
    assert not world.pacing.parked


def test_a_key_at_rest_costs_a_look() -> None:
    """And is asked again when it said."""
    world = World()
    world.rest["a"] = 30.0
    world.queue.add("a")
    assert world.next(0) == ("", 30.0)
    assert world.pacing.looks == 1
    del world.rest["a"]
    assert world.next(30) == ("a", None)


def test_keys_that_are_due_soon_are_looked_at_together() -> None:
    """What still rests is put off; what has something to do comes at its own time."""
    world = World(ahead_seconds=5.0)
    for key, at in (("a", 10.0), ("b", 12.0), ("c", 14.0)):
        world.queue.add_after(key, at)
    world.rest = {"a": 30.0, "c": 30.0}
    world.pacing._at_rest = world.rest.get
    assert world.next(9.5) == ("", 12.0)
    assert world.next(12.0) == ("b", 39.5)


def test_a_resting_key_keeps_its_place_and_frees_its_worker() -> None:
    """What comes meanwhile is one look afterwards."""
    world = World(workers=1)
    world.queue.add("a")
    assert world.next(0) == ("a", None)
    world.pacing.rests()
    world.queue.add("a")
    world.queue.add("b")
    assert world.next(0) == ("b", None)
    world.pacing.rested("b")
    world.pacing.rested("a", after_rest=True)
    assert world.next(1) == ("a", None)


def test_a_limit_lets_a_burst_through_and_then_so_many_a_second() -> None:
    """The answer says when the next one may begin."""
    world = World(workers=100, limit=RateLimit(per_second=2.0, burst=3))
    for key in "abcdef":
        world.queue.add(key)
    assert world.next(0) == ("abc", 0.5)
    assert world.next(0.25) == ("", 0.5)
    assert world.next(0.5) == ("d", 1.0)
    assert world.next(100) == ("ef", None)


def test_a_backoff_is_of_the_controller_s_choice() -> None:
    """It doubles from its base to its most; one that cannot be is refused."""
    queue: WorkQueue[str] = WorkQueue(Backoff(base_seconds=1, most_seconds=5))
    assert [queue.fail("a", 0) for _ in range(4)] == [1, 2, 4, 5]
    with pytest.raises(ValueError, match="base_seconds"):
        Backoff(base_seconds=0)
    with pytest.raises(ValueError, match="per_second"):
        RateLimit(per_second=0)


@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "end", "fail", "wait"]), st.integers(0, 4)), max_size=60
    ),
    st.integers(1, 3),
    st.one_of(st.none(), st.builds(RateLimit, st.floats(0.5, 20), st.integers(1, 4))),
)
def test_whatever_happens_keys_run_one_by_one_within_the_limits(
    steps: list[tuple[str, int]], workers: int, limit: RateLimit | None
) -> None:
    """Never two runs of a key, never more than there are workers; what was added runs in the end."""
    world = World(workers=workers, limit=limit)
    running: dict[str, None] = {}
    owed: dict[str, None] = {}
    now, runs = 0.0, 0

    def run() -> None:
        nonlocal runs
        for key in world.pacing.next(now)[0]:
            assert key not in running
            running[key] = None
            owed.pop(key, None)
            runs += 1
        assert len(running) <= workers
        assert limit is None or runs <= limit.burst + limit.per_second * now + 1e-6

    def end(key: str, failed: bool) -> None:
        del running[key]
        if failed:
            world.queue.fail(key, now)
            owed[key] = None
        world.pacing.rested(key)

    for what, number in steps:
        key = "abcde"[number]
        if what == "add":
            world.queue.add(key)
            owed[key] = None
        elif what == "wait":
            now += number / 4
        elif key in running:
            end(key, what == "fail")
        run()
    for _ in range(200):
        for key in list(running):
            end(key, False)
        now += 1.0
        run()
    assert not owed

"""Failures that overlap: several at once, one during another's restart, one during a stop."""

from collections import Counter
from functools import partial
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

import actors
from actors import Actor, ActorSystem, Restart
from actors.supervision import Strategy
from tests.actors.cast import Fail, Recorder

PLENTY = Restart(most=1_000, backoff_seconds=1.0, max_backoff_seconds=4.0)


class Lives:
    """Counts each actor's beginnings and ends, and the most incarnations that lived at once."""

    def __init__(self) -> None:
        self.begun: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self.together = 0

    def begin(self, path: str) -> None:
        """An incarnation has begun."""
        self.begun[path] += 1
        self.together = max(self.together, self.begun[path] - self.ended[path])


class Mortal(Recorder):
    """Takes its time to end."""

    def __init__(self, lives: Lives, seconds: float) -> None:
        super().__init__()
        self._lives = lives
        self._seconds = seconds

    def started(self) -> None:
        """Note it."""
        self._lives.begin(self.ctx.path)

    async def stopped(self) -> None:
        """Note it, after a while."""
        await self.ctx.clock.sleep(self._seconds)
        self._lives.ended[self.ctx.path] += 1


def family(strategy: Strategy, lives: Lives, restart: Restart = PLENTY) -> type[Actor]:
    """Three mortals under one parent; the later born, the longer they take to end."""

    class Parent(Recorder):
        supervision: ClassVar[Strategy] = strategy

        def started(self) -> None:
            for number, name in enumerate("abc"):
                seconds = number * 0.25
                self.ctx.spawn(partial(Mortal, lives, seconds), name, restart=restart)

    return Parent


STRATEGIES: list[Strategy] = ["one_for_one", "one_for_all", "rest_for_one"]


@pytest.mark.parametrize("strategy", STRATEGIES)
@given(
    blows=st.lists(
        st.tuples(st.sampled_from(["/p", "/p/a", "/p/b", "/p/c"]), st.sampled_from([0, 0.1, 1, 3])),
        min_size=1,
        max_size=8,
    )
)
def test_one_incarnation_at_a_time(strategy: Strategy, blows: list[tuple[str, float]]) -> None:
    """However failures overlap, an actor's next incarnation begins after the last one's end."""
    lives = Lives()

    async def main() -> None:
        async with ActorSystem() as system:
            system.spawn(family(strategy, lives), "p", restart=PLENTY)
            for path, pause in blows:
                ref = system.find(path)
                if ref is not None:
                    ref.tell(Fail())
                await system.clock.sleep(pause)
            await system.clock.sleep(100)
            assert all(len(ref.children) == 3 for ref in system.refs() if ref.path == "/p")
            assert all(lives.begun[f"/p/{n}"] == lives.ended[f"/p/{n}"] + 1 for n in "abc")

    actors.run(main)
    assert lives.together == 1
    assert lives.begun == lives.ended


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_failures_at_one_moment_restart_everybody_once(
    system: ActorSystem, strategy: Strategy
) -> None:
    """A group that restarts together does so once for all failures of that moment."""
    lives = Lives()
    parent = system.spawn(family(strategy, lives), "p")
    for child in parent.children:
        child.tell(Fail())
    await system.clock.sleep(100)
    assert lives.begun == {"/p/a": 2, "/p/b": 2, "/p/c": 2}


async def test_a_crash_of_what_is_down_already_changes_nothing(system: ActorSystem) -> None:
    """It has no incarnation that could fail."""
    lives = Lives()
    ref = system.spawn(lambda: Mortal(lives, 1.0), "mortal", restart=PLENTY)
    for _ in range(3):
        system.crash(ref)
    await system.clock.sleep(1.5)
    system.crash(ref)
    await system.clock.sleep(100)
    assert (ref.restarts, lives.begun["/mortal"]) == (1, 2)


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_a_stop_overrules_a_restart(system: ActorSystem, strategy: Strategy) -> None:
    """Who fails and is stopped at one moment stays stopped, and nothing else goes wrong."""
    lives = Lives()
    parent = system.spawn(family(strategy, lives), "p")
    child: Any = parent.children[1]
    system.crash(child)
    system.stop_actor(child)
    await system.clock.sleep(100)
    assert child.stopped
    assert [c.name for c in parent.children] == ["a", "c"]
    assert not any(c.stopped for c in parent.children)

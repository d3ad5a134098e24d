"""One program and one seed: one history, whatever the process, its hashes, or its Python."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import actors
from actors import Actor, ActorSystem, Ref
from tests.actors.cast import Note

PROGRAM = """
import actors
from tests.actors.test_determinism import history
print(actors.run(history, {seed}, "{order}"))
"""


class Gossip(Actor):
    """Tells others by chance, and some later by chance."""

    def __init__(self, log: list[str], others: dict[str, Ref[Any]]) -> None:
        self._log = log
        self._others = others

    def on_note(self, message: Note) -> None:
        self._log.append(f"{self.ctx.path} {message.text} {self.ctx.clock.now():.3f}")
        if len(self._log) > 300:
            return
        names = set(self._others) - {self.ctx.path}
        for name in sorted(names):
            if self.ctx.random.random() < 0.4:
                self._others[name].tell(Note(self.ctx.uid()[:8]))
        if self.ctx.random.random() < 0.5:
            self.ctx.after(self.ctx.random.random(), Note("later"))


async def history(seed: int, order: Any = "fifo") -> str:
    """What a gossiping society says."""
    log: list[str] = []
    others: dict[str, Ref[Any]] = {}
    async with ActorSystem(seed=seed, order=order) as system:
        for name in "abcdef":
            others[f"/{name}"] = system.spawn(lambda: Gossip(log, others), name)
        for ref in others.values():
            ref.tell(Note("begin"))
        await system.clock.sleep(60)
    return "\n".join(log)


@pytest.mark.parametrize("order", ["fifo", "seeded"])
def test_equal_seeds_equal_histories(order: str) -> None:
    """And other seeds others."""
    assert actors.run(history, 1, order) == actors.run(history, 1, order)
    assert actors.run(history, 1, order) != actors.run(history, 2, order)


def test_the_seed_decides_who_of_the_ready_is_next() -> None:
    """When it is asked to: a way to look for races."""
    assert actors.run(history, 1, "seeded") != actors.run(history, 1, "fifo")


@pytest.mark.parametrize("order", ["fifo", "seeded"])
def test_another_process_with_other_hashes_has_the_same_history(order: str) -> None:
    """Sets and dictionaries decide nothing."""
    program = PROGRAM.format(seed=5, order=order)
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": hash_seed, "PATH": ""},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for hash_seed in ("1", "77")
    }
    assert outputs == {actors.run(history, 5, order) + "\n"}

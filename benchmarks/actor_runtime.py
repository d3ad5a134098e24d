"""How fast the actor runtime is, beside a bound and its peers: `python -m benchmarks.actor_runtime`.

Every contender does the same work in the same process, in rounds that take turns; a figure is the
median of its rounds. The bound is a bare `deque` and a loop that calls a function: what an actor
runtime adds to it is its price. Needs `pip install '.[bench]'`.

- tell: messages to one actor, in bursts of 5,000; until all are handled
- fan-out: one message to each of 5,000 actors, again and again; until all are handled
- ask: one client asks and awaits the answer, again and again
- ask x100: the same, from 100 clients at once
- idle bytes: Python's allocations for each actor that waits (threads' stacks are not counted)
"""

import asyncio
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.actor_contenders import ACTORS, BURST, Bound, Contender, Ours
from benchmarks.actor_peers import Pykka, Queues, Streams, Xoscar

ROUNDS: Final = 5
CLIENTS: Final = 100
IDLE: Final = 2_000
CONTENDERS: Final[tuple[type[Contender], ...]] = (Ours, Bound, Queues, Streams, Pykka, Xoscar)
TELLS, FAN_OUTS, ASKS = 200_000, 20, 20_000


async def _seconds(work: Awaitable[None]) -> float:
    begun = time.perf_counter()
    await work
    return time.perf_counter() - begun


async def _from_many_clients(contender: Contender, count: int) -> None:
    each = max(count // CLIENTS, 1)
    await asyncio.gather(*(contender.ask(each) for _ in range(CLIENTS)))


async def _round(contender: Contender) -> dict[str, float]:
    """Microseconds a message."""
    scale = contender.scale
    tells = max(int(TELLS * scale) // BURST, 1) * BURST
    fans = max(int(FAN_OUTS * scale), 1)
    asks = max(int(ASKS * scale) // CLIENTS, 1) * CLIENTS
    return {
        "tell": 1e6 * await _seconds(contender.tell(tells)) / tells,
        "fan-out": 1e6 * await _seconds(contender.fan_out(fans)) / (fans * ACTORS),
        "ask": 1e6 * await _seconds(contender.ask(asks)) / asks,
        "ask x100": 1e6 * await _seconds(_from_many_clients(contender, asks)) / asks,
    }


async def _idle_bytes(contender: Contender) -> float:
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    kept = await contender.grow(IDLE)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / len(kept)


async def measure() -> dict[str, dict[str, float]]:
    """Contender -> workload -> median."""
    contenders = [kind() for kind in CONTENDERS]
    for contender in contenders:
        await contender.begin()
    rounds: dict[str, list[dict[str, float]]] = {c.name: [] for c in contenders}
    for _ in range(ROUNDS):
        for contender in contenders:
            rounds[contender.name].append(await _round(contender))
    found = {
        name: {key: median(r[key] for r in of_one) for key in of_one[0]}
        for name, of_one in rounds.items()
    }
    for contender in contenders:
        found[contender.name]["idle bytes"] = await _idle_bytes(contender)
        await contender.end()
    return found


def _table(
    found: dict[str, dict[str, float]], title: str, form: Callable[[float, str], str]
) -> Table:
    table = Table(title=title, box=None, padding=(0, 2, 0, 0), title_justify="left")
    table.add_column("")
    keys = list(next(iter(found.values())))
    for key in keys:
        table.add_column(key, justify="right")
    for name, of_one in found.items():
        table.add_row(name, *(form(of_one[key], key) for key in keys))
    return table


def main() -> None:
    """Measure and print."""
    found = asyncio.run(measure())
    ours = found[Ours.name]
    console = Console(width=110)
    console.print(
        _table(
            found,
            f"Microseconds a message, medians of {ROUNDS} rounds; bytes an idle actor",
            lambda value, key: f"{value:,.0f}" if key == "idle bytes" else f"{value:,.2f}",
        )
    )
    ratios = {
        name: {key: value / ours[key] for key, value in of_one.items()}
        for name, of_one in found.items()
        if name != Ours.name
    }
    console.print(
        _table(ratios, "Times as much as ours", lambda value, _: f"{value:,.2f}"), end="\n"
    )


if __name__ == "__main__":
    main()

"""What requests over HTTPS cost, beside a bare handler that returns the same bytes: `python -m benchmarks.apiserver`.

Two servers, a process each, take turns under the same load from a third process, in short rounds: a cluster's API
server (no nodes, no controllers), and an aiohttp application that has read the request's body and sends what the API
server answered to the same request. Connections are kept, a request in flight on each; TLS and a bearer token in both.

- get, list of 500 pods, create, merge patch, server-side apply: microseconds of the server's processor for an answer,
  median of rounds; the ratio of the two servers' in the same round, its median and in brackets its quartiles; and the
  same ratio of the wall's seconds, which the load's own work makes smaller, and others on the machine uneven
- watch: 1,000 watchers of one resource hear of a new object every 100 ms; the delay from the request's first byte to
  the event, and what so many watchers that hear nothing add to the server's memory
- `kubectl get pods` of 10,000 pods: wall time, kubectl's own included
- 5,000 custom resources of a definition with 400 fields and rules: created a second, in process

Linux only: elsewhere no process tells another one's clock.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

from msgspec.json import encode
from rich.console import Console
from rich.table import Table

from benchmarks.apiserver.load import PATIENCE, Connection, Cost, client_context, take_turns
from benchmarks.apiserver.requests import REQUESTS, Request
from benchmarks.apiserver.servers import serve_bound, serve_cluster
from benchmarks.apiserver.watching import fan_out
from benchmarks.custom_resources import custom_resources
from orchestrator.apiserver.http import pki

_NAMED: Final = {each.name: each for each in REQUESTS}


class Programs:
    """The other processes of this benchmark."""

    def __init__(self, folder: Path, exits: ExitStack) -> None:
        self._folder, self._exits = folder, exits

    def server(self, kind: str, *words: object) -> tuple[int, int]:
        """Start a server; answers its port and its process."""
        command = [sys.executable, "-m", "benchmarks.apiserver", kind, str(self._folder)]
        process = subprocess.Popen([*command, *map(str, words)], stdout=subprocess.PIPE, text=True)
        self._exits.callback(process.wait)
        self._exits.callback(process.kill)
        assert process.stdout is not None
        return int(process.stdout.readline()), process.pid

    def ask(self, *words: object) -> Any:
        """What a load says at its end."""
        command = [sys.executable, "-m", "benchmarks.apiserver", *map(str, words)]
        return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


async def _answer(port: int, request: Request) -> str:
    """What the API server answers to a request."""
    loop, heard = asyncio.get_running_loop(), asyncio.Queue[bytes]()
    questions = [request.bytes_of(time.time_ns())]
    await loop.create_connection(
        lambda: Connection(lambda: questions.pop() if questions else b"", heard.put_nowait),
        "127.0.0.1",
        port,
        ssl=client_context(),
    )
    answer = await asyncio.wait_for(heard.get(), PATIENCE)
    return answer.partition(b"\r\n\r\n")[2].decode()


async def _answers(port: int) -> dict[str, str]:
    return {each.name: await _answer(port, each) for each in REQUESTS}


def main(given: argparse.Namespace) -> None:
    """Measure, and print two tables."""
    console = Console()
    with tempfile.TemporaryDirectory() as directory, ExitStack() as exits:
        folder = Path(directory)
        keys = pki.generate(time.time())  # noqa: TID251 - certificates of today
        pki.write_private(folder / "pki", encode(keys))
        pki.write_private(folder / "server.pem", keys.server.key + keys.server.certificate)
        programs = Programs(folder, exits)
        ours = programs.server("cluster", given.pods)
        (folder / "answers.json").write_text(json.dumps(asyncio.run(_answers(ours[0]))))
        bound = programs.server("bound")
        table = Table("µs an answer", "bound", "API server", "ratio", "by the wall")
        for name in given.requests:
            words = (*bound, *ours, name, given.connections, given.rounds, given.seconds)
            table.add_row(name, *_row(programs.ask("turns", *words)))
        console.print(table)
        if given.requests_only:
            return
        table = Table("", "bound", "API server", "ratio")
        of_bound = programs.ask("watch", bound[0], given.watchers, bound[1])
        of_ours = programs.ask("watch", ours[0], given.watchers, ours[1])
        rows = ("event, median ms", "event, p99 ms", "idle watchers, MiB")
        for row, most, least in zip(rows, of_bound, of_ours, strict=True):
            table.add_row(row, f"{most:,.1f}", f"{least:,.1f}", f"{least / most:.2f}x")
        table.add_row(f"kubectl get, {given.pods:,} pods", "", f"{_kubectl(folder):.2f} s", "")
    table.add_row("custom resources, a second", "", f"{asyncio.run(custom_resources()):,.0f}", "")
    console.print(table)


def _row(rounds: Sequence[Sequence[Sequence[float]]]) -> tuple[str, str, str, str]:
    """What both servers' answers cost, and the ratios."""
    pairs = [(Cost(*bound), Cost(*ours)) for bound, ours in rounds]
    least, most = zip(*((bound.processor, ours.processor) for bound, ours in pairs), strict=True)
    by_wall = _spread([ours.wall / bound.wall for bound, ours in pairs])
    ratios = [ours / bound for bound, ours in zip(least, most, strict=True)]
    return f"{median(least):,.0f}", f"{median(most):,.0f}", _spread(ratios), by_wall


def _spread(ratios: Sequence[float]) -> str:
    low, middle, high = quantiles(ratios)
    return f"{middle:.2f}x ({low:.2f}–{high:.2f})"


def _kubectl(folder: Path) -> float:
    command = ["kubectl", "--kubeconfig", str(folder / "kubeconfig"), "get", "pods"]
    begun = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("requests", nargs="*", metavar="REQUEST", help=f"of {', '.join(_NAMED)}")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=0.3, help="that a round lasts")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--requests-only", action="store_true", help="no watchers, no kubectl")
    parser.add_argument("--watchers", type=int, default=1000)
    parser.add_argument("--pods", type=int, default=10000)
    given = parser.parse_args()
    given.requests = given.requests or list(_NAMED)
    if unknown := set(given.requests) - set(_NAMED):
        parser.error(f"no such request: {', '.join(sorted(unknown))}")
    return given


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["cluster", folder, pods]:
            asyncio.run(serve_cluster(Path(folder), int(pods)))
        case ["bound", folder]:
            asyncio.run(serve_bound(Path(folder)))
        case ["turns", *numbers, name, connections, rounds, seconds]:
            one, its, other, others = map(int, numbers)
            servers = ((one, its), (other, others))
            costs = take_turns(_NAMED[name], servers, int(connections), int(rounds), float(seconds))
            print(json.dumps(asyncio.run(costs)))
        case ["watch", port, watchers, process]:
            found = asyncio.run(fan_out(int(port), int(watchers), int(process)))
            print(json.dumps(found))
        case _:
            main(_options())

"""Requests a second over HTTPS, beside a bare handler that returns the same bytes: `python -m benchmarks.apiserver`.

Two servers, a process each, take turns under the same load from a third process: a cluster's API server (no nodes, no
controllers), and an aiohttp application that has read the request's body and sends what the API server answered to the
same request. Connections are kept, a request in flight on each; TLS and a bearer token in both.

- get, list of 500 pods, create, merge patch, server-side apply: requests a second, medians of rounds, and the ratio
- watch: 1,000 watchers of one resource hear of a new object every 100 ms; the delay from the request's first byte to
  the event, and what so many watchers that hear nothing add to the server's memory
- `kubectl get pods` of 10,000 pods: wall time, kubectl's own included
- 5,000 custom resources of a definition with 400 fields and rules: created a second, in process

    python -m benchmarks.apiserver [--seconds 1] [--rounds 5] [--connections 16] [--watchers 1000] [--pods 10000]
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from msgspec.json import encode
from rich.console import Console
from rich.table import Table

from benchmarks.apiserver_load import PATIENCE, Connection, client_context, fan_out, load
from benchmarks.apiserver_requests import REQUESTS, Request
from benchmarks.apiserver_servers import serve_bound, serve_cluster
from benchmarks.custom_resources import custom_resources
from orchestrator.apiserver.http import pki


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
    await loop.create_connection(
        lambda: Connection(iter([request.bytes_of(time.time_ns())]), heard.put_nowait),
        "127.0.0.1",
        port,
        ssl=client_context(),
    )
    answer = await asyncio.wait_for(heard.get(), PATIENCE)
    return answer.partition(b"\r\n\r\n")[2].decode()


async def _answers(port: int) -> dict[str, str]:
    return {each.name: await _answer(port, each) for each in REQUESTS}


def main(given: argparse.Namespace) -> None:
    """Measure, and print one table."""
    console = Console()
    with tempfile.TemporaryDirectory() as directory, ExitStack() as exits:
        folder = Path(directory)
        keys = pki.generate(time.time())  # noqa: TID251 - certificates of today
        pki.write_private(folder / "pki", encode(keys))
        pki.write_private(folder / "server.pem", keys.server.key + keys.server.certificate)
        programs = Programs(folder, exits)
        ours, process = programs.server("cluster", given.pods)
        (folder / "answers.json").write_text(json.dumps(asyncio.run(_answers(ours))))
        bound, bare = programs.server("bound")
        table = Table("", "bound", "API server", "ratio")
        for request in REQUESTS:
            seen: dict[int, list[float]] = {bound: [], ours: []}
            for _ in range(given.rounds):
                for port, rates in seen.items():
                    words = (port, request.name, given.connections, given.seconds)
                    rates.append(programs.ask("load", *words))
            least, most = median(seen[ours]), median(seen[bound])
            table.add_row(
                f"{request.name}, a second", f"{most:,.0f}", f"{least:,.0f}", f"{most / least:.2f}x"
            )
        of_bound = programs.ask("watch", bound, given.watchers, bare)
        of_ours = programs.ask("watch", ours, given.watchers, process)
        rows = ("event, median ms", "event, p99 ms", "idle watchers, MiB")
        for row, most, least in zip(rows, of_bound, of_ours, strict=True):
            table.add_row(row, f"{most:,.1f}", f"{least:,.1f}", f"{least / most:.2f}x")
        table.add_row(f"kubectl get, {given.pods:,} pods", "", f"{_kubectl(folder):.2f} s", "")
    table.add_row("custom resources, a second", "", f"{asyncio.run(custom_resources()):,.0f}", "")
    console.print(table)


def _kubectl(folder: Path) -> float:
    command = ["kubectl", "--kubeconfig", str(folder / "kubeconfig"), "get", "pods"]
    begun = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--watchers", type=int, default=1000)
    parser.add_argument("--pods", type=int, default=10000)
    return parser.parse_args()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["cluster", folder, pods]:
            asyncio.run(serve_cluster(Path(folder), int(pods)))
        case ["bound", folder]:
            asyncio.run(serve_bound(Path(folder)))
        case ["load", port, name, connections, seconds]:
            print(asyncio.run(load(int(port), name, int(connections), float(seconds))))
        case ["watch", port, watchers, process]:
            found = asyncio.run(fan_out(int(port), int(watchers), int(process)))
            print(json.dumps(found))
        case _:
            main(_options())

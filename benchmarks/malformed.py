"""A storm of requests without sense at a server of its own, and what another client hears meanwhile: `python -m benchmarks.malformed`.

`orchestrator up --nodes 0` serves; some processes with eight connections each send what `malformed_requests` draws, a
connection a request; and a client with a connection of its own asks for a Namespace every 50 ms. Every so many requests a line
says how large the server is, and how long those gets took. The storm ends with the first answer that is a fault of the
server's, or that does not come.

    python -m benchmarks.malformed [--requests 100000] [--step 10000] [--processes 1]
"""

import argparse
import asyncio
import os
import ssl
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Final

import yaml
from aiohttp import ClientSession, TCPConnector

from benchmarks.malformed_requests import draw, is_fault

_CLIENTS: Final = 8
_ANSWER_SECONDS: Final = 60.0
_BETWEEN_GETS: Final = 0.05
_START_SECONDS: Final = 120.0


def _tls(folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.load_cert_chain(folder / "client.pem")
    return context


async def _answer(port: int, tls: ssl.SSLContext, data: bytes) -> bytes:
    """The beginning of the answer; empty where the server closes without a word."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    try:
        writer.write(data)
        return await reader.read(64)
    except ConnectionError:
        return b""
    finally:
        writer.transport.abort()


async def _storm(folder: Path, port: int, seed: int, requests: int) -> None:
    tls = _tls(folder)

    async def client(number: int) -> None:
        random = Random(f"{seed} {number}")
        for _ in range(requests // _CLIENTS):
            data = draw(random)
            async with asyncio.timeout(_ANSWER_SECONDS):
                answer = await _answer(port, tls, data)
            if is_fault(data, answer):
                raise SystemExit(f"{data[:500]!r} was answered {answer!r}")

    await asyncio.gather(*map(client, range(_CLIENTS)))


async def _ask(folder: Path, port: int, storms: list[subprocess.Popen[bytes]]) -> list[float]:
    """The seconds that each get took, while the storms last."""
    took = []
    async with ClientSession(connector=TCPConnector(ssl=_tls(folder))) as session:
        while any(storm.poll() is None for storm in storms):
            begun = time.perf_counter()
            async with session.get(f"https://127.0.0.1:{port}/api/v1/namespaces/default") as answer:
                assert answer.status == 200, answer.status
                await answer.read()
            took.append(time.perf_counter() - begun)
            await asyncio.sleep(_BETWEEN_GETS)  # noqa: TID251 - the other end is another process
    return took


@contextmanager
def _server(folder: Path) -> Iterator[tuple[int, int]]:
    """The port and the process of a server; its authority and a client's pair are in the folder."""
    file = folder / "kubeconfig"
    command = [sys.executable, "-m", "orchestrator", "up", "--nodes", "0", "--bare"]
    command += ["--listen", "127.0.0.1:0", "--kubeconfig", str(file)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            end = time.perf_counter() + _START_SECONDS
            while not (file.exists() and file.stat().st_size):
                assert process.poll() is None, "the server has ended"
                assert time.perf_counter() < end, "the server has not begun"
                time.sleep(0.1)
            config = yaml.safe_load(file.read_text())
            cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
            (folder / "ca.crt").write_bytes(b64decode(cluster["certificate-authority-data"]))
            pair = [b64decode(user[f"client-{each}-data"]) for each in ("certificate", "key")]
            (folder / "client.pem").write_bytes(b"".join(pair))
            yield int(cluster["server"].rpartition(":")[2]), process.pid
        finally:
            process.terminate()


def _resident(pid: int) -> float:
    """The megabytes that a process has in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _run(requests: int, step: int, processes: int) -> None:
    everything: list[float] = []
    with tempfile.TemporaryDirectory() as name, _server(Path(name)) as (port, pid):
        print(f"before the storm: {_resident(pid):.0f} MB", flush=True)
        for sent in range(step, requests + 1, step):
            command = [sys.executable, "-m", "benchmarks.malformed", "storm", name, str(port)]
            storms = [
                subprocess.Popen([*command, f"{sent + number}", str(step // processes)])
                for number in range(processes)
            ]
            begun = time.perf_counter()
            took = asyncio.run(_ask(Path(name), port, storms))
            assert all(storm.returncode == 0 for storm in storms), "the storm has found a fault"
            everything += took
            per_second = step / (time.perf_counter() - begun)
            print(
                f"{sent:,} requests, {per_second:.0f} a second: {_resident(pid):.0f} MB; {_told(took)}",
                flush=True,
            )
    print(f"all together: {_told(everything)}")


def _told(took: list[float]) -> str:
    cuts = quantiles(took, n=100)
    return (
        f"{len(took):,} gets, median {cuts[49] * 1e3:.1f} ms, p99 {cuts[98] * 1e3:.1f} ms, "
        f"slowest {max(took) * 1e3:.0f} ms"
    )


def main() -> None:
    """Run the storm, or, as a process of it, be a part of it."""
    if sys.argv[1:2] == ["storm"]:
        folder, port, seed, requests = sys.argv[2:]
        asyncio.run(_storm(Path(folder), int(port), int(seed), int(requests)))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--step", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    _run(given.requests, given.step, given.processes)


if __name__ == "__main__":
    main()

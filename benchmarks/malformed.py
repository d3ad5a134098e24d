"""A storm of requests without sense at a server of its own, and what another client hears meanwhile: `python -m benchmarks.malformed`.

`orchestrator up --nodes 0` serves; some processes with eight connections each send what `malformed_requests` draws, a
connection a request; and a client with a connection of its own asks for a Namespace every 50 ms. Every so many requests a line
says how large the server is, and how long those gets took. The storm ends with the first answer that is a fault of the
server's, or that does not come. In the end two things are judged, and one that fails is the exit code 1: whether 99 of 100 gets
were answered within 100 ms, and whether the server has grown by no more than 5 bytes a request during the last half of the storm.

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
from statistics import linear_regression, quantiles
from typing import Final

import yaml
from aiohttp import ClientSession, TCPConnector

from benchmarks.malformed_requests import draw, is_fault

_CLIENTS: Final = 8
_ANSWER_SECONDS: Final = 60.0
_BETWEEN_GETS: Final = 0.05
_START_SECONDS: Final = 120.0
# What is judged. The size of a process goes up and down by a megabyte or two, so that few requests say nothing of its growth.
_GET_SECONDS: Final = 0.1
_GROWTH_BYTES: Final = 5.0
_JUDGED_REQUESTS: Final = 400_000


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


def _resident(pid: int) -> int:
    """The bytes that a process has in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _growth(sizes: list[tuple[int, int]]) -> float:
    """The bytes a request by which a server grows that had these sizes after so many requests, by the last half of them."""
    half = sizes[-1][0] / 2
    last = [each for each in sizes if each[0] >= half]
    return linear_regression(*zip(*last, strict=True)).slope


def _run(requests: int, step: int, processes: int) -> bool:
    """Whether what is judged is as it should be."""
    everything: list[float] = []
    sizes: list[tuple[int, int]] = []
    with tempfile.TemporaryDirectory() as name, _server(Path(name)) as (port, pid):
        print(f"before the storm: {_resident(pid) / 1e6:.1f} MB", flush=True)
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
            sizes.append((sent, _resident(pid)))
            print(
                f"{sent:,} requests, {per_second:.0f} a second: {sizes[-1][1] / 1e6:.1f} MB; {_told(took)}",
                flush=True,
            )
    print(f"all together: {_told(everything)}")
    return _judged(everything, sizes)


def _judged(took: list[float], sizes: list[tuple[int, int]]) -> bool:
    is_quick = quantiles(took, n=100)[98] < _GET_SECONDS
    print(f"p99 of the gets within {_GET_SECONDS * 1e3:.0f} ms: {'yes' if is_quick else 'NO'}")
    if sizes[-1][0] < _JUDGED_REQUESTS or len(sizes) < 4:
        print(
            f"growth: not judged (that takes {_JUDGED_REQUESTS:,} requests, and four steps of them)"
        )
        return is_quick
    growth = _growth(sizes)
    is_flat = growth <= _GROWTH_BYTES
    print(
        f"growth over the last half: {growth:.1f} bytes a request, at most {_GROWTH_BYTES:.0f}: {'yes' if is_flat else 'NO'}"
    )
    return is_quick and is_flat


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
    if given.step < 1 or given.processes < 1 or given.requests < given.step:
        parser.error("--step and --processes are 1 or more, and --requests is a step at least")
    if not _run(given.requests, given.step, given.processes):
        raise SystemExit(1)


if __name__ == "__main__":
    main()

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
import gc
import json
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final, NamedTuple

from aiohttp import web
from msgspec.json import decode, encode
from rich.console import Console
from rich.table import Table

from actors.runner import GC_THRESHOLDS
from orchestrator import Cluster
from orchestrator.api import codec
from orchestrator.api.apiextensions.v1 import CustomResourceDefinition
from orchestrator.api.core.v1 import ConfigMap, Namespace, Pod, ServiceAccount
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.http import pki, tune_process
from orchestrator.protocol import MASTERS, Identity

TOKEN: Final = "benchmark"
LISTED: Final = 500
EVENTS: Final = 20
CUSTOM: Final = 5_000
_PATIENCE: Final = 30.0
_PAGE: Final = 4096
_MAPS: Final = "/api/v1/namespaces/default/configmaps"
_WATCHED: Final = "/api/v1/namespaces/watched/configmaps"
_PODS: Final = "/api/v1/namespaces/default/pods"
_JSON: Final = "application/json"


class Request(NamedTuple):
    """What is asked again and again; `{}` in path and body is another number each time."""

    name: str
    method: str
    path: str
    kind: str = _JSON
    body: str = ""

    def bytes_of(self, number: int) -> bytes:
        """The request on the wire."""
        path, body = self.path.replace("{}", str(number)), self.body.replace("{}", str(number))
        head = (
            f"{self.method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
            f"Accept: {_JSON}\r\nContent-Type: {self.kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return (head + body).encode()


def _map(name: str, **data: str) -> str:
    metadata = {"name": name}
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


REQUESTS: Final = (
    Request("get", "GET", f"{_PODS}/pod-7"),
    Request("list", "GET", f"{_PODS}?limit={LISTED}"),
    Request("create", "POST", _MAPS, body=_map("made-{}", key="value")),
    Request(
        "patch",
        "PATCH",
        f"{_MAPS}/patched",
        "application/merge-patch+json",
        json.dumps({"data": {"key": "{}"}}),
    ),
    Request(
        "apply",
        "PATCH",
        f"{_MAPS}/applied?fieldManager=benchmark&force=true",
        "application/apply-patch+yaml",
        _map("applied", key="{}", other="as it was"),
    ),
)


# --- the two servers -----------------------------------------------------------------------


def _pod(number: int) -> Pod:
    return codec.from_dict(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"pod-{number}",
                "namespace": "default",
                "labels": {"app": "web", "number": str(number)},
            },
            "spec": {
                "schedulerName": "nobody",
                "automountServiceAccountToken": False,
                "containers": [
                    {
                        "name": "web",
                        "image": "registry.k8s.io/pause:3.10",
                        "ports": [{"containerPort": 8080}],
                        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
                    }
                ],
            },
        },
        Pod,
    )


async def serve_cluster(folder: Path, pods: int) -> None:
    """The API server of a cluster, until this process is killed."""
    async with Cluster(nodes=0, controllers=["serviceaccount"]) as cluster:
        await cluster.client.wait(ServiceAccount, "default", lambda _: True, namespace="default")
        made = await cluster.client.create_all([_pod(number) for number in range(pods)])
        assert all(type(each) is Pod for each in made), made[0]
        await cluster.client.create(Namespace(metadata=ObjectMeta(name="watched")))
        for name in ("patched", "applied"):
            one = codec.from_dict(json.loads(_map(name, key="0")), ConfigMap)
            await cluster.client.create(one, namespace="default")
        keys = decode((folder / "pki").read_bytes(), type=pki.Pki)
        gc.set_threshold(*GC_THRESHOLDS)  # these two as `orchestrator up` does
        tune_process()
        front = await cluster.serve(pki=keys, tokens={TOKEN: Identity("benchmark", (MASTERS,))})
        front.write_kubeconfig(folder / "kubeconfig")
        print(front.port, flush=True)
        await asyncio.Event().wait()


class Bound:
    """What any server in Python on this library has to do: TLS, HTTP, the request's body and the answer's bytes."""

    def __init__(self, answers: dict[str, str]) -> None:
        self._answers = {name: answer.encode() for name, answer in answers.items()}
        self._watchers: list[web.StreamResponse] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The answer of the request's name, or a stream that a creation is written to."""
        if "watch" in request.query:
            return await self._watch(request)
        body = await request.read()
        name = _name_of(request.method, request.path, request.content_type)
        for watcher in self._watchers:
            await watcher.write(b'{"type":"ADDED","object":' + body + b"}\n")
        status = 201 if name == "create" else 200
        return web.Response(body=self._answers[name], status=status, content_type=_JSON)

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"Content-Type": _JSON})
        stream.enable_chunked_encoding()
        await stream.prepare(request)
        self._watchers.append(stream)
        await asyncio.Event().wait()
        return stream


def _name_of(method: str, path: str, kind: str) -> str:
    path = _MAPS if path == _WATCHED else path
    for each in REQUESTS:
        same_path = each.path.split("?")[0] == path
        if each.method == method and same_path and kind in (each.kind, _JSON):
            return each.name
    raise LookupError(f"{method} {path}")


async def serve_bound(folder: Path) -> None:
    """The bare handler, until this process is killed."""
    bound = Bound(json.loads((folder / "answers.json").read_text()))
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", bound.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem")
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context, backlog=1024)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


# --- the load ------------------------------------------------------------------------------


class Connection(asyncio.Protocol):
    """A kept connection on which the next request follows each answer; what is heard is counted, and not read."""

    def __init__(self, requests: Iterator[bytes], heard: Callable[[bytes], None]) -> None:
        self._requests, self._heard = requests, heard
        self._held = b""

    def connection_made(self, transport: Any) -> None:
        """Ask."""
        self._transport = transport
        transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        """Ask again, if the answer is whole."""
        self._held += data
        head, found, body = self._held.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._held = b""
        self._heard(head + found + body)
        self._transport.write(next(self._requests, b""))


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    raise ValueError(f"an answer without a length: {head!r}")


class Listener(asyncio.Protocol):
    """A watch: notes when each event has come."""

    def __init__(self, path: str, came: Callable[[bytes], None]) -> None:
        self._path, self._came = path, came

    def connection_made(self, transport: Any) -> None:
        """Ask."""
        transport.write(Request("watch", "GET", self._path).bytes_of(0))

    def data_received(self, data: bytes) -> None:
        """An event, or the beginning of the answer."""
        self._came(data)


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _expect_success(answer: bytes) -> None:
    if not answer.startswith(b"HTTP/1.1 20"):
        raise SystemExit(answer.decode())


async def load(port: int, name: str, connections: int, seconds: float) -> float:
    """Requests a second of one sort."""
    (request,) = (each for each in REQUESTS if each.name == name)
    requests = map(request.bytes_of, count(time.time_ns()))
    answered = 0

    def heard(answer: bytes) -> None:
        nonlocal answered
        _expect_success(answer)
        answered += 1

    loop, context = asyncio.get_running_loop(), _context()
    begun = time.perf_counter()
    for _ in range(connections):
        await loop.create_connection(
            lambda: Connection(requests, heard), "127.0.0.1", port, ssl=context
        )
    await asyncio.sleep(seconds)  # noqa: TID251 - the load's own seconds
    return answered / (time.perf_counter() - begun)


async def fan_out(port: int, watchers: int, process: int) -> tuple[float, float, float]:
    """The median and p99 of the milliseconds until watchers hear, and the MiB that they cost while they hear nothing."""
    loop, context = asyncio.get_running_loop(), _context()
    delays: list[float] = []
    heard: list[float] = []
    all_heard = asyncio.Event()
    name, sent = b"nobody", 0.0

    def came(data: bytes) -> None:
        if name in data:
            heard.append(1e3 * (time.perf_counter() - sent))
            if len(heard) == watchers:
                all_heard.set()

    def creation(word: int) -> Iterator[bytes]:
        nonlocal sent
        body = _map("told-{}", key="value")
        request = Request("create", "POST", _WATCHED, body=body).bytes_of(word)
        sent = time.perf_counter()
        yield request

    before = _resident(process)
    for _ in range(watchers):
        await loop.create_connection(
            lambda: Listener(f"{_WATCHED}?watch=1", came), "127.0.0.1", port, ssl=context
        )
    await asyncio.sleep(1)  # noqa: TID251 - until all are quiet
    cost = _resident(process) - before
    for _ in range(EVENTS):
        word = time.time_ns()
        heard, all_heard, name = [], asyncio.Event(), f'"told-{word}"'.encode()
        await loop.create_connection(
            partial(Connection, creation(word), _expect_success), "127.0.0.1", port, ssl=context
        )
        async with asyncio.timeout(_PATIENCE):
            await all_heard.wait()
        delays += heard
    return median(delays), quantiles(delays, n=100)[98], cost


def _resident(process: int) -> float:
    """MiB of a process."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE / 2**20


# --- in process ----------------------------------------------------------------------------


def definition() -> CustomResourceDefinition:
    """A large one: 20 groups of 20 fields with bounds, patterns and enumerations, a list by key, and rules."""
    group = {
        "type": "object",
        "required": ["name"],
        "x-kubernetes-validations": [
            {"rule": "self.name.size() < 40", "message": "name is too long"}
        ],
        "properties": {
            "name": {"type": "string", "pattern": "^[a-z0-9-]+$", "maxLength": 40},
            "mode": {"type": "string", "enum": ["Fast", "Slow", "Off"], "default": "Slow"},
            "ports": {
                "type": "array",
                "maxItems": 10,
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["number"],
                "items": {
                    "type": "object",
                    "required": ["number"],
                    "properties": {"number": {"type": "integer"}, "name": {"type": "string"}},
                },
            },
            **{f"count{n}": {"type": "integer", "minimum": 0, "maximum": 1000} for n in range(17)},
        },
    }
    schema = {
        "type": "object",
        "properties": {
            "spec": {"type": "object", "properties": {f"group{n}": group for n in range(20)}}
        },
    }
    return codec.from_dict(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "engines.example.com"},
            "spec": {
                "group": "example.com",
                "scope": "Namespaced",
                "names": {"plural": "engines", "kind": "Engine"},
                "versions": [
                    {
                        "name": "v1",
                        "served": True,
                        "storage": True,
                        "schema": {"openAPIV3Schema": schema},
                    }
                ],
            },
        },
        CustomResourceDefinition,
    )


def custom_resource(number: int) -> dict[str, Any]:
    """One that says half of what there is to say."""
    group = {
        "name": f"engine-{number}",
        "ports": [{"number": 80, "name": "http"}, {"number": 443}],
        **{f"count{n}": n for n in range(8)},
    }
    return {
        "apiVersion": "example.com/v1",
        "kind": "Engine",
        "metadata": {"name": f"engine-{number}", "namespace": "default"},
        "spec": {f"group{n}": group for n in range(10)},
    }


async def custom_resources() -> float:
    """How many are created a second."""
    async with Cluster(nodes=0, controllers=[]) as cluster:
        await cluster.client.create(definition())
        await cluster.client.wait(CustomResourceDefinition, "engines.example.com", _is_established)
        begun = time.perf_counter()
        for number in range(CUSTOM):
            await cluster.client.create(custom_resource(number))
        return CUSTOM / (time.perf_counter() - begun)


def _is_established(definition: CustomResourceDefinition) -> bool:
    conditions = definition.status.conditions if definition.status else ()
    return any(each.type == "Established" and each.status == "True" for each in conditions)


# --- the whole -----------------------------------------------------------------------------


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
        ssl=_context(),
    )
    answer = await asyncio.wait_for(heard.get(), _PATIENCE)
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

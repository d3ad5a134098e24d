"""The two servers of `apiserver`: the API server of a cluster, and a bare handler that returns the same bytes."""

import asyncio
import gc
import json
import ssl
from pathlib import Path
from typing import Final

from aiohttp import web
from msgspec.json import decode

from actors.runner import GC_THRESHOLDS
from benchmarks.apiserver.requests import JSON, REQUESTS, TOKEN, WATCHED, config_map
from orchestrator import Cluster
from orchestrator.api import codec
from orchestrator.api.core.v1 import ConfigMap, Namespace, Pod, ServiceAccount
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.http import pki, tune_process
from orchestrator.protocol import MASTERS, Identity

# By what the bare handler knows a request.
_NAMES: Final = {
    (each.method, each.path.partition("?")[0], each.kind): each.name for each in REQUESTS
} | {("POST", WATCHED, JSON): "create"}


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
            one = codec.from_dict(json.loads(config_map(name, key="0")), ConfigMap)
            await cluster.client.create(one, namespace="default")
        keys = decode((folder / "pki").read_bytes(), type=pki.Pki)
        _tune()
        front = await cluster.serve(pki=keys, tokens={TOKEN: Identity("benchmark", (MASTERS,))})
        front.write_kubeconfig(folder / "kubeconfig")
        print(front.port, flush=True)
        await asyncio.Event().wait()


def _tune() -> None:
    """Both processes are as `orchestrator up` makes its own."""
    gc.set_threshold(*GC_THRESHOLDS)
    tune_process()


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
        name = _NAMES[request.method, request.path, request.content_type]
        for watcher in self._watchers:
            await watcher.write(b'{"type":"ADDED","object":' + body + b"}\n")
        status = 201 if name == "create" else 200
        return web.Response(body=self._answers[name], status=status, content_type=JSON)

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"Content-Type": JSON})
        stream.enable_chunked_encoding()
        await stream.prepare(request)
        self._watchers.append(stream)
        await asyncio.Event().wait()
        return stream


async def serve_bound(folder: Path) -> None:
    """The bare handler, until this process is killed."""
    _tune()
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

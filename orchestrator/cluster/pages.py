"""What a process of controllers tells of itself by HTTP: whether it works, figures, its actors.

| path | what it answers |
|---|---|
| `/healthz`, `/livez` | `ok`: the process lives |
| `/readyz` | `ok` when all controllers have filled their caches; before, 503 and who has not |
| `/metrics` | for Prometheus, by the names of controller-runtime |
| `/debug/actors` | all actors, as JSON |

The pages tell nothing of objects, and are read without credentials.
"""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Final

import msgspec
from aiohttp import web

from actors import ActorSystem, Ref
from orchestrator.apiserver.debugging import actors_page
from orchestrator.apiserver.http.metrics.state import process_families
from orchestrator.apiserver.telemetry.families import MEDIA_TYPE, Series, text_of
from orchestrator.client import Statistics
from orchestrator.controllers.manager import ControllerStatistics

_CONTROLLER: Final = ("controller",)


class Pages:
    """Serves the pages of a system whose controllers `manager` runs, while the block lasts.

    `port` 0 is any free one. Raises OSError for an address that cannot be listened at.
    """

    def __init__(self, system: ActorSystem, manager: Ref[Any], host: str, port: int) -> None:
        self._system = system
        self._manager = manager
        self._host, self._port = host, port
        app = web.Application()
        app.add_routes(
            [
                web.get("/healthz", self._lives),
                web.get("/livez", self._lives),
                web.get("/readyz", self._is_ready),
                web.get("/metrics", self._metrics),
                web.get("/debug/actors", self._actors),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)

    @property
    def url(self) -> str:
        """Where they are."""
        host, port = self._runner.addresses[0][:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    async def __aenter__(self) -> "Pages":
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def _lives(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def _is_ready(self, _request: web.Request) -> web.Response:
        found = await self._statistics()
        waiting = [name for name, each in found.items() if not each.in_step]
        if not waiting:  # who waits for its lease is ready to begin
            return web.Response(text="ok")
        why = f"not ready: these wait for their caches: {', '.join(waiting)}\n"
        return web.Response(text=why, status=503)

    async def _metrics(self, _request: web.Request) -> web.Response:
        text = text_of(_families(await self._statistics()))
        return web.Response(body=text.encode(), headers={"Content-Type": MEDIA_TYPE})

    async def _actors(self, _request: web.Request) -> web.Response:
        body = msgspec.json.encode(actors_page(self._system))
        return web.Response(body=body, content_type="application/json")

    async def _statistics(self) -> Mapping[str, Statistics]:
        return await self._manager.ask(ControllerStatistics())


def _families(found: Mapping[str, Statistics]) -> Iterator[Series]:
    total = Series("controller_runtime_reconcile_total", "Reconciles.", ("controller", "result"))
    errors = Series("controller_runtime_reconcile_errors_total", "Those that failed.", _CONTROLLER)
    active = Series("controller_runtime_active_workers", "Now.", _CONTROLLER, "gauge")
    depth = Series("workqueue_depth", "Keys that wait.", ("name",), "gauge")
    delayed = Series("workqueue_delayed", "Keys that are due later.", ("name",), "gauge")
    for name, each in found.items():
        total.set(each.reconciles - each.failures, name, "success")
        total.set(each.failures, name, "error")
        errors.set(each.failures, name)
        active.set(each.processing, name)
        depth.set(each.queued, name)
        delayed.set(each.delayed, name)
    yield from (total, errors, active, depth, delayed)
    yield from process_families()

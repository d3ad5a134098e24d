"""What a process of controllers tells of itself by HTTP."""

import aiohttp

import actors
from orchestrator import Cluster
from orchestrator.api.core.v1 import ConfigMap
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.client import Controller, Key
from orchestrator.cluster.pages import Pages
from tests.widgets import WIDGETS, definition


class Early(Controller):
    """Of a kind that is not defined yet."""

    name = "early"
    kind = WIDGETS

    async def reconcile(self, key: Key) -> None:
        """Does nothing."""


class Failing(Controller):
    """Fails on one ConfigMap."""

    name = "failing"
    kind = ConfigMap

    def reconcile(self, key: Key) -> None:
        """Raises for that one."""
        if key.name == "wrong":
            raise RuntimeError("no")


async def _served() -> None:
    async with Cluster(nodes=0) as cluster:
        await cluster.run_controller(Early)
        await cluster.run_controller(Failing)
        wrong = ConfigMap(metadata=ObjectMeta(name="wrong", namespace="default"))
        await cluster.client.create(wrong)
        manager = cluster.system.ref("/controllers")
        async with (
            Pages(cluster.system, manager, "127.0.0.1", 0) as pages,
            aiohttp.ClientSession() as session,
        ):

            async def page(path: str) -> tuple[int, str]:
                async with session.get(f"{pages.url}{path}") as answer:
                    return answer.status, await answer.text()

            assert await page("/healthz") == (200, "ok")
            status, text = await page("/readyz")
            assert status == 503
            assert "early" in text
            assert "failing" not in text
            await cluster.client.create(definition())
            while (await page("/readyz"))[0] != 200:
                await cluster.clock.sleep(0.1)
            _, text = await page("/metrics")
            failed = next(
                line
                for line in text.splitlines()
                if line.startswith(
                    'controller_runtime_reconcile_errors_total{controller="failing"}'
                )
            )
            assert int(failed.rpartition(" ")[2]) >= 1
            assert "process_resident_memory_bytes" in text
            status, text = await page("/debug/actors")
            assert '"/controllers/failing"' in text


def test_the_pages_tell_what_works_and_what_fails() -> None:
    """Ready when all caches are filled; who raises is in the figures."""
    actors.run(_served, virtual=False)

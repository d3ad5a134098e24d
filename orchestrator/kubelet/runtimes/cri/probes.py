"""Probes and hooks of containers in a CRI runtime."""

import asyncio
from collections.abc import Callable
from math import ceil

from orchestrator.api.core.v1 import Pod
from orchestrator.kubelet.networks.interface import PodLink
from orchestrator.kubelet.runtimes.cri.endpoint import CriFault, Endpoint
from orchestrator.kubelet.runtimes.cri.runs import Run
from orchestrator.kubelet.runtimes.probes import NotAsked, Prober


class CriProber(Prober):
    """Commands are run by the runtime, which ends those that take too long."""

    def __init__(self, endpoint: Endpoint, link: Callable[[Pod], PodLink]) -> None:
        super().__init__(link)
        self._endpoint = endpoint

    async def _run(
        self, run: Run, command: tuple[str, ...], seconds: float | None
    ) -> tuple[int, bytes]:
        limit = ceil(seconds) if seconds is not None else 0
        try:
            async with asyncio.timeout(None if seconds is None else seconds + 1):
                answer = await self._endpoint.ask(
                    "ExecSync", container_id=run.id, cmd=command, timeout=limit
                )
        except CriFault as fault:
            if "exceeded" in str(fault):
                raise TimeoutError from None
            raise NotAsked(str(fault)) from None
        return answer.exit_code, answer.stdout + answer.stderr

    async def _connect(self, host: str, port: int, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            try:
                _, writer = await asyncio.open_connection(host, port)
            except OSError as error:
                why = (error.strerror or str(error)).lower()
                raise ConnectionRefusedError(f"dial tcp {host}:{port}: connect: {why}") from None
        writer.close()

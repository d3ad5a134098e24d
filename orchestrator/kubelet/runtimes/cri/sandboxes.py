"""The sandboxes of a node's pods: one each, made for its first container, and taken away with it."""

import asyncio
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from orchestrator.api.core.v1 import Pod
from orchestrator.kubelet.runtimes.cri.configs import sandbox_config
from orchestrator.kubelet.runtimes.cri.endpoint import CriFault, Endpoint

PREFIX: Final = "orchestrator-cri-"
"""How the directory of a node's logs and volumes is called."""
_DIRECTORY: Final = "orchestrator/directory"
OWNER: Final = "orchestrator/owner"
"""The label of what is ours: which process made it."""


def me() -> str:
    """This process, as nobody else is called while the machine is up."""
    return f"{os.getpid()}-{_began(os.getpid())}"


def _began(pid: int) -> str:
    """When a process began, in ticks since the machine did; empty if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


class Sandboxes:
    """Sandboxes by pod. Logs of a pod's containers lie in a directory of its own below `directory`."""

    def __init__(self, endpoint: Endpoint, directory: Path) -> None:
        self._endpoint = endpoint
        self._directory = directory
        self._made: dict[str, asyncio.Task[str]] = {}
        self._cleared: asyncio.Task[None] | None = None

    def logs(self, pod_uid: str) -> Path:
        """The directory of a pod's logs."""
        return self._directory / pod_uid / "logs"

    async def of(self, pod: Pod, handler: str) -> str:
        """The id of a pod's sandbox, which a handler of the runtime's makes (empty: its usual one). Raises CriFault."""
        uid = pod.metadata.uid
        task = self._made.get(uid)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._made[uid] = asyncio.ensure_future(self._make(pod, handler))
        return await asyncio.shield(task)

    async def _make(self, pod: Pod, handler: str) -> str:
        if self._cleared is None:
            self._cleared = asyncio.ensure_future(self._clear_others())
        await asyncio.shield(self._cleared)
        self.logs(pod.metadata.uid).mkdir(parents=True, exist_ok=True)
        answer = await self._endpoint.ask(
            "RunPodSandbox", config=self.config(pod), runtime_handler=handler
        )
        return str(answer.pod_sandbox_id)

    def config(self, pod: Pod) -> dict[str, Any]:
        """What the runtime was told of a pod."""
        config = sandbox_config(pod, str(self.logs(pod.metadata.uid)), {OWNER: me()})
        config["annotations"][_DIRECTORY] = str(self._directory)
        return config

    async def remove(self, pod_uid: str) -> None:
        """Take a pod's sandbox away, and all of its containers, which are killed.

        Who is cancelled meanwhile leaves that to `close`.
        """
        task = self._made.get(pod_uid)
        if task is None:
            return
        # A fault says that it is gone, or it will be when the next one looks for what nobody owns.
        with suppress(CriFault):
            await self._end(await asyncio.shield(task))
        self._made.pop(pod_uid, None)

    async def _end(self, sandbox: str) -> None:
        await self._endpoint.ask("StopPodSandbox", pod_sandbox_id=sandbox)
        await self._endpoint.ask("RemovePodSandbox", pod_sandbox_id=sandbox)

    async def _clear_others(self) -> None:
        """Take away what a process has left that was killed. Raises CriFault."""
        answer = await self._endpoint.ask("ListPodSandbox")
        for sandbox in answer.items:
            pid, _, began = sandbox.labels.get(OWNER, "").partition("-")
            if pid.isdecimal() and _began(int(pid)) != began:
                await self._end(sandbox.id)
                directory = Path(sandbox.annotations.get(_DIRECTORY, ""))
                if directory.name.startswith(PREFIX):
                    await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)

    async def close(self) -> None:
        """Take everything away."""
        await asyncio.gather(*(self.remove(uid) for uid in list(self._made)))

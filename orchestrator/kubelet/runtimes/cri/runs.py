"""One run of one container in a CRI runtime: what is kept of it here."""

import asyncio
from pathlib import Path
from typing import Final

from orchestrator.api.core.v1 import Container, Pod
from orchestrator.kubelet.runtimes.interface import (
    ContainerExited,
    ContainerKey,
    ContainerStarted,
)
from orchestrator.kubelet.runtimes.process.logs import Log

_MOST_MESSAGE: Final = 4096  # bytes of a termination message
_MOST_LOGGED: Final = 2048  # bytes, and lines, of the log that stands for one
_LOGGED_LINES: Final = 80


class Run:
    """A run, from the request to start to its removal."""

    def __init__(self, pod: Pod, container: Container, key: ContainerKey) -> None:
        self.pod = pod
        self.container = container
        self.key = key
        self.id = ""  # that the runtime gave to the container
        self.container_id = ""  # the same as Kubernetes writes it
        self.log: Log | None = None
        self.message_file: Path | None = None
        self.pulled_in: float | None = None
        self.last: ContainerStarted | ContainerExited | None = None
        self.before: Run | None = None
        self.removed = False
        self.stopping = False
        self.grace = float("inf")  # seconds that were given last
        self.task: asyncio.Task[None] | None = None
        self.followers: set[asyncio.Event] = set()
        self.ended = asyncio.Event()
        self.usage: tuple[int, int] = (0, 0)  # milli-CPU, bytes
        self.cpu: tuple[int, int] | None = (
            None  # when it was looked at last, and what was used by then, nanoseconds
        )

    @property
    def running(self) -> bool:
        """Whether its process runs."""
        return isinstance(self.last, ContainerStarted)

    def wake(self) -> None:
        """Have who follows the log look again."""
        for each in self.followers:
            each.set()

    def message(self, code: int) -> str:
        """The termination message, as the container's policy wants it."""
        text = ""
        if self.message_file is not None and self.message_file.exists():
            with self.message_file.open("rb") as file:
                text = file.read(_MOST_MESSAGE).decode(errors="replace")
        by_log = self.container.termination_message_policy == "FallbackToLogsOnError"
        if not text and code and by_log and self.log is not None and self.log.path.exists():
            text = self.log.last(_LOGGED_LINES, _MOST_LOGGED)
        return text

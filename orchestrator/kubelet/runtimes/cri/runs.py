"""One run of one container in a CRI runtime: what is kept of it here."""

from orchestrator.api.core.v1 import Container, Pod
from orchestrator.kubelet.runtimes.container_logs import Log
from orchestrator.kubelet.runtimes.interface import ContainerKey
from orchestrator.kubelet.runtimes.real import RealRun


class Run(RealRun):
    """A run; `id` is the runtime's name for its container."""

    def __init__(self, pod: Pod, container: Container, key: ContainerKey) -> None:
        super().__init__(pod, container, key)
        self.id = ""
        self.log: Log | None = None
        self.grace = float("inf")  # seconds that were given last
        self.usage: tuple[int, int] = (0, 0)  # milli-CPU, bytes
        self.cpu: tuple[int, int] | None = (
            None  # when its CPU was looked at, and what was used by then, nanoseconds
        )

"""CPU time of containers whose runtime tells only at what rate they use it: added up from one question to the next."""

from msgspec.structs import replace

from orchestrator.kubelet.runtimes.interface import ContainerStarted
from orchestrator.protocol import ContainerUsage


class CpuTime:
    """What the containers of one node have used; it never gets less while a container runs."""

    def __init__(self) -> None:
        self._spent: dict[
            str, dict[str, tuple[int, float, float]]
        ] = {}  # attempt, until when, seconds

    def whole(self, started: ContainerStarted, usage: ContainerUsage, now: float) -> ContainerUsage:
        """The usage with all CPU time since the start, at `now` (epoch seconds), if there is a rate to go by."""
        if usage.cpu_seconds is not None or usage.milli_cpu is None:
            return usage
        key = started.key
        of_pod = self._spent.setdefault(key.pod_uid, {})
        attempt, until, seconds = of_pod.get(key.name, (key.attempt, started.at, 0.0))
        if attempt != key.attempt:
            until, seconds = started.at, 0.0
        seconds += usage.milli_cpu / 1000 * max(0.0, now - until)
        of_pod[key.name] = key.attempt, max(until, now), seconds
        return replace(usage, cpu_seconds=seconds)

    def forget(self, pod_uid: str) -> None:
        """The pod is gone."""
        self._spent.pop(pod_uid, None)

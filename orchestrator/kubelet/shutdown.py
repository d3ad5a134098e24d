"""A node that is shut down ends its pods first, in waves by their priority, each in its time, and takes no new ones."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from actors import Context, Request
from orchestrator.api.core.v1 import Pod

REASON: Final = "Terminated"
MESSAGE: Final = "Pod was terminated in response to imminent node shutdown."
NOT_ADMITTED: Final = "NodeShutdown"
NOT_ADMITTED_MESSAGE: Final = "Pod was rejected as the node is shutting down."
NOT_READY: Final = "node is shutting down"
_CRITICAL_PRIORITY: Final = 2_000_000_000
_KILL_SECONDS: Final = (
    3.0  # that what did not end in time has to be gone, and its status to be written
)
_LOOK_SECONDS: Final = 0.25  # between two looks at who has ended


class ShutDown(Request[None], frozen=True, gc=False):
    """The node is about to be switched off: end its pods, then answer. `seconds` are those of each wave, by the
    least priority of its pods (shutdownGracePeriodByPodPriority); not empty.
    """

    seconds: Mapping[int, float]


class _Wave(NamedTuple):
    number: int
    seconds: float


def two_waves(grace_seconds: float, critical_seconds: float) -> dict[int, float]:
    """The waves of a time of which the last seconds are those of critical pods (shutdownGracePeriod,
    shutdownGracePeriodCriticalPods).
    """
    critical = min(critical_seconds, grace_seconds)
    return {0: grace_seconds - critical, _CRITICAL_PRIORITY: critical}


def wave_of(priorities: Sequence[int], priority: int) -> int:
    """The index of the wave with which a pod of this priority ends, among the ascending least `priorities` of waves.

    Who has less than the first asks for ends with that.
    """
    return max(0, bisect_right(priorities, priority) - 1)


class Shutdown:
    """The shutdown of one node. `pods` answers those that have not ended, `end` ends one within so many seconds."""

    def __init__(
        self,
        ctx: Context,
        message: ShutDown,
        *,
        pods: Callable[[], list[Pod]],
        end: Callable[[Pod, float], None],
    ) -> None:
        self._ctx = ctx
        self._pods = pods
        self._end = end
        self._done = ctx.defer()
        self._priorities = sorted(message.seconds)
        self._waves = [_Wave(i, message.seconds[p]) for i, p in enumerate(self._priorities)]

    def begin(self) -> Any:
        """Begin; answers what is fulfilled at the end."""
        self._next()
        return self._done

    def _next(self) -> None:
        if not self._waves:
            self._done.reply(None)
            return
        wave = self._waves.pop(0)
        for pod in self._of(wave):
            own = pod.spec.termination_grace_period_seconds if pod.spec is not None else None
            self._end(pod, wave.seconds if own is None else min(own, wave.seconds))
        self._look(wave, self._ctx.clock.now() + wave.seconds + _KILL_SECONDS)

    def _look(self, wave: _Wave, until: float) -> None:
        if self._of(wave) and self._ctx.clock.now() < until:
            self._ctx.call_after(_LOOK_SECONDS, self._look, wave, until)
        else:
            self._next()

    def _of(self, wave: _Wave) -> list[Pod]:
        return [p for p in self._pods() if wave_of(self._priorities, _priority(p)) == wave.number]


def _priority(pod: Pod) -> int:
    return (pod.spec.priority or 0) if pod.spec is not None else 0

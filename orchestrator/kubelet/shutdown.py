"""A node that is shut down ends its pods first: those that are critical last, each in its time, and takes no new ones."""

from collections.abc import Callable
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
    """The node is about to be switched off: end its pods within `grace_seconds`, of which the last
    `critical_seconds` are those of critical pods (shutdownGracePeriod, shutdownGracePeriodCriticalPods); then answer.
    """

    grace_seconds: float
    critical_seconds: float


class _Wave(NamedTuple):
    critical: bool
    seconds: float


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
        critical = min(message.critical_seconds, message.grace_seconds)
        self._waves = [_Wave(False, message.grace_seconds - critical), _Wave(True, critical)]

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
        return [pod for pod in self._pods() if _is_critical(pod) is wave.critical]


def _is_critical(pod: Pod) -> bool:
    return pod.spec is not None and (pod.spec.priority or 0) >= _CRITICAL_PRIORITY

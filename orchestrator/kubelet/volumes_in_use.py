"""Which volumes a node's pods use that are attached to it: the status of the Node says so.

Nobody detaches what the status names while the node is well. So what comes is told at once, and what goes with the
next look at the node's status.
"""

from collections.abc import Callable
from typing import Final

from actors import Context, Timer

STATUS_SECONDS: Final = 10.0  # nodeStatusUpdateFrequency
_AT_ONCE: Final = 0.0  # but together with what else is found in this moment


class VolumesInUse:
    """Of one node; `report` writes its status."""

    def __init__(self, ctx: Context, report: Callable[[], None]) -> None:
        self._ctx = ctx
        self._report = report
        self._by_pod: dict[str, tuple[str, ...]] = {}
        self._told: tuple[str, ...] = ()
        self._timer: Timer | None = None

    def names(self) -> tuple[str, ...]:
        """Their unique names, in order."""
        return tuple(sorted({name for names in self._by_pod.values() for name in names}))

    def told(self) -> tuple[str, ...]:
        """The same, for a status that is about to be written."""
        self._told = self.names()
        return self._told

    def use(self, pod_uid: str, names: tuple[str, ...]) -> None:
        """A pod uses these."""
        if names:
            self._by_pod[pod_uid] = names
            if not set(names) <= set(self._told):
                self._report_after(_AT_ONCE)

    def release(self, pod_uid: str) -> None:
        """A pod uses none any more: no container of it runs again."""
        if self._by_pod.pop(pod_uid, None) is not None and self._timer is None:
            self._report_after(STATUS_SECONDS)

    def _report_after(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._ctx.call_after(seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        if self.names() != self._told:
            self._report()

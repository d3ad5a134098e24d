"""How long plugins take, where somebody wants to know: all at each extension point, and each of them.

Filters and scores are shared by pods alike, so a decision's time at these points is what its kernels took to catch up
with what had changed, all nodes together. Some decisions are looked at so closely, for that costs as much as many a
filter. Nothing of this is there in virtual time.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.adapters import filter_kernel_of, score_kernel_of
from orchestrator.scheduler.framework import Plugin
from orchestrator.scheduler.kernels import FilterKernel, ScoreKernel
from orchestrator.scheduler.metrics import Measurements
from orchestrator.scheduler.refusals import Refusal
from orchestrator.scheduler.snapshot import Snapshot

T = TypeVar("T")

SAMPLED: Final = 10  # of so many decisions one is looked at closely; of those kube-scheduler tells of each plugin, too
_LOOKS: Final = ("rows", "row", "leaders", "normalize")  # of kernels


def status_of(found: object) -> str:
    """How an extension point ended, in kube-scheduler's words."""
    if not isinstance(found, Refusal):
        return "Success"
    return "Error" if found.fault else "Unschedulable"


class Stopwatch:
    """Tells how long the plugins of a profile took."""

    def __init__(self, profile: str, now: Callable[[], float], measured: Measurements) -> None:
        self.now = now
        self._profile, self._measured = profile, measured
        self._spent: dict[tuple[str, str], float] = {}  # of one decision, by point and plugin
        # A decision that is not looked at; or a kernel is, and may ask itself: that is its time already.
        self._off = True
        self._decisions = 0

    def ended(self, point: str, began: float, status: str = "Success") -> None:
        """All plugins of a point have been asked."""
        self._measured.points.observe(self.now() - began, point, status, self._profile)

    def begins(self) -> None:
        """A decision begins."""
        self._decisions += 1
        self._off = self._decisions % SAMPLED != 1

    def decided(self, *, anew: bool) -> None:
        """It has ended; `anew`: nothing was known of pods like this one."""
        self._measured.batches[self._profile, "no_hint" if anew else "hint_used"] += 1
        self._off = True
        if not self._spent:
            return
        sums: dict[str, float] = {}
        for (point, plugin), seconds in self._spent.items():
            sums[point] = sums.get(point, 0.0) + seconds
            self._measured.plugins.observe(seconds, plugin, point, "Success")
        for point, seconds in sums.items():
            self._measured.points.observe(seconds, point, "Success", self._profile)
        self._spent.clear()

    def filter_kernel_of(self, plugin: Plugin, pod: Pod, nodes: Snapshot) -> FilterKernel | None:
        """What a plugin filters by for a pod, as `adapters` has it, under the stopwatch. Raises PluginError."""
        kernel = self._timed("PreFilter", plugin.name, filter_kernel_of)(plugin, pod, nodes)
        return kernel and self._watched(kernel, "Filter", plugin.name)

    def score_kernel_of(self, plugin: Plugin, pod: Pod, nodes: Snapshot) -> ScoreKernel | None:
        """What a plugin scores by for a pod, likewise. Raises PluginError."""
        kernel = self._timed("PreScore", plugin.name, score_kernel_of)(plugin, pod, nodes)
        return kernel and self._watched(kernel, "Score", plugin.name)

    def _watched(self, kernel: T, point: str, plugin: str) -> T:
        """The same kernel, each of whose looks is timed: it stays what it is for who asks for its class."""
        for name in _LOOKS:
            look: Any = getattr(kernel, name, None)
            if look is not None:
                setattr(kernel, name, self._timed(point, plugin, look))
        return kernel

    def _timed(self, point: str, plugin: str, call: Callable[..., T]) -> Callable[..., T]:
        key, spent, now = (point, plugin), self._spent, self.now

        def timed(*arguments: Any) -> T:
            if self._off:
                return call(*arguments)
            self._off, began = True, now()
            try:
                return call(*arguments)
            finally:
                self._off = False
                spent[key] = spent.get(key, 0.0) + now() - began

        return timed

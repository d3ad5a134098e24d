"""How much was allocated when so much had been asked for: the curve by which placement policies compare.

As in Weng et al., "Beware of Fragmentation" (USENIX ATC 2023): tasks come one by one and stay; the
better a policy keeps room together, the longer what is allocated keeps up with what has arrived.
"""

from collections.abc import Callable
from typing import Final

from orchestrator.api.core.v1 import Pod
from orchestrator.machinery.resources import pod_needs

PERCENTS: Final = (50, 60, 70, 80, 90, 95, 100, 110, 120, 130, 140, 150)


class Arrived:
    """Follows one extended resource. `allocated` answers (what is requested, what there is) of it."""

    def __init__(self, resource: str, allocated: Callable[[], tuple[float, float]]) -> None:
        self.resource = resource
        self._allocated = allocated
        self._asked = 0.0
        self._left = list(PERCENTS)
        self.allocated_at: dict[int, float] = {}

    def observe_created(self, pod: Pod) -> None:
        """One more pod has come, and has no node yet: those before it have, if they ever will."""
        self._asked += pod_needs(pod).extended.get(self.resource, 0)
        requested, there = self._allocated()
        while there and self._left and self._asked >= self._left[0] / 100 * there:
            self.allocated_at[self._left.pop(0)] = requested / there

    @property
    def share(self) -> float | None:
        """Of what there is, how much has been asked for; more than 1 when it cannot all fit."""
        there = self._allocated()[1]
        return self._asked / there if there else None

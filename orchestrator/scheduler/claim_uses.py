"""Which volume claims pods use: by claim, and how many volumes that may be attached are on each row."""

from collections import Counter

import numpy as np

from orchestrator.api.core.v1 import Pod
from orchestrator.scheduler.domains import Int64
from orchestrator.scheduler.migration import is_in_tree


class ClaimUses:
    """The claims of the pods that are counted on rows."""

    def __init__(self, rows: int) -> None:
        self.in_use: dict[str, int] = {}  # namespace/name -> how many pods use it
        # While it is supposed that pods have come or gone: how many more name a claim, whatever its namespace.
        self.supposed: Counter[str] = Counter()
        self.supposing = False
        self.by_row: Int64 = np.zeros(rows, np.int64)  # volumes that are claims, or in-tree

    def add(self, pod: Pod, row: int, sign: int) -> None:
        """A pod comes to a row, or goes."""
        for volume in pod.spec.volumes if pod.spec is not None else ():
            if volume.ephemeral is not None or is_in_tree(volume):
                self.by_row[row] += sign
            elif volume.persistent_volume_claim is not None:
                self.by_row[row] += sign
                name = volume.persistent_volume_claim.claim_name
                self._use(pod.metadata.namespace, name, sign)

    def _use(self, namespace: str, name: str, sign: int) -> None:
        if self.supposing:
            self.supposed[name] += sign
            return
        key = f"{namespace}/{name}"
        count = self.in_use.get(key, 0) + sign
        if count > 0:
            self.in_use[key] = count
        else:
            self.in_use.pop(key, None)

    def grow(self, more: int) -> None:
        """There are so many more rows."""
        self.by_row = np.concatenate([self.by_row, np.zeros(more, np.int64)])

"""Scores by utilization: a broken line through points, as RequestedToCapacityRatio has it."""

from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np

from orchestrator.scheduler.kernels import MAX_NODE_SCORE
from orchestrator.scheduler.snapshot import Int64

Shape: TypeAlias = tuple[tuple[int, int], ...]
"""(utilization in percent, score of 0 to 10), ascending."""

MAX_SCORE: Final = 10


def utilization_scores(shape: Shape, used: Int64) -> Int64:
    """The score of each utilization (percent), 0 to 100; divided toward zero between points."""
    factor = MAX_NODE_SCORE // MAX_SCORE
    first, last = shape[0], shape[-1]
    scores = np.full(used.shape, last[1] * factor, np.int64)
    for (left, low), (right, high) in reversed(list(pairwise(shape))):
        rise = (high - low) * factor * (used - left)
        between = low * factor + np.trunc(rise / (right - left)).astype(np.int64)
        scores = np.where(used <= right, between, scores)
    return np.where(used <= first[0], first[1] * factor, scores)

"""ImageLocality: prefers nodes that have the pod's images already."""

from typing import Final

import numpy as np

from orchestrator.api.core.v1 import Pod, PodSpec
from orchestrator.scheduler.framework import Plugin
from orchestrator.scheduler.kernels import MAX_NODE_SCORE, ScoreKernel
from orchestrator.scheduler.snapshot import Int64, Rows, Snapshot

_MIB: Final = 1 << 20
_LEAST: Final = 23 * _MIB
_MOST_PER_CONTAINER: Final = 1000 * _MIB


class ImageLocality(Plugin):
    """Scores by the size of the pod's images on a node, each scaled by how many nodes have it."""

    name = "ImageLocality"
    by_content = True

    def score_kernel(self, pod: Pod, nodes: Snapshot) -> ScoreKernel | None:
        """As `ScoreRule.score_kernel`."""
        if not nodes.images or pod.spec is None:
            return None
        images = _images(pod.spec)
        if not any(image in nodes.images for image in images):
            return None
        containers = len(pod.spec.containers) + len(pod.spec.init_containers)
        return _Local(images, containers, nodes)


def _images(spec: PodSpec) -> tuple[str, ...]:
    images = [c.image or "" for c in (*spec.init_containers, *spec.containers)]
    images += [v.image.reference or "" for v in spec.volumes if v.image is not None]
    return tuple(map(_normalized, images))


def _normalized(image: str) -> str:
    """With the tag that it has without one."""
    return image if image.rfind(":") > image.rfind("/") else f"{image}:latest"


class _Local(ScoreKernel):
    spanning = True  # other nodes' images scale those of this one

    def __init__(self, images: tuple[str, ...], containers: int, nodes: Snapshot) -> None:
        self._nodes, self._images, self._containers = nodes, images, containers
        self.traits = (images, containers)
        self._at = -1
        self._scores: Int64 = np.zeros(0, np.int64)

    def rows(self, rows: Rows) -> Int64:
        if self._at != self._nodes.nodes_version:
            self._at = self._nodes.nodes_version
            self._scores = self._all()
        return self._scores[rows]

    def _all(self) -> Int64:
        nodes = self._nodes
        sums = np.zeros(nodes.valid.size, np.int64)
        for image in self._images:
            having = nodes.images.get(image)
            if having is not None:
                spread = float(len(having.rows)) / float(len(nodes))
                sums[list(having.rows)] += int(float(having.size) * spread)
        most = _MOST_PER_CONTAINER * self._containers
        return MAX_NODE_SCORE * (np.clip(sums, _LEAST, most) - _LEAST) // (most - _LEAST)

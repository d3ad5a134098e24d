"""ImageLocality: nodes that have a pod's images."""

from collections.abc import Mapping, Sequence
from typing import Final

from tests.scheduler.oracle.world import Manifest, World, containers_of

_LEAST: Final = 23 * 1024**2
_MOST_A_CONTAINER: Final = 1000 * 1024**2


def images_score(world: World, pod: Manifest, nodes: Sequence[str]) -> Mapping[str, int]:
    """The sizes of the images that are there, each by the share of the nodes that have it."""
    containers = containers_of(pod)
    wanted = [container["image"] for container in containers]
    wanted += [v["image"]["reference"] for v in pod["spec"].get("volumes") or () if "image" in v]
    highest = _MOST_A_CONTAINER * len(containers)
    scores = {}
    for node in nodes:
        total = sum(_worth(world, _full(name), node) for name in wanted)
        scores[node] = 100 * (min(max(total, _LEAST), highest) - _LEAST) // (highest - _LEAST)
    return scores


def _worth(world: World, image: str, node: str) -> int:
    """Its size is what the first node says of it."""
    if image not in _images(world.nodes[node]):
        return 0
    having = [_images(other)[image] for other in world.nodes.values() if image in _images(other)]
    return int(having[0] * (len(having) / len(world.nodes)))


def _images(node: Manifest) -> dict[str, int]:
    return {
        name: image.get("sizeBytes", 0)
        for image in node["status"].get("images") or ()
        for name in image["names"]
    }


def _full(name: str) -> str:
    return name if name.rfind(":") > name.rfind("/") else f"{name}:latest"

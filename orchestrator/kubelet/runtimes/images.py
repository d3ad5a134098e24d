"""The registries of the simulated world: they have every image, but those whose names say otherwise.

No registry is called `invalid` (RFC 2606 keeps the name for that), no repository has a name that says that it does
not exist, and no version is called 404.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from orchestrator.api.core.v1 import Pod
from orchestrator.kubelet.image_names import full_name

_NOT_THERE: Final = re.compile(r"non-?exist(ent|ing)|does-?not-?exist|no-?such-?image|:404$")


@lru_cache(maxsize=4096)
def failing_pull(image: str, failing: bool = False) -> str:
    """Why an image cannot be pulled, as a runtime tells it; empty when it can. `failing`: it cannot."""
    name = full_name(image)
    registry, _, path = name.partition("/")
    start = f'failed to pull and unpack image "{name}": failed to resolve reference "{name}": '
    if "invalid" in registry.partition(":")[0].split("."):
        repository, _, tag = path.rpartition(":")
        return (
            f'{start}failed to do request: Head "https://{registry}/v2/{repository}/manifests/{tag}": '
            f"dial tcp: lookup {registry}: no such host"
        )
    if failing or _NOT_THERE.search(path):
        return f"{start}{name}: not found"
    return ""


def volume_images(pod: Pod) -> Iterator[str]:
    """The images that are volumes of a pod."""
    for volume in pod.spec.volumes if pod.spec is not None else ():
        if volume.image is not None:
            yield volume.image.reference


def missing(image: str) -> str:
    """What is said of an image that is not on the node and must not be pulled."""
    return f'Container image "{image}" is not present with pull policy of Never'

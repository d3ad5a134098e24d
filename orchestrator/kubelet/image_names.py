"""Whether an image's name can be one, as the `reference` package of container registries reads it."""

import hashlib
import re
from functools import lru_cache
from typing import Final

_DOMAIN: Final = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_COMPONENT: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REFERENCE: Final = re.compile(
    rf"(?:{_DOMAIN}/)?{_COMPONENT}(?:/{_COMPONENT})*"
    r"(?::[\w][\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?"
)
_MAX_NAME: Final = 255
FUNCTION: Final = "py://"  # how an image begins that is a function of the host program


@lru_cache(maxsize=4096)
def full_name(image: str) -> str:
    """The image's name with what is left out of it: `nginx` is `docker.io/library/nginx:latest`."""
    domain, remainder = _split(image)
    tagged = ":" in remainder or "@" in remainder
    return f"{domain}/{remainder}" if tagged else f"{domain}/{remainder}:latest"


@lru_cache(maxsize=4096)
def image_id(image: str) -> str:
    """What a runtime calls the image that it has: the repository and a digest, which is made of the name here."""
    if image.startswith(FUNCTION):
        return image
    name = full_name(image)
    if "@" in name:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()
    return f"{name.rpartition(':')[0]}@sha256:{digest}"


@lru_cache(maxsize=4096)
def name_fault(image: str) -> str:
    """Why no image can have this name; empty when one can."""
    if image.startswith(FUNCTION):
        return ""
    _, remainder = _split(image)
    path = re.split("[:@]", remainder, maxsplit=1)[0]
    fault = ""
    if path.lower() != path:
        fault = f"invalid reference format: repository name ({path}) must be lowercase"
    elif not _REFERENCE.fullmatch(image):
        fault = "invalid reference format"
    elif len(path) > _MAX_NAME:
        fault = f"repository name must not be more than {_MAX_NAME} characters"
    return fault and f'couldn\'t parse image name "{image}": {fault}'


def _split(image: str) -> tuple[str, str]:
    """Registry and the rest."""
    first, slash, rest = image.partition("/")
    if not slash or not (
        "." in first or ":" in first or first == "localhost" or first.lower() != first
    ):
        return "docker.io", image if slash else f"library/{image}"
    return first, rest

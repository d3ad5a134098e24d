"""What is in the few images that simulated containers know: the files that somebody asks for."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from orchestrator.kubelet.runtimes.programs import SITES, image_name

_PAGE: Final = b"<html><body><h1>It works!</h1></body></html>\n"
_AGNHOST: Final = {
    # What is served in its place: nobody reads it, and probes want to find it.
    "/localhost.crt": b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
    "/etc/os-release": b'NAME="Alpine Linux"\nID=alpine\n',
}


def _picture(name: str) -> Mapping[str, bytes]:
    """The image of a demonstration: agnhost, which serves the name of a picture."""
    return {**_AGNHOST, "/data.json": f'{{\n  "image": "{name}.jpg"\n}}\n'.encode()}


_FILES: Final[Mapping[str, Mapping[str, bytes]]] = {
    "agnhost": _AGNHOST,
    **{name: _picture(name) for name in ("kitten", "nautilus")},
    **{name: {f"{site}/index.html": _PAGE} for name, site in SITES.items()},
}
_RUN_AS_ROOT: Final = frozenset({"busybox", *_FILES})
_SOMEBODY: Final = 65_534
_NONE: Final[Mapping[str, bytes]] = MappingProxyType({})


def files_of_image(image: str) -> Mapping[str, bytes]:
    """The files that an image brings, by their paths; of most images nothing is known."""
    return _FILES.get(image_name(image), _NONE)


def user_of_image(image: str) -> int:
    """The number of the user as whom an image runs; those of which nothing is known are taken not to run as root."""
    return 0 if image_name(image) in _RUN_AS_ROOT else _SOMEBODY

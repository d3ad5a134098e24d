"""What a simulated container runs, if that is known here: its command line, how it ends, what it serves.

A container's command decides; without one its image does, for the few images that are programs known here. All
others behave by their profile.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from msgspec import Struct

from orchestrator.api.core.v1 import Container
from orchestrator.kubelet.runtimes import agnhost
from orchestrator.kubelet.runtimes.services import Service
from orchestrator.kubelet.runtimes.shell import Outlook, outlook, rehearse
from orchestrator.kubelet.substitution import substituted
from orchestrator.machinery.memo import IdentityMemo

_REPLACED: Final = re.compile(r"\$\(|\$\$")
_FOR_EVER: Final = float(1 << 30)
_ENTRYPOINTS: Final[Mapping[str, tuple[str, ...]]] = {
    "agnhost": ("/agnhost",),
    "pause": ("/pause",),
    "nonewprivs": ("/usr/local/bin/nnp",),
    "kitten": ("/agnhost",),
    "nautilus": ("/agnhost",),
}
_DEFAULTS: Final[Mapping[str, tuple[str, ...]]] = {
    "agnhost": ("pause",),
    "kitten": ("test-webserver",),
    "nautilus": ("test-webserver",),
}
# Where the pages are of images that are web servers.
SITES: Final[Mapping[str, str]] = {
    "httpd": "/usr/local/apache2/htdocs",
    "nginx": "/usr/share/nginx/html",
}


class Program(Struct, frozen=True):
    """`alone`: it looks at nothing, so `ends` says how every run ends: after so many seconds, with which code
    (None: it does not). Otherwise it runs within the container's world, step by step.
    """

    argv: tuple[str, ...]
    alone: bool
    ends: tuple[float, int | None] = (0.0, None)
    service: Service | None = None


def image_name(image: str) -> str:
    """The last part of an image's name, without tag and digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def site_of(container: Container) -> str:
    """The directory of the pages that the container serves, if its image is a web server and its command its own."""
    return "" if container.command else SITES.get(image_name(container.image), "")


def _program(container: Container) -> Program | None:
    # What takes input waits for who gives it.
    if container.stdin:
        return None
    argv = command_line(container)
    # What the kubelet puts in for a variable of the container is no command of a shell's.
    known = {each.name: each.value or each.name for each in container.env}
    return _program_of(argv, tuple([substituted(word, known) for word in argv]) if known else argv)


@lru_cache(maxsize=4096)
def _program_of(argv: tuple[str, ...], filled: tuple[str, ...]) -> Program | None:
    """`filled`: the command line with its variables filled in, as far as they are known before it starts."""
    if not argv:
        return None
    seen = _outlook(filled)
    if not seen.known:
        return None
    service = agnhost.service_of(argv) if _is_agnhost(argv) else None
    if any(_REPLACED.search(word) for word in argv) or not seen.alone:
        return Program(argv, False, service=service)
    seconds, code = rehearse(argv)
    return Program(argv, True, (seconds, None if seconds >= _FOR_EVER else code), service)


def command_line(container: Container) -> tuple[str, ...]:
    """What the container runs, as far as its spec and its image's name say."""
    name = image_name(container.image)
    if container.command:
        return (*container.command, *container.args)
    entry = _ENTRYPOINTS.get(name, ())
    return (*entry, *(container.args or _DEFAULTS.get(name, ()))) if entry else container.args


def _is_agnhost(argv: tuple[str, ...]) -> bool:
    return argv[0].rpartition("/")[2] in agnhost.NAMES


def _outlook(argv: tuple[str, ...]) -> Outlook:
    if argv[0].rpartition("/")[2] == "pause":
        return Outlook(True, True)
    if _is_agnhost(argv):
        name = argv[1] if len(argv) > 1 else "pause"
        return Outlook(name in agnhost.SUBCOMMANDS, name in agnhost.ALONE)
    return outlook(argv)


PROGRAMS: Final[IdentityMemo[Container, Program | None]] = IdentityMemo(_program, 1 << 12)
"""Of a container that pods share; None: it behaves by its profile."""


def looks_around(container: Container) -> bool:
    """Whether a probe or a hook of the container runs a command that looks at its files."""
    return _LOOKS(container)


def _looks(container: Container) -> bool:
    probes = (container.liveness_probe, container.readiness_probe, container.startup_probe)
    lifecycle = container.lifecycle
    handlers = [p.exec for p in probes if p is not None]
    if lifecycle is not None:
        handlers += [h.exec for h in (lifecycle.post_start, lifecycle.pre_stop) if h is not None]
    return any(h is not None and not outlook(h.command).alone for h in handlers)


_LOOKS: Final[IdentityMemo[Container, bool]] = IdentityMemo(_looks, 1 << 12)

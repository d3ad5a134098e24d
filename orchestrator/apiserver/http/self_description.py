"""What a server says of itself in plain words: /statusz and /flagz, as Kubernetes' components do.

Both are for people: Kubernetes promises nothing about their form, and they are laid out as it lays
them out (component-base's zpages).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from orchestrator.apiserver.http.version import MAJOR, MINOR, runtime_version

_WARNING: Final = (
    "Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility "
    "guarantees and is for debugging purposes only."
)
# The pages of the server's own state, among those that /statusz names.
_PATHS: Final = ("/flagz", "/healthz", "/livez", "/metrics", "/readyz", "/statusz", "/version")


def statusz(started: float, now: float) -> str:
    """Since when the server runs, in which version, and where it says more; times are seconds since 1970."""
    seconds = max(0, int(now - started))
    since = datetime.fromtimestamp(started, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
    version = f"{MAJOR}.{MINOR}"
    return _page(
        "statusz",
        (
            "",
            f"Started= {since}",
            f"Up= {seconds // 3600} hr {seconds // 60 % 60:02d} min {seconds % 60:02d} sec",
            f"Go version= {runtime_version()}",
            f"Binary version= {version}",
            f"Emulation version= {version}",
            f"Paths= {' '.join(_PATHS)}",
        ),
    )


def flagz(flags: Mapping[str, str]) -> str:
    """The options that the server was started with, by name."""
    return _page("flagz", (f"{name}:{flags[name]}" for name in sorted(flags)))


def _page(name: str, lines: Iterable[str]) -> str:
    return "\n".join(("", f"apiserver {name}", _WARNING, *lines, ""))

"""Warning headers: what clients are told besides the answer, whatever becomes of their request.

A path that is deprecated comes first, then what was found while the request was handled.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from aiohttp.web import StreamResponse

from orchestrator.api.scheme import Resource
from orchestrator.apiserver.kinds import kind_of

# Resource and version -> since when, and what to use instead.
_DEPRECATED: Final[Mapping[tuple[str, str], str]] = {
    (
        "endpoints",
        "v1",
    ): "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    ("componentstatuses", "v1"): "v1 ComponentStatus is deprecated in v1.19+",
}


def add_warnings(response: StreamResponse, resource: Resource, found: Iterable[str] = ()) -> None:
    """Add the headers to a response that has not begun."""
    for text in (deprecation_of(resource), *found):
        if text is not None:
            response.headers.add("Warning", f"299 - {_quoted(text)}")


def deprecation_of(resource: Resource) -> str | None:
    """What is said of a path that is deprecated."""
    return _DEPRECATED.get((resource.key, resource.version)) or kind_of(resource).deprecation


def _quoted(text: str) -> str:
    """A quoted-string of HTTP: one line, backslashes before quotes and backslashes."""
    line = "".join(c if c.isprintable() else " " for c in text)
    escaped = line.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

"""Warning headers: what clients are told besides the answer, whatever becomes of their request.

A path that is deprecated comes first, then what was found while the request was handled.
"""

import re
from collections.abc import Collection, Iterable, Mapping
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
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# Kubernetes' bounds: beyond all of these characters each text is cut to so many, and then they end.
_ALL_CHARACTERS: Final = 4 * 1024
_EACH_CHARACTERS: Final = 256


def add_warnings(response: StreamResponse, resource: Resource, found: Collection[str] = ()) -> None:
    """Add the headers to a response that has not begun."""
    deprecation = deprecation_of(resource)
    if deprecation is None and not found:
        return
    texts = (text for text in (deprecation, *found) if text)
    for text in _within_bounds(dict.fromkeys(texts)):
        response.headers.add("Warning", f"299 - {_quoted(text)}")


def deprecation_of(resource: Resource) -> str | None:
    """What is said of a path that is deprecated."""
    return _DEPRECATED.get((resource.key, resource.version)) or kind_of(resource).deprecation


def _within_bounds(texts: Collection[str]) -> list[str]:
    """Those that fit whole; if not all do, the first ones, cut. A text with control characters is not told."""
    whole: list[str] = []
    size = 0
    for text in filter(_is_tellable, texts):
        size += len(text)
        if size > _ALL_CHARACTERS:
            return _cut(texts)
        whole.append(text)
    return whole


def _cut(texts: Iterable[str]) -> list[str]:
    told: list[str] = []
    size = 0
    for text in texts:
        if size >= _ALL_CHARACTERS:
            break
        short = text[:_EACH_CHARACTERS]
        if _is_tellable(short):
            told.append(short)
            size += len(short)
    return told


def _is_tellable(text: str) -> bool:
    return _CONTROL.search(text) is None


def _quoted(text: str) -> str:
    """A quoted-string of HTTP: backslashes before quotes and backslashes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

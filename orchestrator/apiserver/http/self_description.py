"""What a server says of itself: /statusz and /flagz, as Kubernetes' components do.

In plain words both are for people: Kubernetes promises nothing about their form, and they are laid out as it lays
them out. A program asks for an object, by the media type that names its kind and version.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple

from orchestrator.apiserver.http.negotiation import clauses
from orchestrator.apiserver.http.version import GIT_VERSION, MAJOR, MINOR, runtime_version
from orchestrator.machinery.times import format_time

PAGE_FORMS: Final = ("application/json", "application/yaml", "text/plain")
OLD_VERSIONS: Final = ("v1alpha1",)
_GROUP: Final = "config.k8s.io"
_VERSIONS: Final = (*OLD_VERSIONS, "v1beta1")
_KINDS: Final = {"statusz": "Statusz", "flagz": "Flagz"}
_COMPONENT: Final = "apiserver"
_TEXTS: Final = ("text/plain", "text/*", "*/*")

_WARNING: Final = (
    "Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility "
    "guarantees and is for debugging purposes only."
)
# The pages of the server's own state, among those that /statusz names.
_PATHS: Final = ("/flagz", "/healthz", "/livez", "/metrics", "/readyz", "/statusz", "/version")


class PageForm(NamedTuple):
    """The form of a page; `version` is that of an object, and `told` what its media type says of it."""

    media: Literal["text", "json", "yaml"] = "text"
    version: str = ""
    told: str = ""
    pretty: bool = False


def form_of_page(accept: str, page: str) -> PageForm | None:
    """The first form that a client wants and the page has; None if there is none."""
    if not accept.strip():
        return PageForm()
    kind = _KINDS[page]
    for media_type, parameters, _ in clauses(accept):
        group, version, shape = (parameters.get(key, "") for key in ("g", "v", "as"))
        if media_type in _TEXTS and not (group or version or shape):
            return PageForm()
        if (group, shape) != (_GROUP, kind) or version not in _VERSIONS:
            continue
        told = f"g={group};v={version};as={shape}"
        pretty = parameters.get("pretty") == "1"
        if media_type in ("application/json", "application/*", "*/*"):
            return PageForm("json", version, told, pretty)
        if media_type == "application/yaml":
            return PageForm("yaml", version, told, pretty)
    return None


def page_object(
    page: str, version: str, flags: Mapping[str, str], started: float, now: float
) -> dict[str, Any]:
    """A page as an object of a version."""
    head = {
        "kind": _KINDS[page],
        "apiVersion": f"{_GROUP}/{version}",
        "metadata": {"name": _COMPONENT},
    }
    if page == "flagz":
        return {**head, **({"flags": dict(sorted(flags.items()))} if flags else {})}
    return {
        **head,
        "startTime": format_time(started),
        "uptimeSeconds": max(0, int(now - started)),
        "goVersion": runtime_version(),
        "binaryVersion": GIT_VERSION.removeprefix("v"),
        "emulationVersion": f"{MAJOR}.{MINOR}",
        "paths": _PATHS,
    }


def statusz(started: float, now: float) -> str:
    """Since when the server runs, in which version, and where it says more; times are seconds since 1970."""
    seconds = max(0, int(now - started))
    since = datetime.fromtimestamp(started, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
    return _page(
        "statusz",
        (
            "",
            f"Started= {since}",
            f"Up= {seconds // 3600} hr {seconds // 60 % 60:02d} min {seconds % 60:02d} sec",
            f"Go version= {runtime_version()}",
            f"Binary version= {GIT_VERSION.removeprefix('v')}",
            f"Emulation version= {MAJOR}.{MINOR}",
            f"Paths= {' '.join(_PATHS)}",
        ),
    )


def flagz(flags: Mapping[str, str]) -> str:
    """The options that the server was started with, by name."""
    return _page("flagz", (f"{name}:{flags[name]}" for name in sorted(flags)))


def _page(name: str, lines: Iterable[str]) -> str:
    return "\n".join(("", f"{_COMPONENT} {name}", _WARNING, *lines, ""))

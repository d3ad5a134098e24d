"""Which form of an answer the client gets: JSON or YAML; the object, its metadata, or a table."""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

from msgspec import Struct

from orchestrator.machinery.memo import remembered

Media: TypeAlias = Literal["json", "yaml", "protobuf"]
Shape: TypeAlias = Literal["", "Table", "PartialObjectMetadata", "PartialObjectMetadataList"]

_SHAPES: Final[dict[str, Shape]] = {
    "Table": "Table",
    "PartialObjectMetadata": "PartialObjectMetadata",
    "PartialObjectMetadataList": "PartialObjectMetadataList",
}
_META_VERSIONS: Final = ("v1", "v1beta1")
_MEDIA: Final[dict[str, Media]] = {
    "application/json": "json",
    "application/yaml": "yaml",
    "application/vnd.kubernetes.protobuf": "protobuf",
    "*/*": "json",
}
_PRETTY_AGENTS: Final = ("curl", "Wget", "Mozilla/5.0")


class Form(Struct, frozen=True):
    """The form of an answer. `meta_version` is that of a Table or PartialObjectMetadata."""

    media: Media = "json"
    shape: Shape = ""
    meta_version: str = "meta.k8s.io/v1"
    pretty: bool = False


class Clause(NamedTuple):
    """One alternative of an Accept header."""

    media_type: str
    parameters: dict[str, str]
    quality: float


@remembered(512)
def clauses(accept: str) -> tuple[Clause, ...]:
    """The alternatives, the client's favourite first, as Go's library reads them: what it cannot read it passes over."""
    found = []
    for text in accept.split(","):
        media_type, *fields = text.strip(" ").split(";")
        kind, _, inner = media_type.partition("/")
        kind, inner = kind.strip(" "), inner.strip(" ")
        if "/" in inner or not (inner or kind == "*"):
            continue
        parameters = {}
        quality = 1.0
        for field in fields:
            key, _, value = field.partition("=")
            key = key.strip(" ")
            if not value or "=" in value:
                continue
            if key == "q":
                quality = _quality(value)
            else:
                parameters[key] = value.strip(" ")
        found.append(Clause(f"{kind}/{inner or '*'}", parameters, quality))
    return tuple(sorted(found, key=lambda clause: -clause.quality))


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


@remembered(512)
def is_representable(accept: str) -> bool:
    """Whether the client names any media type that is known, whatever its parameters: so a route is found."""
    return not accept or not _MEDIA.keys().isdisjoint(_named(accept))


def accepts(accept: str, media_type: str) -> bool:
    """Whether the client takes a document of that type, which has no other form."""
    return not accept or not {"*/*", media_type}.isdisjoint(_named(accept))


def _named(accept: str) -> Iterator[str]:
    """The media types that a header names, letter by letter."""
    for part in accept.split(","):
        yield part.partition(";")[0].strip(" ")


def media_of(media_type: str) -> Media | None:
    """How what a clause names is written; None where it is no form of an object. Any form of an application is JSON."""
    return "json" if media_type == "application/*" else _MEDIA.get(media_type)


@remembered(512)
def negotiate(
    accept: str, protobuf: bool = True, tables: bool = True, shapes: bool = True
) -> Form | None:
    """The first alternative that can be served; None if there is none.

    `protobuf`: whether what is asked for has that form whole, as Kubernetes' own kinds have; `tables`: whether it
    is shown in tables, as what is stored is, its status and its scale; `shapes`: whether it has any form but
    its own. CBOR is never served: a client that offers JSON beside it gets JSON.
    """
    if not accept:
        return Form()
    for clause in clauses(accept):
        media = media_of(clause.media_type)
        form = None if media is None else _form(media, clause.parameters)
        if form is not None and media == "protobuf" and not (protobuf or form.shape):
            continue  # metadata alone has that form always
        if form is not None and (shapes or not form.shape) and (tables or form.shape != "Table"):
            return form
    return None


def _form(media: Media, parameters: dict[str, str]) -> Form | None:
    if parameters.get("stream", "watch") not in ("watch", ""):
        return None
    pretty = parameters.get("pretty") == "1"
    group, version, kind = (parameters.get(key, "") for key in ("g", "v", "as"))
    if not (group or version or kind):
        return Form(media, pretty=pretty)
    shape = _SHAPES.get(kind)
    if media == "protobuf" and shape == "Table":
        return None
    if shape is None or group != "meta.k8s.io" or version not in _META_VERSIONS:
        return None
    return Form(media, shape, f"{group}/{version}", pretty)


def is_pretty(parameter: str | None, agent: str) -> bool:
    """Whether a person reads the answer: the `pretty` parameter says so, or the user agent."""
    if parameter:
        return parameter in ("1", "t", "T", "true", "TRUE", "True")
    return agent.startswith(_PRETTY_AGENTS)

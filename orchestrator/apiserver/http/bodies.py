"""Request bodies: read within a bound, decoded, checked, and refused in Kubernetes' words.

A body comes from someone we do not trust. Its size is bounded before it is read, its depth before
anything recurses over it, and YAML is built by `machinery.manifests`, which bounds aliases.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import partial
from math import isinf
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypeVar

import msgspec
from aiohttp.web import BaseRequest, RequestPayloadError
from msgspec import Struct

from orchestrator.api import codec, protobuf
from orchestrator.api.errors import DecodeError, NumberOutOfRange, UnknownKind
from orchestrator.api.meta.v1 import DeleteOptions
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver.aside import BULKY_BYTES, aside
from orchestrator.apiserver.http.connections import ask_for_body
from orchestrator.apiserver.http.errors import (
    timed_out,
    too_large,
    unsupported_media_type,
    unsupported_patch_type,
)
from orchestrator.apiserver.http.strictness import (
    duplicate_fields,
    in_document_order,
    number_as_written,
)
from orchestrator.apiserver.validation.registered import (
    NO_KIND,
    is_registered,
    type_fault,
    unconvertible,
)
from orchestrator.machinery import manifests, specs
from orchestrator.machinery.documents import MAX_DEPTH, in_int64, too_deep
from orchestrator.machinery.errors import ManifestError
from orchestrator.machinery.managed_fields.managers import with_explicit_reset
from orchestrator.protocol import BadRequest, PatchType, Unclassified

MAX_BYTES: Final = 3 * 1024 * 1024
# A text that is no longer cannot be deep: each level begins and ends.
_SHALLOW: Final = 2 * MAX_DEPTH
# Each alias of YAML may stand for much.
_MANY_ALIASES: Final = 16

R = TypeVar("R")
BodyMedia: TypeAlias = Literal["json", "yaml", "protobuf"]

_LONG_NUMBER: Final = re.compile(rb"[0-9]{19}")

_NUMBER: Final = re.compile(r"unmarshal number \S+ into")
_MEDIA: Final[Mapping[str, BodyMedia]] = {
    "": "json",
    "application/json": "json",
    "application/yaml": "yaml",
    "application/vnd.kubernetes.protobuf": "protobuf",
}
_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
# A media type with its parameters, as Go reads it: what does not read so is of no type. Nothing is read twice, or a long
# header would take for ever.
_CONTENT_TYPE: Final = re.compile(
    rf"\s*+{_TOKEN}/{_TOKEN}\s*+"
    rf'(?:;\s*+{_TOKEN}\s*+=\s*+(?:{_TOKEN}|"(?:[^"\\]|\\.)*+")\s*+)*+;?\s*+'
)
_PATCHES: Final[Mapping[str, PatchType]] = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
    "application/apply-patch+yaml": "apply",
}
# What Kubernetes shows of a body that it cannot read: the head of text, else fewer bytes of it.
_SUMMARY_BYTES: Final = 30
_TYPE_META: Final = (
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; '
    'Kind string "json:\\"kind,omitempty\\"" }'
)

# What is still taken in a version that is not served any more.
_OLDER: Final[Mapping[str, tuple[str, ...]]] = {"Eviction": ("policy/v1beta1",)}
_DELETE_OPTIONS: Final = "DeleteOptions"
# What else the scheme of options knows.
_OPTIONS: Final = frozenset(
    (
        "CreateOptions",
        "GetOptions",
        "InternalEvent",
        "ListOptions",
        "PatchOptions",
        "Status",
        "Table",
        "UpdateOptions",
        "WatchEvent",
    )
)
_META_SCHEME: Final = "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"


class Expected(NamedTuple):
    """What the body of a request must hold; `unknown` finds what a custom resource's schema lacks.

    `refusal`: what is said of every body that does not fit, where that is always the same.
    """

    type: type[Any]
    api_version: str
    kind: str
    unknown: Callable[[Any], list[str]] | None = None
    refusal: str = ""

    @property
    def custom(self) -> bool:
        """Whether the kind is a definition's, which knows of no others."""
        return self.type is Unstructured


class Received(Struct, frozen=True):
    """A decoded body, and what is to be said about it in Warning headers."""

    object: Any
    warnings: tuple[str, ...]
    document: Any = None


async def read(request: BaseRequest, seconds: float) -> bytes:
    """The whole body.

    Raises RequestEntityTooLarge above MAX_BYTES, ServerTimeout when it has not come after `seconds`,
    Unclassified when its chunks are none.
    """
    ask_for_body(request)
    if request.content.is_eof():  # it came together with the head
        return _bounded(request.content.read_nowait())
    length = request.content_length
    if length is not None and length > MAX_BYTES:
        raise too_large(MAX_BYTES)
    try:
        async with asyncio.timeout(seconds):
            return await _chunks(request)
    except TimeoutError:
        raise timed_out() from None
    except RequestPayloadError as error:
        raise Unclassified(str(error)) from error


async def apart(read_: Callable[..., R], data: bytes, *arguments: Any) -> R:
    """What a reader makes of a body; a large one is read in a thread, so that others have their turn."""
    if len(data) <= BULKY_BYTES and data.count(b"*") < _MANY_ALIASES:
        return read_(data, *arguments)
    return await aside(partial(read_, data, *arguments))


def _bounded(data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise too_large(MAX_BYTES)
    return data


async def _chunks(request: BaseRequest) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > MAX_BYTES:
            raise too_large(MAX_BYTES)
        chunks.append(chunk)
    return b"".join(chunks)


def media_of(content_type: str) -> BodyMedia:
    """JSON, YAML or protobuf. Raises UnsupportedMediaType."""
    media = _MEDIA.get(_bare(content_type))
    if media is None or (content_type and not _CONTENT_TYPE.fullmatch(content_type)):
        raise unsupported_media_type()
    return media


def patch_type_of(content_type: str, *, typed: bool) -> PatchType:
    """How a patch says what is to change; a strategic merge needs a typed kind. Raises UnsupportedMediaType."""
    patch_type = _PATCHES.get(content_type.partition(";")[0] if content_type[:1] != ";" else "")
    if patch_type is None and typed:
        raise unsupported_patch_type()
    if patch_type is None or (patch_type == "strategic" and not typed):
        raise unsupported_media_type(
            name for name, known in _PATCHES.items() if known != "strategic"
        )
    return patch_type


def _bare(content_type: str) -> str:
    return content_type.split(";", 1)[0].strip().lower()


# --- objects -------------------------------------------------------------------------------


def decode(data: bytes, media: BodyMedia, expected: Expected, validation: str) -> Received:
    """The object in a body. Raises BadRequest.

    `validation` is Ignore, Warn or Strict: what happens to fields that the kind does not have, and
    to fields that stand twice. In protobuf there are none.
    """
    unbounded: NumberOutOfRange | None = None
    try:
        said, repeated_lines = _document(data, media, expected.kind)
    except NumberOutOfRange as error:
        if expected.custom:
            words = error.message
            raise _cannot_be_handled(
                expected.api_version, expected.kind, expected, words
            ) from error
        said, repeated_lines, unbounded = _object(error.document), [], error
    document = said
    if expected.custom:
        document = as_custom(said, data)
        _check_said(document, data, expected)
    api_version, kind = expected.api_version, expected.kind
    if document.get("kind") != kind or document.get("apiVersion") != api_version:
        api_version, kind = _checked_kind(document, data, expected)
        document = {**document, "apiVersion": api_version, "kind": kind}
    document = with_explicit_reset(document)
    try:
        obj, unknown = specs.decode_noting(document, expected.type)
        if expected.unknown is not None:
            unknown = (*unknown, *expected.unknown(obj))
    except DecodeError as error:
        words = error.words
        if media == "json" and (number := number_as_written(data, error.path)):
            words = _NUMBER.sub(lambda _: f"unmarshal number {number} into", words)
        raise _cannot_be_handled(api_version, kind, expected, words) from error
    if unbounded is not None and _holds_infinity(msgspec.to_builtins(obj, enc_hook=tuple)):
        raise _cannot_be_handled(api_version, kind, expected, unbounded.message)
    if validation == "Ignore" or media == "protobuf":
        return Received(obj, (), document)
    repeated = duplicate_fields(data, said) if media == "json" else ()
    if not (unknown or repeated or repeated_lines):
        return Received(obj, (), document)
    faults = in_document_order(data, unknown, repeated)
    if validation == "Strict" and (faults or repeated_lines):
        if repeated_lines:
            faults.insert(0, _unmarshal_errors(repeated_lines))
        words = f"strict decoding error: {', '.join(faults)}"
        raise _cannot_be_handled(api_version, kind, expected, words)
    return Received(obj, (*repeated_lines, *faults), document)


def _holds_infinity(value: Any) -> bool:
    """Whether a field without a type of its own holds a number that is none here."""
    if isinstance(value, dict):
        return any(map(_holds_infinity, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_holds_infinity, value))
    return isinstance(value, float) and isinf(value)


def _unmarshal_errors(lines: list[str]) -> str:
    """What the original's YAML library says of keys that stand twice."""
    return "yaml: unmarshal errors:" + "".join(f"\n  {line}" for line in lines)


def _document(data: bytes, media: BodyMedia, kind: str) -> tuple[dict[str, Any], list[str]]:
    """The document, and what is to be said of keys that stand twice in YAML."""
    try:
        return (_READERS[media](data), []) if media != "yaml" else _yaml_noting(data)
    except _Unreadable as error:
        raise BadRequest(
            f"the object provided is unrecognized (must be of type {kind}): "
            f"{error} ({_summary(data)})"
        ) from error


class _Unreadable(ValueError):
    """Not a document: the message says why."""


def _json(data: bytes) -> dict[str, Any]:
    try:
        document = _json_value(data)
    except _Unreadable as error:
        raise _Unreadable(NO_KIND + str(error)) from error
    return _object(document)


def _object(document: Any) -> dict[str, Any]:
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise _Unreadable(
            f"{NO_KIND}json: cannot unmarshal {_kind_of(document)} into Go value of type {_TYPE_META}"
        )
    if fault := type_fault(document):
        raise _Unreadable(fault)
    return document


def _json_value(data: bytes) -> Any:
    try:
        document = codec.loads(data)
    except NumberOutOfRange:
        raise
    except DecodeError as error:
        raise _Unreadable(error.message) from error
    if len(data) > _SHALLOW and _may_be_deep(data) and too_deep(document):
        raise _Unreadable(f"exceeded max depth {MAX_DEPTH}")
    return document


def _may_be_deep(data: bytes) -> bool:
    """Counting brackets costs little, and tells of almost every text that nothing in it can be deep."""
    return data.count(b"{") + data.count(b"[") > MAX_DEPTH


def _yaml(data: bytes) -> dict[str, Any]:
    return _yaml_noting(data)[0]


def _yaml_noting(data: bytes) -> tuple[dict[str, Any], list[str]]:
    try:
        document, repeated = manifests.load_noting(data, "body")
    except ManifestError as error:
        raise _Unreadable(_of_library(error)) from error
    return _object(document), repeated


def _of_library(error: ManifestError) -> str:
    """Which library refuses YAML: that for YAML, or the one that writes it as JSON."""
    return error.words if error.words.startswith("json: ") else f"yaml: {error.words}"


def _protobuf(data: bytes) -> dict[str, Any]:
    if not data:
        raise _Unreadable("empty data")
    if not data.startswith(protobuf.MAGIC):
        prefix = " ".join(map(str, protobuf.MAGIC))
        raise _Unreadable(
            f"provided data does not appear to be a protobuf message, expected prefix [{prefix}]"
        )
    try:
        return protobuf.decode(data)
    except UnknownKind:
        raise unsupported_media_type() from None
    except DecodeError as error:
        raise _Unreadable(str(error)) from error


_READERS: Final[Mapping[BodyMedia, Callable[[bytes], dict[str, Any]]]] = {
    "json": _json,
    "yaml": _yaml,
    "protobuf": _protobuf,
}


def _kind_of(document: Any) -> str:
    return {list: "array", str: "string", bool: "bool", type(None): "null"}.get(
        type(document), "number"
    )


def _summary(data: bytes) -> str:
    if not data:
        return "<empty>"
    head = data[:_SUMMARY_BYTES]
    text = head.decode(errors="replace") if data.startswith(b"{") else head.hex()
    return f"{text} ..." if len(data) > _SUMMARY_BYTES else text


def _check_said(document: dict[str, Any], data: bytes, expected: Expected) -> None:
    """A custom resource says itself what it is. Raises BadRequest."""
    if not document.get("kind"):
        said = data.decode(errors="replace")
        raise BadRequest(
            f"the object provided is unrecognized (must be of type {expected.kind}): "
            f"Object 'Kind' is missing in '{said}' ({_summary(data)})"
        )
    if not document.get("apiVersion"):
        raise BadRequest(
            "the API version in the data () does not match "
            f"the expected API version ({expected.api_version})"
        )


def _checked_kind(document: dict[str, Any], data: bytes, expected: Expected) -> tuple[str, str]:
    """The document's own version and kind; where it says none they are what is expected."""
    api_version, kind = document.get("apiVersion") or "", document.get("kind") or ""
    if api_version.count("/") > 1:
        raise BadRequest(
            f"the object provided is unrecognized (must be of type {expected.kind}): "
            f"unexpected GroupVersion string: {api_version} ({_summary(data)})"
        )
    known = (expected.api_version, *_OLDER.get(expected.kind, ()))
    if api_version and api_version not in known:
        other = kind not in ("", expected.kind)
        if not expected.custom and (other or not is_registered(api_version, expected.kind)):
            raise _not_handled(api_version, kind or expected.kind, expected)
        raise BadRequest(
            f"the API version in the data ({api_version}) does not match "
            f"the expected API version ({expected.api_version})"
        )
    if expected.type is Unstructured:
        return expected.api_version, kind or expected.kind  # another kind is told of with the rest
    if kind and kind != expected.kind:
        raise _not_handled(api_version or expected.api_version, kind, expected)
    return expected.api_version, expected.kind


def _not_handled(api_version: str, kind: str, expected: Expected) -> BadRequest:
    why = unconvertible(api_version, kind, expected.api_version, expected.kind)
    return _cannot_be_handled(api_version, kind, expected, why)


def _cannot_be_handled(api_version: str, kind: str, expected: Expected, why: str) -> BadRequest:
    if expected.refusal:
        return BadRequest(expected.refusal)
    version = api_version.rpartition("/")[2]
    return BadRequest(
        f'{kind} in version "{version}" cannot be handled as a {expected.kind}: {why}'
    )


def as_custom(document: Any, data: bytes) -> Any:
    """The document in a body of a custom resource: with floats for what does not fit into 64 bits.

    The fields of other kinds have widths, so that their readers know better what to say.
    """
    return in_int64(document) if _LONG_NUMBER.search(data) else document


# --- patches and options -------------------------------------------------------------------


def decode_patch(data: bytes, patch_type: str, validation: str) -> Any:
    """A patch's document. Raises BadRequest, in the words of who reads such a patch first."""
    try:
        return _json_value(data)
    except (_Unreadable, NumberOutOfRange) as error:
        why = error.message if isinstance(error, NumberOutOfRange) else str(error)
        if patch_type == "json":
            why = why.replace("Go value", "Go struct field jsonPatchOp.value")
        if patch_type == "strategic":
            raise BadRequest(why) from error
        if validation == "Ignore":
            raise BadRequest("Invalid JSON Patch" if patch_type == "merge" else why) from error
        raise BadRequest(f"error decoding patch: {why}") from error


def decode_configuration(data: bytes, validation: str) -> Received:
    """The configuration that somebody applies, YAML or JSON. Raises BadRequest.

    `validation` says what happens to keys that stand twice, as in `decode`.
    """
    document, repeated = _configuration(data)
    if not repeated or validation == "Ignore":
        return Received(document, ())
    why = f"error converting YAML to JSON: {_unmarshal_errors(repeated)}"
    if validation == "Strict":
        raise BadRequest(f"error strict decoding YAML: {why}")
    return Received(document, (why,))


def _configuration(data: bytes) -> tuple[Any, list[str]]:
    """The document, and what is to be said of its keys."""
    try:
        document = _json_value(data)
        if not duplicate_fields(data, document):
            return document, []
    except (_Unreadable, NumberOutOfRange):  # YAML is more than JSON
        pass
    try:
        return manifests.load_noting(data, "body")
    except ManifestError as error:
        why = f"error converting YAML to JSON: {_of_library(error)}"
        raise BadRequest(f"error decoding YAML: {why}") from error


def decode_delete_options(data: bytes, media: BodyMedia) -> DeleteOptions:
    """DeleteOptions of whatever group the client's library puts them into. Raises BadRequest."""
    try:
        document = _READERS[media](data)
        kind = document.get("kind") or _DELETE_OPTIONS
        if kind in _OPTIONS:
            raise _Unreadable("decoded object cannot be converted to DeleteOptions")
        if kind != _DELETE_OPTIONS:
            version = document.get("apiVersion") or "meta.k8s.io/v1"
            raise _Unreadable(
                f'no kind "{kind}" is registered for version "{version}" in scheme "{_META_SCHEME}"'
            )
        options = {k: v for k, v in document.items() if k not in ("kind", "apiVersion")}
        return codec.decode(options, DeleteOptions)
    except DecodeError as error:
        raise BadRequest(error.words) from error
    except (_Unreadable, msgspec.MsgspecError) as error:
        raise BadRequest(str(error)) from error

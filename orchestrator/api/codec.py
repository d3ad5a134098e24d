"""Between objects and JSON.

Kinds carry no `apiVersion` and `kind` fields: `encode` writes them and `decode` checks them.

What is written for others is Kubernetes' own text, sign by sign, since clients compare and hash it: fields in the
order of Go's structs (that of the types), keys of maps in the order of their bytes, free JSON as it came. A custom
resource is a map, so all of it is in the order of its keys.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, NamedTuple, TypeVar, cast, get_type_hints

import msgspec
from msgspec import Struct, structs

from orchestrator.api import decoding
from orchestrator.api.empty_lists import (
    EMPTY_LIST,
    has_free_json,
    is_mended,
    mark_said,
    mended,
    with_said,
)
from orchestrator.api.errors import DecodeError, NumberOutOfRange
from orchestrator.api.go_text import as_go_writes
from orchestrator.api.json_errors import json_error, number_out_of_range, with_replacements
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.nested_kinds import nests_kinds, with_nested_kinds
from orchestrator.api.scheme import DEFAULT, Resource, Scheme
from orchestrator.api.unstructured import Unstructured

T = TypeVar("T")


def _worked_out(value: Any) -> tuple[Any, ...]:
    """A field that is worked out when it is read (`metadata.managedFields`), and reads as a tuple."""
    found: tuple[Any, ...] = value[:]
    return found


def _worked_out_text(value: Any) -> msgspec.Raw:
    """The text of such a field."""
    found: msgspec.Raw = value.text()
    return found


_READER: Final = msgspec.json.Decoder()
_ENCODER: Final = msgspec.json.Encoder(enc_hook=_worked_out)
_WRITER: Final = msgspec.json.Encoder(enc_hook=_worked_out_text, order="deterministic")
_SORTER: Final = msgspec.json.Encoder(enc_hook=_worked_out, order="sorted")
# No text in JSON has bare quotes: it is a field.
_NONE_WORKED_OUT: Final = (b',"managedFields":[]', b'"managedFields":[],')
_AT: Final = re.compile(r" - at `(?:key in )?\$\.?(?P<path>[^`]*)`")
_WORDS: Final = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "object": "object",
    "array": "array",
    "null": "null",
}


def is_kind(type_: Any) -> bool:
    """Whether objects of the type stand alone and say their kind; some others have a field `kind`."""
    return isinstance(getattr(type_, "kind", None), str)


def decode(data: bytes | str | Mapping[str, Any], type_: type[T]) -> T:
    """The object that JSON text, or its decoded form, describes. Raises DecodeError.

    As in Go a null is the empty value of its type, and fields that the type does not have are dropped.
    """
    return decode_noting(data, type_)[0]


def decode_noting(
    data: bytes | str | Mapping[str, Any], type_: type[T], *, wraps: bool = False
) -> tuple[T, tuple[str, ...]]:
    """`decode`, and the paths of what was dropped, as `spec.containers[0].imag`. Raises DecodeError.

    `wraps`: numbers that are too large for a field of 32 bits lose their upper bits.
    """
    document = data
    if type(data) is not dict and isinstance(data, bytes | str):
        document = loads(data)
    if type_ is Unstructured:
        strange: list[str] = []
        # Go reads the metadata from JSON of its own, in which names are sorted.
        return cast(T, _unstructured(document, strange)), tuple(sorted(strange))
    try:
        if not _says_kind(document, type_) and is_kind(type_):
            _check_kind(msgspec.convert(document, _TypeMeta), type_)
        unknown = decoding.Notes()
        if wraps:
            unknown.wraps = True
        read = decoding.read(document, type_, unknown)
        made = msgspec.convert(read, type_)
        if unknown.empties:
            mark_said(made, unknown.empties)
        return made, tuple(unknown)
    except msgspec.ValidationError as error:
        raise _decode_error(error) from None
    except (RecursionError, UnicodeError) as error:
        raise DecodeError("", f"not a JSON document that can be read: {error}") from None


def decode_changed(
    document: Mapping[str, Any], before: Mapping[str, Any], present: T, *, wraps: bool = False
) -> tuple[T, tuple[str, ...]]:
    """`decode_noting` of what became of an object whose document was `before`. Raises DecodeError.

    Patches share what they do not change: a part that is the very same in both documents is the present one, and is
    not read again.
    """
    type_ = type(present)
    if type_ is Unstructured:
        return decode_noting(document, type_, wraps=wraps)
    kept: dict[str, Any] = {}
    left = dict(document)
    for name, wire in _names(type_):  # type: ignore[arg-type]
        part = left.get(wire)
        if part is not None and part is before.get(wire):
            del left[wire]
            kept[name] = getattr(present, name)
    made, unknown = decode_noting(left, type_, wraps=wraps)
    return cast(T, structs.replace(cast(Struct, made), **kept)), unknown


def from_dict(data: Mapping[str, Any], type_: type[T]) -> T:
    """`decode` of a decoded document."""
    return decode(data, type_)


def decode_any(
    data: bytes | str | Mapping[str, Any], scheme: Scheme = DEFAULT
) -> tuple[Resource, Any]:
    """The resource and the object of a document that says its own kind.

    Raises DecodeError (no kind, it does not fit, or it has fields that its kind has not) and UnknownKind.
    """
    document = loads(data) if isinstance(data, bytes | str) else data
    if not isinstance(document, Mapping):
        raise DecodeError("", f"expected an object, got {type(document).__name__}")
    api_version, kind = document.get("apiVersion"), document.get("kind")
    for field, value in (("apiVersion", api_version), ("kind", kind)):
        if not isinstance(value, str) or not value:
            raise DecodeError(field, "expected the name of one, got none")
    resource = scheme.by_kind(cast(str, api_version), cast(str, kind))
    obj, unknown = decode_noting(document, resource.type)
    if unknown:
        raise DecodeError(unknown[0], f"{resource.kind} has no such field")
    return resource, obj


def loads(data: bytes | str) -> Any:
    """Decoded JSON. Raises DecodeError, NumberOutOfRange among them; NaN and Infinity are refused.

    What is no Unicode (bytes, halves of surrogate pairs) is read as U+FFFD, as Go does.
    """
    try:
        return _READER.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        text = data.encode(errors="surrogatepass") if isinstance(data, str) else data
        words = json_error(text)
        repaired = b"" if words else with_replacements(text)
        if repaired and repaired != text:
            return loads(repaired)
        if not words and (number := number_out_of_range(text)):
            raise NumberOutOfRange(number, json.loads(text)) from None
        raise DecodeError("", words or str(error)) from None


def encode(obj: Any) -> bytes:
    """JSON text; a kind begins with its `kind` and `apiVersion`."""
    if type(obj) is Unstructured:
        return as_go_writes(_custom_text(obj))
    form = _form(type(obj))  # type: ignore[arg-type]
    text = _text(obj, form)
    if form.mends or _is_owned_by_none(obj):
        text = _mended(text, obj, _WRITER.encode)
    text = as_go_writes(text)
    if not form.prefix:
        return text
    return form.prefix + (text[1:] if text == b"{}" else b"," + text[1:])


def headless(text: bytes, type_: type[Any]) -> bytes:
    """The text of `encode` without the `kind` and `apiVersion` of its type.

    A custom resource keeps them: Kubernetes leaves them out of the lists of its typed kinds only.
    """
    length = len(_form(type_).prefix)  # type: ignore[arg-type]
    if not length:
        return text
    return b"{" + text[length + text.startswith(b",", length) :]


def _text(obj: Any, form: "_Form") -> bytes:
    if type(obj) is ObjectMeta:
        return _WRITER.encode(_with_owners_text(obj))
    if not form.whole:
        return _WRITER.encode(obj)
    metadata = obj.metadata
    told = _with_owners_text(metadata)
    if form.free:
        return _ENCODER.encode(structs.replace(obj, metadata=msgspec.Raw(_WRITER.encode(told))))
    return _WRITER.encode(obj if told is metadata else structs.replace(obj, metadata=told))


def _with_owners_text(metadata: ObjectMeta) -> ObjectMeta:
    """Metadata whose owners, if they are known already, are their text: its maps keep their own order."""
    owners = metadata.managed_fields
    if type(owners) is not tuple or not owners:  # most are worked out when they are written
        return metadata
    return structs.replace(metadata, managed_fields=msgspec.Raw(_ENCODER.encode(owners)))


def _custom_text(obj: Unstructured) -> bytes:
    metadata = _without_empty_owners(_SORTER.encode(obj.metadata))
    head = {"apiVersion": obj.api_version, "kind": obj.kind, "metadata": msgspec.Raw(metadata)}
    return _SORTER.encode({**obj.content, **head})


def _mended(text: bytes, obj: Any, encode: Callable[[Any], bytes]) -> bytes:
    if nests_kinds(type(obj)):
        text = with_nested_kinds(text, obj, encode)
    if EMPTY_LIST in text:
        text = mended(_without_empty_owners(text), type(obj))
    return text


def _is_owned_by_none(obj: Any) -> bool:
    """Whether the owners of an object's fields were worked out, and there are none."""
    owners = obj.metadata.managed_fields
    return type(owners) is not tuple and not owners


def _without_empty_owners(text: bytes) -> bytes:
    for each in _NONE_WORKED_OUT:
        text = text.replace(each, b"")
    return text


def as_said(obj: Any) -> dict[str, Any]:
    """`to_dict`, but that lists are [] that were said to be empty where Kubernetes writes null."""
    return with_said(to_dict(obj), obj)


def to_dict(obj: Any) -> dict[str, Any]:
    """The decoded form of `encode(obj)`, with new dicts and lists."""
    if type(obj) is Unstructured:
        head = {"apiVersion": obj.api_version, "kind": obj.kind}
        return {**head, "metadata": _builtins(obj.metadata), **obj.content}
    body = _builtins(obj)
    if is_kind(type(obj)):
        return {"apiVersion": obj.api_version, "kind": obj.kind, **body}
    return body


def to_yaml(obj: Any) -> str:
    """An object as `kubectl get -o yaml` prints it: keys in their order of the alphabet."""
    import yaml  # late: clusters start without it

    return yaml.safe_dump(to_dict(obj), sort_keys=True, allow_unicode=True)


# --- inside --------------------------------------------------------------------------------


class _TypeMeta(Struct, rename="camel"):
    api_version: str | None = None
    kind: str | None = None


def _says_kind(document: Any, type_: Any) -> bool:
    """Whether a document says of itself just what it is read as, as most do."""
    return (
        type(document) is dict
        and document.get("kind") == getattr(type_, "kind", None)
        and document.get("apiVersion") == getattr(type_, "api_version", None)
    )


def _check_kind(meta: _TypeMeta, type_: Any) -> None:
    if meta.kind and meta.kind != type_.kind:
        raise DecodeError("kind", f'expected "{type_.kind}", got "{meta.kind}"')
    if meta.api_version and meta.api_version != type_.api_version:
        raise DecodeError("apiVersion", f'expected "{type_.api_version}", got "{meta.api_version}"')


def metadata_of(document: Any, at: str, unknown: list[str]) -> ObjectMeta:
    """The metadata that stands at a path; `unknown` gets what it does not have. Raises DecodeError."""
    try:
        return msgspec.convert(decoding.read(document, ObjectMeta, unknown, at), ObjectMeta)
    except msgspec.ValidationError as error:
        raise _decode_error(error, at) from None


def _unstructured(document: Any, unknown: list[str]) -> Unstructured:
    if not isinstance(document, Mapping):
        raise DecodeError("", f"expected an object, got {type(document).__name__}")
    meta = document.get("metadata")
    metadata = metadata_of({} if meta is None else meta, "metadata", unknown)
    try:
        types = msgspec.convert(document, _TypeMeta)
    except msgspec.ValidationError as error:
        raise _decode_error(error) from None
    return Unstructured(
        api_version=types.api_version or "",
        kind=types.kind or "",
        metadata=metadata,
        content={k: v for k, v in document.items() if k not in ("apiVersion", "kind", "metadata")},
    )


def _builtins(obj: Any) -> dict[str, Any]:
    text = _mended(_ENCODER.encode(obj), obj, _ENCODER.encode)
    return cast("dict[str, Any]", msgspec.json.decode(text))


@cache
def _names(type_: type[Struct]) -> tuple[tuple[str, str], ...]:
    """The fields of a type, as Python and as JSON name them."""
    return tuple(zip(type_.__struct_fields__, type_.__struct_encode_fields__, strict=True))


class _Form(NamedTuple):
    """What is the same for the texts of all objects of a type.

    `whole`: they have metadata of their own. `free`: there may be any JSON in them. `mends`: there may be something
    else to be mended in their texts than owners that are none.
    """

    prefix: bytes
    whole: bool
    free: bool
    mends: bool


@cache
def _form(type_: type[Any]) -> _Form:
    whole = issubclass(type_, Struct) and get_type_hints(type_).get("metadata") is ObjectMeta
    return _Form(
        prefix=f'{{"kind":"{type_.kind}","apiVersion":"{type_.api_version}"'.encode()
        if is_kind(type_)
        else b"",
        whole=whole,
        free=has_free_json(type_),  # type: ignore[arg-type]
        mends=not whole or nests_kinds(type_) or is_mended(type_),
    )


def _decode_error(error: msgspec.MsgspecError, root: str = "") -> DecodeError:
    """msgspec's text as a path and a message."""
    text = str(error)
    match = _AT.search(text)
    path = match["path"].replace("[...]", "[*]") if match is not None else ""
    message = text[: match.start()] if match is not None else text
    for python, word in _WORDS.items():
        message = message.replace(f"`{python}`", word)
    message = message[:1].lower() + message[1:]
    return DecodeError(".".join(part for part in (root, path) if part), message)

"""Complaints about a field of an object, in Kubernetes' words.

`spec.replicas: Invalid value: -1: must be greater than or equal to 0`: a path, a kind of fault,
the value as found, and a detail. The API server collects them into `Invalid` answers; the
selectors here print single ones.
"""

from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from orchestrator.api.go_text import as_go_writes
from orchestrator.machinery.documents import go_float
from orchestrator.machinery.whole_numbers import with_whole_numbers

Reason: TypeAlias = Literal[
    "FieldValueNotFound",
    "FieldValueRequired",
    "FieldValueDuplicate",
    "FieldValueInvalid",
    "FieldValueNotSupported",
    "FieldValueForbidden",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueTypeInvalid",
    "InternalError",
]

_TITLES: Final[dict[Reason, str]] = {
    "FieldValueNotFound": "Not found",
    "FieldValueRequired": "Required value",
    "FieldValueDuplicate": "Duplicate value",
    "FieldValueInvalid": "Invalid value",
    "FieldValueNotSupported": "Unsupported value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueTooLong": "Too long",
    "FieldValueTooMany": "Too many",
    "FieldValueTypeInvalid": "Invalid value",
    "InternalError": "Internal error",
}
_WITHOUT_VALUE: Final = frozenset(
    {"FieldValueRequired", "FieldValueForbidden", "FieldValueTooLong", "InternalError"}
)


# The value of a complaint that does not show it.
OMITTED: Final = object()


class FieldError(Struct, frozen=True):
    """One fault: `field` is a path like `spec.containers[0].name`; `value` is what was found."""

    reason: Reason
    field: str
    detail: str = ""
    value: Any = None

    def __str__(self) -> str:
        return f"{self.field}: {self.body}"

    @property
    def body(self) -> str:
        """The sentence without the path; the message of a `StatusCause`."""
        text = _TITLES[self.reason]
        if self.reason not in _WITHOUT_VALUE and self.value is not OMITTED:
            text = f"{text}: {shown(self.value)}"
        return f"{text}: {self.detail}" if self.detail else text


def shown(value: Any) -> str:
    """A value as Kubernetes prints it in a complaint: a quoted string, else its JSON."""
    if isinstance(value, str):
        return quote(value)
    if type(value) is float:
        return go_float(value)
    if type(value) in (dict, list):
        value = with_whole_numbers(value)
    encoder = _OF_OBJECTS if isinstance(value, Struct) else _ENCODER
    return as_go_writes(encoder.encode(value)).decode()


def _without_proxy(value: object) -> dict[Any, Any]:
    """An empty map that nobody wrote is a read-only view, which the encoder does not know."""
    if isinstance(value, MappingProxyType):
        return dict(value)
    raise NotImplementedError(type(value))


_ENCODER: Final = msgspec.json.Encoder(enc_hook=_without_proxy)
_OF_OBJECTS: Final = msgspec.json.Encoder(enc_hook=_without_proxy, order="deterministic")


def quote(text: str) -> str:
    """A string in double quotes with the escapes of Go's %q."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f'"{"".join(map(_quoted, text))}"'


_QUOTED: Final = {
    '"': '\\"',
    "\\": "\\\\",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}


def _quoted(sign: str) -> str:
    if sign in _QUOTED:
        return _QUOTED[sign]
    if sign.isprintable():
        return sign
    code = ord(sign)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def child(path: str, *names: str) -> str:
    """The path of a field of a field."""
    return ".".join([path, *names] if path else names)


def index(path: str, position: int) -> str:
    """The path of an item of a list."""
    return f"{path}[{position}]"


def key(path: str, name: str) -> str:
    """The path of an entry of a map."""
    return f"{path}[{name}]"


def invalid(field: str, value: Any, detail: str) -> FieldError:
    """The value is not what the field takes."""
    return FieldError("FieldValueInvalid", field, detail, value)


def required(field: str, detail: str = "") -> FieldError:
    """The field must not be empty."""
    return FieldError("FieldValueRequired", field, detail)


def duplicate(field: str, value: Any) -> FieldError:
    """The value stands in the list already."""
    return FieldError("FieldValueDuplicate", field, value=value)


def forbidden(field: str, detail: str) -> FieldError:
    """The field must not be set (or changed) here."""
    return FieldError("FieldValueForbidden", field, detail)


def not_found(field: str, value: Any) -> FieldError:
    """The value names something that is not there."""
    return FieldError("FieldValueNotFound", field, value=value)


def not_supported(field: str, value: Any, supported: Iterable[str]) -> FieldError:
    """The value is none of the known ones."""
    known = ", ".join(quote(each) for each in supported)
    detail = f"supported values: {known}" if known else ""
    return FieldError("FieldValueNotSupported", field, detail, value)


def too_long(field: str, length: int) -> FieldError:
    """The value has more than `length` bytes."""
    unit = "byte" if length == 1 else "bytes"
    detail = f"may not be more than {length} {unit}" if length >= 0 else "value is too long"
    return FieldError("FieldValueTooLong", field, detail)


def too_many(field: str, actual: int, most: int) -> FieldError:
    """The list has more than `most` items."""
    unit = "item" if most == 1 else "items"
    detail = f"must have at most {most} {unit}" if most >= 0 else "has too many items"
    return FieldError("FieldValueTooMany", field, detail, actual)


def internal(field: str, detail: str) -> FieldError:
    """What the original calls a fault of its own."""
    return FieldError("InternalError", field, detail)


def aggregate(errors: Sequence[FieldError | str]) -> str:
    """Several complaints in one line: one as it is, more in brackets, repeated ones once."""
    texts = list(dict.fromkeys(str(error) for error in errors))
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"

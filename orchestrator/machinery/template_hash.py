"""The hash by which Kubernetes names what is made from a pod template.

It is FNV-1a, 32 bits wide, of the template as Go's debugging printer (spew) writes it: type names, all
fields in Go's order, those that are empty too. So the text depends on how Kubernetes' types are declared
(`facts/go_structs.json`), and equal templates have equal hashes here and there.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, Final

from orchestrator.api import codec
from orchestrator.api.core.v1 import PodTemplateSpec
from orchestrator.api.facts import GO_STRUCTS
from orchestrator.machinery.names import safe_encode
from orchestrator.machinery.quantities import amount_of

_OFFSET: Final = 0x811C9DC5
_PRIME: Final = 0x01000193
_NIL: Final = "<nil>"
_FORMATS: Final = {"decimal": "DecimalSI", "binary": "BinarySI", "exponent": "DecimalExponent"}

Printer = Callable[[Any], str]


def template_hash(template: PodTemplateSpec, collisions: int | None) -> str:
    """The hash of a template with its defaults; `collisions` gives the same template another one."""
    document = codec.to_dict(template)
    metadata = _printer("v1.ObjectMeta")(document.get("metadata"))
    spec = _spec_text(codec.encode(template.spec))
    text = f"(v1.PodTemplateSpec){{ObjectMeta:(v1.ObjectMeta){metadata} Spec:(v1.PodSpec){spec}}}"
    salt = b"" if collisions is None else collisions.to_bytes(8, "little")
    return safe_encode(str(_fnv(text.encode() + salt)))


def _fnv(data: bytes, number: int = _OFFSET, prime: int = _PRIME) -> int:
    for byte in data:
        number = (number ^ byte) * prime & 0xFFFFFFFF
    return number


@lru_cache(maxsize=256)
def _spec_text(document: bytes) -> str:
    """A pod's spec as it is printed; those of many templates are equal."""
    return _printer("v1.PodSpec")(json.loads(document))


@cache
def _structs() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(GO_STRUCTS.read_text())
    return found


@cache
def _printer(type_: str) -> Printer:
    """Prints a JSON value of a type, without the type's name; None is the value that is not there."""
    if type_ in _SPECIAL:
        return _SPECIAL[type_]
    if type_.startswith("*"):
        return _pointer(type_)
    if type_.startswith("[]"):
        return _slice(type_)
    if type_.startswith("map["):
        return _map(type_)
    declared = _structs().get(type_)
    if isinstance(declared, str):
        return _printer(declared)
    if declared is None:
        raise LookupError(f"no type {type_} is known of pod templates")
    return _struct(declared)


def _struct(fields: list[list[str]]) -> Printer:
    # Late: types may hold themselves.
    printers: list[tuple[str, str, Printer]] = []

    def parts(value: Mapping[str, Any]) -> Iterator[str]:
        for name, key, printer in printers:
            yield name + printer(value.get(key) if key else value)

    def printed(value: Any) -> str:
        if not printers:
            printers.extend((f"{n}:({t})", key, _printer(t)) for n, key, t in fields)
        return "{" + " ".join(parts(value or {})) + "}"

    return printed


def _pointer(type_: str) -> Printer:
    printer = _printer(type_[1:])
    return lambda value: _NIL if value is None else printer(value)


def _slice(type_: str) -> Printer:
    printer = _printer(type_[2:])

    def printed(value: Any) -> str:
        return _NIL if value is None else "[" + " ".join(map(printer, value)) + "]"

    return printed


def _map(type_: str) -> Printer:
    printer = _printer(type_.partition("]")[2])

    def printed(value: Any) -> str:
        if value is None:
            return _NIL
        return "map[" + " ".join(f"{key}:{printer(value[key])}" for key in sorted(value)) + "]"

    return printed


def _string(value: Any) -> str:
    return "" if value is None else str(value)


def _int(value: Any) -> str:
    return str(value or 0)


def _bool(value: Any) -> str:
    return "true" if value else "false"


def _time(_value: Any) -> str:
    """Of a template, which nobody has created."""
    return "{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}"


def _int_or_string(value: Any) -> str:
    is_text = isinstance(value, str)
    number, text = (0, value) if is_text else (value or 0, "")
    return f"{{Type:(intstr.Type){int(is_text)} IntVal:(int32){number} StrVal:(string){text}}}"


def _quantity(value: Any) -> str:
    number, scale, family, kept = amount_of("0" if value is None else value)
    return (
        f"{{i:(resource.int64Amount){{value:(int64){number} scale:(resource.Scale){scale}}}"
        " d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>}"
        f" s:(string){kept} Format:(resource.Format){_FORMATS[family]}}}"
    )


_SPECIAL: Final[Mapping[str, Printer]] = {
    "string": _string,
    "types.UID": _string,
    "int32": _int,
    "int64": _int,
    "bool": _bool,
    "v1.Time": _time,
    "intstr.IntOrString": _int_or_string,
    "resource.Quantity": _quantity,
}

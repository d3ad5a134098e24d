"""What expressions that choose devices may name, with the types that the original gives it, and how large that can be.

An attribute is of a type that is not known before there is a device; unlike what is simply not known, no
expression may go through it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from orchestrator.machinery.cel.checking import Scope
from orchestrator.machinery.cel.costs import Path, estimate
from orchestrator.machinery.cel.declarations import QUANTITY
from orchestrator.machinery.cel.expressions import CompileError, check_program, examined
from orchestrator.machinery.cel.types import ANY, BOOL, STRING, map_of, shown, struct_of

_DEVICE: Final = struct_of("kubernetes.DRADevice")
DEVICE: Final = Scope(
    {"device": _DEVICE},
    {
        _DEVICE.name: {
            "driver": STRING,
            "allowMultipleAllocations": BOOL,
            "attributes": map_of(STRING, map_of(STRING, ANY)),
            "capacity": map_of(STRING, map_of(STRING, QUANTITY)),
        }
    },
)
_MOST_UNITS: Final = 1_000_000


class _Size(NamedTuple):
    """The largest size of a value, and of what is in it."""

    most: int | None
    keys: "_Size | None" = None
    inside: "_Size | None" = None
    fields: "Mapping[str, _Size]" = MappingProxyType({})
    alike: bool = False
    """Whether a field of any name is as what is inside."""


_ATTRIBUTES: Final = 32
_DOMAIN, _NAME, _ATTRIBUTE = _Size(63), _Size(32), _Size(64)
_QUANTITY: Final = _Size(None)
_SIZES: Final = _Size(
    None,
    fields={
        "driver": _Size(63),
        "allowMultipleAllocations": _Size(1),
        "attributes": _Size(
            _ATTRIBUTES, _DOMAIN, _Size(_ATTRIBUTES, _NAME, _ATTRIBUTE, alike=True)
        ),
        "capacity": _Size(_ATTRIBUTES, _DOMAIN, _Size(_ATTRIBUTES, _NAME, _QUANTITY)),
    },
)


class TooComplexError(CompileError):
    """What the expression may cost at worst is too much."""


def check_selector(text: str) -> None:
    """Raises CompileError with what is wrong with an expression that chooses devices, if anything is."""
    try:
        parsed, checked = examined(text, DEVICE)
    except CompileError as error:
        raise CompileError(f"compilation failed: {error}") from error
    if checked.gives not in (BOOL, ANY):
        given = shown(checked.gives, by_protobuf=True)
        raise CompileError(f"must evaluate to bool or the unknown type, not {given}")
    check_program(parsed, checked)
    if estimate(parsed.tree, checked, _size_at) > _MOST_UNITS:
        raise TooComplexError("too complex, exceeds cost limit")


def _size_at(path: Path) -> int | None:
    found: _Size | None = _SIZES if path[:1] == ("device",) else None
    for step in path[1:]:
        if found is None:
            return None
        if step in ("@items", "@values"):
            found = found.inside
        elif step == "@keys":
            found = found.keys
        else:
            found = found.inside if found.alike else found.fields.get(step)
    return None if found is None else found.most

"""Quantities in canonical form, wherever they stand in a kind.

A client may write `cpu: 0.5` or `memory: 1024Mi`; Kubernetes answers `500m` and `1Gi`, and so
that every reader can compare texts, objects are stored that way. Which fields of a kind are
quantities is read once from the types themselves, so that a new kind needs no list here.
"""

from collections.abc import Callable, Mapping
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec.structs import replace

from orchestrator.api.core.v1 import PodSpec
from orchestrator.machinery.errors import QuantityError
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.machinery.quantities import canonical, family, format_nano, milli, nano

Fix = Callable[[Any], Any]

_QUANTITY: Final = frozenset({str, int, float})
_MILLI: Final = 10**6  # nano units


def canonical_amounts(obj: Any) -> Any:
    """The object with all its quantities canonical, except in a nested PodSpec.

    What is no quantity stays as it is, for validation to refuse.
    """
    fix = struct_fix(type(obj))
    return obj if fix is None else fix(obj)


def struct_fix(kind: type[Any]) -> Fix | None:
    """What makes a struct's quantities canonical; None when it has none."""
    if kind not in _FIXES:
        # A kind that contains itself (a JSON schema) holds no amounts on that way.
        _FIXES[kind] = None
        _FIXES[kind] = _make_fix(kind)
    return _FIXES[kind]


_FIXES: Final[dict[type[Any], Fix | None]] = {}


def _make_fix(kind: type[Any]) -> Fix | None:
    hints = get_type_hints(kind)
    fields: tuple[str, ...] = kind.__struct_fields__
    found = {name: _fix_of(hints[name]) for name in fields}
    parts = tuple((name, fix) for name, fix in found.items() if fix is not None)
    if not parts:
        return None

    def fix_struct(obj: Any) -> Any:
        changes = {}
        for name, fix in parts:
            part = getattr(obj, name)
            if part is not None and (fixed := fix(part)) is not part:
                changes[name] = fixed
        return replace(obj, **changes) if changes else obj

    return fix_struct


def _fix_of(hint: Any) -> Fix | None:
    members = frozenset(_members(hint))
    if members == _QUANTITY:
        return _fix_amount
    if len(members) != 1:
        return None
    (only,) = members
    origin, arguments = get_origin(only), get_args(only)
    if origin is tuple:
        inner = _fix_of(arguments[0])
        return _each(inner) if inner else None
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if frozenset(_members(arguments[1])) == _QUANTITY:
            return _fix_list
        inner = _fix_of(arguments[1])
        return _each_value(inner) if inner else None
    if isinstance(only, type) and issubclass(only, msgspec.Struct):
        # A pod's spec is remembered as a whole by its own defaults.
        return None if only is PodSpec else struct_fix(only)
    return None


def _members(hint: Any) -> tuple[Any, ...]:
    """The types of a union, without None."""
    if get_origin(hint) in (Union, UnionType):
        return tuple(each for each in get_args(hint) if each is not type(None))
    return (hint,)


def _each(fix: Fix) -> Fix:
    def fix_items(items: tuple[Any, ...]) -> tuple[Any, ...]:
        if not items:
            return items
        fixed = tuple(map(fix, items))
        return items if all(a is b for a, b in zip(items, fixed, strict=True)) else fixed

    return fix_items


def _each_value(fix: Fix) -> Fix:
    def fix_values(values: Mapping[str, Any]) -> Mapping[str, Any]:
        if not values:
            return values
        fixed = {name: fix(value) for name, value in values.items()}
        return values if all(fixed[name] is each for name, each in values.items()) else fixed

    return fix_values


def _fix_amount(quantity: Any) -> Any:
    try:
        text = canonical(quantity)
    except QuantityError:
        return quantity
    return quantity if text == quantity else text


def _fix_list(amounts: Mapping[str, Any]) -> Mapping[str, Any]:
    return _FIXED(amounts) if amounts else amounts


def _fixed(amounts: Mapping[str, Any]) -> Mapping[str, Any]:
    fixed = {name: _fix_listed(quantity) for name, quantity in amounts.items()}
    same = all(fixed[name] is quantity for name, quantity in amounts.items())
    return amounts if same else fixed


# Nodes that are alike share what they have, and go on doing so.
_FIXED: Final[IdentityMemo[Mapping[str, Any], Mapping[str, Any]]] = IdentityMemo(_fixed, 1 << 10)


def _fix_listed(quantity: Any) -> Any:
    """An entry of a resource list: nothing is finer than a thousandth there, rounded up."""
    try:
        if nano(quantity) % _MILLI:
            return format_nano(milli(quantity) * _MILLI, family(quantity))
    except QuantityError:
        return quantity
    return _fix_amount(quantity)

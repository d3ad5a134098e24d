"""The rules of strategic merge for the generated kinds.

How a field merges is in the scheme's table; what is inside it, in the field's own type. A type is
a Struct class, or `Mapping[str, X]`, whose every member is an X.
"""

import types
from collections.abc import Hashable, Mapping
from functools import cache
from typing import Any, Final, Union, get_args, get_origin

import msgspec

from orchestrator.api.scheme import merge_info
from orchestrator.machinery.patches.rules import PLAIN, FieldRule, Strategy

_UNIONS: Final = (Union, types.UnionType)
_STRATEGIES: Final[dict[str, Strategy]] = {"merge": "merge", "replace": "replace"}


def scheme_rules(kind: Hashable, field: str) -> FieldRule:
    """The rule of a field, by its name on the wire, of a Struct class; the `Rules` for kinds.

    What is not typed (free-form JSON, unknown fields, custom resources) is PLAIN.
    """
    return _table(kind).get(field, PLAIN) if _is_struct(kind) else _of_map(kind)


@cache  # as many as there are classes
def _table(kind: type[msgspec.Struct]) -> Mapping[str, FieldRule]:
    return {
        each.encode_name: _rule(kind, each.encode_name, each.type)
        for each in msgspec.structs.fields(kind)
    }


def _rule(kind: type[msgspec.Struct], field: str, annotation: Any) -> FieldRule:
    inner = _inner(annotation)
    info = merge_info(kind, field)
    if info is None:
        return FieldRule(inner=inner)
    named: list[Strategy] = [_STRATEGIES[each] for each in info.strategies if each in _STRATEGIES]
    return FieldRule(
        strategy=named[0] if named else "",
        merge_key=info.merge_key,
        retain_keys="retainKeys" in info.strategies,
        inner=inner,
    )


def _of_map(kind: Hashable) -> FieldRule:
    if get_origin(kind) is Mapping:
        return FieldRule(inner=_inner(get_args(kind)[1]))
    return PLAIN


def _inner(annotation: Any) -> Hashable:
    """The type of a field's object, or of its list's items; None where nothing is known."""
    if get_origin(annotation) in _UNIONS:
        present = [each for each in get_args(annotation) if each is not type(None)]
        annotation = present[0] if len(present) == 1 else None
    if get_origin(annotation) is tuple:
        return _inner(get_args(annotation)[0])
    if get_origin(annotation) is Mapping or _is_struct(annotation):
        found: Hashable = annotation
        return found
    return None


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)

"""One condition on one label: a key, an operator and values.

Label selectors, node selectors and field-less tolerations of both are conjunctions of these.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from orchestrator.machinery import field_errors
from orchestrator.machinery.digits import whole
from orchestrator.machinery.errors import SelectorError
from orchestrator.machinery.field_errors import FieldError
from orchestrator.machinery.names import label_value_errors, qualified_name_errors

Operator: TypeAlias = Literal["in", "notin", "=", "==", "!=", "exists", "!", "gt", "lt"]

BINARY_OPERATORS: Final = ("in", "notin", "=", "==", "!=", "gt", "lt")
_OPERATORS: Final = (*BINARY_OPERATORS, "exists", "!")
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}")


class Requirement(Struct, frozen=True):
    """One condition on one label. `values` are sorted; empty for `exists` and `!`."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        match self.operator:
            case "exists":
                return self.key
            case "!":
                return f"!{self.key}"
            case "in" | "notin":
                return f"{self.key} {self.operator} ({','.join(self.values)})"
            case "gt":
                return f"{self.key}>{self.values[0]}"
            case "lt":
                return f"{self.key}<{self.values[0]}"
        return f"{self.key}{self.operator}{self.values[0]}"


def integer(text: str) -> int | None:
    """A label's value as a 64-bit integer; None when it is none."""
    if not text.isascii() or _INTEGER.fullmatch(text) is None:
        return None
    number = whole(text)
    return number if -(2**63) <= number < 2**63 else None


def requirement_errors(
    key: str,
    operator: str,
    values: Sequence[str],
    path: str = "",
    *,
    parsed: bool = False,
) -> list[FieldError]:
    """What is wrong with a requirement; `path` is where it stands."""
    errors = []
    if messages := qualified_name_errors(key):
        errors.append(field_errors.invalid(_at(path, "key"), key, "; ".join(messages)))
    where = _at(path, "values")
    # The original prints a list that was never set as null.
    shown = list(values) if values or parsed else None
    if operator in ("in", "notin"):
        if not values:
            detail = "for 'in', 'notin' operators, values set can't be empty"
            errors.append(field_errors.invalid(where, shown, detail))
    elif operator in ("=", "==", "!="):
        if len(values) != 1:
            detail = "exact-match compatibility requires one single value"
            errors.append(field_errors.invalid(where, shown, detail))
    elif operator in ("exists", "!"):
        if values:
            detail = "values set must be empty for exists and does not exist"
            errors.append(field_errors.invalid(where, shown, detail))
    elif operator in ("gt", "lt"):
        errors += _bound_errors(where, values, shown)
    else:
        errors.append(field_errors.not_supported(_at(path, "operator"), operator, _OPERATORS))
    for position, value in enumerate(values):
        if messages := label_value_errors(value):
            place = field_errors.key(field_errors.index(where, position), key)
            errors.append(field_errors.invalid(place, value, "; ".join(messages)))
    return errors


def _at(path: str, name: str) -> str:
    return field_errors.child(path, name)


def _bound_errors(where: str, values: Sequence[str], shown: list[str] | None) -> list[FieldError]:
    errors = []
    if len(values) != 1:
        detail = "for 'Gt', 'Lt' operators, exactly one value is required"
        errors.append(field_errors.invalid(where, shown, detail))
    for position, value in enumerate(values):
        if integer(value) is None:
            detail = "for 'Gt', 'Lt' operators, the value must be an integer"
            errors.append(field_errors.invalid(field_errors.index(where, position), value, detail))
    return errors


def checked_requirement(
    key: str, operator: Operator, values: Iterable[str] = (), *, parsed: bool = False
) -> Requirement:
    """A checked requirement. Raises SelectorError with Kubernetes' text."""
    given = tuple(values)
    if errors := requirement_errors(key, operator, given, parsed=parsed):
        raise SelectorError(field_errors.aggregate(errors), key)
    return Requirement(key, operator, tuple(sorted(set(given))))

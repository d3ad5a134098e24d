"""What is wrong with a value by its schema, in the words and the order that Kubernetes has.

The checks of one node are all made, whatever the first of them says. Of alternatives (`anyOf`,
`oneOf`) that all fail, the one is told of which most checks passed: so each visit of a node answers
how many checks it made.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

from orchestrator.machinery.documents import go_plain
from orchestrator.machinery.field_errors import (
    FieldError,
    invalid,
    not_supported,
    required,
    shown,
    too_long,
    too_many,
)
from orchestrator.machinery.formats import FORMATS
from orchestrator.machinery.schemas.schema import INTEGER, NO_BOUNDS, NUMBER, Schema

# How Kubernetes prints the path of a complaint that has none.
NOWHERE: Final = "<nil>"
INT_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
}
INT64: Final = (-(2**63), 2**63 - 1)
_MOST_EXACT: Final = 2**53 - 1
# The checks of a leaf that all hold.
_MADE_OF_FREE: Final[Mapping[type, int]] = {str: 6, bool: 4}


def faults_of(value: Any, schema: Schema, path: str = "") -> list[FieldError]:
    """All faults of a value; `path` is where it stands (`spec`), empty for a whole object."""
    faults: list[FieldError] = []
    _visit(value, schema, path, faults)
    return faults


def _visit(value: Any, schema: Schema, path: str, faults: list[FieldError]) -> int:
    """Add the faults of a value; answers how many checks were made."""
    kind = type(value)
    if kind in schema.free:
        return _MADE_OF_FREE[kind]
    made = 2 if kind in schema.accepted else 1 + _check_type(value, schema, path, faults)
    if value is None:
        if schema.enum and not schema.nullable and None not in schema.enum:
            faults.append(_enum(value, schema, path))
        return made + 1
    made += _check_combinations(value, schema, path, faults) if schema.combined else 1
    if kind is str:
        made += _check_string(value, schema, path, faults)
    elif kind is int or kind is float:
        made += _check_number(value, schema, path, faults)
    elif kind is list or kind is tuple:
        made += _check_list(value, schema, path, faults)
    made += 1
    if schema.enum and not any(_equal(value, each) for each in schema.enum):
        faults.append(_enum(value, schema, path))
    if kind is dict or isinstance(value, Mapping):
        made += _check_map(value, schema, path, faults)
    return made


# --- types ---------------------------------------------------------------------------------


def type_of(value: Any) -> str:
    """The JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return INTEGER
    if isinstance(value, float):
        return NUMBER
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array"


def _check_type(value: Any, schema: Schema, path: str, faults: list[FieldError]) -> int:
    types = schema.types
    if not types:
        return 1
    found = type_of(value)
    if (
        found in types
        or (found == "null" and schema.nullable)
        or (found == NUMBER and INTEGER in types and _is_whole(value))
        or (found == INTEGER and NUMBER in types)
    ):
        return 1
    named = ",".join(types)
    detail = f'{path} in body must be of type {named}: "{found}"'
    faults.append(FieldError("FieldValueTypeInvalid", path or NOWHERE, detail, found))
    return 0


def _is_whole(value: float) -> bool:
    """Whether a float is a whole number in all JavaScript, which Go's libraries ask for, too."""
    return value.is_integer() and abs(value) <= _MOST_EXACT


def _equal(value: Any, other: Any) -> bool:
    if isinstance(value, bool) != isinstance(other, bool):
        return False
    return bool(value == other)


def _enum(value: Any, schema: Schema, path: str) -> FieldError:
    known = (each if isinstance(each, str) else shown(each) for each in schema.enum)
    return not_supported(path or NOWHERE, value, known)


# --- combinations --------------------------------------------------------------------------


def _check_combinations(value: Any, schema: Schema, path: str, faults: list[FieldError]) -> int:
    made = 1
    if schema.any_of:
        made += _check_any_of(value, schema, path, faults)
    if schema.one_of:
        made += _check_one_of(value, schema, path, faults)
    if schema.all_of:
        made += _check_all_of(value, schema, path, faults)
    if schema.not_ is not None:
        below: list[FieldError] = []
        _visit(value, schema.not_, path, below)
        if not below:
            faults.append(_nowhere(f'"{path}" must not validate the schema (not)'))
    return made


def _nowhere(detail: str) -> FieldError:
    return invalid(NOWHERE, "", detail)


def _check_any_of(value: Any, schema: Schema, path: str, faults: list[FieldError]) -> int:
    best: tuple[int, list[FieldError]] | None = None
    for each in schema.any_of:
        below: list[FieldError] = []
        made = _visit(value, each, path, below)
        if not below:
            return made
        if best is None or made > best[0]:
            best = made, below
    assert best is not None
    faults.append(_nowhere(f'"{path}" must validate at least one schema (anyOf)'))
    faults += best[1]
    return best[0]


def _check_one_of(value: Any, schema: Schema, path: str, faults: list[FieldError]) -> int:
    best: tuple[int, list[FieldError]] | None = None
    valid, made_by_valid = 0, 0
    for each in schema.one_of:
        below: list[FieldError] = []
        made = _visit(value, each, path, below)
        if not below:
            valid += 1
            made_by_valid = made_by_valid or made
        elif best is None or made > best[0]:
            best = made, below
    if valid == 1:
        return made_by_valid
    found = f"Found {valid} valid alternatives" if valid else "Found none valid"
    faults.append(_nowhere(f'"{path}" must validate one and only one schema (oneOf). {found}'))
    if valid or best is None:
        return 0
    faults += best[1]
    return best[0]


def _check_all_of(value: Any, schema: Schema, path: str, faults: list[FieldError]) -> int:
    made = valid = 0
    for each in schema.all_of:
        below: list[FieldError] = []
        made += _visit(value, each, path, below)
        valid += not below
        faults += below
    if valid != len(schema.all_of):
        none = "" if valid else ". None validated"
        faults.append(_nowhere(f'"{path}" must validate all the schemas (allOf){none}'))
    return made


# --- strings and numbers -------------------------------------------------------------------


def _check_string(value: str, schema: Schema, path: str, faults: list[FieldError]) -> int:
    bounds = schema.bounds
    if bounds.max_length is not None and len(value) > bounds.max_length:
        faults.append(too_long(path, bounds.max_length))
    if bounds.min_length is not None and len(value) < bounds.min_length:
        detail = f"{path} in body should be at least {bounds.min_length} chars long"
        faults.append(invalid(path, value, detail))
    if schema.pattern and not matches(schema.matcher, value):
        detail = f"{path} in body should match '{schema.pattern}'"
        faults.append(invalid(path, value, detail))
    fits = FORMATS.get(schema.format)
    if fits is not None and not fits(value):
        detail = f'{path} in body must be of type {schema.format}: "{value}"'
        faults.append(FieldError("FieldValueTypeInvalid", path, detail, value))
    return 2


def matches(matcher: Any, value: str) -> bool:
    """Whether a pattern is in a text; none is where the pattern is no pattern.

    The library looks at bytes for half of what it takes to look at a text, in which it would count characters.
    """
    return matcher is not None and matcher.search(value.encode()) is not None


def _check_number(value: float, schema: Schema, path: str, faults: list[FieldError]) -> int:
    bounds = schema.bounds
    if schema.types == (INTEGER,) and not _fits_integer(value, schema.format):
        form = f"with format {schema.format}" if schema.format else "(default format)"
        named = f"Checked value must be of type integer {form} in {path}"
        faults.append(_nowhere(named))
    if bounds is NO_BOUNDS:
        return 1
    if bounds.multiple_of is not None and not _is_multiple(value, bounds.multiple_of):
        detail = (
            f"{path} in body should be a multiple of {go_plain(_alike(bounds.multiple_of, value))}"
        )
        faults.append(invalid(path, value, detail))
    low, high = _alike(bounds.minimum, value), _alike(bounds.maximum, value)
    if high is not None and (value >= high if bounds.exclusive_maximum else value > high):
        than = "less than" if bounds.exclusive_maximum else "less than or equal to"
        faults.append(invalid(path, value, f"{path} in body should be {than} {go_plain(high)}"))
    if low is not None and (value <= low if bounds.exclusive_minimum else value < low):
        than = "greater than" if bounds.exclusive_minimum else "greater than or equal to"
        faults.append(invalid(path, value, f"{path} in body should be {than} {go_plain(low)}"))
    return 1


def _fits_integer(value: float, format_: str) -> bool:
    low, high = INT_RANGES.get(format_, INT64)
    return low <= value <= high and (type(value) is int or float(value).is_integer())


def _is_multiple(value: float, factor: float) -> bool:
    if isinstance(value, int) and float(factor).is_integer():
        return value % int(factor) == 0
    ratio = value / factor if factor >= 1 else 1 / factor * value
    return math.isclose(ratio, round(ratio), rel_tol=1e-9, abs_tol=1e-9)


def _alike(bound: float | None, value: float) -> float | None:
    """A bound as a number of the value's type, which is how Go compares the two and shows the bound."""
    return None if bound is None else type(value)(bound)


# --- lists and maps ------------------------------------------------------------------------


def _check_list(
    value: list[Any] | tuple[Any, ...], schema: Schema, path: str, faults: list[FieldError]
) -> int:
    made, bounds = 1, schema.bounds
    if schema.items is not None:
        for number, each in enumerate(value):
            made += _visit(each, schema.items, f"{path}[{number}]", faults)
    if bounds.min_items is not None and len(value) < bounds.min_items:
        detail = f"{path} in body should have at least {bounds.min_items} items"
        faults.append(invalid(path, len(value), detail))
    if bounds.max_items is not None and len(value) > bounds.max_items:
        faults.append(too_many(path, len(value), bounds.max_items))
    if bounds.unique_items and any(each in value[:number] for number, each in enumerate(value)):
        faults.append(invalid(path, "", f"{path} in body shouldn't contain duplicates"))
    return made


def _check_map(
    value: Mapping[str, Any], schema: Schema, path: str, faults: list[FieldError]
) -> int:
    made, bounds = 1, schema.bounds
    properties, additional = schema.properties, schema.additional
    if bounds.min_properties is not None and len(value) < bounds.min_properties:
        detail = f"{path} in body should have at least {bounds.min_properties} properties"
        faults.append(invalid(path or NOWHERE, len(value), detail))
    if bounds.max_properties is not None and len(value) > bounds.max_properties:
        faults.append(too_many(path or NOWHERE, len(value), bounds.max_properties))
    for name, part in value.items():
        below = properties.get(name)
        if below is None:
            if schema.forbids_additional:
                detail = f"{path}.{name} in body is a forbidden property"
                faults.append(invalid(path or NOWHERE, "", detail))
                continue
            below = additional
        if below is None:
            continue
        if type(part) in below.free:
            made += _MADE_OF_FREE[type(part)]
        else:
            made += _visit(part, below, f"{path}.{name}" if path else name, faults)
    for name in schema.required:
        if name not in value:
            faults.append(required(f"{path}.{name}" if path else name))
    return made

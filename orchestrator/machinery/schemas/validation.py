"""What is wrong with a value by its schema, in the words and the order that Kubernetes has.

The checks of one node are all made, whatever the first of them says. Of alternatives (`anyOf`,
`oneOf`) that all fail, the one is told of which most checks passed: so each visit of a node answers
how many checks it made.
"""

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.machinery.documents import go_json_float, in_order
from orchestrator.machinery.field_errors import (
    FieldError,
    invalid,
    not_supported,
    quote,
    required,
    shown,
    too_long,
    too_many,
)
from orchestrator.machinery.formats import FORMATS
from orchestrator.machinery.schemas.numbers import INT64, NOWHERE, is_whole, number_faults
from orchestrator.machinery.schemas.schema import INTEGER, NUMBER, Schema

# What a value's format is to Go's libraries, where its type has one.
_NATIVE_FORMATS: Final[Mapping[str, str]] = {INTEGER: "int64", NUMBER: "float64"}
# The checks of a leaf that all hold.
_MADE_OF_FREE: Final[Mapping[type, int]] = {str: 4, bool: 2}


def faults_of(value: Any, schema: Schema, path: str = "") -> list[FieldError]:
    """All faults of a value; `path` is where it stands (`spec`), empty for a whole object."""
    faults: list[FieldError] = []
    _visit(value, schema, path, faults)
    return faults


def _made_of_free(kind: type, schema: Schema) -> int:
    return _MADE_OF_FREE[kind] + (2 if schema.types else 0)


def _visit(value: Any, schema: Schema, path: str, faults: list[FieldError]) -> int:
    """Add the faults of a value; answers how many checks were made."""
    kind = type(value)
    if kind is int and not INT64[0] <= value <= INT64[1]:
        kind, value = float, float(value)
    if kind in schema.free:
        return _made_of_free(kind, schema)
    made = 2 if kind in schema.accepted else _check_type(value, schema, path, faults)
    if value is None:
        if schema.enum:  # which does not know null, whatever it names
            faults.append(_enum(value, schema, path))
        return made + 1
    made += _check_combinations(value, schema, path, faults) if schema.combined else 1
    if kind is str:
        made += _check_string(value, schema, path, faults)
    elif kind is int or kind is float:
        faults += number_faults(value, schema, path)
        made += 1
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
    types, form = schema.types, schema.format
    if not types and not form:
        return 0
    found = type_of(value)
    if found == "null":
        fits = schema.nullable or not types
    else:
        fits = (
            found in types
            or (found == NUMBER and INTEGER in types and is_whole(value))
            or (found == INTEGER and NUMBER in types)
        )
        if not fits and form:
            native = _NATIVE_FORMATS.get(found, "")
            if found in ("string", "array"):
                fits = NUMBER not in types and INTEGER not in types
            elif native != form:
                faults.append(_misfit(path, form, native))
                return 1
    if fits:
        return 2
    faults.append(_misfit(path, ",".join(types), found))
    return 1


def _misfit(path: str, wanted: str, found: str) -> FieldError:
    detail = f'{path} in body must be of type {wanted}: "{found}"'
    return FieldError("FieldValueTypeInvalid", path or NOWHERE, detail, found)


def _equal(value: Any, other: Any) -> bool:
    if isinstance(value, bool) != isinstance(other, bool):
        return False
    if type(value) is float and type(other) is int:
        return int(value) == other  # Go converts the value before it compares
    return bool(value == other)


def _enum(value: Any, schema: Schema, path: str) -> FieldError:
    return not_supported(path or NOWHERE, in_order(value), map(_as_json, schema.enum))


def _as_json(value: Any) -> str:
    if isinstance(value, str):
        return value
    return go_json_float(value) if isinstance(value, float) else shown(in_order(value))


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
    # Of these only the first is told.
    if bounds.max_length is not None and len(value) > bounds.max_length:
        faults.append(too_long(path, bounds.max_length))
    elif bounds.min_length is not None and len(value) < bounds.min_length:
        detail = f"{path} in body should be at least {bounds.min_length} chars long"
        faults.append(invalid(path, value, detail))
    elif schema.pattern and not matches(schema.matcher, value):
        detail = f"{path} in body should match '{schema.pattern}'"
        faults.append(invalid(path, value, detail))
    fits = FORMATS.get(schema.format)
    if fits is not None and not fits(value):
        detail = f"{path} in body must be of type {schema.format}: {quote(value)}"
        faults.append(FieldError("FieldValueTypeInvalid", path, detail, value))
    return 2


def matches(matcher: Any, value: str) -> bool:
    """Whether a pattern is in a text; none is where the pattern is no pattern.

    The library looks at bytes for half of what it takes to look at a text, in which it would count characters.
    """
    return matcher is not None and matcher.search(value.encode()) is not None


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
                faults.append(invalid(path or NOWHERE, name, detail))
                continue
            below, at = additional, f"{path}.{name}"  # with a dot, whatever stands before it
        else:
            at = f"{path}.{name}" if path else name
        if below is None:
            continue
        if type(part) in below.free:
            made += _made_of_free(type(part), below)
        else:
            made += _visit(part, below, at, faults)
    for name in schema.required:
        if name not in value:
            faults.append(required(f"{path}.{name}" if path else name))
    return made

"""What is wrong with a number by its schema's bounds.

Go compares a whole number with a bound that it makes a whole number of, if the bound fits the schema's type and format;
else it says so, and compares floats. What it prints follows from that.
"""

from typing import Any, Final

from orchestrator.machinery.documents import go_plain
from orchestrator.machinery.field_errors import FieldError, invalid
from orchestrator.machinery.schemas.schema import (
    INTEGER,
    NO_BOUNDS,
    NUMBER,
    NUMBER_FORMATS,
    Schema,
)

# How Kubernetes prints the path of a complaint that has none.
NOWHERE: Final = "<nil>"
INT32: Final = (-(2**31), 2**31 - 1)
INT64: Final = (-(2**63), 2**63 - 1)
_MOST_FLOAT32: Final = 3.4028235677973366e38
_MOST_EXACT: Final = 2**53 - 1
_NEARLY: Final = 1e-9


def is_whole(value: float) -> bool:
    """Whether a number is a whole one in all JavaScript, or so nearly, which Go's libraries ask for, too."""
    if not abs(value) <= _MOST_EXACT:
        return False
    near = round(value)
    return value == near or abs(value - near) < _NEARLY * abs(near)


def fits_type(value: float, schema: Schema) -> bool:
    """Whether a number is one of the schema's type and format, where it has one type."""
    if schema.types == (INTEGER,):
        low, high = INT32 if schema.format == "int32" else INT64
        return low <= value <= high and (type(value) is int or float(value).is_integer())
    if schema.types == (NUMBER,) and schema.format == "float":
        return abs(value) < _MOST_FLOAT32
    return True


def number_faults(value: float, schema: Schema, path: str) -> list[FieldError]:
    """All faults of a number that stands at a path."""
    found = [] if fits_type(value, schema) else [_not_of_type("Checked", schema, path)]
    bounds = schema.bounds
    if bounds is NO_BOUNDS:
        return found
    for bound, name, judge in (
        (bounds.multiple_of, "MultipleOf", _multiple_fault),
        (bounds.minimum, "Minimum boundary", _minimum_fault),
        (bounds.maximum, "Maximum boundary", _maximum_fault),
    ):
        if bound is None:
            continue
        if fits_type(bound, schema):
            fault = judge(value, _alike(bound, value), schema, path)
        else:
            found.append(_not_of_type(name, schema, path))
            fault = judge(float(value), float(bound), schema, path)
        found += [fault] if fault is not None else []
    return found


def _not_of_type(what: str, schema: Schema, path: str) -> FieldError:
    known = NUMBER_FORMATS.get(schema.types, ())
    form = f"with format {schema.format}" if schema.format in known else "(default format)"
    detail = f"{what} value must be of type {schema.types[0]} {form} in {path}"
    return invalid(NOWHERE, "", detail)


def _alike(bound: float, value: float) -> float:
    """A bound as a number of the value's type; what is too large for 64 bits becomes the least, as processors do it."""
    if type(value) is not int:
        return float(bound)
    low, high = INT64
    return int(float(bound)) if low <= float(bound) < high else low


def _multiple_fault(value: Any, factor: Any, schema: Schema, path: str) -> FieldError | None:
    if factor <= 0:
        shown = go_plain(factor)
        detail = f"factor MultipleOf declared for {path} must be positive: {shown}"
        return invalid(path, factor, detail)
    if type(value) is int:
        is_multiple = value % factor == 0
    else:
        is_multiple = is_whole(value / factor if factor >= 1 else 1 / factor * value)
    if is_multiple:
        return None
    return invalid(path, value, f"{path} in body should be a multiple of {go_plain(factor)}")


def _minimum_fault(value: Any, low: Any, schema: Schema, path: str) -> FieldError | None:
    excluded = schema.bounds.exclusive_minimum
    if not (value <= low if excluded else value < low):
        return None
    than = "greater than" if excluded else "greater than or equal to"
    return invalid(path, value, f"{path} in body should be {than} {go_plain(low)}")


def _maximum_fault(value: Any, high: Any, schema: Schema, path: str) -> FieldError | None:
    excluded = schema.bounds.exclusive_maximum
    if not (value >= high if excluded else value > high):
        return None
    than = "less than" if excluded else "less than or equal to"
    return invalid(path, value, f"{path} in body should be {than} {go_plain(high)}")

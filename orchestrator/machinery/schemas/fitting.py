"""Whether a value fits its schema, told by functions that are made of the schema once.

Nearly all values fit, and then nobody asks for words, paths and counts of checks. So who validates asks here first, and
`faults_of` only when the answer is no. A yes is exact; a no may come of a value that is only unusual (a whole float for an
integer), or of a schema's rarer words, which `faults_of` knows alone.
"""

from collections.abc import Callable
from math import inf
from typing import Any, Final, TypeAlias

from orchestrator.machinery.formats import FORMATS
from orchestrator.machinery.schemas.numbers import INT32, INT64, fits_type
from orchestrator.machinery.schemas.schema import INTEGER, NO_BOUNDS, NUMBER, Schema
from orchestrator.machinery.schemas.validation import faults_of, matches

Fits: TypeAlias = Callable[[Any], bool]

_MOST: Final = inf  # where there is no bound


def fitting(schema: Schema) -> Fits:
    """A function that answers whether a value certainly has no faults by the schema."""
    make = _MAKERS.get(schema.types)
    unusual = schema.combined or schema.bounds.multiple_of or schema.bounds.unique_items
    fits = None if make is None or unusual else make(schema)
    if fits is None:
        return lambda value: not faults_of(value, schema)
    if schema.nullable:
        return lambda value: value is None or fits(value)
    return fits


def _string(schema: Schema) -> Fits | None:
    bounds, matcher, form = schema.bounds, schema.matcher, FORMATS.get(schema.format)
    known = frozenset(each for each in schema.enum if isinstance(each, str))
    if not schema.enum and bounds is NO_BOUNDS and not schema.pattern and form is None:
        return lambda value: type(value) is str
    least = bounds.min_length or 0
    most = _MOST if bounds.max_length is None else bounds.max_length

    def fits(value: Any) -> bool:
        return (
            type(value) is str
            and (value in known or not schema.enum)
            and least <= len(value) <= most
            and (not schema.pattern or matches(matcher, value))
            and (form is None or bool(form(value)))
        )

    return fits


def _integer(schema: Schema) -> Fits | None:
    bounds = _within(schema, *(INT32 if schema.format == "int32" else INT64))
    if bounds is None:
        return None
    least, most = bounds
    return lambda value: type(value) is int and least <= value <= most


def _number(schema: Schema) -> Fits | None:
    bounds = _within(schema, -_MOST, _MOST)
    if bounds is None:
        return None
    least, most = bounds
    return lambda value: type(value) in (float, int) and least <= value <= most


def _within(schema: Schema, low: float, high: float) -> tuple[float, float] | None:
    """The least and the greatest number within the bounds of a schema, and these.

    Bounds are rare that exclude themselves, or that are no numbers of the schema's type.
    """
    bounds = schema.bounds
    if schema.enum or bounds.exclusive_minimum or bounds.exclusive_maximum:
        return None
    given = [each for each in (bounds.minimum, bounds.maximum) if each is not None]
    if not all(INT64[0] <= each <= INT64[1] and fits_type(each, schema) for each in given):
        return None
    least = low if bounds.minimum is None else max(low, bounds.minimum)
    most = high if bounds.maximum is None else min(high, bounds.maximum)
    return least, most


def _boolean(schema: Schema) -> Fits | None:
    return None if schema.enum else lambda value: type(value) is bool


def _integer_or_string(schema: Schema) -> Fits | None:
    if schema.enum or schema.bounds is not NO_BOUNDS:
        return None
    integer, string = _integer(schema), _string(schema)
    if integer is None or string is None:
        return None
    return lambda value: string(value) or integer(value)


def _array(schema: Schema) -> Fits | None:
    if schema.enum:
        return None
    each = None if schema.items is None else fitting(schema.items)
    least = schema.bounds.min_items or 0
    most = _MOST if schema.bounds.max_items is None else schema.bounds.max_items

    def fits(value: Any) -> bool:
        if type(value) is not list or not least <= len(value) <= most:
            return False
        return each is None or all(map(each, value))

    return fits


def _object(schema: Schema) -> Fits | None:
    if schema.enum:
        return None
    known = {name: fitting(part) for name, part in schema.properties.items()}
    other = None if schema.additional is None else fitting(schema.additional)
    if schema.forbids_additional:
        other = _never
    required = frozenset(schema.required)
    least = schema.bounds.min_properties or 0
    most = _MOST if schema.bounds.max_properties is None else schema.bounds.max_properties

    def fits(value: Any) -> bool:
        if type(value) is not dict or not least <= len(value) <= most:
            return False
        if not required <= value.keys():
            return False
        for name, part in value.items():
            part_fits = known.get(name, other)
            if part_fits is not None and not part_fits(part):
                return False
        return True

    return fits


def _never(_value: Any) -> bool:
    return False


_MAKERS: Final[dict[tuple[str, ...], Callable[[Schema], Fits | None]]] = {
    ("string",): _string,
    (INTEGER,): _integer,
    (NUMBER,): _number,
    ("boolean",): _boolean,
    (INTEGER, "string"): _integer_or_string,
    ("array",): _array,
    ("object",): _object,
}

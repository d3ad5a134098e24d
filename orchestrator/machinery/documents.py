"""JSON values as plain Python values: dict, list, str, int, float, bool and None.

Documents are shared like objects are: nothing here changes its argument. Depth is bounded before
anything recurses over a value, so that a hostile document is refused and never a RecursionError.
"""

from decimal import Decimal
from typing import Any, Final, TypeAlias

Json: TypeAlias = Any
Object: TypeAlias = dict[str, Any]

# Real objects nest about 40 deep at the most (a CRD's schema); the interpreter gives up near 1000
# frames, of which the functions that recurse over documents use up to three a level.
MAX_DEPTH: Final = 128


def depth(value: Json, limit: int = MAX_DEPTH) -> int:
    """The number of nested lists and objects, at most `limit` + 1; never recurses itself."""
    level = [value] if type(value) in (dict, list) else []
    deep = 0
    while level and deep <= limit:
        deep += 1
        level = [
            inner
            for each in level
            for inner in (each.values() if type(each) is dict else each)
            if type(inner) in (dict, list)
        ]
    return deep


def too_deep(value: Json, limit: int = MAX_DEPTH) -> bool:
    """Whether lists and objects nest more than `limit` levels."""
    return depth(value, limit) > limit


def kind_of(value: Json) -> str:
    """The JSON type: object, array, string, number, bool or null."""
    return _KINDS.get(type(value), "unknown")


_KINDS: Final[dict[type, str]] = {
    dict: "object",
    list: "array",
    str: "string",
    int: "number",
    float: "number",
    bool: "bool",
    type(None): "null",
}


def equal(left: Json, right: Json) -> bool:
    """Whether two values are the same JSON: 1 equals 1.0, but never true."""
    if left is right:
        return True
    if type(left) is dict:
        return (
            type(right) is dict
            and left.keys() == right.keys()
            and all(equal(value, right[key]) for key, value in left.items())
        )
    if type(left) is list:
        return (
            type(right) is list
            and len(left) == len(right)
            and all(equal(a, b) for a, b in zip(left, right, strict=True))
        )
    return kind_of(left) == kind_of(right) and bool(left == right)


def same_json(left: Json, right: Json) -> bool:
    """As `equal`, and soon answered where they differ."""
    return left is right or (bool(left == right) and equal(left, right))


def copied(value: Json) -> Json:
    """The value with containers of its own."""
    if type(value) is dict:
        return {key: copied(each) for key, each in value.items()}
    if type(value) is list:
        return [copied(each) for each in value]
    return value


def in_order(value: Json) -> Json:
    """The value with the keys of each object in their order, in which Go writes maps."""
    if type(value) is dict:
        return {name: in_order(value[name]) for name in sorted(value)}
    if type(value) is list:
        return [in_order(each) for each in value]
    return value


_INT64: Final = 2**63


def in_int64(value: Json) -> Json:
    """The value with floats for whole numbers that need more than 64 bits, as Go reads them."""
    if type(value) is dict:
        return {key: in_int64(each) for key, each in value.items()}
    if type(value) is list:
        return [in_int64(each) for each in value]
    return float(value) if type(value) is int and not -_INT64 <= value < _INT64 else value


def text_of(value: Json) -> str:
    """A scalar as Go's %v prints it; the order of keys in merge lists is the order of these."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def identity_of(value: Json) -> tuple[str, Json]:
    """A scalar as a dictionary key that keeps 1, true and "1" apart.

    Raises TypeError for lists and objects.
    """
    kind = kind_of(value)
    if kind in ("object", "array", "unknown"):
        raise TypeError(f"{kind} is no scalar")
    return kind, value


def go_plain(value: Json) -> str:
    """A value as Go prints it with %v: maps by their sorted keys, texts without quotes."""
    if type(value) is dict:
        return f"map[{' '.join(f'{name}:{go_plain(value[name])}' for name in sorted(value))}]"
    if type(value) is list:
        return f"[{' '.join(map(go_plain, value))}]"
    if value is None:
        return "<nil>"
    if type(value) is float:
        return go_float(value)
    return str(value).lower() if type(value) is bool else str(value)


# From this exponent on Go writes a float with an exponent, and below the other.
_GREAT: Final = 6
_SMALL: Final = -4


def go_float(value: float) -> str:
    """A float as Go prints it with %v: with as few digits as tell it apart, 1 and 1e+06."""
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    if not isinstance(exponent, int):
        return {"n": "NaN", "F": "-Inf" if sign else "+Inf"}[exponent]
    power = len(digits) + exponent - 1
    if _SMALL <= power < _GREAT or not any(digits):
        return str(int(value)) if value.is_integer() else repr(value)
    first, rest = digits[0], "".join(map(str, digits[1:]))
    return f"{'-' * sign}{first}{'.' * bool(rest)}{rest}e{power:+03d}"


# Where JSON of Go's begins to have exponents.
_TINY: Final = -6
_HUGE: Final = 21


def go_json_float(value: float) -> str:
    """A float as Go writes it in JSON: 10000000000, 1e-7 and 1e+21."""
    number = Decimal(repr(value)).normalize()
    power = number.adjusted()
    if number and not _TINY <= power < _HUGE:
        return f"{number:e}"
    return f"{number:f}"


def go_text(value: Json) -> str:
    """A value as Go prints it with %s, which expects a text: `%!s(bool=true)`."""
    if type(value) is dict:
        return f"map[{' '.join(f'{name}:{go_text(value[name])}' for name in sorted(value))}]"
    if type(value) is list:
        return f"[{' '.join(map(go_text, value))}]"
    if value is None:
        return "%!s(<nil>)"
    return value if type(value) is str else f"%!s({go_type(value)}={go_plain(value)})"


def go_type(value: Json) -> str:
    """The type that a value has in Go's tree of a document, as %T and reflection print it."""
    return _GO_TYPES.get(type(value), "%!s(<nil>)")


_GO_TYPES: Final[dict[type, str]] = {
    dict: "map[string]interface {}",
    list: "[]interface {}",
    str: "string",
    int: "int64",
    float: "float64",
    bool: "bool",
}

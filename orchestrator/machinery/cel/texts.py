"""Functions of texts: parts of them, what they are made of, and `format`."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from orchestrator.machinery.cel.conversions import to_double, to_string
from orchestrator.machinery.cel.data import (
    Duration,
    Fault,
    Overspent,
    Timestamp,
    TypeValue,
    UInt,
    is_list,
    type_name,
)
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.patterns import compiled_pattern, pattern_fault

_LONGEST: Final = 10_000_000


def _outside(index: int) -> Fault:
    return Fault(f"index out of range: {index}")


def _char_at(text: str, index: int) -> Any:
    return text[index : index + 1] if 0 <= index <= len(text) else _outside(index)


def _index_of(text: str, wanted: str, start: int = 0) -> Any:
    if not wanted:
        return start
    if start < 0:
        return _outside(start)
    return text.find(wanted, start) if start < len(text) else -1


def _last_index_of(text: str, wanted: str, start: int | None = None) -> Any:
    if not wanted:
        return len(text) if start is None else start
    if start is None:
        return text.rfind(wanted)
    if start < 0:
        return _outside(start)
    return text.rfind(wanted, 0, start + len(wanted)) if start < len(text) else -1


def _substring(text: str, start: int, end: int | None = None) -> Any:
    if end is None:
        return text[start:] if 0 <= start <= len(text) else _outside(start)
    if start > end:
        return Fault(f"invalid substring range. start: {start}, end: {end}")
    for index in (start, end):
        if not 0 <= index <= len(text):
            return _outside(index)
    return text[start:end]


def _replace(text: str, old: str, new: str, most: int = -1) -> str:
    times = text.count(old) if old else len(text) + 1
    times = times if most < 0 else min(times, most)
    if len(text) + times * (len(new) - len(old)) > _LONGEST:
        raise Overspent  # ten characters cost 1, and a call may cost a million
    return text.replace(old, new, most)


def _split(text: str, by: str, most: int = -1) -> list[str]:
    if most == 0:
        return []
    if by:
        return text.split(by, most - 1 if most > 0 else -1)
    parts = list(text)
    return (
        parts
        if most < 0 or len(parts) <= most
        else [*parts[: most - 1], "".join(parts[most - 1 :])]
    )


def _join(items: Sequence[Any], between: str = "") -> Any:
    if not all(type(each) is str for each in items):
        return Fault("unsupported type conversion from list to []string")
    if sum(map(len, items)) + len(items) * len(between) > _LONGEST:
        raise Overspent
    return between.join(items)


_ASCII_LOWER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_ASCII_UPPER: Final = {small: large for large, small in _ASCII_LOWER.items()}
_SPACES: Final = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
_QUOTED: Final = {
    ord(char): f"\\{letter}" for char, letter in zip('\a\b\f\n\r\t\v\\"', 'abfnrtv\\"', strict=True)
}


# --- patterns ----------------------------------------------------------------------------------


def _matches(text: str, pattern: str) -> Any:
    found = compiled_pattern(pattern)
    return Fault(pattern_fault(pattern)) if found is None else found.search(text) is not None


def _find(text: str, pattern: str) -> Any:
    compiled = compiled_pattern(pattern)
    if compiled is None:
        return Fault(f"Illegal regex: {pattern_fault(pattern)}")
    found = compiled.search(text)
    return found[0] if found else ""


def _find_all(text: str, pattern: str, most: int = -1) -> Any:
    compiled = compiled_pattern(pattern)
    if compiled is None:
        return Fault(f"Illegal regex: {pattern_fault(pattern)}")
    found = [each[0] for each in compiled.finditer(text)]
    return found if most < 0 else found[:most]


# --- format ------------------------------------------------------------------------------------

_CLAUSE: Final = re.compile(r"(?:\.(\d*))?(.)?", re.DOTALL)
_PRECISION: Final = 6


def _text(value: Any) -> str:
    """Raises ValueError."""
    if is_list(value):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, Mapping):
        return _map_text(value)
    if value is None:
        return "null"
    if isinstance(
        value, str | bytes | bytearray | bool | int | float | Timestamp | Duration | TypeValue
    ):
        found = to_string(value)
        if type(found) is Fault:
            raise ValueError(f"could not convert argument {quote(found.text)} to string")
        return str(found)
    raise ValueError(
        "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, "
        f"and timestamps, was given {type_name(value)}"
    )


def _map_text(value: Mapping[Any, Any]) -> str:
    pairs = []
    for key, each in value.items():
        if type(key) not in (str, bool, int, UInt):
            raise ValueError(f"no formatting function for map key of type {type_name(key)}")
        pairs.append((_literal(key), _literal(each)))
    return (
        f"{{{', '.join(f'{key}:{each}' for key, each in sorted(pairs, key=lambda pair: pair[0]))}}}"
    )


def _literal(value: Any) -> str:
    """A value inside a list or map. Raises ValueError."""
    if type(value) is str:
        return quote(value)
    if isinstance(value, bytes | bytearray):
        return f"b{quote(_text(value))}"
    if type(value) is float:
        text = _fixed(value, _PRECISION)
        return text if value - value == 0 else quote(text)
    if isinstance(value, Timestamp):
        return f"timestamp({quote(_text(value))})"
    if isinstance(value, Duration):
        return f"duration({quote(_text(value))})"
    if value is None or is_list(value) or isinstance(value, bool | int | Mapping | TypeValue):
        return _text(value)
    raise ValueError(f"no formatting function for {type_name(value)}")


def _fixed(value: float, precision: int) -> str:
    if value != value:
        return "NaN"
    if value - value != 0:
        return "+Inf" if value > 0 else "-Inf"
    return f"{value:.{precision}f}"


def _localized(value: Any, precision: int, *, scientific: bool) -> str:
    """A double as English writes it. Raises ValueError."""
    if type(value) is str and value in ("NaN", "Infinity", "-Infinity"):
        value = to_double(value)
    if type(value) is not float:
        clause = "scientific" if scientific else "fixed-point"
        raise ValueError(
            f"{clause} clause can only be used on doubles, was given {type_name(value)}"
        )
    if value != value:
        return "NaN"
    if value - value != 0:
        return "∞" if value > 0 else "-∞"
    if scientific:
        mantissa, _, power = f"{value:.{precision}e}".partition("e")
        return f"{mantissa}×10{_raised(int(power))}"
    return f"{value:,.{precision}f}"


_RAISED: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _raised(power: int) -> str:
    return f"{power:03d}".translate(_RAISED) if power < 0 else f"{power:02d}".translate(_RAISED)


def _whole(value: Any, form: str, words: str) -> str:
    if type(value) in (int, UInt):
        return format(int(value), form)
    raise ValueError(f"{words}, was given {type_name(value)}")


def _binary(value: Any) -> str:
    if type(value) is bool:
        return "1" if value else "0"
    return _whole(value, "b", "only integers and bools can be formatted as binary")


def _hex(value: Any, clause: str) -> str:
    if type(value) is str:
        value = value.encode()
    if isinstance(value, bytes | bytearray):
        return value.hex().upper() if clause == "X" else value.hex()
    return _whole(value, clause, "only integers, byte buffers, and strings can be formatted as hex")


def _clause(value: Any, clause: str, precision: int) -> str:
    """Raises ValueError."""
    match clause:
        case "s":
            return _text(value)
        case "d":
            return _whole(value, "d", "decimal clause can only be used on integers")
        case "f" | "e":
            return _localized(value, precision, scientific=clause == "e")
        case "b":
            return _binary(value)
        case "x" | "X":
            return _hex(value, clause)
    return _whole(value, "o", "octal clause can only be used on integers")


CLAUSES: Final = frozenset("sdfebxXo")


def clauses(pattern: str) -> list[tuple[str, str, int] | str]:
    """The parts of a pattern: texts, and for each clause its letter and its precision. Raises ValueError."""
    parts: list[tuple[str, str, int] | str] = []
    at = 0
    while (percent := pattern.find("%", at)) >= 0:
        parts.append(pattern[at:percent])
        if pattern.startswith("%%", percent):
            parts.append("%")
            at = percent + 2
            continue
        found = _CLAUSE.match(pattern, percent + 1)
        assert found is not None
        parts.append(
            ("clause", found[2] or "", _PRECISION if found[1] is None else int(found[1] or -1))
        )
        at = found.end()
    return [*parts, pattern[at:]]


def clause_fault(letter: str, precision: int) -> str:
    """What is wrong with a clause, whatever it is given; "" if nothing."""
    before = "could not parse formatting clause"
    if precision < 0:
        why = 'strconv.Atoi: parsing "": invalid syntax'
        return f"{before}: error while parsing precision: error while converting precision to integer: {why}"
    if not letter:
        return "unexpected end of string"
    return "" if letter in CLAUSES else f'{before}: unrecognized formatting clause "{letter}"'


def _format(pattern: str, values: Sequence[Any]) -> Any:
    made: list[str] = []
    number = 0
    for part in clauses(pattern):
        if isinstance(part, str):
            made.append(part)
            continue
        if number >= len(values):
            return Fault(f"index {number} out of range")
        if fault := clause_fault(part[1], part[2]):
            return Fault(fault)
        try:
            made.append(_clause(values[number], part[1], part[2]))
        except ValueError as error:
            return Fault(f"error during formatting: {error}")
        number += 1
    return "".join(made)


FUNCTIONS_OF_TEXTS: Final[Mapping[str, Callable[..., Any]]] = {
    "charAt": _char_at,
    "contains": lambda text, part: part in text,
    "startsWith": lambda text, part: text.startswith(part),
    "endsWith": lambda text, part: text.endswith(part),
    "lowerAscii": lambda text: text.translate(_ASCII_LOWER),
    "upperAscii": lambda text: text.translate(_ASCII_UPPER),
    "trim": lambda text: text.strip(_SPACES),
    "substring": _substring,
    "replace": _replace,
    "split": _split,
    "join": _join,
    "format": _format,
    "strings.quote": lambda text: f'"{text.translate(_QUOTED)}"',
    "jsonpatch.escapeKey": lambda text: text.replace("~", "~0").replace("/", "~1"),
    "matches": _matches,
    "find": _find,
    "findAll": _find_all,
}


def index_of(text: str, wanted: str, start: int = 0) -> Any:
    """Where a text is first found in another, from a character on; -1 where it is not."""
    return _index_of(text, wanted, start)


def last_index_of(text: str, wanted: str, start: int | None = None) -> Any:
    """Where a text is last found in another, up to a character; -1 where it is not."""
    return _last_index_of(text, wanted, start)


__all__ = ["CLAUSES", "FUNCTIONS_OF_TEXTS", "clause_fault", "clauses", "index_of", "last_index_of"]

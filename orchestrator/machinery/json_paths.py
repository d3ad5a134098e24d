"""Kubernetes' JSON paths: what kubectl's `-o jsonpath` and the columns of custom resources are written in.

    path    = { "." name | "." "*" | ".." [name] | "[" inside "]" }
    inside  = "*" | index | [start] ":" [end] [":" step] | "'" name "'" | inside {"," inside}
            | "?(" operand [("==" | "!=" | "<" | "<=" | ">" | ">=") operand] ")"
    operand = "@" path | number | "true" | "false" | quoted text

The dialect is older than RFC 9535, and differs from it where users notice: a name ends at a dot, a bracket, a comma or
a space, and at nothing else; a backslash takes such a character into the name (`.metadata.labels.app\\.io/name`), also
between quotes in brackets; an index or slice beyond the end of a list is an error and no empty result; so is a
comparison of values of two types. That is why no library of RFC 9535's paths serves here.
"""

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

Values = list[Any]
Finder = Callable[[Any], Values]
_Step = Callable[[Values], Values]

_ENDS: Final = " \t\r\n.,[]$@{}"
_NAME: Final = re.compile(r"(?:\\.|[^\\ \t\r\n.,\[\]$@{}])*", re.DOTALL)
_NUMBER: Final = re.compile(r"[+-]?[\d.]+")
_WORD: Final = re.compile(rf"[^{re.escape(_ENDS)}]+")
_QUOTED: Final = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""")
_KEY: Final = re.compile(r"'([^']*)'")
_SLICE: Final = re.compile(r"(-?\d*)(:-?\d*)?(:-?\d*)?")
_COMPARISON: Final = re.compile(r"([^!<>=]+)([!<>=]+)(.+?)", re.DOTALL)
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class PathError(ValueError):
    """A path that cannot be read, or that a document has no place for."""


def compiled(path: str) -> Finder:
    """What finds the values of a path (`.spec.items[0].name`) in a document, in their order; none where a name is missing.

    Raises PathError if the path cannot be read. What is returned raises PathError where kubectl fails, too: an index
    beyond a list's end, a list's step into what is no list, a comparison of values of two types.
    """
    steps = tuple(_steps(path))

    def find(document: Any) -> Values:
        return _walk([document], steps)

    return find


def _walk(values: Values, steps: Iterable[_Step]) -> Values:
    for step in steps:
        values = step(values)
    return values


def _steps(text: str) -> Iterator[_Step]:
    at = 0
    while at < len(text):
        mark = text[at]
        if mark == "}":  # the end of kubectl's action: what follows is text of a template
            return
        if mark in " @$":
            at += 1
        elif text.startswith("[?(", at):
            inside, at = _filter_text(text, at + 3)
            yield _filter(inside)
        elif text.startswith("..", at):
            yield _descend
            at += 2
            if text[at : at + 1].isalnum() or text.startswith("_", at):
                step, at = _field(text, at)
                yield step
            elif text.startswith("..", at):
                raise PathError("invalid multiple recursive descent")
        elif mark == ".":
            step, at = _field(text, at + 1)
            yield step
        elif mark == "[":
            end = text.find("]", at)
            if end < 0:
                raise PathError("unterminated array")
            yield _bracket(text[at + 1 : end])
            at = end + 1
        elif match := _QUOTED.match(text, at) or _NUMBER.match(text, at):
            yield _constant(match[0])
            at = match.end()
        elif mark.isalnum() or mark == "_":
            match = _WORD.match(text, at)
            assert match is not None, "a word has one letter at least"
            yield _word(match[0])
            at = match.end()
        else:
            raise PathError(f"unrecognized character in action: {mark!r}")


def _field(text: str, at: int) -> tuple[_Step, int]:
    match = _NAME.match(text, at)
    assert match is not None, "the pattern of a name matches nothing as well"
    if match[0] == "*":
        return _wildcard, match.end()
    name = match[0].replace("\\", "")
    return lambda found: [
        value[name] for value in found if type(value) is dict and name in value
    ], match.end()


def _constant(text: str) -> _Step:
    value: Any
    if text[0] in "'\"":
        value = re.sub(r"\\(.)", r"\1", text[1:-1])
    else:
        try:
            value = int(text) if text.lstrip("+-").isdigit() else float(text)
        except ValueError:
            raise PathError(f"cannot parse number {text}") from None
    return lambda found: [value] * len(found)


def _word(text: str) -> _Step:
    if text in ("true", "false"):
        return lambda found: [text == "true"] * len(found)

    def step(found: Values) -> Values:
        raise PathError(f"unrecognized identifier {text}")

    return step


def _bracket(text: str) -> _Step:
    parts = text.split(",")
    if len(parts) > 1:
        each = [_bracket(part.strip(" ")) for part in parts]
        return lambda found: [value for step in each for value in step(found)]
    if key := _KEY.fullmatch(text):
        inner = tuple(_steps(f".{key[1]}"))
        return lambda found: _walk(found, inner)
    match = _SLICE.fullmatch(":" if text == "*" else text)
    if match is None:
        raise PathError(f"invalid array index {text}")
    start, *rest = match.groups()
    end, step = ((each or "")[1:] for each in rest)
    one = rest[0] is None
    try:
        first, stride = int(start or 0), int(step or 1)
        last = first + 1 if one else int(end) if end else None
    except ValueError:
        raise PathError(f"array index {text} is not a number") from None
    return lambda found: [
        item for value in found for item in _part(value, first, last, stride, one)
    ]


def _part(value: Any, first: int, last: int | None, stride: int, one: bool) -> Sequence[Any]:
    if value is None:
        return ()
    if type(value) is not list:
        raise PathError(f"{type(value).__name__} is not array or slice")
    size = len(value)
    first += size if first < 0 else 0
    if last is None:
        last = size
    elif last < 0 or (last == 0 and one):
        last += size
    if first == last:
        return ()
    if not 0 <= first < size:
        raise PathError(f"array index out of bounds: index {first}, length {size}")
    if not 0 <= last <= size:
        raise PathError(f"array index out of bounds: index {last - 1}, length {size}")
    if first > last:
        raise PathError(f"starting index {first} is greater than ending index {last}")
    if stride <= 0:
        raise PathError("step must be > 0")
    return value[first:last:stride]


def _members(value: Any) -> Values:
    if type(value) is dict:
        return [value[name] for name in sorted(value)]
    return value if type(value) is list else []


def _wildcard(found: Values) -> Values:
    return [member for value in found for member in _members(value)]


def _descend(found: Values) -> Values:
    """All maps, lists and texts below, themselves included and empty ones apart."""
    return [
        each
        for value in found
        if type(value) in (dict, list, str) and value
        for each in (value, *_descend(_members(value)))
    ]


def _filter_text(text: str, start: int) -> tuple[str, int]:
    """What stands between `[?(` and its `)]`, and the place after it; a quoted bracket ends nothing."""
    at = start
    while at < len(text):
        if match := _QUOTED.match(text, at):
            at = match.end()
        elif text[at] == ")":
            if not text.startswith(")]", at):
                raise PathError("unclosed array expect ]")
            return text[start:at], at + 2
        else:
            at += 1
    raise PathError("unterminated filter")


def _filter(text: str) -> _Step:
    match = _COMPARISON.fullmatch(text)
    if match is None:
        exists = tuple(_steps(text))
        return lambda found: [item for item in _items(found) if _has(item, exists)]
    left, right = tuple(_steps(match[1])), tuple(_steps(match[3]))
    if match[2] not in _COMPARE:
        raise PathError(f"unrecognized filter operator {match[2]}")
    compare, equality = _COMPARE[match[2]], match[2] in ("==", "!=")

    def step(found: Values) -> Values:
        return [item for item in _items(found) if holds(item)]

    def holds(item: Any) -> bool:
        lefts = _walk([item], left)
        rights = _walk([item], right) if lefts else []
        if len(lefts) > 1 or len(rights) > 1:
            raise PathError("can only compare one element at a time")
        if not lefts or not rights:
            return False
        kinds = {type(lefts[0]), type(rights[0])}
        if len(kinds) > 1 or not kinds <= {bool, int, float, str}:
            raise PathError("incompatible types for comparison")
        if kinds == {bool} and not equality:
            raise PathError("invalid type for comparison")
        return compare(lefts[0], rights[0])

    return step


def _has(item: Any, steps: Iterable[_Step]) -> bool:
    try:
        return bool(_walk([item], steps))
    except PathError:
        return False


def _items(found: Values) -> Iterator[Any]:
    for value in found:
        if type(value) is not list:
            raise PathError(f"{type(value).__name__} is not array or slice and cannot be filtered")
        yield from value

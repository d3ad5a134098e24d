"""What is wrong with a text that is no JSON, in the words of Go's decoder; and what that takes for Unicode.

Only asked when a decoder has refused the text already: Python's own parser finds the place, and the
containers that are open there tell the rest.
"""

import json
import re
from math import isinf
from typing import Final

_END: Final = "unexpected end of JSON input"
# What Go's decoder reads behind the end.
_AT_END: Final = " "
_IN_NUMBER: Final = "in numeric literal"
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
_CONSTANT: Final = re.compile(r'"(?:[^"\\]|\\.)*"|(NaN|-?Infinity)', re.DOTALL)
_LITERALS: Final = ("true", "false", "null")
_BAD_BYTES: Final = re.compile("[\udc80-\udcff]")
# Pairs of surrogates are looked at together, and other escapes as wholes.
_ESCAPE: Final = re.compile(
    rb"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_REPLACEMENT: Final = rb"\ufffd"
_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"?|[{}\[\]]', re.DOTALL)


def json_error(data: bytes) -> str:
    """Go's sentence; "" when Go would see nothing wrong."""
    # Byte for byte, so that positions are Go's.
    text = data.decode("latin-1")
    return _first_error(text, text) or _constant(text)


def _first_error(text: str, shown: str) -> str:
    """What is wrong with a text, where another one of its length is shown."""
    try:
        json.loads(text, strict=True, parse_int=str)  # Python bounds the digits of integers
    except json.JSONDecodeError as error:
        return _in_words(shown, error)
    except RecursionError:
        return "exceeded max depth"
    return ""


def number_out_of_range(data: bytes) -> str:
    """The first number that is too large to be one of 64 bits, as it is written; "" if there is none."""
    found: list[str] = []

    def read(number: str) -> float:
        value = float(number)
        if isinf(value):
            found.append(number)
        return value

    json.loads(data, parse_float=read, parse_int=str)
    return found[0] if found else ""


def _constant(text: str) -> str:
    """What is wrong with a number that only Python's parser knows; "" if there is none."""
    found = next((each for each in _CONSTANT.finditer(text) if each[1]), None)
    if found is None:
        return ""
    at = found.start()
    if text[at] == "-":
        return _invalid("I", _IN_NUMBER)
    return _first_error(f"{text[:at]}?{text[at + 1 :]}", text)


def with_replacements(data: bytes) -> bytes:
    """JSON text in which a U+FFFD stands for each byte that is no UTF-8, and each half of a surrogate pair."""
    text = _BAD_BYTES.sub("\ufffd", data.decode("utf-8", "surrogateescape")).encode()
    return _ESCAPE.sub(lambda found: _REPLACEMENT if found[2] else found[0], text)


def _in_words(text: str, error: json.JSONDecodeError) -> str:
    position, found = error.pos, error.msg
    if found.startswith("Unterminated string"):
        return _END
    if found.startswith("Illegal trailing comma"):
        position = _next(text, position + 1)
    if found.startswith("Invalid \\") and text[position : position + 1] == "\\":
        position += 1
    rest = text[position:]
    if not rest:
        return _END
    if found == "Expecting value" and (literal := _begun(rest)):
        matched = next((i for i, c in enumerate(literal) if rest[i : i + 1] != c), 0)
        expected = literal[matched]
        where = f"in literal {literal} (expecting {_quoted(expected)})"
        return _invalid(rest[matched : matched + 1] or _AT_END, where)
    if in_number := _in_number(text[:position], rest):
        return in_number
    return _invalid(rest[0], _where(text[:position], found))


def _in_number(before: str, rest: str) -> str:
    """What is wrong with a number that is begun; "" where none is."""
    if rest[0] == "-":
        return _invalid(rest[1:2] or _AT_END, _IN_NUMBER)
    number = _NUMBER.search(before)
    if number is None or number[2]:
        return ""
    if rest[0] == "." and not number[1]:
        return _invalid(rest[1:2] or _AT_END, f"after decimal point {_IN_NUMBER}")
    if rest[0] in "eE":
        after = rest[2:3] if rest[1:2] in ("+", "-") else rest[1:2]
        return _invalid(after or _AT_END, "in exponent of numeric literal")
    return ""


def _next(text: str, position: int) -> int:
    return position + len(text[position:]) - len(text[position:].lstrip())


def _begun(rest: str) -> str:
    return next((literal for literal in _LITERALS if literal[0] == rest[0]), "")


def _where(before: str, found: str) -> str:
    if found.startswith("Expecting property name"):
        return "looking for beginning of object key string"
    if found.startswith("Expecting ':'"):
        return "after object key"
    if found.startswith("Extra data"):
        return "after top-level value"
    if found.startswith("Invalid control character"):
        return "in string literal"
    if found.startswith("Invalid \\"):
        return "in string escape code"
    if found.startswith("Expecting ','"):
        pair = _open(before) == "{"
        return "after object key:value pair" if pair else "after array element"
    return "looking for beginning of value"


def _open(before: str) -> str:
    """The bracket that is open at the end of a text."""
    stack = []
    for token in _TOKEN.findall(before.encode("latin-1")):
        if token in b"{[":
            stack.append(token.decode())
        elif token in b"}]" and stack:
            stack.pop()
    return stack[-1] if stack else ""


def _invalid(character: str, where: str) -> str:
    return f"invalid character {_quoted(character)} {where}"


# Bytes that Go writes as letters.
_NAMED: Final = "\b\f\n\r\t"


def _quoted(character: str) -> str:
    if character == "'":
        return "'\\''"
    if character == '"':
        return "'\"'"
    if not character.isprintable() and character not in _NAMED:
        return f"'\\x{ord(character):02x}'"
    return f"'{json.dumps(character, ensure_ascii=not character.isprintable())[1:-1]}'"

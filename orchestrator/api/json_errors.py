"""What is wrong with a text that is no JSON, in the words of Go's decoder; and what that takes for Unicode.

Only asked when a decoder has refused the text already: Python's own parser finds the place, and the
containers that are open there tell the rest.
"""

import json
import re
from typing import Final

_END: Final = "unexpected end of JSON input"
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
    try:
        json.loads(text, strict=True, parse_int=str)  # Python bounds the digits of integers
    except json.JSONDecodeError as error:
        return _in_words(text, error)
    except RecursionError:
        return "exceeded max depth"
    return ""


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
        if len(rest) <= matched:
            return _END
        expected = literal[matched]
        return _invalid(rest[matched], f"in literal {literal} (expecting {_quoted(expected)})")
    return _invalid(rest[0], _where(text[:position], found))


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

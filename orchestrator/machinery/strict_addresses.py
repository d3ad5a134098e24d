"""What Go's `netip` says of a text that is no address; other parsers of Go's, and Kubernetes', read more."""

import re
from typing import Final

from orchestrator.machinery.field_errors import quote

_MOST_DIGITS: Final = 4


class _Misread(Exception):
    """Why a text is no address, and from where on."""

    def __init__(self, why: str, rest: str = "") -> None:
        super().__init__(f"{why} (at {quote(rest)})" if rest else why)


def address_fault(text: str) -> str:
    """Why Go takes a text for no address; "" if it does."""
    first = next((each for each in text if each in ".:%"), "")
    try:
        if first == ".":
            _read_dotted(text)
        elif first == ":":
            _read_colons(text)
        else:
            raise _Misread("missing IPv6 address" if first else "unable to parse IP")
    except _Misread as error:
        return f"ParseAddr({quote(text)}): {error}"
    return ""


def _read_dotted(text: str) -> None:
    fields, digits = 0, ""
    for at, char in enumerate(text):
        if char in "0123456789":
            if digits == "0":
                raise _Misread("IPv4 field has octet with leading zero")
            digits += char
            if int(digits) > 255:
                raise _Misread("IPv4 field has value >255")
        elif char == ".":
            if not digits or at == len(text) - 1:
                raise _Misread("IPv4 field must have at least one digit", text[at:])
            if fields == 3:
                raise _Misread("IPv4 address too long")
            fields, digits = fields + 1, ""
        else:
            raise _Misread("unexpected character", text[at:])
    if fields < 3:
        raise _Misread("IPv4 address too short")


def _read_colons(text: str) -> None:
    rest, percent, zone = text.partition("%")
    if percent and not zone:
        raise _Misread("zone must be a non-empty string")
    read, ellipsis = 0, rest.startswith("::")
    rest = rest[2:] if ellipsis else rest
    while read < 8 and rest:
        digits = re.match("[0-9a-fA-F]*", rest)
        assert digits is not None
        if len(digits[0]) > _MOST_DIGITS:
            raise _Misread("each group must have 4 or less digits", rest)
        if not digits[0]:
            raise _Misread("each colon-separated field must have at least one digit", rest)
        if rest[digits.end() : digits.end() + 1] == ".":
            if not ellipsis and read != 6:
                raise _Misread(
                    "embedded IPv4 address must replace the final 2 fields of the address", rest
                )
            if read > 6:
                raise _Misread(
                    "too many hex fields to fit an embedded IPv4 at the end of the address", rest
                )
            _read_dotted(rest)
            read, rest = read + 2, ""
            break
        read, rest = read + 1, rest[digits.end() :]
        if not rest:
            break
        if not rest.startswith(":"):
            raise _Misread("unexpected character, want colon", rest)
        if len(rest) == 1:
            raise _Misread("colon must be followed by more characters", rest)
        rest = rest[1:]
        if rest.startswith(":"):
            if ellipsis:
                raise _Misread("multiple :: in address", rest)
            ellipsis, rest = True, rest[1:]
    if rest:
        raise _Misread("trailing garbage after address", rest)
    if read < 8 and not ellipsis:
        raise _Misread("address string too short")
    if read == 8 and ellipsis:
        raise _Misread("the :: must expand to at least one field of zeros")

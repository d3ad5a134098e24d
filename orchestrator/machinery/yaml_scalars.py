"""What a YAML scalar means, as Kubernetes' YAML library reads it: YAML 1.1 with exceptions.

Exceptions that matter in manifests: `12:30` is text and not a base-60 number; a timestamp is
text; `y` and `n` are booleans like `yes` and `no`; `0755` and `0o755` are octal.
"""

import base64
import binascii
import re
from decimal import Decimal
from math import isinf
from typing import Final

from orchestrator.machinery.documents import Json

_TAG: Final = "tag:yaml.org,2002:"
STR_TAG: Final = f"{_TAG}str"
MAP_TAG: Final = f"{_TAG}map"
SEQ_TAG: Final = f"{_TAG}seq"
_BINARY_TAG: Final = f"{_TAG}binary"
_TIMESTAMP_TAG: Final = f"{_TAG}timestamp"

_WORDS: Final[dict[str, Json]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), False),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NO_NUMBER: Final = frozenset(
    {sign + name for sign in ("", "+", "-") for name in (".inf", ".Inf", ".INF")}
    | {".nan", ".NaN", ".NAN"}
)
_LIKELY_NUMBER: Final = frozenset("+-.0123456789")
_INTEGER: Final = re.compile("([+-]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
# An integer of more digits is a float in JSON, and int() would take quadratic time.
_MAX_DIGITS: Final = 20


class NoJsonError(ValueError):
    """JSON has no such value. `words` is what Go's library says of it."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text} is no JSON")
        value = "NaN" if text[1:2].lower() == "n" else f"{'-' if text[0] == '-' else '+'}Inf"
        self.words = f"json: unsupported value: {value}"


def resolve(text: str, tag: str | None, *, plain: bool) -> Json:
    """The value of a scalar. `plain` says that neither quotes nor a tag make it text.

    Raises ValueError, with the reason, for what JSON cannot hold and for unknown tags.
    """
    if tag is None:
        return _resolve_plain(text) if plain else text
    if tag in ("!", STR_TAG, _TIMESTAMP_TAG):
        return text
    if tag == _BINARY_TAG:
        return _binary(text)
    kind = tag.removeprefix(_TAG)
    if kind not in _TYPES:
        raise ValueError(f"the tag {tag} has no meaning in a manifest")
    value = _resolve_plain(text)
    if kind == "float" and type(value) is int:
        return float(value)
    if type(value) is not _TYPES[kind]:
        raise ValueError(f"cannot decode `{text[:64]}` as a !!{kind}")
    return value


_TYPES: Final[dict[str, type]] = {
    "int": int,
    "float": float,
    "bool": bool,
    "null": type(None),
}


def _resolve_plain(text: str) -> Json:
    if len(text) <= 5 and text in _WORDS:
        return _WORDS[text]
    if text[0] not in _LIKELY_NUMBER:
        return text
    if text in _NO_NUMBER:
        raise NoJsonError(text)
    bare = text.replace("_", "")
    if (match := _INTEGER.fullmatch(bare)) and len(bare) <= _MAX_DIGITS:
        number = _integer(match[1], match[2])
        if -(2**63) <= number < 2**63:
            return number
    if _FLOAT.fullmatch(bare):
        number_ = float(bare)
        if not isinf(number_):
            return number_
    return text


def in_json(value: Json) -> Json:
    """A scalar as it is once the YAML has been made JSON, where a whole number has no point."""
    if type(value) is float and value.is_integer() and abs(value) < 2**63:
        return int(value)
    return value


def _integer(sign: str, digits: str) -> int:
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        digits = f"0o{digits[1:]}"
    number = int(digits, 0)
    return -number if sign == "-" else number


def _binary(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError("!!binary value contains invalid base64 data") from None


def key_text(value: Json) -> str:
    """A scalar as the key of a JSON object: `on:` is the key "true"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _float_text(value) if isinstance(value, float) else str(value)


def _float_text(value: float) -> str:
    """A float as Go's %g writes it: an exponent from a million on, of two digits at least."""
    sign, digits, power = Decimal(repr(value)).normalize().as_tuple()
    exponent = len(digits) + int(power) - 1
    if -4 <= exponent < 6:
        return f"{Decimal(repr(value)).normalize():f}"
    text = "".join(map(str, digits))
    mantissa = f"{text[0]}.{text[1:]}" if text[1:] else text
    return f"{'-' if sign else ''}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"

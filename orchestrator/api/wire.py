"""The bytes of protobuf, written: tags, numbers, and what has a length."""

import struct
from typing import Final

_VARINT: Final = 0
_FIXED64: Final = 1
_LENGTH: Final = 2


def number(field: int, value: int) -> bytes:
    """A number; a negative one has ten bytes, as in Go."""
    return varint(field << 3 | _VARINT) + varint(value & 0xFFFF_FFFF_FFFF_FFFF)


def message(field: int, data: bytes) -> bytes:
    """Bytes, or what is written as bytes: texts and messages."""
    return varint(field << 3 | _LENGTH) + varint(len(data)) + data


def double(field: int, value: float) -> bytes:
    """A number with a fraction, in eight bytes."""
    return varint(field << 3 | _FIXED64) + struct.pack("<d", value)


def text(field: int, value: str) -> bytes:
    """A text in UTF-8."""
    return message(field, value.encode())


def varint(value: int) -> bytes:
    """A number in groups of seven bits, the lowest first."""
    if value < 0x80:
        return bytes((value,))
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)

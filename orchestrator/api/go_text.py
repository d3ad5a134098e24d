"""What Go's JSON writes escaped, since it may stand in a page of HTML: signs of markup, and two ends of lines.

In a JSON text these signs stand in strings only, so the whole text is looked at. Nearly all have none of them.
"""

from typing import Final

# As numbers: so to look for one is a walk over the bytes and nothing else.
_LESS, _GREATER, _AND, _FIRST_OF_LINES = b"<>&\xe2"
GO_ESCAPES: Final = str.maketrans(
    {sign: f"\\u{ord(sign):04x}" for sign in ("<", ">", "&", "\u2028", "\u2029")}
)
"""How each of these signs is written, for `str.translate`."""
_ESCAPES: Final = tuple((chr(sign).encode(), text.encode()) for sign, text in GO_ESCAPES.items())


def as_go_writes(text: bytes) -> bytes:
    """The same JSON document in the letters that Go writes."""
    if _LESS in text or _GREATER in text or _AND in text or _FIRST_OF_LINES in text:
        for sign, escaped in _ESCAPES:
            text = text.replace(sign, escaped)
    return text

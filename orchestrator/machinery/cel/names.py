"""Names as CEL can say them."""

import re
from functools import lru_cache
from typing import Final

_RESERVED: Final = frozenset(
    [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ]
)
_PROPERTY: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_./-]*")
_IDENTIFIER: Final = re.compile("[a-zA-Z_][a-zA-Z0-9_]*")
_SPECIAL: Final = (
    ("__", "__underscores__"),
    (".", "__dot__"),
    ("-", "__dash__"),
    ("/", "__slash__"),
)


def is_identifier(name: str) -> bool:
    """Whether a variable may have the name: an identifier that is no word of the language."""
    return _IDENTIFIER.fullmatch(name) is not None and name not in _RESERVED


@lru_cache(maxsize=1 << 12)
def escaped(name: str) -> str | None:
    """The identifier by which a property is reached; None for a name that has none.

    Follows Kubernetes: `namespace` is `__namespace__`, `a-b` is `a__dash__b`, `a__b` is
    `a__underscores__b`.
    """
    if not _PROPERTY.fullmatch(name):
        return None
    if name in _RESERVED:
        return f"__{name}__"
    for special, word in _SPECIAL:
        name = name.replace(special, word)
    return name


def keyword_field(name: str) -> str | None:
    """The identifier of a property that is called as a word of the language; None for any other name.

    Such a property may be selected by either name.
    """
    return escaped(name) if name in _RESERVED else None

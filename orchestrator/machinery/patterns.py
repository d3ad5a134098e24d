"""Regular expressions as Go has them: matched in linear time, and refused in its words."""

from functools import lru_cache
from typing import Any, Final

import re2

# What the library says, and Go of the same.
_WORDS: Final = {
    "missing )": "missing closing )",
    "missing ]": "missing closing ]",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "no argument for repetition operator": "missing argument to repetition operator",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid repetition size": "invalid repeat count",
    "invalid named capture group": "invalid named capture",
}
_TRAILING: Final = "trailing \\"


@lru_cache(maxsize=1 << 10)
def compiled_pattern(pattern: str) -> Any:
    """A pattern's matcher; None for one that is no pattern there."""
    try:
        return _compile(pattern)
    except re2.error:
        return None


def pattern_fault(pattern: str) -> str:
    """Why Go does not take a pattern; "" if it does."""
    try:
        _compile(pattern)
    except re2.error as error:
        said = error.args[0]
        text = said.decode() if isinstance(said, bytes) else str(said)
        return f"error parsing regexp: {_words(text, pattern)}"
    return ""


def _compile(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def _words(said: str, pattern: str) -> str:
    if said.startswith(_TRAILING):
        return "trailing backslash at end of expression: ``"
    what, _, where = said.partition(": ")
    if where.startswith("(?<") and what == "invalid perl operator":
        return f"invalid named capture: `{pattern[pattern.index(where) :].partition('>')[0]}`"
    return f"{_WORDS.get(what, what)}: `{where}`"

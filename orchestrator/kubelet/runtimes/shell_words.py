"""The words of a line of shell: quotes, variables and operators."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

_OPERATOR: Final = re.compile(r"2>&1|1?>&2|2>>?|>>|>|<|&&|\|\||[;|&\n]")
_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+)|(\?))")


class Operator(Struct, frozen=True):
    text: str


class Word(Struct, frozen=True):
    """Pieces of a word, each with whether variables in it are replaced and whether it was quoted."""

    pieces: tuple[tuple[str, bool, bool], ...]


def tokens(line: str) -> Iterator[Word | Operator]:
    """The words and operators of a script; a newline is a `;`."""
    pieces: list[tuple[str, bool, bool]] = []
    at, bare = 0, ""
    while at <= len(line):
        char = line[at : at + 1]
        operator = _OPERATOR.match(line, at) if not bare or char in ";|&<>\n" else None
        if char == "" or char in " \t" or operator is not None:
            if bare:
                pieces.append((bare, True, False))
            if pieces:
                yield Word(tuple(pieces))
            pieces, bare = [], ""
            if operator is not None:
                yield Operator(";" if operator[0] == "\n" else operator[0].replace("2>>", "2>"))
                at = operator.end()
                continue
            at += 1
        elif char in "'\"":
            end = _closing(line, at + 1, char)
            if bare:
                pieces.append((bare, True, False))
                bare = ""
            inner = line[at + 1 : end]
            text = inner if char == "'" else re.sub(r'\\(["\\$`])', r"\1", inner)
            pieces.append((text, char == '"', True))
            at = end + 1
        elif char == "\\":
            pieces += [(bare, True, False), (line[at + 1 : at + 2], False, True)]
            bare = ""
            at += 2
        elif char == "#" and not bare and not pieces:
            newline = line.find("\n", at)
            at = len(line) if newline < 0 else newline
        else:
            bare += char
            at += 1


def _closing(line: str, at: int, quote: str) -> int:
    while at < len(line) and line[at] != quote:
        at += 2 if quote == '"' and line[at] == "\\" else 1
    return min(at, len(line))


def expand(word: Word, environment: Mapping[str, str], last: int) -> list[str]:
    """A word with its variables replaced; outside of quotes a value may be several words, or none."""
    quoted = any(piece[2] for piece in word.pieces)

    def value(found: re.Match[str]) -> str:
        if found[4]:
            return str(last)
        name = found[1] or found[3]
        return environment.get(name) or (found[2] or "")

    text = "".join(
        _VARIABLE.sub(value, piece) if replaced else piece for piece, replaced, _ in word.pieces
    )
    if quoted:
        return [text]
    return text.split() if any("$" in piece[0] for piece in word.pieces) else [text]

"""Texts that come from a named source: positions in them, and refusals that say where."""

from typing import NoReturn

from orchestrator.machinery.errors import ManifestError


def decoded(text: str | bytes, source: str) -> str:
    """The text without a byte order mark. Raises ManifestError when it is no valid Unicode."""
    if isinstance(text, bytes):
        try:
            return text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            before = text[: error.start].decode("utf-8", "replace")
            where = position(before, len(before))
            raise ManifestError(
                "the text is not UTF-8", source, *where, words=_words(error)
            ) from None
    found = surrogate_in(text)
    if found is not None:
        refuse("the text has a lone surrogate", source, *position(text, found))
    return text.removeprefix("\ufeff")


def _words(error: UnicodeDecodeError) -> str:
    """The sentence of Go's YAML library."""
    if error.reason == "unexpected end of data":
        return "incomplete UTF-8 octet sequence"
    return f"invalid {'trailing' if 'continuation' in error.reason else 'leading'} UTF-8 octet"


def surrogate_in(text: str) -> int | None:
    """The offset of half a character, which no encoding can write."""
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error.start
    return None


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def refuse(reason: str, source: str, line: int, column: int) -> NoReturn:
    """Raise the ManifestError."""
    raise ManifestError(reason, source, line, column)

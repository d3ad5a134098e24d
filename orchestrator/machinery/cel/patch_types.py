"""The types that policies have which change objects: `Object{...}`, `Object.spec{...}`, `JSONPatch{...}`.

The language's library knows no types of ours, and a value of these types is a map to whoever applies it.
So an expression is read once, and its literals become maps: `Object{spec: x}` is `{"spec": x}`. That a
literal stands where its type says is looked at here, since the maps do not tell any more.
"""

import re
from functools import lru_cache
from typing import Final

from msgspec import Struct

_LITERAL: Final = re.compile(r"(Object(?:\s*\.\s*\w+|\s*\.\s*`[^`]+`)*|JSONPatch)\s*\{")
_ESCAPE_KEY: Final = re.compile(r"jsonpatch\s*\.\s*escapeKey\s*\(")
_FIELD: Final = re.compile(r"\s*(\??)\s*(?:`([^`]+)`|(\w+))\s*:")
_STRING: Final = re.compile(
    r"""[bB]?[rR][bB]?(?:\"\"\".*?\"\"\"|'''.*?'''|"[^"\n]*"|'[^'\n]*')"""
    r"""|[bB]?(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''"""
    r"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""",
    re.DOTALL,
)
_COMMENT: Final = re.compile(r"//[^\n]*")
# Texts and comments.
QUIET: Final = re.compile(f"{_STRING.pattern}|{_COMMENT.pattern}", re.DOTALL)
_WORD: Final = re.compile(r"\w+|`[^`]*`")
_CLOSING: Final = {"{": "}", "[": "]", "(": ")"}
_PATCH: Final = "JSONPatch"


class PlainText(Struct, frozen=True):
    """An expression without types of its own. `root` is the type of its first literal, "" without any;
    `mismatch` says which literal stands where its type does not belong, "" if none does.
    """

    text: str
    root: str = ""
    mismatch: str = ""


class _Frame:
    """An open bracket. `type` of a literal, the `field` in which one stands, and what closes it."""

    __slots__ = ("closing", "expects_field", "field", "type")

    def __init__(self, closing: str, type_: str = "", *, expects_field: bool = False) -> None:
        self.closing = closing
        self.type = type_
        self.field = ""
        self.expects_field = expects_field


@lru_cache(maxsize=1 << 10)
def plain(text: str) -> PlainText:
    """The expression with maps for its literals. What is no expression stays none."""
    return _Rewriting(text).result()


class _Rewriting:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._out: list[str] = []
        self._open: list[_Frame] = []
        self._root = ""
        self._mismatches: list[str] = []

    def result(self) -> PlainText:
        while self._at < len(self._text):
            self._step()
        return PlainText("".join(self._out), self._root, "; ".join(self._mismatches))

    def _step(self) -> None:
        if self._field() or self._copied(_STRING) or self._copied(_COMMENT):
            return
        if self._literal() or self._escape_key() or self._copied(_WORD):
            return
        self._bracket(self._text[self._at])

    def _field(self) -> bool:
        """A field's name, where a literal expects one."""
        frame = self._open[-1] if self._open else None
        if frame is None or not frame.expects_field:
            return False
        match = _FIELD.match(self._text, self._at)
        frame.expects_field = False
        if match is None:
            return False
        frame.field = match[2] or match[3]
        self._out.append(f' {match[1]}"{frame.field}":')
        self._at = match.end()
        return True

    def _copied(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self._text, self._at)
        if match is None:
            return False
        self._out.append(match[0])
        self._at = match.end()
        return True

    def _literal(self) -> bool:
        match = _LITERAL.match(self._text, self._at)
        if match is None or self._is_part_of_name():
            return False
        name = re.sub(r"[\s`]", "", match[1])
        self._root = self._root or name
        self._check(name)
        self._open.append(_Frame("}", name, expects_field=True))
        self._out.append("{")
        self._at = match.end()
        return True

    def _escape_key(self) -> bool:
        """A function of one text: the text, with what a pointer's separators are written as."""
        match = _ESCAPE_KEY.match(self._text, self._at)
        if match is None or self._is_part_of_name():
            return False
        self._open.append(_Frame(").replace('~', '~0').replace('/', '~1')"))
        self._out.append("(")
        self._at = match.end()
        return True

    def _is_part_of_name(self) -> bool:
        return bool(self._out) and self._out[-1].endswith(".")

    def _check(self, name: str) -> None:
        """A literal in a field, or in lists and maps in it, is of the type that the field's path names."""
        for frame in reversed(self._open):
            if frame.type:
                wanted = f"{frame.type}.{frame.field}"
                if frame.type != _PATCH and name != wanted:
                    self._mismatches.append(
                        f'unexpected type name "{name}", expected "{wanted}", '
                        "which matches field name path from root Object type"
                    )
                return
            if frame.closing == ")":
                return  # what a function makes of it is not known

    def _bracket(self, char: str) -> None:
        self._at += 1
        if char in _CLOSING:
            self._open.append(_Frame(_CLOSING[char]))
        elif self._open and char == self._open[-1].closing[0]:
            char = self._open.pop().closing
        elif char == "," and self._open and self._open[-1].type:
            self._open[-1].expects_field = True
        self._out.append(char)

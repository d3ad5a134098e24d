"""The text form of label selectors: Kubernetes' grammar with Kubernetes' complaints.

    selector    = [requirement {"," requirement}]
    requirement = key | "!" key | key op value | key ("in" | "notin") "(" value {"," value} ")"
    op          = "=" | "==" | "!=" | ">" | "<"

The words `in` and `notin` are keywords only where an operator stands; a value may be empty.
"""

import re
from typing import Final

from orchestrator.machinery import field_errors
from orchestrator.machinery.errors import SelectorError
from orchestrator.machinery.names import qualified_name_errors
from orchestrator.machinery.requirements import (
    BINARY_OPERATORS,
    Operator,
    Requirement,
    checked_requirement,
)

_TOKEN: Final = re.compile(r"[ \t\r\n]*(==|!=|[=!<>(),]|[^ \t\r\n=!<>(),]+)")
_SPECIAL: Final = frozenset({"==", "!=", "=", "!", "<", ">", "(", ")", ","})
_INFIX: Final[dict[str, Operator]] = {
    "in": "in",
    "notin": "notin",
    "=": "=",
    "==": "==",
    "!=": "!=",
    ">": "gt",
    "<": "lt",
}


def parse_requirements(text: str) -> list[Requirement]:
    """The requirements in the order of the text. Raises SelectorError."""
    return _Parser(text).requirements()


class _Parser:
    """A token stream; "" is the end. The methods mirror the grammar's rules."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[str] = [*_TOKEN.findall(text), ""]
        self._next = 0

    def requirements(self) -> list[Requirement]:
        found: list[Requirement] = []
        while self._peek():
            if not (_is_word(self._peek()) or self._peek() == "!"):
                raise self._wrong(self._peek(), "!, identifier, or 'end of string'")
            try:
                found.append(self._requirement())
            except SelectorError as error:
                message = f"unable to parse requirement: {error.message}"
                raise SelectorError(message, self._text) from None
            if not (token := self._take()):
                break
            if token != ",":
                raise self._wrong(token, "',' or 'end of string'")
            if not (_is_word(self._peek()) or self._peek() == "!"):
                raise self._wrong(self._peek(), "identifier after ','")
        return found

    def _requirement(self) -> Requirement:
        token = self._take()
        if absent := token == "!":
            token = self._take()
        if not _is_word(token):
            raise self._wrong(token, "identifier")
        if messages := qualified_name_errors(token):
            # The original has no path to print here, and prints that.
            error = field_errors.invalid("<nil>", token, "; ".join(messages))
            raise SelectorError(str(error), self._text)
        if absent:
            return checked_requirement(token, "!", parsed=True)
        if self._peek() in ("", ","):
            return checked_requirement(token, "exists", parsed=True)
        operator = _INFIX.get(symbol := self._take())
        if operator is None:
            raise self._wrong(symbol, ", ".join(BINARY_OPERATORS))
        values = self._values() if operator in ("in", "notin") else self._value()
        return checked_requirement(token, operator, sorted(set(values)), parsed=True)

    def _value(self) -> list[str]:
        if self._peek() in ("", ","):
            return [""]
        if not _is_word(token := self._take()):
            raise self._wrong(token, "identifier")
        return [token]

    def _values(self) -> list[str]:
        if (token := self._take()) != "(":
            raise SelectorError(f"found '{token}' expected: '('", self._text)
        if not (_is_word(self._peek()) or self._peek() in (",", ")")) or not self._peek():
            raise self._wrong(self._peek(), "',', ')' or identifier")
        values: list[str] = []
        while True:
            values.append(self._take() if _is_word(self._peek()) else "")
            if (token := self._take()) == ")":
                return values
            if token != ",":
                raise self._wrong(token, "',' or ')'" if values[-1] else "',', or identifier")

    def _peek(self) -> str:
        return self._tokens[self._next]

    def _take(self) -> str:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _wrong(self, token: str, expected: str) -> SelectorError:
        return SelectorError(f"found '{token}', expected: {expected}", self._text)


def _is_word(token: str) -> bool:
    return bool(token) and token not in _SPECIAL

"""`$((...))`: whole numbers, variables, and the operators of C."""

import re
from typing import Final

from orchestrator.kubelet.runtimes.shell.state import Shell

_TOKEN: Final = re.compile(
    r"\s*(\d+|[A-Za-z_]\w*|\*\*|<<|>>|<=|>=|==|!=|&&|\|\||\+\+|--|[-+*/%]=|[-+*/%<>!&|^~()?:=])"
)
_LEVELS: Final = (
    ("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<", ">", "<=", ">="),
    ("<<", ">>"), ("+", "-"), ("*", "/", "%"), ("**",),
)  # fmt: skip


def calculate(text: str, shell: Shell) -> int:
    """The value of an expression; 0 for one that is none."""
    tokens = [m[1] for m in _TOKEN.finditer(text)]
    return _Calculation(tokens, shell).all()


class _Calculation:
    def __init__(self, tokens: list[str], shell: Shell) -> None:
        self._tokens = tokens
        self._shell = shell
        self._at = 0

    def all(self) -> int:
        return self._assignment() if self._tokens else 0

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _assignment(self) -> int:
        following = self._tokens[self._at + 1] if self._at + 1 < len(self._tokens) else ""
        name = self._next()
        if name.isidentifier() and (
            following == "=" or following in ("+=", "-=", "*=", "/=", "%=")
        ):
            self._at += 2
            value = self._assignment()
            if following != "=":
                value = _apply(following[0], self._variable(name), value)
            self._shell.set(name, str(value))
            return value
        return self._choice()

    def _choice(self) -> int:
        value = self._level(0)
        if self._next() == "?":
            self._at += 1
            yes = self._assignment()
            self._at += 1  # the colon
            no = self._assignment()
            return yes if value else no
        return value

    def _level(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._unary()
        value = self._level(level + 1)
        while self._next() in _LEVELS[level]:
            operator = self._next()
            self._at += 1
            value = _apply(operator, value, self._level(level + 1))
        return value

    def _unary(self) -> int:
        token = self._next()
        self._at += 1
        if token == "(":
            value = self._assignment()
            self._at += 1
            return value
        if token in ("-", "+", "!", "~"):
            value = self._unary()
            return {"-": -value, "+": value, "!": int(not value), "~": ~value}[token]
        if token in ("++", "--"):
            name = self._next()
            self._at += 1
            value = self._variable(name) + (1 if token == "++" else -1)
            self._shell.set(name, str(value))
            return value
        if token.isdecimal():
            return (
                int(token, 8)
                if token.startswith("0") and not token.strip("01234567")
                else int(token)
            )
        value = self._variable(token)
        if self._next() in ("++", "--"):
            self._shell.set(token, str(value + (1 if self._next() == "++" else -1)))
            self._at += 1
        return value

    def _variable(self, name: str) -> int:
        text = (self._shell.get(name) or "0").strip()
        try:
            return int(text)
        except ValueError:
            return 0


def _apply(operator: str, a: int, b: int) -> int:
    match operator:
        case "/" | "%":
            if b == 0:
                return 0
            quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
            return quotient if operator == "/" else a - quotient * b
        case "**":
            return int(a ** min(max(b, 0), 64))
        case "<<" | ">>":
            return a << min(b, 63) if operator == "<<" else a >> min(b, 63)
        case "&&" | "||":
            return int(bool(a and b) if operator == "&&" else bool(a or b))
    simple = {
        "+": a + b, "-": a - b, "*": a * b, "&": a & b, "|": a | b, "^": a ^ b,
        "==": int(a == b), "!=": int(a != b), "<": int(a < b), ">": int(a > b),
        "<=": int(a <= b), ">=": int(a >= b),
    }  # fmt: skip
    return simple.get(operator, 0)

"""`test`, `[`, `[[` and `expr`."""

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Final

from orchestrator.kubelet.runtimes.commands.paths import absolute, is_directory, is_there, mode_of
from orchestrator.kubelet.runtimes.commands.steps import Command, Err, Out, Run
from orchestrator.kubelet.runtimes.interface import World

_NUMBERS: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "-eq": int.__eq__,
    "-ne": int.__ne__,
    "-lt": int.__lt__,
    "-gt": int.__gt__,
    "-le": int.__le__,
    "-ge": int.__ge__,
}


class _BadNumber(ValueError):
    """An operand is no number."""


def _test(arguments: list[str], world: World) -> Run:
    try:
        return int(not _Condition(arguments, world, patterns=False).all())
    except _BadNumber as error:
        yield Err(f"sh: {error}: bad number\n".encode())
        return 2


def _bracket(arguments: list[str], world: World) -> Run:
    if arguments[-1:] != ["]"]:
        yield Err(b"[: missing ]\n")
        return 2
    return (yield from _test(arguments[:-1], world))


def _double(arguments: list[str], world: World) -> Run:
    try:
        words = arguments[:-1] if arguments[-1:] == ["]]"] else arguments
        return int(not _Condition(words, world, patterns=True).all())
    except _BadNumber as error:
        yield Err(f"sh: {error}: bad number\n".encode())
        return 2


class _Condition:
    """A condition, read from left to right: `-o` binds less than `-a`, and that less than `!`."""

    def __init__(self, words: list[str], world: World, *, patterns: bool) -> None:
        self._words = words
        self._world = world
        self._patterns = patterns
        self._at = 0

    def all(self) -> bool:
        return bool(self._words) and self._or()

    def _left(self) -> list[str]:
        return self._words[self._at :]

    def _or(self) -> bool:
        holds = self._and()
        while self._left()[:1] and self._left()[0] in ("-o", "||"):
            self._at += 1
            holds = self._and() or holds
        return holds

    def _and(self) -> bool:
        holds = self._one()
        while self._left()[:1] and self._left()[0] in ("-a", "&&"):
            self._at += 1
            holds = self._one() and holds
        return holds

    def _one(self) -> bool:
        left = self._left()
        if len(left) >= 3 and (left[1] in _NUMBERS or left[1] in ("=", "==", "!=", "=~", "<", ">")):
            self._at += 3
            return self._compare(left[0], left[1], left[2])
        if left[:1] == ["!"] and len(left) > 1:
            self._at += 1
            return not self._one()
        if left[:1] == ["("]:
            self._at += 1
            holds = self._or()
            self._at += 1
            return holds
        if len(left) >= 2 and re.fullmatch("-[a-zA-Z]", left[0]) and left[0] not in ("-a", "-o"):
            self._at += 2
            return self._of_file(left[0], left[1])
        self._at += 1
        return bool(left and left[0])

    def _compare(self, a: str, how: str, b: str) -> bool:
        if how in _NUMBERS:
            return _NUMBERS[how](_number(a), _number(b))
        if how in ("<", ">"):
            return a < b if how == "<" else a > b
        if how == "=~":
            return re.search(b, a) is not None
        equal = fnmatchcase(a, b) if self._patterns else a == b
        return equal is not (how == "!=")

    def _of_file(self, what: str, name: str) -> bool:
        if what in ("-z", "-n"):
            return bool(name) is (what == "-n")
        world, path = self._world, absolute(name, self._world)
        match what:
            case "-f":
                return path in world.files
            case "-d":
                return is_directory(path, world)
            case "-s":
                return bool(world.files.get(path))
            case "-x":
                return is_directory(path, world) or bool(mode_of(path, world) & 0o111)
            case "-e" | "-r" | "-w":
                return is_there(path, world)
            case "-L" | "-h" | "-p" | "-S" | "-b" | "-c":
                return False
        return is_there(path, world)


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _BadNumber(text) from None


def _expr(arguments: list[str], world: World) -> Run:
    """Numbers, comparisons and `:`, from left to right with the usual precedence of two levels."""
    try:
        value = _sum(list(arguments))
    except (ValueError, IndexError, ZeroDivisionError):
        yield Err(b"expr: syntax error\n")
        return 2
    yield Out(f"{value}\n".encode())
    return int(str(value) in ("", "0"))


def _sum(words: list[str]) -> str:
    value = _product(words)
    while words:
        operator = words.pop(0)
        other = _product(words)
        match operator:
            case "+":
                value = str(int(value) + int(other))
            case "-":
                value = str(int(value) - int(other))
            case "=" | "==":
                value = str(int(value == other))
            case "!=":
                value = str(int(value != other))
            case "<" | ">" | "<=" | ">=":
                less, same = int(value) < int(other), int(value) == int(other)
                holds = {"<": less, "<=": less or same, ">": not less and not same, ">=": not less}
                value = str(int(holds[operator]))
            case ":":
                found = re.match(other, value)
                value = str(len(found[0])) if found is not None else "0"
            case _:
                raise ValueError(operator)
    return value


def _product(words: list[str]) -> str:
    value = words.pop(0)
    while words and words[0] in ("*", "/", "%"):
        operator, a, b = words.pop(0), int(value), int(words.pop(0))
        value = str(
            a * b if operator == "*" else int(a / b) if operator == "/" else a - b * int(a / b)
        )
    return value


COMMANDS: Final[Mapping[str, Command]] = {
    "test": _test,
    "[": _bracket,
    "[[": _double,
    "expr": _expr,
}

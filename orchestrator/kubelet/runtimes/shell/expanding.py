"""Words become text: variables, substitutions, arithmetic, fields, patterns of file names."""

import re
from collections.abc import Callable, Generator, Iterable
from fnmatch import fnmatchcase
from typing import TypeAlias

from orchestrator.kubelet.runtimes.commands.paths import absolute, listed
from orchestrator.kubelet.runtimes.commands.steps import Err, Step
from orchestrator.kubelet.runtimes.shell.arithmetic import calculate
from orchestrator.kubelet.runtimes.shell.state import Leaves, Shell
from orchestrator.kubelet.runtimes.shell.tree import (
    Arithmetic,
    Literal,
    Parameter,
    Part,
    Script,
    Substitution,
    Word,
)

Expansion: TypeAlias = Generator[Step, bytes | None, str]
Fields: TypeAlias = Generator[Step, bytes | None, list[str]]
Says: TypeAlias = Callable[[Script, Shell], Expansion]


def fields(word: Word, shell: Shell, says: Says) -> Fields:
    """The arguments that a word makes: outside of quotes a value may be several, or none.

    `says` runs the script of a substitution and answers what it writes.
    """
    done: list[str] = []
    text, begun = "", False
    for part in word.parts:
        if isinstance(part, Parameter) and part.name == "@" and part.quoted:
            for i, argument in enumerate(shell.arguments):
                if i:
                    done.append(text)
                    text = ""
                text, begun = text + argument, True
            continue
        value = yield from _value(part, shell, says)
        if part.quoted or isinstance(part, Literal):
            text += value if part.quoted else _tilde(value, text)
            begun = True
            continue
        pieces = value.split()
        if not pieces:
            if begun and value:
                done.append(text)
                text, begun = "", False
            continue
        if begun and value[:1].isspace():
            done.append(text)
            text = ""
        text += pieces[0]
        for piece in pieces[1:]:
            done.append(text)
            text = piece
        begun = True
        if value[-1:].isspace():
            done.append(text)
            text, begun = "", False
    if begun:
        done.append(text)
    if any(isinstance(p, Literal) and not p.quoted and _is_pattern(p.text) for p in word.parts):
        return [each for one in done for each in _files(one, shell)]
    return done


def text_of(word: Word, shell: Shell, says: Says) -> Expansion:
    """A word as one text, as in an assignment or a redirection."""
    texts = []
    for part in word.parts:
        texts.append((yield from _value(part, shell, says)))
    return "".join(texts)


def matches(text: str, pattern: str) -> bool:
    """Whether a text is as a pattern of the shell says."""
    return fnmatchcase(text, pattern.replace("[!", "[!"))


def _value(part: Part, shell: Shell, says: Says) -> Expansion:
    if isinstance(part, Literal):
        return part.text
    if isinstance(part, Substitution):
        return (yield from says(part.script, shell)).rstrip("\n")
    if isinstance(part, Arithmetic):
        return str(calculate((yield from text_of(part.word, shell, says)), shell))
    return (yield from _parameter(part, shell, says))


def _parameter(part: Parameter, shell: Shell, says: Says) -> Expansion:
    value = shell.get(part.name)
    operator = part.operator
    if not operator:
        return value or ""
    if operator == "length":
        return str(len(value or ""))
    word = ""
    absent = value is None or (operator.startswith(":") and not value)
    kind = operator.lstrip(":")
    if kind in ("-", "=", "?"):
        if not absent:
            return value or ""
        word = (yield from text_of(part.word, shell, says)) if part.word is not None else ""
        if kind == "=":
            shell.set(part.name, word)
        elif kind == "?":
            yield Err(f"{shell.name}: {part.name}: {word or 'parameter not set'}\n".encode())
            raise Leaves("exit", 2)
        return word
    if part.word is not None:
        word = yield from text_of(part.word, shell, says)
    if kind == "+":
        return "" if absent else word
    return _cut(value or "", kind, word)


def _cut(value: str, how: str, pattern: str) -> str:
    if how.startswith("/"):
        old, _, new = pattern.partition("/")
        return value.replace(old, new) if how == "//" else value.replace(old, new, 1)
    lengths: Iterable[int] = range(len(value) + 1)
    if len(how) == 2:
        lengths = reversed(range(len(value) + 1))
    for length in lengths:
        if how[0] == "#" and matches(value[:length], pattern):
            return value[length:]
        if how[0] == "%" and matches(value[len(value) - length :], pattern):
            return value[: len(value) - length]
    return value


def _tilde(value: str, before: str) -> str:
    return "/root" + value[1:] if not before and re.match(r"~(/|$)", value) else value


def _is_pattern(text: str) -> bool:
    return text not in ("[", "[[") and bool(re.search(r"[*?]|\[.+\]", text))


def _files(pattern: str, shell: Shell) -> list[str]:
    """The files whose names are as the pattern says; the pattern itself if there are none."""
    found = [""]
    rooted = pattern.startswith("/")
    for i, part in enumerate(pattern.strip("/").split("/")):
        nxt = []
        for start in found:
            place = f"{start}/" if i or rooted else ""
            where = absolute(place or ".", shell.world)
            names = listed(where, shell.world) if _is_pattern(part) else [part]
            hidden = part.startswith(".")
            nxt += [
                f"{place}{name}"
                for name in names
                if name == part or (matches(name, part) and (hidden or not name.startswith(".")))
            ]
        found = nxt
    real = [f for f in found if _is_there(f, shell)]
    return sorted(real) or [pattern]


def _is_there(path: str, shell: Shell) -> bool:
    found = absolute(path, shell.world)
    name = found.rpartition("/")
    return name[2] in listed(name[0] or "/", shell.world)

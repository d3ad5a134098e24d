"""What can be said of a command before it runs: whether all of it is known here, and whether it looks around.

A command that is known and looks at nothing (no file, no variable of its surroundings, no chance) ends the same each
time, so that one rehearsal tells how every container of a template ends.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict

from orchestrator.kubelet.runtimes.commands.steps import NOT_FOUND, Sleep
from orchestrator.kubelet.runtimes.interface import World
from orchestrator.kubelet.runtimes.shell.builtins import BUILTINS
from orchestrator.kubelet.runtimes.shell.parsing import ScriptError, parse
from orchestrator.kubelet.runtimes.shell.prefixes import PREFIXES
from orchestrator.kubelet.runtimes.shell.running import run
from orchestrator.kubelet.runtimes.shell.tree import (
    Arithmetic,
    For,
    Function,
    Parameter,
    Redirect,
    Script,
    Simple,
)
from orchestrator.kubelet.runtimes.table import COMMANDS

_MAX_REHEARSAL: Final = 2_000  # steps
_SHELLS: Final = frozenset({"sh", "bash", "ash", "dash"})
_ALONE: Final = frozenset(
    {"echo", "sleep", "true", "false", ":", "exit", "break", "continue", "printf", "return",
     "test", "[", "[[", "expr", "seq", "shift", "set"}
)  # fmt: skip
_LOOKS: Final = re.compile(r"-[a-eghj-mo-yA-Z]|-f")  # tests of files
_OWN_PARAMETERS: Final = frozenset("?#@*0123456789")


_KNOWN: Final = frozenset({*COMMANDS, *PREFIXES})


class Outlook(Struct, frozen=True):
    """`known`: every command in it is known here. `alone`: it looks at nothing and leaves nothing."""

    known: bool
    alone: bool


_UNKNOWN: Final = Outlook(False, False)


def outlook(argv: Sequence[str]) -> Outlook:
    """What can be said of a command."""
    if not argv:
        return _UNKNOWN
    name = argv[0].rpartition("/")[2]
    if name not in _SHELLS:
        looks = any(_LOOKS.fullmatch(a) for a in argv) and name != "echo"
        known = name in _KNOWN or _listens(name, argv[1:])
        return Outlook(known, name in _ALONE and not looks)
    script = _script_of(argv)
    if script is None:
        return _UNKNOWN
    try:
        tree = parse(script)
    except ScriptError:
        return Outlook(True, True)  # it says so, and ends
    return _outlook_of(tree, _KNOWN)


def _script_of(argv: Sequence[str]) -> str | None:
    """The text after `-c`; None if there is none."""
    for i, word in enumerate(argv[1:], 1):
        if not word.startswith("-"):
            return None
        if "c" in word and not word.startswith("--"):
            rest = [a for a in argv[i + 1 :] if not a.startswith("-")]
            return rest[0] if rest else None
    return None


def _outlook_of(tree: Script, commands: frozenset[str]) -> Outlook:
    parts = list(_walk(tree))
    functions = {p.name for p in parts if isinstance(p, Function)}
    own = {p.name for p in parts if isinstance(p, For)}
    own |= {name for p in parts if isinstance(p, Simple) for name, _ in p.assignments}
    known, alone = True, True
    for part in parts:
        if isinstance(part, Parameter):
            alone = alone and (part.name in own or part.name in _OWN_PARAMETERS)
        elif isinstance(part, Redirect):
            alone = alone and (part.operator in (">&", "<<") or part.target.literal == "/dev/null")
        elif isinstance(part, Arithmetic):
            alone = False
        elif isinstance(part, Simple) and part.words:
            name = part.words[0].literal
            if name is None:
                return _UNKNOWN
            base = name.rpartition("/")[2]
            known = known and (
                base in commands
                or name in functions
                or base in _OWN
                or _listens(base, [word.literal for word in part.words[1:]])
            )
            looks = any(_LOOKS.fullmatch(w.literal or "") for w in part.words) and base != "echo"
            alone = alone and (base in _ALONE or name in functions) and not looks
    return Outlook(known, known and alone)


def _listens(name: str, words: Sequence[str | None]) -> bool:
    """Whether a command is netcat that waits for clients: that need not know what others answer."""
    return name == "nc" and any(_LISTENING.match(word or "") for word in words)


_LISTENING: Final = re.compile(r"-[a-z]*l")
_OWN: Final = frozenset({*BUILTINS, *_SHELLS, "exec"})


def _walk(node: object) -> Iterator[object]:
    if isinstance(node, Struct):
        yield node
        for value in asdict(node).values():
            yield from _walk(value)
    elif isinstance(node, tuple):
        for each in node:
            yield from _walk(each)


def rehearse(
    argv: Sequence[str], environment: Mapping[str, str] | None = None
) -> tuple[float, int | None]:
    """How long a command takes and its exit code, of which nobody sees more; code None: it goes on for ever.

    One that is not known here takes no time and ends well: the image may have it.
    """
    world = World(dict(environment or {}), {})
    command = run(argv, world)
    seconds, answer = 0.0, None
    for _ in range(_MAX_REHEARSAL):
        try:
            step = command.send(answer)
        except StopIteration as end:
            code = int(end.value)
            return seconds, 0 if code == NOT_FOUND else code
        if isinstance(step, Sleep):
            seconds += step.seconds
    return seconds, None

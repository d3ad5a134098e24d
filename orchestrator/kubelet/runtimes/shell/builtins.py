"""The commands that a shell runs itself, because they change the shell."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from orchestrator.kubelet.runtimes.commands.paths import absolute, is_directory
from orchestrator.kubelet.runtimes.commands.steps import Err, Out, Read, Run
from orchestrator.kubelet.runtimes.shell.parsing import ScriptError, parse
from orchestrator.kubelet.runtimes.shell.prefixes import PREFIXES
from orchestrator.kubelet.runtimes.shell.state import Leaves, Shell
from orchestrator.kubelet.runtimes.table import COMMANDS

Builtin: TypeAlias = Callable[[list[str], Shell], Run | int]


def _code(arguments: list[str], shell: Shell) -> int:
    if arguments and arguments[0].isdecimal():
        return int(arguments[0]) & 255
    return shell.last


def _exit(arguments: list[str], shell: Shell) -> int:
    raise Leaves("exit", _code(arguments, shell))


def _return(arguments: list[str], shell: Shell) -> int:
    raise Leaves("return", _code(arguments, shell))


def _break(arguments: list[str], shell: Shell) -> int:
    raise Leaves("break", 0, _levels(arguments))


def _continue(arguments: list[str], shell: Shell) -> int:
    raise Leaves("continue", 0, _levels(arguments))


def _levels(arguments: list[str]) -> int:
    return int(arguments[0]) if arguments and arguments[0].isdecimal() else 1


def _cd(arguments: list[str], shell: Shell) -> Run:
    world = shell.world
    target = absolute(arguments[0] if arguments else shell.get("HOME") or "/", world)
    if not is_directory(target, world):
        text = f"{shell.name}: cd: can't cd to {arguments[0]}: No such file or directory\n"
        yield Err(text.encode())
        return 2
    world.directory = target
    return 0


def _export(arguments: list[str], shell: Shell) -> Run:
    for each in arguments:
        name, equals, value = each.partition("=")
        shell.export(name, value if equals else None)
    if not [a for a in arguments if a != "-p"]:
        for name, value in shell.world.environment.items():
            yield Out(f"export {name}='{value}'\n".encode())
    return 0


def _local(arguments: list[str], shell: Shell) -> int:
    for each in arguments:
        name, equals, value = each.partition("=")
        if equals:
            shell.set(name, value)
    return 0


def _unset(arguments: list[str], shell: Shell) -> int:
    for each in arguments:
        shell.unset(each)
    return 0


def _set(arguments: list[str], shell: Shell) -> int:
    rest = list(arguments)
    while rest and rest[0][:1] in "-+" and len(rest[0]) > 1 and rest[0] != "--":
        option = rest.pop(0)
        if "e" in option:
            shell.stops_at_fault = option[0] == "-"
        if option.endswith("o") and rest:
            shell.stops_at_fault = shell.stops_at_fault or rest[0] == "errexit"
            rest.pop(0)
    if rest:
        shell.arguments = rest[1:] if rest[0] == "--" else rest
    return 0


def _shift(arguments: list[str], shell: Shell) -> int:
    count = _levels(arguments)
    if count > len(shell.arguments):
        return 1
    del shell.arguments[:count]
    return 0


def _trap(arguments: list[str], shell: Shell) -> Run:
    if len(arguments) < 2:
        return 0
    names = [each.removeprefix("SIG") for each in arguments[1:]]
    names = [{"0": "EXIT", "15": "TERM", "2": "INT", "1": "HUP"}.get(n, n.upper()) for n in names]
    if arguments[0] == "-":
        for name in names:
            shell.traps.pop(name, None)
            shell.world.trapped.discard(name)
        return 0
    try:
        script = parse(arguments[0])
    except ScriptError as error:
        yield Err(f"{shell.name}: trap: syntax error: {error}\n".encode())
        return 2
    for name in names:
        shell.traps[name] = script
        shell.world.trapped.add(name)
    return 0


def _read(arguments: list[str], shell: Shell) -> Run:
    """A line of the input; what comes after it in one piece of input is lost."""
    names = [a for a in arguments if not a.startswith("-")] or ["REPLY"]
    line = b""
    while b"\n" not in line:
        more = yield Read()
        if more is None:
            break
        line += more
    words = line.partition(b"\n")[0].decode(errors="replace").split(None, len(names) - 1)
    for i, name in enumerate(names):
        shell.set(name, words[i].strip() if i < len(words) else "")
    return int(not line)


def _type(arguments: list[str], shell: Shell) -> Run:
    code = 0
    for name in [a for a in arguments if not a.startswith("-")]:
        if name in shell.functions or name in BUILTINS:
            yield Out(f"{name}\n".encode())
        elif name in COMMANDS or name in PREFIXES:
            yield Out(f"/bin/{name}\n".encode())
        else:
            code = 127
    return code


def _colon(arguments: list[str], shell: Shell) -> int:
    return 0


BUILTINS: Final[Mapping[str, Builtin]] = {
    ":": _colon,
    "exit": _exit,
    "return": _return,
    "break": _break,
    "continue": _continue,
    "cd": _cd,
    "export": _export,
    "readonly": _local,
    "local": _local,
    "declare": _local,
    "unset": _unset,
    "set": _set,
    "shift": _shift,
    "trap": _trap,
    "read": _read,
    "eval": _colon,  # these four run further scripts: see running.py
    ".": _colon,
    "source": _colon,
    "wait": _colon,
    "command": _type,
    "type": _type,
    "umask": _colon,
    "ulimit": _colon,
}

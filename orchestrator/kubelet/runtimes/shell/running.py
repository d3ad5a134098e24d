"""Runs the tree of a script: lists, pipelines, loops, functions, redirections, traps."""

from collections.abc import Callable, Generator, Sequence
from typing import Final, TypeAlias

from orchestrator.kubelet.runtimes.commands.paths import absolute, fault_of_writing, write
from orchestrator.kubelet.runtimes.commands.steps import NOT_FOUND, Err, Out, Read, Run, Sleep, Step
from orchestrator.kubelet.runtimes.interface import World
from orchestrator.kubelet.runtimes.shell.builtins import BUILTINS
from orchestrator.kubelet.runtimes.shell.expanding import fields, matches, text_of
from orchestrator.kubelet.runtimes.shell.parsing import ScriptError, parse
from orchestrator.kubelet.runtimes.shell.prefixes import PREFIXES
from orchestrator.kubelet.runtimes.shell.state import Leaves, Shell
from orchestrator.kubelet.runtimes.shell.tree import (
    Case,
    Command,
    For,
    Function,
    Group,
    If,
    Loop,
    Pipeline,
    Redirect,
    Redirected,
    Script,
    Simple,
)
from orchestrator.kubelet.runtimes.table import COMMANDS, CONNECTED

_SHELLS: Final = frozenset({"sh", "bash", "ash", "dash"})
_ROUND_SECONDS: Final = (
    0.001  # that a round of a loop takes, so that no loop is for ever in one moment
)
_DEEPEST: Final = 50
_Target: TypeAlias = tuple[str, str]  # where a stream goes: out, err, null, or a file


def run(argv: Sequence[str], world: World) -> Run:
    """Run a command, which may be a shell with a script."""
    if not argv:
        return 0
    name = argv[0].rpartition("/")[2]
    if name in _SHELLS:
        return (yield from _shell(argv, world))
    if (prefix := PREFIXES.get(name)) is not None:
        return (yield from prefix(list(argv[1:]), world, run))
    command = COMMANDS.get(name) or (CONNECTED.get(name) if world.outside is not None else None)
    if command is None:
        yield Err(f"sh: {argv[0]}: not found\n".encode())
        return NOT_FOUND
    done = command(list(argv[1:]), world)
    return done if isinstance(done, int) else (yield from done)


# --- shells --------------------------------------------------------------------------------


def _shell(argv: Sequence[str], world: World) -> Run:
    shell = Shell(world.apart())
    rest = list(argv[1:])
    command = False
    while rest and rest[0].startswith("-") and rest[0] != "-":
        option = rest.pop(0)
        if option == "--":
            break
        if not option.startswith("--"):
            command = command or "c" in option
            shell.stops_at_fault = shell.stops_at_fault or "e" in option
            if option.endswith("o") and rest:
                rest.pop(0)
    if command:
        script = rest.pop(0) if rest else ""
        shell.name, shell.arguments = (rest[0] if rest else argv[0]), rest[1:]
        return (yield from script_run(script, shell))
    if rest:
        path = absolute(rest[0], world)
        data = world.files.get(path)
        if data is None:
            yield Err(f"{argv[0]}: can't open '{rest[0]}': No such file or directory\n".encode())
            return 2
        shell.name, shell.arguments = rest[0], rest[1:]
        return (yield from script_run(data.decode(errors="replace"), shell))
    return (yield from _prompt(shell))


def script_run(script: str, shell: Shell) -> Run:
    """Run a script to its end, and then what it trapped for its exit."""
    try:
        tree = parse(script)
    except ScriptError as error:
        yield Err(f"{shell.name}: syntax error: {error}\n".encode())
        return 2
    return (yield from _to_its_end(tree, shell))


def _to_its_end(tree: Script, shell: Shell) -> Run:
    try:
        code = yield from script_of(tree, shell)
    except Leaves as leaves:
        code = leaves.code
    shell.last = code
    at_exit = shell.traps.pop("EXIT", None)
    if at_exit is not None:
        try:
            yield from script_of(at_exit, shell)
        except Leaves as leaves:
            code = leaves.code
    return code


def _prompt(shell: Shell) -> Run:
    """Lines of the input, one command each."""
    waiting = b""
    while True:
        line, newline, rest = waiting.partition(b"\n")
        if not newline:
            more = yield Read()
            if more is not None:
                waiting += more.replace(b"\r", b"\n")
                continue
            rest = b""
        waiting = rest
        if line.strip():
            try:
                shell.last = yield from script_of(parse(line.decode(errors="replace")), shell)
            except ScriptError as error:
                yield Err(f"{shell.name}: syntax error: {error}\n".encode())
                shell.last = 2
            except Leaves as leaves:
                return leaves.code
        if not newline:
            return shell.last


# --- lists ---------------------------------------------------------------------------------


def script_of(script: Script, shell: Shell, *, tested: bool = False) -> Run:
    """Run a list. `tested`: somebody looks at its code, so that a fault does not end the script."""
    code, steps = 0, script.steps
    for i, step in enumerate(steps):
        if (step.operator == "&&" and code) or (step.operator == "||" and not code):
            continue
        if step.background:
            shell.jobs.append(Group(Script((type(step)(";", step.pipeline),)), True))
            code = shell.last = 0
            continue
        looked_at = tested or (i + 1 < len(steps) and steps[i + 1].operator in ("&&", "||"))
        code = shell.last = yield from _pipeline(step.pipeline, shell, looked_at)
        if shell.world.signals:
            yield from _heed(shell)
        if code and shell.stops_at_fault and not looked_at and not step.pipeline.negated:
            raise Leaves("exit", code)
    return code


def _heed(shell: Shell) -> Generator[Step, bytes | None, None]:
    """Run what is trapped for the signals that have come."""
    signals = shell.world.signals
    while signals:
        trap = shell.traps.get(signals.pop(0))
        if trap is not None:
            before = shell.last
            yield from script_of(trap, shell)
            shell.last = before


def _pipeline(pipeline: Pipeline, shell: Shell, tested: bool) -> Run:
    """Run commands, each with the output of the one before as its input."""
    tested = tested or pipeline.negated
    commands = pipeline.commands
    if len(commands) == 1:
        code = yield from command_of(commands[0], shell, tested)
    else:
        given: bytes | None = None  # None: the input of the whole
        code = 0
        for i, each in enumerate(commands):
            kept = bytearray() if i < len(commands) - 1 else None
            apart = shell.fork()
            code = yield from fed(_ended(command_of(each, apart, tested)), given, kept)
            given = bytes(kept or b"")
    return int(not code) if pipeline.negated else code


def _ended(command: Run) -> Run:
    try:
        return (yield from command)
    except Leaves as leaves:
        return leaves.code


def fed(command: Run, given: bytes | None, kept: bytearray | None) -> Run:
    """Run a command on `given` instead of the input, keeping its output if asked to."""

    def keep(step: Out | Err) -> Out | Err | None:
        if kept is None or isinstance(step, Err):
            return step
        kept.extend(step.data)
        return None

    return (yield from _between(command, given, keep))


def _between(
    command: Run, given: bytes | None, take: Callable[[Out | Err], Out | Err | None]
) -> Run:
    """Run a command on `given` instead of the input; what it writes goes on as `take` answers it, if at all."""
    answer: bytes | None = None
    while True:
        try:
            step = command.send(answer)
        except StopIteration as end:
            return int(end.value)
        answer = None
        if isinstance(step, Read) and given is not None:
            answer, given = (given or None), b""
        elif isinstance(step, Out | Err):
            passed = take(step)
            if passed is not None:
                yield passed
        else:
            answer = yield step


# --- commands ------------------------------------------------------------------------------


def command_of(command: Command, shell: Shell, tested: bool = False) -> Run:
    """Run one command, simple or not."""
    match command:
        case Simple():
            return (yield from _simple(command, shell))
        case Redirected():
            inner = command_of(command.command, shell, tested)
            return (yield from _redirected(inner, command.redirects, shell))
        case Function():
            shell.functions[command.name] = command.body
            return 0
        case Group():
            if not command.apart:
                return (yield from script_of(command.script, shell, tested=tested))
            return (yield from _to_its_end(command.script, shell.fork()))
        case If():
            return (yield from _if(command, shell, tested))
        case Loop():
            return (yield from _loop(command, shell))
        case For():
            return (yield from _for(command, shell))
        case Case():
            return (yield from _case(command, shell, tested))


def _if(command: If, shell: Shell, tested: bool) -> Run:
    for condition, body in command.branches:
        if not (yield from script_of(condition, shell, tested=True)):
            return (yield from script_of(body, shell, tested=tested))
    if command.otherwise is not None:
        return (yield from script_of(command.otherwise, shell, tested=tested))
    return 0


def _case(command: Case, shell: Shell, tested: bool) -> Run:
    subject = yield from text_of(command.word, shell, said)
    for patterns, body in command.branches:
        for pattern in patterns:
            if matches(subject, (yield from text_of(pattern, shell, said))):
                return (yield from script_of(body, shell, tested=tested))
    return 0


def _loop(command: Loop, shell: Shell) -> Run:
    code = 0
    while True:
        failed = yield from script_of(command.condition, shell, tested=True)
        if bool(failed) is not command.until:
            return code
        code, goes_on = yield from _round(command.body, shell)
        if not goes_on:
            return code


def _for(command: For, shell: Shell) -> Run:
    values = list(shell.arguments)
    if command.words is not None:
        values = []
        for word in command.words:
            values += yield from fields(word, shell, said)
    code = 0
    for value in values:
        shell.set(command.name, value)
        code, goes_on = yield from _round(command.body, shell)
        if not goes_on:
            break
    return code


def _round(body: Script, shell: Shell) -> Generator[Step, bytes | None, tuple[int, bool]]:
    """One round of a loop: its code, and whether another may follow."""
    yield Sleep(_ROUND_SECONDS)
    try:
        return (yield from script_of(body, shell)), True
    except Leaves as leaves:
        if leaves.what not in ("break", "continue"):
            raise
        if leaves.levels > 1:
            raise Leaves(leaves.what, 0, leaves.levels - 1) from None
        return 0, leaves.what == "continue"


def said(script: Script, shell: Shell) -> Generator[Step, bytes | None, str]:
    """What a script writes in a shell of its own; its code is `$?` then."""
    kept = bytearray()
    shell.last = yield from fed(_to_its_end(script, shell.fork()), None, kept)
    return bytes(kept).decode(errors="replace")


def _simple(command: Simple, shell: Shell) -> Run:
    argv: list[str] = []
    for word in command.words:
        argv += yield from fields(word, shell, said)
    values = []
    for name, word in command.assignments:
        values.append((name, (yield from text_of(word, shell, said))))
    if not argv:
        for name, value in values:
            shell.set(name, value)
        if command.redirects:
            return (yield from _redirected(_nothing(), command.redirects, shell))
        # The code of an assignment is that of the substitution in it.
        return shell.last if values and _substitutes(command) else 0
    if command.redirects:
        return (yield from _redirected(_call(argv, values, shell), command.redirects, shell))
    return (yield from _call(argv, values, shell))


def _substitutes(command: Simple) -> bool:
    return any(type(p).__name__ == "Substitution" for _, w in command.assignments for p in w.parts)


def _nothing() -> Run:
    yield from ()
    return 0


def _call(argv: list[str], values: list[tuple[str, str]], shell: Shell) -> Run:
    """Run a function, builtin or command with these variables."""
    name, arguments = argv[0], argv[1:]
    body = shell.functions.get(name)
    if body is not None:
        return (yield from _function(body, arguments, shell))
    builtin = BUILTINS.get(name)
    if builtin is not None:
        for variable, value in values:
            shell.set(variable, value)
        if name in ("eval", ".", "source", "wait"):
            return (yield from _more(name, arguments, shell))
        done = builtin(arguments, shell)
        return done if isinstance(done, int) else (yield from done)
    if shell.depth > _DEEPEST:
        raise Leaves("exit", 2)
    world = shell.world.apart()
    world.environment.update(values)
    if name == "exec":
        if not arguments:
            return 0
        raise Leaves("exit", (yield from run(arguments, world)))
    return (yield from run(argv, world))


def _more(name: str, arguments: list[str], shell: Shell) -> Run:
    """What runs further scripts in the very same shell."""
    if name == "wait":
        code = 0
        while shell.jobs:
            code = yield from command_of(shell.jobs.pop(0), shell)
        return code
    if name == "eval":
        script = " ".join(arguments)
    else:
        data = shell.world.files.get(absolute(arguments[0] if arguments else "", shell.world))
        if data is None:
            yield Err(f"{shell.name}: {name}: can't open '{' '.join(arguments)}'\n".encode())
            raise Leaves("exit", 2)
        script = data.decode(errors="replace")
    try:
        tree = parse(script)
    except ScriptError as error:
        yield Err(f"{shell.name}: {name}: syntax error: {error}\n".encode())
        return 2
    return (yield from script_of(tree, shell))


def _function(body: Command, arguments: list[str], shell: Shell) -> Run:
    if shell.depth > _DEEPEST:
        raise Leaves("exit", 2)
    outer, shell.arguments = shell.arguments, arguments
    shell.depth += 1
    try:
        return (yield from command_of(body, shell))
    except Leaves as leaves:
        if leaves.what != "return":
            raise
        return leaves.code
    finally:
        shell.arguments = outer
        shell.depth -= 1


# --- redirections --------------------------------------------------------------------------


def _redirected(command: Run, redirects: tuple[Redirect, ...], shell: Shell) -> Run:
    world = shell.world
    streams: dict[int, _Target] = {1: ("out", ""), 2: ("err", "")}
    given: bytes | None = None
    for each in redirects:
        text = yield from text_of(each.target, shell, said)
        fault = ""
        if each.operator == "<<":
            given = text.encode()
        elif each.operator == "<":
            path = absolute(text, world)
            given = b"" if path == "/dev/null" else world.files.get(path)
            fault = "" if given is not None else "no such file"
        elif each.operator == ">&":
            streams[each.stream] = streams.get(int(text) if text.isdecimal() else 1, ("null", ""))
        else:
            path = absolute(text, world)
            streams[each.stream] = _target(path)
            fault = fault_of_writing(path, world)
            if not fault and each.operator == ">" and streams[each.stream][0] == "file":
                write(path, b"", world)
            fault = fault and f"{'nonexistent directory' if fault.startswith('non') else fault}"
        if fault:
            what = "can't open" if each.operator == "<" else "can't create"
            yield Err(f"{shell.name}: {what} {text}: {fault}\n".encode())
            command.close()
            return 1
    return (yield from _written(command, streams, given, world))


def _target(path: str) -> _Target:
    special = {"/dev/null": "null", "/dev/stdout": "out", "/dev/stderr": "err"}.get(path)
    return (special, "") if special is not None else ("file", path)


def _written(command: Run, streams: dict[int, _Target], given: bytes | None, world: World) -> Run:
    def take(step: Out | Err) -> Out | Err | None:
        kind, path = streams[1 if isinstance(step, Out) else 2]
        if kind == "file":
            write(path, step.data, world, append=True)
        if kind in ("file", "null"):
            return None
        return (Out if kind == "out" else Err)(step.data)

    return (yield from _between(command, given, take))

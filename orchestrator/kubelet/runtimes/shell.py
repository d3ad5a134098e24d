"""A tiny shell: what commands do in a simulated container, where nothing is executed.

A command is a generator. It yields `Out` and `Err` for what it writes, `Sleep` for time that passes and `Read` when it
wants input (sent back to it: bytes, or None at the end), and returns its exit code. What it knows of the world is a
`World`: environment, files, host name. Words, quotes, variables, `;`, `&&`, `||`, `|`, `>`, `>>` and `2>&1` are as in
a shell; so are the commands of `commands.py`. Another command is not found: 127.
"""

from collections.abc import Generator, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from orchestrator.kubelet.runtimes.interface import World
from orchestrator.kubelet.runtimes.shell_words import Operator, Word, expand, tokens


class Out(Struct, frozen=True):
    data: bytes


class Err(Struct, frozen=True):
    data: bytes


class Sleep(Struct, frozen=True):
    seconds: float


class Read(Struct, frozen=True):
    """More input is wanted."""


Step: TypeAlias = Out | Err | Sleep | Read
Run: TypeAlias = Generator[Step, bytes | None, int]

NOT_FOUND: Final = 127
_SHELLS: Final = frozenset({"sh", "bash", "ash", "dash"})
_MAX_REHEARSAL: Final = 10_000  # steps


def run(argv: Sequence[str], world: World) -> Run:
    """Run a command."""
    from orchestrator.kubelet.runtimes.commands import COMMANDS  # it needs this module

    if not argv:
        return 0
    name = argv[0].rpartition("/")[2]
    if name in _SHELLS:
        return (yield from _shell(argv, world))
    command = COMMANDS.get(name)
    if command is None:
        yield Err(f"sh: {argv[0]}: not found\n".encode())
        return NOT_FOUND
    done = command(list(argv[1:]), world)
    return done if isinstance(done, int) else (yield from done)


def _shell(argv: Sequence[str], world: World) -> Run:
    options = [a for a in argv[1:] if a.startswith("-")]
    if any("c" in o and not o.startswith("--") for o in options):
        script = next((a for a in argv[1:] if not a.startswith("-")), "")
        code = yield from script_run(script, world)
    else:
        code = yield from _prompt(world)
    code, world.ended = (code if world.ended is None else world.ended), None
    return code


def _prompt(world: World) -> Run:
    """Lines of the input, one command each."""
    waiting = b""
    while world.ended is None:
        line, newline, rest = waiting.partition(b"\n")
        if not newline:
            more = yield Read()
            if more is not None:
                waiting += more.replace(b"\r", b"\n")
                continue
            rest = b""
        waiting = rest
        if line.strip():
            world.last = yield from script_run(line.decode(errors="replace"), world)
        if not newline:
            break
    return world.last


def script_run(script: str, world: World) -> Run:
    """Run the commands of a script, one after another."""
    code = 0
    skip = False
    for operator, pipeline in _pipelines(script):
        if operator == "&&":
            skip = code != 0
        elif operator == "||":
            skip = code == 0
        else:
            skip = False
        if skip or not pipeline:
            continue
        code = world.last = yield from _pipe(pipeline, world)
        if world.ended is not None:
            return world.ended
    return code


def _pipelines(script: str) -> list[tuple[str, list[list[Word | Operator]]]]:
    """Each pipeline with the operator before it; a pipeline is a list of simple commands."""
    result: list[tuple[str, list[list[Word | Operator]]]] = []
    before, commands, words = ";", [], []  # type: str, list[list[Word | Operator]], list[Word | Operator]
    for token in tokens(script):
        if isinstance(token, Operator) and token.text in (";", "&&", "||", "&"):
            result.append((before, [*commands, words] if words else commands))
            before, commands, words = token.text, [], []
        elif isinstance(token, Operator) and token.text == "|":
            commands.append(words)
            words = []
        else:
            words.append(token)
    result.append((before, [*commands, words] if words else commands))
    return result


def _pipe(commands: list[list[Word | Operator]], world: World) -> Run:
    """Run commands, each with the output of the one before as its input."""
    given: bytes | None = None  # None: the input of the whole
    code = 0
    for i, words in enumerate(commands):
        collect = i < len(commands) - 1
        kept = bytearray()
        code = yield from _fed(_simple(words, world), given, kept if collect else None)
        given = bytes(kept)
    return code


def _fed(command: Run, given: bytes | None, kept: bytearray | None) -> Run:
    """Run a command on `given` instead of the input, keeping its output if asked to."""
    answer: bytes | None = None
    while True:
        try:
            step = command.send(answer)
        except StopIteration as end:
            return int(end.value)
        answer = None
        if isinstance(step, Read) and given is not None:
            answer, given = (given or None), b""
        elif isinstance(step, Out) and kept is not None:
            kept += step.data
        else:
            answer = yield step


def _simple(words: list[Word | Operator], world: World) -> Run:
    argv: list[str] = []
    target: tuple[str, bool] | None = None
    merged: type[Out | Err] | None = None
    silent = False
    rest = iter(words)
    for word in rest:
        if not isinstance(word, Operator):
            argv += expand(word, world.environment, world.last)
        elif word.text == "2>&1":
            merged = Out
        elif word.text.endswith(">&2"):
            merged = Err
        else:
            name = next(rest, None)
            path = (
                "".join(expand(name, world.environment, world.last))
                if isinstance(name, Word)
                else ""
            )
            if word.text == "2>":
                silent = True
            elif word.text in (">", ">>"):
                target = (absolute(path, world), word.text == ">>")
    while argv and _assigns(argv[0]):
        name_, _, value = argv.pop(0).partition("=")
        world.environment[name_] = value
    return (yield from _redirected(run(argv, world), target, merged, silent, world))


def _redirected(
    command: Run,
    target: tuple[str, bool] | None,
    merged: type[Out | Err] | None,
    silent: bool,
    world: World,
) -> Run:
    written = bytearray()
    answer: bytes | None = None
    while True:
        try:
            step = command.send(answer)
        except StopIteration as end:
            code = int(end.value)
            break
        answer = None
        if isinstance(step, Out | Err) and merged is not None:
            step = merged(step.data)
        if isinstance(step, Out) and target is not None:
            written += step.data
        elif not (isinstance(step, Err) and silent):
            answer = yield step
    if target is not None and target[0] != "/dev/null":
        path, append = target
        world.files[path] = (world.files.get(path, b"") if append else b"") + bytes(written)
    return code


def _assigns(word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(equals) and name.isidentifier()


def absolute(path: str, world: World) -> str:
    """A path from the root."""
    if not path.startswith("/"):
        path = f"{world.directory.rstrip('/')}/{path}"
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def rehearse(
    argv: Sequence[str], environment: Mapping[str, str] | None = None
) -> tuple[float, int]:
    """How long a command takes and its exit code, of which nobody sees more. One that is not known here takes no
    time and ends well: the image may have it.
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
    return seconds, 0

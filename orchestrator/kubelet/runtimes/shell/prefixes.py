"""Commands that run another one: they get the shell's way to do so."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from orchestrator.kubelet.runtimes.commands.options import split
from orchestrator.kubelet.runtimes.commands.steps import Err, Run, Sleep
from orchestrator.kubelet.runtimes.commands.system import all_variables, seconds_of
from orchestrator.kubelet.runtimes.interface import World

Runner: TypeAlias = Callable[[Sequence[str], World], Run]
Prefix: TypeAlias = Callable[[list[str], World, Runner], Run]


def _timeout(arguments: list[str], world: World, run: Runner) -> Run:
    _, words = (
        split(arguments[:2], "sk") if arguments[:1] and arguments[0].startswith("-") else ({}, [])
    )
    rest = words + arguments[2:] if words else arguments
    try:
        left = seconds_of(rest[0] if rest else "0")
    except ValueError:
        yield Err(f"timeout: invalid number '{rest[0]}'\n".encode())
        return 1
    command = run(rest[1:], world)
    answer: bytes | None = None
    while True:
        try:
            step = command.send(answer)
        except StopIteration as end:
            return int(end.value)
        if isinstance(step, Sleep) and step.seconds >= left:
            yield Sleep(left)
            return 143
        if isinstance(step, Sleep):
            left -= step.seconds
        answer = yield step


def _env(arguments: list[str], world: World, run: Runner) -> Run:
    while arguments and "=" in arguments[0]:
        name, _, value = arguments.pop(0).partition("=")
        world.environment[name] = value
    if arguments:
        return (yield from run(arguments, world))
    return (yield from all_variables(world))


PREFIXES: Final[Mapping[str, Prefix]] = {"timeout": _timeout, "env": _env}

"""What a running script knows: variables, functions, traps, arguments."""

from collections.abc import Mapping
from random import Random

from msgspec import Struct, field

from orchestrator.kubelet.runtimes.interface import World
from orchestrator.kubelet.runtimes.shell.tree import Command, Script

_RANDOM_LIMIT = 1 << 15


class Leaves(Exception):
    """`exit`, `return`, `break` or `continue`: how far out, and with which code."""

    def __init__(self, what: str, code: int = 0, levels: int = 1) -> None:
        super().__init__(what)
        self.what = what
        self.code = code
        self.levels = levels


class Shell(Struct, eq=False):
    """One shell, in `world`, whose environment is that of the commands that it runs."""

    world: World
    name: str = "sh"
    arguments: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)  # those that are not exported
    functions: dict[str, Command] = field(default_factory=dict)
    traps: dict[str, Script] = field(default_factory=dict)
    jobs: list[Command] = field(default_factory=list)  # begun with &, run when somebody waits
    last: int = 0
    stops_at_fault: bool = False  # set -e
    depth: int = 0

    def get(self, name: str) -> str | None:
        """A variable's value; None for one that is not set."""
        if name.isdecimal():
            place = int(name)
            if place == 0:
                return self.name
            return self.arguments[place - 1] if place <= len(self.arguments) else None
        special = {
            "?": str(self.last),
            "#": str(len(self.arguments)),
            "@": " ".join(self.arguments),
            "*": " ".join(self.arguments),
            "$": "1",
            "!": "2",
            "-": "",
        }.get(name)
        if special is not None:
            return special
        if name == "RANDOM":
            return str((self.world.chance or Random(0)).randrange(_RANDOM_LIMIT))
        if name == "PWD":
            return self.world.directory
        found = self.variables.get(name)
        return found if found is not None else self.world.environment.get(name)

    def set(self, name: str, value: str) -> None:
        """Give a variable a value; an exported one stays exported."""
        if name in self.world.environment:
            self.world.environment[name] = value
        else:
            self.variables[name] = value

    def export(self, name: str, value: str | None = None) -> None:
        """Have commands see a variable."""
        known = self.variables.pop(name, None)
        value = known if value is None else value
        if value is not None:
            self.world.environment[name] = value

    def unset(self, name: str) -> None:
        """Forget a variable or function."""
        self.variables.pop(name, None)
        self.world.environment.pop(name, None)
        self.functions.pop(name, None)

    def fork(self) -> "Shell":
        """A shell that begins with what this one knows and changes nothing of it but files."""
        world = self.world.apart()
        return Shell(
            world,
            self.name,
            list(self.arguments),
            dict(self.variables),
            dict(self.functions),
            {},
            last=self.last,
            stops_at_fault=self.stops_at_fault,
            depth=self.depth + 1,
        )


def new_shell(world: World, arguments: Mapping[int, str] | None = None) -> Shell:
    """A shell that has just begun."""
    return Shell(world)

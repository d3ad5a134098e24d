"""The arguments of a command: short options and the rest."""

from orchestrator.kubelet.runtimes.commands.paths import DEVICES, absolute, is_directory
from orchestrator.kubelet.runtimes.commands.steps import Err, Read, Run
from orchestrator.kubelet.runtimes.interface import World


def split(arguments: list[str], valued: str = "") -> tuple[dict[str, str], list[str]]:
    """Options by their letter (or long name), and what is left; letters in `valued` take a value."""
    options: dict[str, str] = {}
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            return options, rest + waiting
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            options[name] = value
        elif word.startswith("-") and len(word) > 1:
            for i, letter in enumerate(word[1:], 1):
                if letter in valued:
                    options[letter] = word[i + 1 :] or (waiting.pop(0) if waiting else "")
                    break
                options[letter] = ""
        else:
            rest.append(word)
    return options, rest


_OPENERS = frozenset({"cat", "wc", "sort", "cut", "tar"})  # that say that they cannot open a file


class Gathered:
    """What `gather` has read."""

    def __init__(self) -> None:
        self.data = b""


def gather(command: str, names: list[str], world: World, into: Gathered) -> Run:
    """Read these files, or the input, into `into`; 1 if one is missing."""
    code = 0
    for name in names or ["-"]:
        if name == "-":
            while (more := (yield Read())) is not None:
                into.data += more
            continue
        path = absolute(name, world)
        found = b"" if path in DEVICES else world.files.get(path)
        if found is not None:
            into.data += found
            continue
        code = 1
        if is_directory(path, world):
            fault = f"{command}: read error: Is a directory"
        else:
            shown = f"can't open '{name}'" if command in _OPENERS else name
            fault = f"{command}: {shown}: No such file or directory"
        yield Err(f"{fault}\n".encode())
    return code

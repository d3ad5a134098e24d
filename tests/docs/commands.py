"""Shell commands in the pages: that the programs, the subcommands and the options are there."""

import re
import shlex
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Final

import click

from orchestrator.cli import main
from tests.docs.blocks import ROOT

# Programs that are not ours to check; a new name here is a decision.
OTHERS: Final = frozenset(
    [
        ".",
        "bash",
        "cd",
        "code",
        "ctr",
        "docker",
        "echo",
        "eval",
        "export",
        "git",
        "grep",
        "helm",
        "k9s",
        "lint-imports",
        "mkdir",
        "mkdocs",
        "mypy",
        "pytest",
        "ruff",
        "source",
        "unshare",
    ]
)
KUBECTL: Final = frozenset(
    [
        "annotate",
        "api-resources",
        "apply",
        "auth",
        "config",
        "cordon",
        "create",
        "delete",
        "describe",
        "diff",
        "drain",
        "edit",
        "events",
        "explain",
        "expose",
        "get",
        "label",
        "logs",
        "patch",
        "replace",
        "rollout",
        "run",
        "scale",
        "taint",
        "top",
        "uncordon",
        "version",
        "wait",
    ]
)
_EXTRAS: Final = re.compile(r"\[([\w,]+)\]")
_NEXT: Final = ("&&", "||", "|", ";", "&")


class Wrong(AssertionError):
    """A command that would not do what its page says."""


def check(text: str) -> None:
    """Check every command of a block. Raises Wrong."""
    for words in commands_of(text):
        check_command(words)


def commands_of(text: str) -> Iterator[list[str]]:
    """The commands as words; a block with prompts has only the lines with a prompt."""
    lines = text.replace("\\\n", " ").splitlines()
    if any(line.startswith("$ ") for line in lines):
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    for line in lines:
        command: list[str] = []
        for word in [*shlex.split(line, comments=True), ";"]:
            if word in _NEXT:
                if command:
                    yield command
                command = []
            else:
                command.append(word)


def check_command(words: list[str]) -> None:
    """Check one command. Raises Wrong."""
    while words and re.match(r"^\w+=", words[0]):
        words = words[1:]
    program, arguments = words[0], words[1:]
    if program in CHECKS:
        CHECKS[program](arguments)
    elif program not in OTHERS:
        raise Wrong(f"{program}: no program that this checks: {shlex.join(words)}")


def _orchestrator(arguments: list[str]) -> None:
    """Parsed as the command line parses it, and not carried out."""
    redirected = [each for each in arguments if each in (">", "2>")]
    if redirected:
        arguments = arguments[: arguments.index(redirected[0])]
    try:
        _parse(main, "orchestrator", arguments)
    except click.ClickException as error:
        raise Wrong(f"orchestrator {shlex.join(arguments)}: {error.format_message()}") from None


def _parse(command: click.Command, name: str, arguments: list[str]) -> None:
    with suppress(click.exceptions.Exit):  # --help, --version
        # A path that is to be there may be one that the reader has; all else must be right.
        paths = [p for p in command.params if isinstance(p.type, click.Path) and p.type.exists]
        for parameter in paths:
            parameter.type.exists = False  # type: ignore[attr-defined]
        try:
            context = command.make_context(name, list(arguments), resilient_parsing=False)
        finally:
            for parameter in paths:
                parameter.type.exists = True  # type: ignore[attr-defined]
        if isinstance(command, click.Group):
            rest = [*context._protected_args, *context.args]
            found = command.resolve_command(context, rest)
            assert found[1] is not None
            _parse(found[1], found[0] or "", found[2])


def _kubectl(arguments: list[str]) -> None:
    if arguments[:1] in (["--kubeconfig"], ["-n"], ["--context"]):
        arguments = arguments[2:]
    if not arguments or arguments[0] not in KUBECTL:
        raise Wrong(f"kubectl {shlex.join(arguments)}: no such command here")


def _pip(arguments: list[str]) -> None:
    """That the extras are there, and that it is our distribution that is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for extras in _EXTRAS.findall(" ".join(arguments)):
        for extra in extras.split(","):
            if extra not in project["optional-dependencies"]:
                raise Wrong(f"pip {shlex.join(arguments)}: there is no extra {extra}")
    if "orchestrator" in arguments:
        raise Wrong("the distribution's name is kubeactors")


def _python(arguments: list[str]) -> None:
    """That a module or a file of ours is there."""
    if arguments[:1] == ["-m"]:
        module = arguments[1]
        if module == "pip":
            _pip(arguments[2:])
        ours = module.split(".")[0] in ("actors", "orchestrator", "benchmarks", "tests")
        path = ROOT / module.replace(".", "/")
        if ours and not (path.is_dir() or path.with_suffix(".py").exists()):
            raise Wrong(f"python -m {module}: there is no such module")


CHECKS: Final[Mapping[str, Callable[[list[str]], None]]] = {
    "orchestrator": _orchestrator,
    "kubectl": _kubectl,
    "pip": _pip,
    "python": _python,
}

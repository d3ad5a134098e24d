"""A script of the shell as a tree: words with their quotes and substitutions, commands, lists, loops."""

from typing import TypeAlias

from msgspec import Struct


class Literal(Struct, frozen=True):
    text: str
    quoted: bool = False


class Parameter(Struct, frozen=True):
    """`$NAME` or `${NAME<operator>WORD}`; the operator `#` in front asks for the length."""

    name: str
    operator: str = ""
    word: "Word | None" = None
    quoted: bool = False


class Substitution(Struct, frozen=True):
    """`$(...)`: what a script writes."""

    script: "Script"
    quoted: bool = False


class Arithmetic(Struct, frozen=True):
    """`$((...))`."""

    word: "Word"
    quoted: bool = False


Part: TypeAlias = Literal | Parameter | Substitution | Arithmetic


class Word(Struct, frozen=True):
    parts: tuple[Part, ...]

    @property
    def literal(self) -> str | None:
        """The word's text, if nothing in it is replaced."""
        if all(isinstance(part, Literal) for part in self.parts):
            return "".join(part.text for part in self.parts if isinstance(part, Literal))
        return None


class Redirect(Struct, frozen=True):
    """`operator` is <, >, >>, >& or <<; the target of << is its text, of >& another stream."""

    stream: int
    operator: str
    target: Word


class Simple(Struct, frozen=True):
    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]


class If(Struct, frozen=True):
    branches: tuple[tuple["Script", "Script"], ...]
    otherwise: "Script | None"


class Loop(Struct, frozen=True):
    condition: "Script"
    body: "Script"
    until: bool


class For(Struct, frozen=True):
    name: str
    words: tuple[Word, ...] | None  # None: the arguments
    body: "Script"


class Case(Struct, frozen=True):
    word: Word
    branches: tuple[tuple[tuple[Word, ...], "Script"], ...]


class Group(Struct, frozen=True):
    script: "Script"
    apart: bool  # in a shell of its own: ( )


class Function(Struct, frozen=True):
    name: str
    body: "Command"


Bare: TypeAlias = Simple | If | Loop | For | Case | Group | Function


class Redirected(Struct, frozen=True):
    """A compound command with redirections."""

    command: Bare
    redirects: tuple[Redirect, ...]


Command: TypeAlias = Bare | Redirected


class Pipeline(Struct, frozen=True):
    commands: tuple[Command, ...]
    negated: bool


class Step(Struct, frozen=True):
    """A pipeline and the operator before it: `;`, `&&` or `||`. `background`: nobody waits for it."""

    operator: str
    pipeline: Pipeline
    background: bool = False


class Script(Struct, frozen=True):
    steps: tuple[Step, ...]

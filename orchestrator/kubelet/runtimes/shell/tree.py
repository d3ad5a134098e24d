"""A script of the shell as a tree: words with their quotes and substitutions, commands, lists, loops."""

from typing import TypeAlias

from msgspec import Struct


class Literal(Struct, frozen=True):
    """What stands as it is. `quoted`: a space or a star in it is no more than that."""

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
    """What stands between spaces: its parts make one text, or several fields where one is replaced."""

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
    """`NAME=VALUE command argument >file`: any of the three may be absent."""

    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]


class If(Struct, frozen=True):
    """`if ...; then ...; elif ...; then ...; else ...; fi`: conditions with their bodies."""

    branches: tuple[tuple["Script", "Script"], ...]
    otherwise: "Script | None"


class Loop(Struct, frozen=True):
    """`while ...; do ...; done`; with `until` it goes on as long as the condition fails."""

    condition: "Script"
    body: "Script"
    until: bool


class For(Struct, frozen=True):
    """`for NAME in WORDS; do ...; done`."""

    name: str
    words: tuple[Word, ...] | None  # None: the arguments
    body: "Script"


class Case(Struct, frozen=True):
    """`case WORD in PATTERN|PATTERN) ...;; esac`."""

    word: Word
    branches: tuple[tuple[tuple[Word, ...], "Script"], ...]


class Group(Struct, frozen=True):
    """`{ ...; }` or `( ... )`."""

    script: "Script"
    apart: bool  # in a shell of its own: ( )


class Function(Struct, frozen=True):
    """`NAME() COMMAND`."""

    name: str
    body: "Command"


Bare: TypeAlias = Simple | If | Loop | For | Case | Group | Function


class Redirected(Struct, frozen=True):
    """A compound command with redirections."""

    command: Bare
    redirects: tuple[Redirect, ...]


Command: TypeAlias = Bare | Redirected


class Pipeline(Struct, frozen=True):
    """`COMMAND | COMMAND`; `negated` by a `!` in front."""

    commands: tuple[Command, ...]
    negated: bool


class Step(Struct, frozen=True):
    """A pipeline and the operator before it: `;`, `&&` or `||`. `background`: nobody waits for it."""

    operator: str
    pipeline: Pipeline
    background: bool = False


class Script(Struct, frozen=True):
    """A list of pipelines, one after another."""

    steps: tuple[Step, ...]

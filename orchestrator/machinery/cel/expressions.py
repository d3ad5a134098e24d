"""Compile and evaluate an expression, and say what is wrong in Kubernetes' words."""

import re
from collections.abc import Iterator, Mapping, Set
from functools import lru_cache
from typing import Any, Final

from orchestrator.machinery.cel.checking import Checked, Scope, check, report
from orchestrator.machinery.cel.checking import Fault as Complaint
from orchestrator.machinery.cel.data import Fault, Overspent
from orchestrator.machinery.cel.interpreting import Plan
from orchestrator.machinery.cel.limits import BUDGET_EXCEEDED, COST_EXCEEDED, PER_CALL
from orchestrator.machinery.cel.literals import faults_of_literals
from orchestrator.machinery.cel.macros import expanded
from orchestrator.machinery.cel.runs import Meter, Unplannable
from orchestrator.machinery.cel.syntax import (
    Constant,
    Ident,
    Node,
    Parsed,
    Select,
    children,
    qualified,
    read,
)
from orchestrator.machinery.cel.types import DYN, Type
from orchestrator.machinery.errors import MachineryError

_STATUS: Final = re.compile(r"^[A-Z_]+: (?P<text>.*?)(?: \[[A-Z_]+\])?$", re.DOTALL)
_CONTAINER: Final = re.compile(r" \(in container ''\)")

# Where the library's parser has other words than the original's.
_SYNTAX_WORDS: Final = {
    "'\\u003F'": "'?'",
    "invalid hex int literal": "invalid int literal",
    "invalid hex uint literal": "invalid uint literal",
    "has() argument must be a field selection": "invalid argument to has() macro",
}

_LITERAL_WORDS: Final = (
    (
        re.compile(r"Invalid string literal: Illegal escape sequence: (?:Unicode v|V)alue .*"),
        "invalid unicode code point",
    ),
    (
        re.compile(r"Invalid bytes literal: Illegal escape sequence: Unicode escape .*"),
        "unable to unescape string",
    ),
)
_UNKNOWN_TOKEN: Final = re.compile(r"token recognition error at: .*")
_INFINITE: Final = (float("inf"), float("-inf"))
_ESCAPED_NAME: Final = re.compile(r"`[^`]*`")
_STRING: Final = re.compile(
    r"""[bB]?[rR][bB]?(?:\"\"\".*?\"\"\"|'''.*?'''|"[^"\n]*"|'[^'\n]*')"""
    r"""|[bB]?(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''"""
    r"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""",
    re.DOTALL,
)
# Texts and comments.
_QUIET: Final = re.compile(rf"{_STRING.pattern}|//[^\n]*", re.DOTALL)

_BINDING: Final = frozenset({"device"})
"""The variables beside which an expression may name values (`cel.bind`): where it chooses devices."""


class CompileError(MachineryError):
    """The text is no expression of these variables; the message is the compiler's report.

    `about_message`: whether it is the expression of a rule's message that is wrong, not the rule.
    `is_internal`: whether the original calls it a fault of its own.
    """

    def __init__(
        self, message: str, *, about_message: bool = False, is_internal: bool = False
    ) -> None:
        super().__init__(message)
        self.about_message = about_message
        self.is_internal = is_internal


class EvaluationError(MachineryError):
    """The expression has no value here: a missing key, an operation that its operands do not know."""


class OutOfBudget(EvaluationError):
    """What all expressions about one thing may cost together is spent: no other is asked."""


class Expression:
    """A compiled expression; `type` is that of what it gives."""

    __slots__ = ("_mentioned", "_plan", "text", "tree", "type")

    def __init__(self, text: str, parsed: Parsed, checked: Checked) -> None:
        """Raises CompileError for what can only be found out by working out a part whose types are right."""
        self.text = text
        self.type: Type = checked.gives
        self.tree = parsed.tree
        self._mentioned = frozenset(_mentioned(parsed.tree))
        try:
            self._plan = Plan(parsed.tree, checked)
        except Unplannable as error:
            raise CompileError(f"program instantiation failed: {error}", is_internal=True) from None

    def uses(self, name: str) -> bool:
        """Whether the expression names a variable, or a field of one (`variables.a`)."""
        return name in self._mentioned

    def fields_of(self, name: str) -> frozenset[str] | None:
        """The fields of a variable that the expression looks at; None if it looks at the variable itself."""
        found = list(_selected(self.tree, name))
        return None if None in found else frozenset(each for each in found if each is not None)

    def value(self, variables: Mapping[str, Any], budget: Meter | None = None) -> Any:
        """What the expression gives; what that costs is taken from `budget`.

        Raises EvaluationError, also when it costs too much; OutOfBudget when it leaves nothing.
        """
        found, cost = self._plan.value(variables, PER_CALL)
        if budget is not None:
            try:
                budget.pay(cost)
            except Overspent:
                raise OutOfBudget(BUDGET_EXCEEDED) from None
        if isinstance(found, Fault):
            raise EvaluationError(found.text)
        return found


def _mentioned(node: Node) -> Iterator[str]:
    """The names in a tree, and the chains of fields that begin with one."""
    if isinstance(node, Ident | Select) and (name := qualified(node)):
        yield name
    for child in children(node):
        yield from _mentioned(child)


def _selected(node: Node, name: str) -> Iterator[str | None]:
    """The fields that are selected of a variable, and None for each other use of it."""
    if isinstance(node, Select) and isinstance(node.operand, Ident) and node.operand.name == name:
        yield node.field
    elif isinstance(node, Ident):
        if node.name == name:
            yield None
    else:
        for child in children(node):
            yield from _selected(child, name)


def _parsed(text: str, variables: Set[str] = frozenset()) -> Parsed:
    """Raises RuntimeError."""
    parser = _parser(variables == _BINDING)
    return expanded(read(parser.compile(text, disable_check=True).serialize()))


@lru_cache(maxsize=2)
def _parser(binding: bool) -> Any:
    # The library takes 19 MB and a tenth of a second, which most clusters never need.
    from cel_expr_python import cel
    from cel_expr_python.ext import ext_bindings, ext_optional

    bindings = (ext_bindings.ExtBindings(),) if binding else ()
    return cel.NewEnv(extensions=[ext_optional.ExtOptional(), *bindings])


@lru_cache(maxsize=256)
def scope_of(variables: frozenset[str]) -> Scope:
    """Variables of which nothing is known."""
    return Scope(dict.fromkeys(variables, DYN))


@lru_cache(maxsize=1 << 12)
def compile_expression(text: str, scope: Scope) -> Expression:
    """The expression of a text in which the variables of a scope may stand. Raises CompileError."""
    return Expression(text, *examined(text, scope))


def examine(text: str, scope: Scope) -> Type:
    """The type of what an expression gives, by the types of what it may name. Raises CompileError."""
    return compile_expression(text, scope).type


def examined(text: str, scope: Scope) -> tuple[Parsed, Checked]:
    """The tree of an expression, and the types of all that is in it. Raises CompileError."""
    try:
        parsed = _parsed(text, scope.variables.keys())
    except RuntimeError as error:
        raise CompileError(_compile_words(str(error), text)) from None
    if not scope.patches and (escaped := _escaped_names(text)):
        raise CompileError(report(text, escaped))
    if infinite := list(_infinite(parsed, parsed.tree)):
        raise CompileError(report(text, infinite))
    checked = check(parsed, scope)
    faults = checked.faults or tuple(faults_of_literals(parsed, checked))
    if faults:
        raise CompileError(report(text, faults))
    return parsed, checked


def check_program(parsed: Parsed, checked: Checked) -> None:
    """Raises CompileError for what can only be found out by working out a part of an expression whose types are right."""
    Expression("", parsed, checked)


def _escaped_names(text: str) -> list[Complaint]:
    """Names between backticks, which the library knows and the original does not."""
    if "`" not in text:
        return []
    bare = _QUIET.sub(lambda found: " " * len(found[0]), text)
    return [
        Complaint(found.start(), "unsupported syntax: '`'")
        for found in _ESCAPED_NAME.finditer(bare)
    ]


def _infinite(parsed: Parsed, node: Node) -> Iterator[Complaint]:
    """Doubles that are too large to be written, which the library takes for infinite."""
    if isinstance(node, Constant) and node.value in _INFINITE:
        yield Complaint(parsed.offsets.get(node.id, 0), "invalid double literal")
    for child in children(node):
        yield from _infinite(parsed, child)


def _compile_words(report: str, source: str = " ") -> str:
    found = _STATUS.match(report)
    text = _CONTAINER.sub(" (in container '')", found["text"] if found else report)
    for ours, theirs in _SYNTAX_WORDS.items():
        text = text.replace(ours, theirs)
    for pattern, words in _LITERAL_WORDS:
        text = pattern.sub(words, text)
    if "\n" in source:  # the original prints what it does not know as it is
        text = _UNKNOWN_TOKEN.sub(lambda found: found[0].replace("\\n", "\n"), text)
    # Where there is nothing, the original begins to count at 0.
    return text.rstrip() if source else text.rstrip().replace("<input>:1:1:", "<input>:1:0:")


__all__ = [
    "COST_EXCEEDED",
    "CompileError",
    "EvaluationError",
    "Expression",
    "OutOfBudget",
    "check_program",
    "compile_expression",
    "examine",
    "examined",
    "scope_of",
]

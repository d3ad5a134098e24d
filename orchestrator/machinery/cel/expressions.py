"""Compile and evaluate an expression, and say what is wrong in Kubernetes' words."""

import re
from collections.abc import Iterator, Mapping, Set
from functools import lru_cache
from typing import Any, Final

from orchestrator.machinery.cel.checking import Checked, Scope, check, report
from orchestrator.machinery.cel.checking import Fault as Complaint
from orchestrator.machinery.cel.conversions import unconvertible
from orchestrator.machinery.cel.growth import growth
from orchestrator.machinery.cel.interpreting import Meter, Plan
from orchestrator.machinery.cel.limits import BUDGET_EXCEEDED, COST_EXCEEDED, PER_CALL
from orchestrator.machinery.cel.literals import faults_of_literals
from orchestrator.machinery.cel.macros import expanded
from orchestrator.machinery.cel.patch_types import QUIET
from orchestrator.machinery.cel.plain_functions import Fault, Overspent
from orchestrator.machinery.cel.syntax import Ident, Node, Parsed, Select, children, read
from orchestrator.machinery.cel.types import DYN, Type
from orchestrator.machinery.errors import MachineryError

_STATUS: Final = re.compile(r"^[A-Z_]+: (?P<text>.*?)(?: \[[A-Z_]+\])?$", re.DOTALL)
_NO_KEY: Final = re.compile(r'^NOT_FOUND: Key not found in map : "?(?P<key>.*?)"?$', re.DOTALL)
_NO_OVERLOAD: Final = re.compile(r"^[A-Z_]+: No matching overloads found\b")
_NO_FIELDS: Final = re.compile(r"^[A-Z_]+: Applying SELECT to non-message type")
_TOO_LONG: Final = re.compile(r"^INTERNAL: Iteration budget exceeded\b")
# What the library says of an evaluation, and the original's words for it.
_RUNTIME_WORDS: Final = tuple(
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (r"divide by zero", "division by zero"),
        (r"Index error: index=(-?\d+) size=\d+", r"index out of bounds: \1"),
        (r"cannot convert string to (\w+)", r"type conversion error from 'string' to '\1'"),
        (r"integer overflow", "integer overflow"),
    )
)
_CONTAINER: Final = re.compile(r" \(in container ''\)")

# Where the library's parser has other words than the original's.
_SYNTAX_WORDS: Final = {
    "'\\u003F'": "'?'",
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

BINDING: Final = frozenset({"device"})
"""The variables beside which an expression may name values (`cel.bind`): where it chooses devices."""

_LONGEST: Final = 10_000_000
"""Characters of a text that is built: ten of them cost 1, and a call may cost a million."""

_MOST_GROWTH: Final = 100_000
"""How many times larger a list may become than what it is made of: seventeen doublings."""

_MOST_TEXT: Final = 2 * _LONGEST
"""How many times longer a text may become by replacements."""

_CHAIN: Final = r"\b([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
_HAS: Final = re.compile(rf"\bhas\(\s*{_CHAIN}\.([A-Za-z_]\w*)\s*\)")
_OPTIONAL: Final = re.compile(rf"(?<![.?\w)\]]){_CHAIN}\.\?([A-Za-z_]\w*)")

_LISTING: Final = re.compile(r"\.\s*(?:map|filter)\s*\(")
_TWO_VARIABLES: Final = re.compile(
    r"\.\s*(?:all|exists|existsOne|exists_one|transform\w+)\s*\(\s*\w+\s*,\s*\w+\s*,"
)
_GROWING: Final = re.compile(r"\b(?:map|filter|transform\w+|replace|join)\s*\(")


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
    """A compiled expression. `type` is the CEL name of what it gives, `DYN` when that is not known."""

    __slots__ = ("_compiled", "_is_bounded", "_plan", "_returns", "text", "variables")

    def __init__(self, text: str, compiled: Any, variables: frozenset[str]) -> None:
        """`compiled`: the library's, None where it cannot read it (`macros`).

        Nor is it asked for lists that macros make, for it copies them with each turn.
        """
        self.text = text
        self.variables = variables
        self._compiled = None if _LISTING.search(text) else compiled
        self._plan: Plan | None = None
        self._returns: str = "DYN" if compiled is None else compiled.return_type().name()
        # Without three of these calls nothing becomes large, and most expressions have none.
        grows = sum(1 for _ in _GROWING.finditer(text)) > 2
        self._is_bounded = not grows or _is_bounded(_parsed(text, variables).tree)

    @property
    def type(self) -> str:
        """`BOOL`, `STRING`, `INT`, ... as far as the compiler knows."""
        return self._returns

    def uses(self, name: str) -> bool:
        """Whether the text names a variable."""
        return re.search(rf"\b{re.escape(name)}\b", self.text) is not None

    def fields_of(self, name: str) -> frozenset[str] | None:
        """The fields of a variable that the expression looks at; None if it looks at the variable itself."""
        tree = _parsed(self.text, self.variables).tree
        found = list(_selected(tree, name))
        return None if None in found else frozenset(each for each in found if each is not None)

    def value(self, variables: Mapping[str, Any], budget: Meter | None = None) -> Any:
        """What the expression gives. Raises EvaluationError, also when that costs too much.

        The library ends an evaluation after 10 000 turns of its macros: such a one is begun anew, and its cost is
        counted, which is taken from `budget`, too. What would multiply its own values is not begun.
        """
        if not self._is_bounded:
            raise EvaluationError(COST_EXCEEDED)
        if self._compiled is None:
            return self._counted(variables, budget)
        found, fault = _evaluated(self._compiled, variables)
        if fault and (guarded := _guarded(self.text, self.variables)) is not None:
            found, fault = _evaluated(guarded, variables)
        if fault and _TOO_LONG.match(fault):
            return self._counted(variables, budget)
        if fault:
            raise EvaluationError(self._words(fault, variables))
        return _bounded(found)

    def _counted(self, variables: Mapping[str, Any], budget: Meter | None) -> Any:
        """What it gives, where costs decide whether it gives anything."""
        if self._plan is None:
            self._plan = Plan(_parsed(self.text, self.variables).tree, _asked)
        found, cost = self._plan.value(variables, PER_CALL)
        if budget is not None:
            try:
                budget.pay(cost)
            except Overspent:
                raise OutOfBudget(BUDGET_EXCEEDED) from None
        if isinstance(found, Fault):
            raise EvaluationError(found.text)
        return _bounded(found)

    def _words(self, report: str, variables: Mapping[str, Any]) -> str:
        if not _NO_FIELDS.match(report):
            return _runtime_words(report)
        # The library does not say which: the original does, as if it were a map without that key.
        tree = _parsed(self.text, self.variables).tree
        field = next((each for each in _missing_fields(tree, variables)), "")
        return f"no such key: {field}"


def _evaluated(compiled: Any, variables: Mapping[str, Any]) -> tuple[Any, str]:
    """What it gives, or the library's report of why it gives nothing."""
    try:
        answer = compiled.eval(data=dict(variables))
    except RuntimeError as error:
        return None, str(error)
    if answer.type().name() == "ERROR":
        return None, str(answer.plain_value())
    return answer.plain_value(), ""


@lru_cache(maxsize=1 << 9)
def _compiled_call(text: str, variables: frozenset[str]) -> tuple[Any, str]:
    try:
        return _environment(variables).compile(text), ""
    except RuntimeError as error:
        return None, _compile_words(str(error))


def _asked(text: str, variables: Mapping[str, Any]) -> tuple[Any, str]:
    """The value of one call, for who evaluates the others; or what is wrong, in the original's words."""
    compiled, fault = _compiled_call(text, frozenset(variables))
    if fault:
        return None, fault
    found, fault = _evaluated(compiled, variables)
    return found, _runtime_words(fault) if fault else ""


@lru_cache(maxsize=1 << 10)
def _guarded(text: str, variables: frozenset[str]) -> Any:
    """The expression, compiled so that what is no map has no fields; None where nobody asks for fields.

    The library calls it an error to ask null, or a text, whether it has a field; to the original it has none.
    """
    guarded = _HAS.sub(r"(type(\1) == map ? has(\1.\2) : false)", text)
    guarded = _OPTIONAL.sub(r"(type(\1) == map ? \1.?\2 : optional.none())", guarded)
    if guarded == text:
        return None
    try:
        return _environment(variables).compile(guarded)
    except RuntimeError:
        return None  # it stood within a text


def _is_bounded(tree: Node) -> bool:
    return growth(tree, in_texts=False) <= _MOST_GROWTH and growth(tree) <= _MOST_TEXT


def _cost(value: Any) -> int:
    """The characters of a text, or of what is in a list or map, where each item counts as ten."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(
            10 + len(key) + _cost(each) for key, each in value.items() if isinstance(key, str)
        )
    if isinstance(value, list | tuple):
        return sum(10 + _cost(each) for each in value)
    return 1


def _bounded(found: Any) -> Any:
    """The same, if what it holds is not too much. Raises EvaluationError."""
    if type(found) is not bool and _cost(found) > _LONGEST:
        raise EvaluationError(COST_EXCEEDED)
    return found


def _missing_fields(node: Node, variables: Mapping[str, Any]) -> Iterator[str]:
    """The fields that are selected of what has none, where it is a variable or a part of one."""
    for child in children(node):
        yield from _missing_fields(child, variables)
    if isinstance(node, Select):
        found, known = _part(node.operand, variables)
        if known and not isinstance(found, Mapping):
            yield node.field


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


def _part(node: Node, variables: Mapping[str, Any]) -> tuple[Any, bool]:
    """What a chain of selections leads to, and whether it leads anywhere."""
    if isinstance(node, Ident):
        return variables.get(node.name), node.name in variables
    if isinstance(node, Select) and not node.tests:
        found, known = _part(node.operand, variables)
        if known and isinstance(found, Mapping) and node.field in found:
            return found[node.field], True
    return None, False


def _parsed(text: str, variables: Set[str] = frozenset()) -> Parsed:
    """Raises RuntimeError."""
    known = BINDING if variables == BINDING else frozenset[str]()
    return expanded(read(_environment(known).compile(text, disable_check=True).serialize()))


@lru_cache(maxsize=64)
def _environment(variables: frozenset[str]) -> Any:
    # The library takes 19 MB and a tenth of a second, which most clusters never need.
    from cel_expr_python import cel
    from cel_expr_python.ext import ext_bindings, ext_optional, ext_strings

    from orchestrator.machinery.cel.functions import kubernetes_functions

    return cel.NewEnv(
        variables=dict.fromkeys(sorted(variables), cel.Type.DYN),
        extensions=[
            ext_strings.ExtStrings(),
            ext_optional.ExtOptional(),
            kubernetes_functions(),
            *([ext_bindings.ExtBindings()] if variables == BINDING else ()),
        ],
    )


@lru_cache(maxsize=1 << 12)
def compile_expression(text: str, variables: frozenset[str]) -> Expression:
    """The expression of a text in which these variables may stand. Raises CompileError."""
    try:
        return Expression(text, _environment(variables).compile(text), variables)
    except RuntimeError as error:
        fault = _compile_words(str(error), text)
    if not _TWO_VARIABLES.search(text):
        raise CompileError(fault)
    # The library calls such macros unknown names.
    examine(text, Scope(dict.fromkeys(variables, DYN)))
    return Expression(text, None, variables)


@lru_cache(maxsize=1 << 12)
def examine(text: str, scope: Scope) -> Type:
    """The type of what an expression gives, by the types of what it may name. Raises CompileError."""
    parsed, checked = examined(text, scope)
    check_program(parsed)
    return checked.gives


def examined(text: str, scope: Scope) -> tuple[Parsed, Checked]:
    """The tree of an expression, and the types of all that is in it. Raises CompileError."""
    try:
        parsed = _parsed(text, scope.variables.keys())
    except RuntimeError as error:
        raise CompileError(_compile_words(str(error), text)) from None
    if not scope.patches and (escaped := _escaped_names(text)):
        raise CompileError(report(text, escaped))
    checked = check(parsed, scope)
    faults = checked.faults or tuple(faults_of_literals(parsed, checked))
    if faults:
        raise CompileError(report(text, faults))
    return parsed, checked


def check_program(parsed: Parsed) -> None:
    """Raises CompileError for what can only be found out by working out a part of an expression whose types are right."""
    if fault := unconvertible(parsed):
        raise CompileError(f"program instantiation failed: {fault}", is_internal=True)


def _escaped_names(text: str) -> list[Complaint]:
    """Names between backticks, which the library knows and the original does not."""
    if "`" not in text:
        return []
    bare = QUIET.sub(lambda found: " " * len(found[0]), text)
    return [
        Complaint(found.start(), "unsupported syntax: '`'")
        for found in _ESCAPED_NAME.finditer(bare)
    ]


_ESCAPED_NAME: Final = re.compile(r"`[^`]*`")


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


def _runtime_words(report: str) -> str:
    missing = _NO_KEY.match(report)
    if missing:
        return f"no such key: {missing['key']}"
    if _NO_OVERLOAD.match(report):
        return "no such overload"
    if _TOO_LONG.match(report):
        return COST_EXCEEDED
    found = _STATUS.match(report)
    text = found["text"] if found else report
    for pattern, words in _RUNTIME_WORDS:
        if match := pattern.fullmatch(text):
            return match.expand(words)
    return text

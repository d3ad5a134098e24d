"""Compile and evaluate an expression, and say what is wrong in Kubernetes' words."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from orchestrator.machinery.errors import MachineryError

_STATUS: Final = re.compile(r"^[A-Z_]+: (?P<text>.*?)(?: \[[A-Z_]+\])?$", re.DOTALL)
_NO_KEY: Final = re.compile(r'^NOT_FOUND: Key not found in map : "?(?P<key>.*?)"?$', re.DOTALL)
_NO_OVERLOAD: Final = re.compile(r"^[A-Z_]+: No matching overloads found\b")
_TOO_LONG: Final = re.compile(r"^INTERNAL: Iteration budget exceeded\b")
_CONTAINER: Final = re.compile(r" \(in container ''\)")

COST_EXCEEDED: Final = "operation cancelled: actual cost limit exceeded"
"""What is said of an evaluation that was ended because it took too long."""

_LONGEST: Final = 10_000_000
"""Characters of a text that is built: ten of them cost 1, and a call may cost a million."""


class CompileError(MachineryError):
    """The text is no expression of these variables; the message is the compiler's report.

    `about_message`: whether it is the expression of a rule's message that is wrong, not the rule.
    """

    def __init__(self, message: str, *, about_message: bool = False) -> None:
        super().__init__(message)
        self.about_message = about_message


class EvaluationError(MachineryError):
    """The expression has no value here: a missing key, an operation that its operands do not know."""


class Expression:
    """A compiled expression. `type` is the CEL name of what it gives, `DYN` when that is not known."""

    __slots__ = ("_compiled", "_returns", "text", "variables")

    def __init__(self, text: str, compiled: Any, variables: frozenset[str]) -> None:
        self.text = text
        self.variables = variables
        self._compiled = compiled
        self._returns: str = compiled.return_type().name()

    @property
    def type(self) -> str:
        """`BOOL`, `STRING`, `INT`, ... as far as the compiler knows."""
        return self._returns

    def uses(self, name: str) -> bool:
        """Whether the text names a variable."""
        return re.search(rf"\b{re.escape(name)}\b", self.text) is not None

    def value(self, variables: Mapping[str, Any]) -> Any:
        """What the expression gives. Raises EvaluationError, also when that takes too long.

        The library ends an evaluation after 10 000 turns of its macros, where Kubernetes counts costs.
        """
        try:
            answer = self._compiled.eval(data=dict(variables))
        except RuntimeError as error:
            raise EvaluationError(_runtime_words(str(error))) from None
        if answer.type().name() == "ERROR":
            raise EvaluationError(_runtime_words(str(answer.plain_value())))
        found = answer.plain_value()
        if isinstance(found, str) and len(found) > _LONGEST:
            raise EvaluationError(COST_EXCEEDED)
        return found


@lru_cache(maxsize=64)
def _environment(variables: frozenset[str]) -> Any:
    # The library takes 19 MB and a tenth of a second, which most clusters never need.
    from cel_expr_python import cel
    from cel_expr_python.ext import (
        ext_bindings,
        ext_encoders,
        ext_math,
        ext_optional,
        ext_strings,
    )

    from orchestrator.machinery.cel.functions import kubernetes_functions

    return cel.NewEnv(
        variables=dict.fromkeys(sorted(variables), cel.Type.DYN),
        extensions=[
            ext_strings.ExtStrings(),
            ext_optional.ExtOptional(),
            ext_math.ExtMath(),
            ext_bindings.ExtBindings(),
            ext_encoders.ExtEncoders(),
            kubernetes_functions(),
        ],
    )


@lru_cache(maxsize=1 << 12)
def compile_expression(text: str, variables: frozenset[str]) -> Expression:
    """The expression of a text in which these variables may stand. Raises CompileError."""
    try:
        compiled = _environment(variables).compile(text)
    except RuntimeError as error:
        raise CompileError(_compile_words(str(error))) from None
    return Expression(text, compiled, variables)


def _compile_words(report: str) -> str:
    found = _STATUS.match(report)
    text = found["text"] if found else report
    return _CONTAINER.sub(" (in container '')", text).rstrip()


def _runtime_words(report: str) -> str:
    missing = _NO_KEY.match(report)
    if missing:
        return f"no such key: {missing['key']}"
    if _NO_OVERLOAD.match(report):
        return "no such overload"
    if _TOO_LONG.match(report):
        return COST_EXCEEDED
    found = _STATUS.match(report)
    return found["text"] if found else report

"""Expressions about a write: of policies, and of webhooks' match conditions."""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from orchestrator.api.admissionregistration.v1 import MatchCondition, Variable
from orchestrator.apiserver.telemetry.admission import AdmissionCounts
from orchestrator.machinery.cel import (
    CompileError,
    EvaluationError,
    Expression,
    Meter,
    OutOfBudget,
    compile_expression,
)
from orchestrator.machinery.cel.checking import Scope as CheckerScope
from orchestrator.machinery.cel.limits import PER_CONDITIONS, PER_OBJECT
from orchestrator.machinery.cel.policy_scopes import CONDITION


class Failed(Exception):
    """An expression has no value."""


class Spent(Failed):
    """Nothing is left of what the expressions may cost together: no other is asked."""


class Scope:
    """What expressions see. `variables` are its values by name; `composed` those that expressions of the
    same policy make, each worked out when one is used; `known` are the types of all. `counts` is told of what had to be compiled.
    """

    def __init__(
        self,
        variables: Mapping[str, Any],
        composed: Sequence[Variable] = (),
        *,
        known: CheckerScope = CONDITION,
        counts: AdmissionCounts | None = None,
    ) -> None:
        self._composed = {each.name: each.expression for each in composed}
        self._known = known
        self._variables = variables
        self._counts = counts
        self._found: dict[str, Any] = {}
        self._budget = Meter(PER_OBJECT)

    def value(self, text: str) -> Any:
        """What an expression gives. Raises Failed, in the original's words; Spent if nothing is left."""
        try:
            return self._value(text, tuple(self._composed))
        except CompileError as error:
            raise Failed(f"compilation failed: {error}") from None
        except OutOfBudget as error:
            raise Spent(str(error)) from None
        except EvaluationError as error:
            words = f"expression '{text.strip()}' resulted in error: {error}"
            raise Failed(words) from None

    def _value(self, text: str, composed: tuple[str, ...]) -> Any:
        """The same, of an expression that may name these of the policy's variables.

        Raises CompileError, EvaluationError.
        """
        expression = self.compiled(text)
        variables = self._variables
        if composed:
            variables = {**variables, "variables": self._used_by(expression, composed)}
        elif self._composed:
            variables = {**variables, "variables": {}}
        return expression.value(variables, self._budget)

    def spending(self, limit: int) -> "Scope":
        """The same, where what expressions cost is taken from a budget of its own."""
        scope = copy(self)
        scope._budget = Meter(limit)
        return scope

    def compiled(self, text: str) -> Expression:
        """The expression of a text. Raises CompileError."""
        counts = self._counts
        if counts is None:
            return compile_expression(text, self._known)
        before, began = compile_expression.cache_info().misses, counts.monotonic()
        expression = compile_expression(text, self._known)
        if compile_expression.cache_info().misses > before:
            counts.compiled(counts.monotonic() - began)
        return expression

    def _used_by(self, expression: Expression, composed: tuple[str, ...]) -> dict[str, Any]:
        """The variables that an expression names; each may name those before it."""
        used: dict[str, Any] = {}
        for i, name in enumerate(composed):
            if not expression.uses(f"variables.{name}"):
                continue
            if name not in self._found:
                try:
                    self._found[name] = self._value(self._composed[name], composed[:i])
                except OutOfBudget:
                    raise
                except (CompileError, EvaluationError) as error:
                    words = f'composited variable "{name}" fails to evaluate: {error}'
                    raise EvaluationError(words) from None
            used[name] = self._found[name]
        return used


def all_hold(conditions: Sequence[MatchCondition], scope: Scope) -> bool:
    """Whether no condition is false. Raises Failed if none is, and one has no value."""
    failures = []
    scope = scope.spending(PER_CONDITIONS)
    for condition in conditions:
        try:
            if scope.value(condition.expression.strip()) is not True:
                return False
        except Spent:
            raise
        except Failed as error:
            failures.append(str(error))
    if failures:
        raise Failed(failures[0] if len(failures) == 1 else f"[{', '.join(failures)}]")
    return True

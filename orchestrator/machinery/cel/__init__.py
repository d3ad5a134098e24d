"""Expressions in CEL, with the functions that Kubernetes adds to the language.

The language itself (parser, type checker, evaluation, optionals, strings, math) is a library's, C++
behind Python. Here are Kubernetes' own functions (`functions`), its escape of names that are words of the
language (`names`), and the words in which it reports what is wrong (`expressions`).

What the library has no types for (a quantity, a URL, an IP) is a map that carries its kind and a text:
such values compare as Kubernetes compares them, and the functions look at the kind.
"""

from orchestrator.machinery.cel.expressions import (
    CompileError,
    EvaluationError,
    Expression,
    OutOfBudget,
    compile_expression,
    examine,
)
from orchestrator.machinery.cel.interpreting import Meter
from orchestrator.machinery.cel.limits import BUDGET_EXCEEDED, COST_EXCEEDED, PER_CALL
from orchestrator.machinery.cel.names import escaped

__all__ = [
    "BUDGET_EXCEEDED",
    "COST_EXCEEDED",
    "PER_CALL",
    "CompileError",
    "EvaluationError",
    "Expression",
    "Meter",
    "OutOfBudget",
    "compile_expression",
    "escaped",
    "examine",
]

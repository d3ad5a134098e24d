"""Expressions in CEL, with the functions that Kubernetes adds to the language.

The language's parser is a library's, C++ behind Python. What a tree may be and what it costs is Kubernetes' API, so
that the rest is here, as cel-go has it: types (`checking`, `declarations`), costs before anybody evaluates (`costs`,
`prices`), evaluation with the costs that it has (`interpreting`, `chains`, `folds`, `actual_costs`), the functions
(`functions`), and the words in which all of them report what is wrong.
"""

from orchestrator.machinery.cel.expressions import (
    CompileError,
    EvaluationError,
    Expression,
    OutOfBudget,
    compile_expression,
    examine,
    scope_of,
)
from orchestrator.machinery.cel.limits import BUDGET_EXCEEDED, COST_EXCEEDED, PER_CALL
from orchestrator.machinery.cel.names import escaped
from orchestrator.machinery.cel.runs import Meter

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
    "scope_of",
]

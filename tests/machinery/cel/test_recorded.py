"""Expressions as cel-go answers them, in the environment that Kubernetes 1.36 gives the rules of custom resources.

`recorded.json.xz` holds a schema, an object, and for each expression the compiler's report, or the type of what it
gives, what it may cost at worst, its value or why it has none, and what that cost. Most were made at random.
"""

import base64
import json
import lzma
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from orchestrator.machinery.cel import CompileError, EvaluationError, Expression, Meter
from orchestrator.machinery.cel.conversions import to_string
from orchestrator.machinery.cel.costs import estimate
from orchestrator.machinery.cel.data import (
    Duration,
    Opaque,
    Perhaps,
    Timestamp,
    TypeValue,
    UInt,
    type_name,
)
from orchestrator.machinery.cel.expressions import examined
from orchestrator.machinery.cel.types import shown
from orchestrator.machinery.documents import go_float
from orchestrator.machinery.schemas import compile_schema
from orchestrator.machinery.schemas.rule_types import Declared, RuleTypes
from orchestrator.machinery.schemas.rules import to_cel


@cache
def _recorded() -> Any:
    return json.loads(lzma.decompress(Path(__file__).with_name("recorded.json.xz").read_bytes()))


@cache
def _declared() -> tuple[RuleTypes, Declared, Any]:
    document = _recorded()["schema"]
    types = RuleTypes(document, root=False)
    declared = types.of(document)
    assert declared is not None
    return types, declared, to_cel(_recorded()["self"], compile_schema(document))


def _shown(value: Any) -> str:
    """A value as the recorder wrote it."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, bytes):
        return f"b:{base64.b64encode(value).decode()}"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, float):
        return f"d:{go_float(value)}"
    if isinstance(value, int):
        return f"{int(value)}u" if isinstance(value, UInt) else str(value)
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_shown, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(sorted(f'{_shown(k)}:{_shown(v)}' for k, v in value.items()))}}}"
    return _shown_of_its_own(value)


def _shown_of_its_own(value: Any) -> str:
    match value:
        case Perhaps(held=()):
            return "none"
        case Perhaps(held=(inner,)):
            return f"some({_shown(inner)})"
        case Timestamp():
            return f"t:{to_string(value)}"
        case Duration():
            return f"D:{to_string(value)}"
        case TypeValue():
            return f"type:{value.name}"
    assert isinstance(value, Opaque)
    text = to_string(value)
    return f"{type_name(value)}:{text if isinstance(text, str) else '?'}"


def _quoted(text: str) -> str:
    escaped = json.dumps(text, ensure_ascii=False)
    for char in "<>&":
        escaped = escaped.replace(char, f"\\u{ord(char):04x}")
    return escaped


def _answer(text: str) -> dict[str, Any]:
    types, declared, self = _declared()
    try:
        parsed, checked = examined(text, types.scope(declared, optional_old=False))
    except CompileError as error:
        return {"compile": str(error)}
    gives = {"type": shown(checked.gives, by_protobuf=True)}
    try:
        expression = Expression(text, parsed, checked)
    except CompileError as error:
        return {**gives, "program": str(error).removeprefix("program instantiation failed: ")}
    most = estimate(parsed.tree, checked, declared.size_at)
    budget = Meter(10_000_000)
    try:
        found = {"value": _shown(expression.value({"self": self, "oldSelf": self}, budget))}
    except EvaluationError as error:
        found = {"err": str(error)}
    return {**gives, **found, "max": most, "cost": 10_000_000 - budget.left}


@pytest.mark.parametrize("tenth", range(10))
def test_expressions_are_answered_as_the_original_does(tenth: int) -> None:
    """Reports, types, costs before and after, values and faults, letter by letter."""
    for recorded in _recorded()["expressions"][tenth::10]:
        wanted = dict(recorded)
        text = wanted.pop("rule")
        assert (text, _answer(text)) == (text, wanted)

"""Expressions in scenario files: `"{{nodes * 30}}"` in any value, `web-{{index % 3}}` in any text.

A value that is nothing but one expression takes the expression's type; elsewhere its text is put in.
Expressions are arithmetic, comparisons, `a if b else c`, and a few functions over numbers and texts,
with the names of the scenario's parameters: nothing in a file can run code.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

_EXPRESSION: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_MOST_CHARACTERS: Final = 500
_MOST: Final = 10**18  # larger numbers are a mistake
_LONGEST: Final = 100_000  # characters of a text; longer ones are, too

_OPERATORS: Final[Mapping[type[ast.AST], Callable[..., Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "ceil": math.ceil,
    "floor": math.floor,
    "int": int,
    "max": max,
    "min": min,
    "round": round,
    "str": str,
}
NAMES: Final = frozenset(_FUNCTIONS) | {"index", "true", "false"}
"""What no parameter can be called."""


class ExpressionError(ValueError):
    """An expression that cannot be evaluated; says which and why."""


def is_template(value: Any) -> bool:
    """Whether a value holds an expression."""
    return isinstance(value, str) and "{{" in value


def filled(template: Any, names: Mapping[str, Any]) -> Any:
    """`template` with every expression in its texts evaluated. Raises ExpressionError."""
    if isinstance(template, dict):
        return {fill_text(k, names): filled(v, names) for k, v in template.items()}
    if isinstance(template, list | tuple):
        return [filled(item, names) for item in template]
    return fill(template, names) if is_template(template) else template


def fill(text: str, names: Mapping[str, Any]) -> Any:
    """The value of a text that is one expression, or the text with its expressions put in."""
    whole = _EXPRESSION.fullmatch(text)
    if whole is not None and "{{" not in whole[1]:
        return evaluate(whole[1], names)
    return fill_text(text, names)


def fill_text(text: Any, names: Mapping[str, Any]) -> Any:
    """As `fill`, but always a text; what is no text (a key may be a number) is left alone."""
    if not is_template(text):
        return text
    return _EXPRESSION.sub(lambda match: _text(evaluate(match[1], names)), text)


def evaluate(expression: str, names: Mapping[str, Any]) -> Any:
    """The value of one expression. Raises ExpressionError."""
    tree = _parsed(expression.strip())
    try:
        value = _value(tree, names)
    except ExpressionError as error:
        raise ExpressionError(f'"{{{{{expression}}}}}": {error}') from None
    except (ArithmeticError, TypeError, ValueError) as error:
        raise ExpressionError(f'"{{{{{expression}}}}}" cannot be computed: {error}') from None
    return value


@lru_cache(maxsize=4096)
def _parsed(expression: str) -> ast.expr:
    if len(expression) > _MOST_CHARACTERS:
        raise ExpressionError(f"expected at most {_MOST_CHARACTERS} characters in an expression")
    try:
        return ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError(
            f'"{{{{{expression}}}}}": expected an expression such as nodes * 30 or index % 3'
        ) from None


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return _bounded(value)
        case ast.Name(id=name):
            return _named(name, names)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _computed(op, _value(left, names), _value(right, names))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(operand, names))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(left, names), _value(right, names))
        case ast.BoolOp(op=op, values=values):
            found = [_value(each, names) for each in values]
            return all(found) if isinstance(op, ast.And) else any(found)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _value(body if _value(test, names) else orelse, names)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_value(each, names) for each in arguments))
        case _:
            raise ExpressionError(f"expected arithmetic, comparisons and {', '.join(_FUNCTIONS)}")


def _named(name: str, names: Mapping[str, Any]) -> Any:
    if name in names:
        if names[name] is None:
            raise ExpressionError(f"the parameter {name} has no value: give it one with --set")
        return names[name]
    if name in ("true", "false"):
        return name == "true"
    known = ", ".join(sorted(names)) or "none"
    raise ExpressionError(f"there is no parameter {name}; known are {known}")


def _computed(op: ast.operator, left: Any, right: Any) -> Any:
    """The result of an operator; a text that would get too long is not made first."""
    if isinstance(left, str) and isinstance(op, ast.Mod):
        raise ExpressionError("a text has no remainder")
    for text, count in ((left, right), (right, left)):
        if isinstance(text, str) and isinstance(count, int) and len(text) * count > _LONGEST:
            raise ExpressionError("the text gets too long")
    return _bounded(_OPERATORS[type(op)](left, right))


def _bounded(value: Any) -> Any:
    """Refuses what only a mistake can reach: texts multiplied into gigabytes, huge numbers."""
    if isinstance(value, str) and len(value) > _LONGEST:
        raise ExpressionError("the text gets too long")
    if isinstance(value, int | float) and not -_MOST <= value <= _MOST:
        raise ExpressionError("the number gets too large")
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)

"""The rules of a schema in CEL (`x-kubernetes-validations`): compiled once, asked of each value.

A rule stands at a node and sees its value as `self`, and the value that was there before as `oldSelf`
if the two belong together: items of a list only if it is a map list with equal keys. What a
rule says against a value that stays as it was is only a warning (ratcheting).
"""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from orchestrator.machinery.cel import (
    COST_EXCEEDED,
    CompileError,
    EvaluationError,
    Expression,
    Meter,
    OutOfBudget,
    compile_expression,
    escaped,
)
from orchestrator.machinery.cel.checking import Scope
from orchestrator.machinery.cel.data import MapList, Perhaps, SetList
from orchestrator.machinery.cel.limits import PER_OBJECT
from orchestrator.machinery.cel.names import keyword_field
from orchestrator.machinery.cel.times import read_format
from orchestrator.machinery.field_errors import (
    OMITTED,
    FieldError,
    child,
    duplicate,
    forbidden,
    index,
    invalid,
    key,
    required,
)
from orchestrator.machinery.schemas.correlation import correlated, is_unchanged
from orchestrator.machinery.schemas.field_paths import shown_path
from orchestrator.machinery.schemas.rule_types import RuleTypes
from orchestrator.machinery.schemas.schema import Schema

_NO_FURTHER: Final = "no further validation rules will be run"
_WITHOUT_VALUE: Final = {
    COST_EXCEEDED: f"{_NO_FURTHER} due to call cost exceeds limit",
    "no such overload": "call arguments did not match a supported operator, function or macro signature",
}
# Metadata is seen by rules as far as it may be in a schema.
_SEEN_METADATA: Final = ("name", "generateName")
_OF_EVERY_OBJECT: Final = ("apiVersion", "kind", "metadata")


class Rule(Struct, frozen=True):
    """One rule; `transition` says that it looks at what was before."""

    expression: Expression
    transition: bool
    optional_old: bool = False
    message: str = ""
    message_expression: Expression | None = None
    reason: str = ""
    field_path: str = ""

    @property
    def words(self) -> str:
        """What to say when the rule does not hold."""
        return self.message.strip() or f"failed rule: {self.expression.text.strip()}"

    @property
    def title(self) -> str:
        """What the rule is called when it has no value."""
        return self.message.strip() or self.expression.text.strip()


class RuleNode(Struct, frozen=True):
    """The rules of a node and of those below it.

    `seen` are the properties that the node's own rules look at, None if one may look at anything: most look at one
    or two, and need not be shown the others.
    """

    schema: Schema
    rules: tuple[Rule, ...] = ()
    properties: Mapping[str, "RuleNode"] = {}
    items: "RuleNode | None" = None
    additional: "RuleNode | None" = None
    root: bool = False
    seen: tuple[str, ...] | None = None


def compile_rules(schema: Schema, *, root: bool = False) -> RuleNode | None:
    """The rules of a schema that was found valid before; None if it has none."""
    return _compiled_node(schema, RuleTypes(schema.document, root=root), root=root)


def _compiled_node(schema: Schema, types: RuleTypes, *, root: bool) -> RuleNode | None:
    rules = list(_compiled(schema, types))
    properties = {
        name: node
        for name, below in schema.properties.items()
        if (node := _compiled_node(below, types, root=below.embedded)) is not None
    }
    items = None if schema.items is None else _compiled_node(schema.items, types, root=False)
    additional = schema.additional
    values = None if additional is None else _compiled_node(additional, types, root=False)
    if not rules and not properties and items is None and values is None:
        return None
    root = root or schema.embedded
    return RuleNode(schema, tuple(rules), properties, items, values, root, _seen(schema, rules))


def _seen(schema: Schema, rules: Sequence[Rule]) -> tuple[str, ...] | None:
    """The properties that rules look at, of a node whose parts are its properties."""
    if schema.types != ("object",) or schema.additional is not None or schema.preserves_unknown:
        return None
    fields: set[str] = set()
    for rule in rules:
        for expression in filter(None, (rule.expression, rule.message_expression)):
            looked = expression.fields_of("self")
            before = expression.fields_of("oldSelf")
            if looked is None or before is None:
                return None
            fields |= looked | before
    names = (*schema.properties, *_OF_EVERY_OBJECT)
    return tuple(name for name in dict.fromkeys(names) if fields & {name, escaped(name)})


def _shown(value: Any, node: RuleNode) -> Any:
    """A value as the rules of a node see it."""
    if node.seen is not None and type(value) is dict:
        value = {name: value[name] for name in node.seen if name in value}
    return to_cel(value, node.schema, root=node.root)


def _compiled(schema: Schema, types: RuleTypes) -> Iterator[Rule]:
    parts = [schema.document, *(each.document for each in schema.all_of)]
    for document in parts:
        for rule in document.get("x-kubernetes-validations") or ():
            declared = types.of(schema.document)
            if declared is None or not str(rule.get("rule") or "").strip():
                continue
            # The definition's own validation told of one that is none.
            with suppress(CompileError):
                scope = types.scope(declared, optional_old=bool(rule.get("optionalOldSelf")))
                yield compile_rule(rule, scope, schema.document)


def compile_rule(rule: Mapping[str, Any], scope: Scope, schema: Mapping[str, Any]) -> Rule:
    """A rule of a definition, at a node of its schema. Raises CompileError."""
    expression = compile_expression(str(rule.get("rule") or ""), scope)
    said = rule.get("messageExpression")
    message = compile_expression(str(said), scope) if said else None
    return Rule(
        expression,
        expression.uses("oldSelf"),
        bool(rule.get("optionalOldSelf")),
        str(rule.get("message") or ""),
        message,
        str(rule.get("reason") or ""),
        shown_path(schema, str(rule.get("fieldPath") or "")),
    )


def rule_faults(
    value: Any,
    old: Any,
    node: RuleNode | None,
    path: str = "",
    kept: list[FieldError] | None = None,
    *,
    ratchets: bool = True,
) -> Iterator[FieldError]:
    """What the rules say against a value, which replaces `old` (None: nothing comparable).

    What they say against a value that stays as it was goes to `kept`, but for what looks at the old one; not
    so if it does not ratchet.
    A rule that costs too much is the last one that is asked, as is the one with which all together do.
    """
    if node is not None:
        walk = _Walk(Meter(PER_OBJECT), [] if kept is None else kept, ratchets)
        yield from _faults(value, old, node, path, walk, same=False)


class _Walk(NamedTuple):
    """What the rules of one object share: what they may still cost, and where faults go of what stays as it was."""

    budget: Meter
    kept: list[FieldError]
    ratchets: bool


def _faults(
    value: Any, old: Any, node: RuleNode, path: str, walk: _Walk, *, same: bool
) -> Iterator[FieldError]:
    """`same`: whether the nearest value around this one that has an old one is equal to it."""
    if value is None or walk.budget.left < 0:
        return
    same = same if old is None else is_unchanged(value, old, node.schema)
    if node.rules:
        yield from _faults_here(value, old, node, path, walk, same=same)
    if type(value) is dict or isinstance(value, Mapping):
        before = old if old is not None and isinstance(old, Mapping) else {}
        for name in sorted(value if node.additional else value.keys() & node.properties.keys()):
            below = node.properties.get(name)
            if below is not None:
                yield from _faults(
                    value[name], before.get(name), below, child(path, name), walk, same=same
                )
            elif node.additional is not None and name not in node.schema.properties:
                where = key(path, name)
                yield from _faults(
                    value[name], before.get(name), node.additional, where, walk, same=same
                )
    elif isinstance(value, list | tuple) and node.items is not None:
        for number, each in enumerate(value):
            known = correlated(each, old, node.schema)
            yield from _faults(each, known, node.items, index(path, number), walk, same=same)


def _faults_here(
    value: Any, old: Any, node: RuleNode, path: str, walk: _Walk, *, same: bool
) -> Iterator[FieldError]:
    budget = walk.budget
    variables = {"self": _shown(value, node)}
    before = None if old is None else _shown(old, node)
    for rule in node.rules:
        if budget.left < 0:
            return
        if rule.transition and old is None and not rule.optional_old:
            continue
        if rule.optional_old:
            variables["oldSelf"] = Perhaps(() if old is None else (before,))
        else:
            variables["oldSelf"] = before
        fault, is_final = _fault(rule, variables, value, node.schema, path, budget)
        if fault is None:
            continue
        if same and walk.ratchets and not rule.transition and not is_final:
            walk.kept.append(fault)
        else:
            yield fault


def _fault(
    rule: Rule,
    variables: Mapping[str, Any],
    value: Any,
    schema: Schema,
    path: str,
    budget: Meter,
) -> tuple[FieldError | None, bool]:
    """What the rule says, and whether that counts of a value that stays as it was, too: it has no value."""
    type_ = str(schema.document.get("type") or "")
    try:
        if rule.expression.value(variables, budget) is True:
            return None, False
    except EvaluationError as error:
        return invalid(path or "<nil>", type_, _without_value(error, rule, budget)), True
    where = child(path, rule.field_path) if rule.field_path else path
    try:
        words = _words(rule, variables, budget)
    except _MessageTooDear as error:
        budget.left = -1
        return invalid(where or "<nil>", type_, str(error)), False
    shown = OMITTED if type_ in ("object", "array") else value
    match rule.reason:
        case "FieldValueForbidden":
            return forbidden(where or "<nil>", words), False
        case "FieldValueRequired":
            return required(where or "<nil>", words), False
        case "FieldValueDuplicate":
            return duplicate(where or "<nil>", shown), False
    return invalid(where or "<nil>", shown, words), False


class _MessageTooDear(Exception):
    """The expression of a message costs too much, which the text says."""


def _without_value(error: EvaluationError, rule: Rule, budget: Meter) -> str:
    if isinstance(error, OutOfBudget):
        return str(error)
    if str(error) == COST_EXCEEDED:
        budget.left = -1
    for begun, why in _WITHOUT_VALUE.items():
        if str(error).startswith(begun):
            return f"'{error}': {why} for rule: {rule.title}"
    return f"{error} evaluating rule: {rule.title}"


def _words(rule: Rule, variables: Mapping[str, Any], budget: Meter) -> str:
    """What to say when a rule does not hold. Raises _MessageTooDear."""
    message = rule.message_expression
    if message is not None:
        try:
            said = message.value(variables, budget)
        except OutOfBudget:
            words = "messageExpression evaluation failed due to running out of cost budget"
            raise _MessageTooDear(f"{words}, {_NO_FURTHER}") from None
        except EvaluationError as error:
            if str(error) == COST_EXCEEDED:
                shown = msgspec.json.encode(message.text).decode()
                words = f"{_NO_FURTHER} due to call cost exceeds limit for messageExpression"
                raise _MessageTooDear(f"{words}: {shown}") from None
            said = None
        if isinstance(said, str) and said.strip() and "\n" not in said.strip():
            return said.strip()
    return rule.words


# --- values --------------------------------------------------------------------------------


def to_cel(value: Any, schema: Schema | None, *, root: bool = False) -> Any:
    """A value as rules see it: escaped names, and the types that the schema's formats mean."""
    if schema is None or value is None:
        return value
    if type(value) is dict or isinstance(value, Mapping):
        return _map_to_cel(value, schema, root=root or schema.embedded)
    if isinstance(value, list | tuple):
        items = [to_cel(each, schema.items) for each in value]
        if schema.list_type == "map":
            return MapList(items, tuple(escaped(name) or name for name in schema.list_map_keys))
        return SetList(items) if schema.list_type == "set" else items
    if isinstance(value, str):
        return _text_to_cel(value, schema.format)
    if "number" in schema.types and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _map_to_cel(value: Mapping[str, Any], schema: Schema, *, root: bool) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for name, part in value.items():
        below = schema.properties.get(name)
        if root and name in ("apiVersion", "kind"):
            seen[name] = part
        elif root and name == "metadata" and isinstance(part, Mapping):
            seen[name] = {each: part[each] for each in _SEEN_METADATA if each in part}
        elif below is not None:
            word = escaped(name)
            if word is not None and part is not None:  # a property that is null is not there
                seen[word] = part if type(part) in below.plain else to_cel(part, below)
                if word != name and keyword_field(name):
                    seen[name] = seen[word]
        elif schema.additional is not None:
            seen[name] = to_cel(part, schema.additional)
        elif schema.preserves_unknown and not schema.properties:
            seen[name] = part
    return seen


def _text_to_cel(text: str, format_: str) -> Any:
    if format_ in ("date-time", "date", "duration"):
        return read_format(text, format_)
    if format_ == "byte":
        with suppress(ValueError, binascii.Error):
            return base64.b64decode(text, validate=True)
    return text

"""Rules of definitions: judged by the types of their schema, and by what they may cost."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.machinery.cel.prices import MOST
from orchestrator.machinery.field_errors import FieldError
from orchestrator.machinery.schemas import compile_schema
from orchestrator.machinery.schemas.keywords import definition_faults
from orchestrator.machinery.schemas.rule_costs import costs_of
from orchestrator.machinery.schemas.rule_types import RuleTypes
from orchestrator.machinery.schemas.rules import compile_rules, rule_faults

_TEXT = {"type": "string"}
_ADVICE = (
    "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and "
    "strings are declared)"
)


def _schema(*rules: str, bound: int | None = None, **more: Any) -> dict[str, Any]:
    """A text, a list of texts and a map, with a bound of each or none."""
    bounds = {} if bound is None else {"maxLength": bound}
    items = {} if bound is None else {"maxItems": bound}
    values = {} if bound is None else {"maxProperties": bound}
    properties = {
        "s": {**_TEXT, **bounds},
        "l": {"type": "array", "items": {**_TEXT, **bounds}, **items},
        "m": {"type": "object", "additionalProperties": {"type": "integer"}, **values},
    }
    said = [{"rule": rule, **more} for rule in rules]
    return {"type": "object", "properties": properties, "x-kubernetes-validations": said}


def _no_faults(_metadata: object, _path: str) -> Iterator[FieldError]:
    """Nothing is embedded in these."""
    return iter(())


def _said(schema: dict[str, Any]) -> list[str]:
    root = {"type": "object", "properties": {"spec": schema}}
    return [str(each) for each in definition_faults(root, "x", _no_faults)]


@pytest.mark.parametrize(
    ("rule", "cost"),
    [
        ("self.s == 'abc'", 3),
        ("has(self.s)", 1),
        ("self.s.contains(self.s)", 16 * 16 + 4),
        ("self.s.matches('a+b')", 17 * 1 + 2),
        ("self.l.size() > 1", 3),
        ("self.m.all(k, self.m[k] > 1)", 2 + 1 + 40 * 8),
        ("self.l.exists(x, self.l.all(y, x == y))", 2 + 1 + 40 * (2 + 1 + 40 * (2 + 2 + 16) + 3)),
        ("dyn(self.s) == 1 || [1, 2].all(x, x > 1)", None),
    ],
)
def test_the_worst_is_estimated(rule: str, cost: int | None) -> None:
    """By the bounds of the schema: a character may take four bytes, a tenth of a unit each."""
    found = _cost(rule, 40)
    assert found < MOST
    if cost is not None:
        assert abs(found - cost) <= cost // 10 + 2


def _cost(rule: str, bound: int | None) -> int:
    schema = _schema(rule, bound=bound)
    types = RuleTypes(schema)
    declared = types.of(schema)
    assert declared is not None
    return costs_of(schema["x-kubernetes-validations"][0], declared, types, 1).rule


_RULES = (
    "self.s == self.s",
    "self.s.matches(self.s)",
    "self.s.split(',').all(x, x.startsWith(self.s))",
    "self.s.replace('a', self.s).size() > 1",
    "self.l.all(x, x in self.l)",
    "self.l.join(',') == self.s",
    "self.l.map(x, x + self.s).filter(x, x != '').size() == 0",
    "(self.l + [self.s]).exists_one(x, x.contains(self.s))",
    "self.m.exists(k, self.m[k] > 1 && k == self.s)",
    "sets.contains(self.l, self.l) || self.l.distinct().size() > 1",
    "self.?s.orValue('a').size() > 1 ? self.l.isSorted() : self.l[0] == self.s",
    "format.uri().validate(self.s).hasValue()",
)


@given(st.sampled_from(_RULES), st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_larger_bound_costs_no_less(rule: str, one: int, other: int) -> None:
    """And none at all costs the most."""
    small, large = sorted((one, other))
    assert _cost(rule, small) <= _cost(rule, large) <= _cost(rule, None) <= MOST


def test_a_rule_that_may_cost_too_much_is_refused() -> None:
    """It, what contributes most to the total, and the total; a bound helps."""
    rule = "self.l.all(x, self.l.all(y, x == y))"
    path = "x.properties[spec].x-kubernetes-validations[0].rule: Forbidden:"
    much = f"exceeds budget by factor of more than 100x {_ADVICE}"
    assert _said(_schema(rule)) == [
        f"{path} estimated rule cost {much}",
        f"{path} contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema",
        "x: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema "
        + much,
    ]
    assert _said(_schema(rule, bound=20)) == []


def test_a_rule_counts_as_often_as_its_value_can_be_there() -> None:
    """In a list without a bound as often as the largest request has room for."""
    items = _schema("self.s.startsWith('abc')", bound=9)
    said = _said({"type": "array", "items": items})
    assert said == []
    items["x-kubernetes-validations"].append({"rule": "self.s.matches('a{3,5}b{3,5}c')"})
    (fault,) = _said({"type": "array", "items": items})
    assert fault.startswith(
        "x.properties[spec].items.x-kubernetes-validations[1].rule: Forbidden: estimated rule cost "
        "exceeds budget by factor of 1.9x"
    )
    assert _said({"type": "array", "items": items, "maxItems": 10_000}) == []


def test_a_schema_that_was_there_before_may_have_dear_rules() -> None:
    """Only all together may not cost too much."""
    items = _schema("self.s.matches('a{3,5}b{3,5}c')", bound=9)
    root = {"type": "object", "properties": {"a": {"type": "array", "items": items}}}
    assert definition_faults(root, "x", _no_faults) != []
    assert definition_faults(root, "x", _no_faults, known_before=True) == []


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("self.none == 1", "compilation failed: ERROR: <input>:1:5: undefined field 'none'"),
        ("self.s + 1 == 2", "found no matching overload for '_+_' applied to '(string, int)'"),
        ("self.s", "cel expression must evaluate to a bool"),
        ("self.l.all(x, x > 1)", "found no matching overload for '_>_' applied to '(string, int)'"),
    ],
)
def test_a_rule_knows_the_types_of_its_schema(rule: str, words: str) -> None:
    """What does not fit them is refused with the definition."""
    (fault,) = _said(_schema(rule))
    assert words in fault


def test_a_message_is_judged_like_its_rule() -> None:
    """By its type and its cost."""
    (fault,) = _said(_schema("true", messageExpression="1"))
    assert fault.endswith("messageExpression must evaluate to a string")
    (fault,) = _said(_schema("true", messageExpression="self.m"))
    assert "messageExpression must evaluate to a string" in fault
    said = _said(_schema("true", messageExpression="self.l.map(x, x + self.s).join('')"))
    assert (
        "messageExpression: Forbidden: estimated messageExpression cost exceeds budget" in said[0]
    )


def test_names_that_are_words_are_escaped_and_every_object_has_a_name() -> None:
    """At the root, and of embedded objects; a field whose name cannot be said is not there."""
    properties = {"in": _TEXT, "a-b": _TEXT, "é": _TEXT}
    rules = ["self.__in__ == self.a__dash__b", "self.metadata.name == self.kind"]
    schema = {
        "type": "object",
        "properties": properties,
        "x-kubernetes-embedded-resource": True,
        "x-kubernetes-validations": [{"rule": rule} for rule in rules],
    }
    assert _said(schema) == []
    schema["x-kubernetes-validations"] = [{"rule": "self.é == ''"}]
    assert "Syntax error" in _said(schema)[0]


def test_a_field_whose_name_is_a_word_of_the_language_is_selected_by_that() -> None:
    """As by its escaped name; of a variable it is refused all the same."""
    schema = {
        "type": "object",
        "properties": {"namespace": {"type": "string"}},
        "x-kubernetes-validations": [
            {"rule": "!has(self.namespace) || self.namespace == self.__namespace__"}
        ],
    }
    assert _said(schema) == []
    rules = compile_rules(compile_schema(schema))
    assert rules is not None
    assert list(rule_faults({"namespace": "a"}, None, rules)) == []
    schema["x-kubernetes-validations"] = [{"rule": "self.package == ''"}]
    assert "undefined field 'package'" in _said(schema)[0]

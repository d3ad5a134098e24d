"""Rules of schemas in CEL: what they see of a value, what they say, and what of it counts for what stays as it was."""

from typing import Any, Final

import pytest

from orchestrator.machinery.schemas import compile_rules, compile_schema, rule_faults
from orchestrator.machinery.schemas.correlation import is_unchanged

RULES: Final = "x-kubernetes-validations"
KEYED: Final = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["k"],
    "items": {
        "type": "object",
        "required": ["k"],
        "properties": {"k": {"type": "string"}, "v": {"type": "integer"}},
    },
}


def _said(schema: dict[str, Any], value: Any, old: Any = None) -> list[str]:
    document = {"type": "object", "properties": {"spec": schema}}
    node = compile_rules(compile_schema(document))
    before = None if old is None else {"spec": old}
    return [str(each) for each in rule_faults({"spec": value}, before, node)]


def _rule(type_: str, rule: str, **more: Any) -> dict[str, Any]:
    return {"type": type_, **more, RULES: [{"rule": rule, "message": "no"}]}


@pytest.mark.parametrize(
    ("format_", "text", "rule"),
    [
        ("date-time", "2020-01-02T03:04:05.5+02:00", "self.getHours() == 1 && self > timestamp(0)"),
        ("date", "2024-02-29", "self.getDayOfMonth() == 28"),
        ("duration", "1h30m", "self == duration('90m')"),
        ("duration", "2 days", "self == duration('48h')"),
        ("byte", "aGk=", "self == b'hi'"),
    ],
)
def test_formats_are_seen_as_their_values(format_: str, text: str, rule: str) -> None:
    """A date is a moment, a duration one, and what is base64 is bytes."""
    assert _said(_rule("string", rule, format=format_), text) == []
    assert _said(_rule("string", f"!({rule})", format=format_), text) != []


def test_a_property_that_is_null_is_not_there() -> None:
    """But what a map holds is."""
    schema = {"type": "object", "properties": {"a": {"type": "string", "nullable": True}}}
    assert _said({**schema, **_rule("object", "!has(self.a)")}, {"a": None}) == []
    values = {"additionalProperties": {"type": "string", "nullable": True}}
    assert _said(_rule("object", "has(self.a)", **values), {"a": None}) == []


def test_lists_that_are_sets_or_maps_are_equal_in_any_order() -> None:
    """And what is added to one replaces what it has of the same key."""
    as_set = {"items": {"type": "string"}, "x-kubernetes-list-type": "set"}
    assert _said(_rule("array", "self == ['b', 'a']", **as_set), ["a", "b"]) == []
    assert _said(_rule("array", "self + ['a', 'c'] == ['c', 'b', 'a']", **as_set), ["a", "b"]) == []
    changed = {**KEYED, RULES: [{"rule": "self == oldSelf", "message": "no"}]}
    items = [{"k": "a", "v": 1}, {"k": "b"}]
    assert _said(changed, items[::-1], items) == []
    assert _said(changed, [{"k": "b"}, {"k": "a", "v": 2}], items) == ["spec: Invalid value: no"]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (".a", "spec.a"),
        ("['a']", "spec.a"),
        (".m.x", "spec.m[x]"),
        (".m['x.y']", "spec.m[x.y]"),
    ],
)
def test_the_path_of_a_rule_is_told_as_other_paths_are(path: str, shown: str) -> None:
    """However the definition writes it."""
    text = {"type": "string"}
    schema = {
        "type": "object",
        "properties": {"a": text, "m": {"type": "object", "additionalProperties": text}},
        RULES: [{"rule": "false", "message": "no", "fieldPath": path}],
    }
    assert _said(schema, {}) == [f"{shown}: Invalid value: no"]


def test_what_may_be_a_number_or_a_text_has_no_type_to_tell() -> None:
    """Where a rule has no value, as where its operands fit no function."""
    schema = {"x-kubernetes-int-or-string": True, RULES: [{"rule": "self.startsWith('a')"}]}
    (said,) = _said(schema, 3)
    assert said.startswith("spec: Invalid value: \"\": 'no such overload': call arguments did not")


def test_what_stays_as_it_was_is_told_aside() -> None:
    """Keyed lists stay as they are in any order; what looks at the old value counts all the same."""
    document = {
        "type": "object",
        "properties": {
            "l": {**KEYED, RULES: [{"rule": "self.size() < 1", "message": "small"}]},
            "i": {"type": "integer", RULES: [{"rule": "self > oldSelf", "message": "grow"}]},
        },
    }
    node = compile_rules(compile_schema(document))
    old = {"l": [{"k": "a"}, {"k": "b"}], "i": 1}
    kept: list[Any] = []
    found = list(rule_faults({**old, "l": old["l"][::-1]}, old, node, kept=kept))  # type: ignore[index]
    assert [str(each) for each in found] == ["i: Invalid value: 1: grow"]
    assert [str(each) for each in kept] == ["l: Invalid value: small"]


def test_a_default_is_judged_as_if_it_had_been_there() -> None:
    """By rules that look at the old value, too, and nothing is let pass."""
    node = compile_rules(compile_schema(_rule("integer", "self > oldSelf")))
    (fault,) = rule_faults(5, 5, node, "d", ratchets=False)
    assert str(fault) == "d: Invalid value: 5: no"


def test_items_of_keyed_lists_belong_together_wherever_they_stand() -> None:
    """At every depth; other lists are one value."""
    schema = compile_schema({"type": "object", "properties": {"l": KEYED, "a": {"type": "array"}}})
    old = {"l": [{"k": "a", "v": 1}, {"k": "b"}], "a": [1, 2]}
    assert is_unchanged({"l": [{"k": "b"}, {"k": "a", "v": 1}], "a": [1, 2]}, old, schema)
    assert not is_unchanged({"l": [{"k": "b"}, {"k": "a", "v": 2}], "a": [1, 2]}, old, schema)
    assert not is_unchanged({**old, "a": [2, 1]}, old, schema)

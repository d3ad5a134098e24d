"""Structural schemas: what they keep, fill in and refuse, in Kubernetes' words."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from orchestrator.machinery.schemas import (
    Schema,
    compile_schema,
    faults_of,
    fitting,
    list_faults,
    prune,
    with_defaults,
)
from orchestrator.machinery.schemas.lists import _has_plain_keys, _keys, _twice
from orchestrator.machinery.schemas.pruning import _is_pruned, _pruned
from orchestrator.machinery.schemas.rules import to_cel

SPEC: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["a"],
    "properties": {
        "a": {"type": "string"},
        "n": {"type": "integer", "minimum": 1, "maximum": 10},
        "e": {"type": "string", "enum": ["x", "y"]},
        "p": {"type": "string", "pattern": "^a+$"},
        "l": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        "f": {"type": "number", "multipleOf": 0.5},
        "b": {"type": "boolean"},
        "s": {"type": "string", "minLength": 2, "maxLength": 4},
        "d": {"type": "string", "format": "date-time"},
        "i": {"x-kubernetes-int-or-string": True},
        "m": {"type": "object", "additionalProperties": {"type": "integer"}, "maxProperties": 2},
        "nul": {"type": "string", "nullable": True},
        "o": {
            "type": "object",
            "oneOf": [{"required": ["x"]}, {"required": ["y"]}],
            "properties": {"x": {"type": "string"}, "y": {"type": "string"}},
        },
        "u": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "k": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["k"],
            "items": {
                "type": "object",
                "properties": {"k": {"type": "string"}},
                "required": ["k"],
            },
        },
        "q": {"type": "string", "format": "ipv4"},
        "emb": {
            "type": "object",
            "x-kubernetes-embedded-resource": True,
            "x-kubernetes-preserve-unknown-fields": True,
        },
    },
}
THING: Final = compile_schema({"type": "object", "properties": {"spec": SPEC}})


FITS: Final = fitting(THING)
VALID: Final[dict[str, Any]] = {
    "n": 5, "e": "x", "p": "aa", "l": ["a"], "f": 1.5, "b": True, "s": "abc", "i": "5%",
    "d": "2020-01-01T00:00:00Z", "m": {"a": 1}, "nul": None, "o": {"x": "1"}, "q": "1.2.3.4",
    "u": ["a", "b"], "k": [{"k": "a"}],
}  # fmt: skip


def _said(**spec: Any) -> list[str]:
    value = {"spec": {"a": "x", **spec}}
    return [str(each) for each in (*faults_of(value, THING), *list_faults(value, THING))]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"n": 0}, "spec.n: Invalid value: 0: spec.n in body should be greater than or equal to 1"),
        ({"n": 11}, "spec.n: Invalid value: 11: spec.n in body should be less than or equal to 10"),
        ({"e": "z"}, 'spec.e: Unsupported value: "z": supported values: "x", "y"'),
        ({"p": "ab"}, "spec.p: Invalid value: \"ab\": spec.p in body should match '^a+$'"),
        ({"b": "true"}, 'spec.b: Invalid value: "string": spec.b in body must be of type boolean: "string"'),
        ({"s": "a"}, 'spec.s: Invalid value: "a": spec.s in body should be at least 2 chars long'),
        ({"s": "abcde"}, "spec.s: Too long: may not be more than 4 bytes"),
        ({"d": "today"}, 'spec.d: Invalid value: "today": spec.d in body must be of type date-time: "today"'),
        ({"f": 0.3}, "spec.f: Invalid value: 0.3: spec.f in body should be a multiple of 0.5"),
        ({"m": {"a": "b"}}, 'spec.m.a: Invalid value: "string": spec.m.a in body must be of type integer: "string"'),
        ({"m": {"a": 1, "b": 2, "c": 3}}, "spec.m: Too many: 3: must have at most 2 items"),
        ({"l": [1]}, 'spec.l[0]: Invalid value: "integer": spec.l[0] in body must be of type string: "integer"'),
        ({"u": ["a", "a"]}, 'spec.u[1]: Duplicate value: "a"'),
        ({"k": [{"k": "a"}, {"k": "a"}]}, 'spec.k[1]: Duplicate value: {"k":"a"}'),
        ({"k": [{}]}, "spec.k[0].k: Required value"),
        ({"q": "1.2.3"}, 'spec.q: Invalid value: "1.2.3": spec.q in body must be of type ipv4: "1.2.3"'),
        (
            {"o": {"x": "1", "y": "1"}},
            '<nil>: Invalid value: "": "spec.o" must validate one and only one schema (oneOf). '
            "Found 2 valid alternatives",
        ),
    ],
)  # fmt: skip
def test_a_fault_is_said_in_kubernetes_words(spec: dict[str, Any], said: str) -> None:
    """One fault gives one complaint, with the recorded text."""
    assert _said(**spec) == [said]


def test_several_complaints_keep_their_order() -> None:
    """Of alternatives that all fail the nearest is explained after the verdict."""
    assert _said(o={}) == [
        '<nil>: Invalid value: "": "spec.o" must validate one and only one schema (oneOf). Found none valid',
        "spec.o.x: Required value",
    ]
    assert _said(n=1.5) == [
        'spec.n: Invalid value: "number": spec.n in body must be of type integer: "number"',
        '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.n',
    ]


def test_a_valid_value_has_no_fault() -> None:
    """Every kind of field passes with a value that fits."""
    assert _said(**VALID) == []
    assert _said(i=5, n=5.0) == []
    assert FITS({"spec": {"a": "x", **VALID, "i": 5}})


def test_pruning_keeps_what_the_schema_names() -> None:
    """Unknown fields go and are told; what is preserved or of every object stays."""
    unknown: list[str] = []
    value = {
        "apiVersion": "v1", "kind": "T", "metadata": {"name": "a"}, "zz": 1,
        "spec": {"a": "x", "zzz": 1, "o": {"x": "1", "zz": 2}, "k": [{"k": "a", "z": 1}],
                 "emb": {"kind": "X", "any": {"thing": 1}}},
    }  # fmt: skip
    kept = prune(value, THING, unknown)
    assert kept["spec"] == {
        "a": "x",
        "o": {"x": "1"},
        "k": [{"k": "a"}],
        "emb": {"kind": "X", "any": {"thing": 1}},
    }
    assert set(kept) == {"apiVersion", "kind", "metadata", "spec"}
    assert sorted(unknown) == ["spec.k[0].z", "spec.o.zz", "spec.zzz", "zz"]
    assert value["zz"] == 1, "the value itself must stay as it was"
    assert prune(kept, THING) is kept


def test_a_null_that_may_not_be_is_no_field() -> None:
    """Without a default it is pruned, with one it is filled in, and a nullable one stays."""
    schema = compile_schema(
        {
            "type": "object",
            "properties": {
                "plain": {"type": "string"},
                "default": {"type": "string", "default": "x"},
                "nullable": {"type": "string", "nullable": True, "default": "y"},
            },
        }
    )
    value = {"plain": None, "default": None, "nullable": None}
    assert with_defaults(prune(value, schema), schema) == {"default": "x", "nullable": None}


def test_defaults_fill_in_at_every_depth() -> None:
    """A default that is filled in gets the defaults below it, in maps and lists, too."""
    inner = {"type": "object", "properties": {"in": {"type": "string", "default": "deep"}}}
    schema = compile_schema(
        {
            "type": "object",
            "properties": {
                "o": {**inner, "default": {}},
                "l": {"type": "array", "items": inner},
                "m": {"type": "object", "additionalProperties": inner},
                "r": inner,
            },
        }
    )
    filled = with_defaults({"l": [{}, {"in": "own"}], "m": {"k": {}}}, schema)
    assert filled == {
        "o": {"in": "deep"},
        "l": [{"in": "deep"}, {"in": "own"}],
        "m": {"k": {"in": "deep"}},
    }
    assert with_defaults(filled, schema) is filled


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "e", "i", "k", "l", "m", "n", "o", "s", "spec", "u", "zz"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_JSON)
def test_any_value_is_pruned_filled_and_judged(value: Any) -> None:
    """No value raises, pruning twice is pruning once, and a pruned value has nothing unknown."""
    pruned = prune(value, THING)
    unknown: list[str] = []
    assert prune(pruned, THING, unknown) is pruned
    assert unknown == []
    for fault in (*faults_of(value, THING), *list_faults(value, THING)):
        assert str(fault)


def _without_shortcuts(schema: Schema) -> Schema:
    nothing: frozenset[type] = frozenset()
    return replace(
        schema,
        properties={name: _without_shortcuts(each) for name, each in schema.properties.items()},
        items=schema.items and _without_shortcuts(schema.items),
        additional=schema.additional and _without_shortcuts(schema.additional),
        accepted=nothing,
        free=nothing,
        plain=nothing,
        combined=True,
    )


SLOW: Final = _without_shortcuts(THING)


@given(_JSON | st.fixed_dictionaries({"spec": _JSON}))
def test_shortcuts_change_nothing(value: Any) -> None:
    """What is passed over by a value's type has neither faults nor another look in a rule."""
    assert faults_of(value, THING) == faults_of(value, SLOW)
    assert to_cel(value, THING) == to_cel(value, SLOW)


@st.composite
def _nearly_valid(draw: st.DrawFn, value: Any = None) -> Any:
    """The valid value with some of its parts missing or replaced."""
    value = {"spec": {"a": "x", **VALID}} if value is None else value
    if isinstance(value, dict):
        kept = {name: part for name, part in value.items() if draw(st.integers(0, 9))}
        return {name: draw(_nearly_valid(part)) for name, part in kept.items() if part is not None}
    if isinstance(value, list):
        return [draw(_nearly_valid(part)) for part in value]
    return value if draw(st.integers(0, 19)) else draw(_JSON)


@given(_nearly_valid() | _JSON, st.booleans())
def test_a_look_tells_what_pruning_leaves(value: Any, keeps_nulls: bool) -> None:
    """Whether nothing is to be taken away is known before anything is, exactly."""
    unchanged = _pruned(value, THING, "", None, keeps_nulls) is value
    assert _is_pruned(value, THING, keeps_nulls) == unchanged


@given(st.lists(st.fixed_dictionaries({}, optional={"k": _JSON, "x": st.booleans()}), max_size=4))
def test_plain_keys_stand_once(items: list[dict[str, Any]]) -> None:
    """A list whose keys are plain and different at the first look has no item twice."""
    schema = THING.properties["spec"].properties["k"]
    assert not (_has_plain_keys(items, schema) and [*_twice([_keys(i, schema) for i in items], "")])


@given(_nearly_valid() | _JSON)
def test_what_fits_has_no_fault(value: Any) -> None:
    """The fast answer that a value fits is never wrong."""
    assert not (FITS(value) and faults_of(value, THING))


def test_keys_that_stand_twice_are_shown_by_name() -> None:
    """Whatever the order in which the schema lists them, and the item has them."""
    text = {"type": "string"}
    schema = {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["key", "effect"],
        "items": {"type": "object", "properties": {"key": text, "effect": text}},
    }
    items = [{"key": "a", "effect": "b"}] * 2
    [fault] = list_faults(items, compile_schema(schema), "taints")
    assert str(fault) == 'taints[1]: Duplicate value: {"effect":"b","key":"a"}'

"""Literals of the types that change objects: their values are maps, and each stands where its type belongs."""

from typing import Any

import pytest

from orchestrator.machinery.cel import compile_expression
from orchestrator.machinery.cel.patch_types import mismatches
from orchestrator.machinery.cel.policy_scopes import policy_scope

OBJECT = {"metadata": {"name": "n", "labels": {"a": "b"}}, "spec": {"replicas": 2}}
SCOPE = policy_scope(patches=True)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Object{}", {}),
        (
            "Object{ spec : Object.spec{replicas: object.spec.replicas + 1} }",
            {"spec": {"replicas": 3}},
        ),
        (
            'Object{metadata: Object.metadata{labels: {"x": "Object{y: 1}"}}} // Object{z: 1}',
            {"metadata": {"labels": {"x": "Object{y: 1}"}}},
        ),
        (
            "Object{spec: Object.spec{items: [Object.spec.items{a: 1}, Object.spec.items{a: 2}]}}",
            {"spec": {"items": [{"a": 1}, {"a": 2}]}},
        ),
        ("Object{a: true ? Object.a{b: 1} : Object.a{}}", {"a": {"b": 1}}),
        ("Object{?a: optional.of(1), ?b: optional.none()}", {"a": 1}),
        ("Object{`a-b`: 1}", {"a-b": 1}),
        (
            '[JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("a/b~c"), '
            "value: Object.spec{replicas: 1}}]",
            [{"op": "add", "path": "/metadata/labels/a~1b~0c", "value": {"replicas": 1}}],
        ),
        ("object.spec.replicas > 1 ? Object{a: r'\\{'} : Object{}", {"a": "\\{"}),
        ("{'plain': [1, 2]}", {"plain": [1, 2]}),
    ],
)
def test_a_literal_is_a_map(text: str, wanted: Any) -> None:
    """Whatever stands around it: strings, comments, lists, optional fields, functions."""
    expression = compile_expression(text, SCOPE)
    assert not list(mismatches(expression.tree))
    assert expression.value({"object": OBJECT}) == wanted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "Object{spec: Object.metadata{}}",
            'unexpected type name "Object.metadata", expected "Object.spec", '
            "which matches field name path from root Object type",
        ),
        (
            "Object{spec: Object.spec{items: [Object.items{}]}}",
            'unexpected type name "Object.items", expected "Object.spec.items", '
            "which matches field name path from root Object type",
        ),
    ],
)
def test_a_literal_belongs_where_its_type_says(text: str, words: str) -> None:
    """The path of the fields that it stands in."""
    assert list(mismatches(compile_expression(text, SCOPE).tree)) == [words]

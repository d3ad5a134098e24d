"""JSON merge patch: RFC 7386's own table, and its laws."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.machinery.documents import equal
from orchestrator.machinery.errors import PatchFormatError, PatchSizeError
from orchestrator.machinery.patches import apply_merge_patch, create_merge_patch
from orchestrator.machinery.patches.merge_patch import merge

# Appendix A of the RFC.
RFC: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    # Not in the RFC, but what the API server does.
    ({"a": [1]}, {"a": [{"b": None}, None]}, {"a": [{}, None]}),
    ({"a": {"b": 1}}, {"a": [{"b": None}]}, {"a": [{"b": None}]}),
]


@pytest.mark.parametrize(("target", "patch", "result"), RFC)
def test_rfc(target: Any, patch: Any, result: Any) -> None:
    """The examples of the RFC hold, and leave their arguments alone."""
    before = copy.deepcopy((target, patch))
    assert equal(merge(target, patch), result)
    assert (target, patch) == before


@pytest.mark.parametrize("patch", [None, 1, "x", [1]])
def test_an_object_is_patched_by_an_object(patch: Any) -> None:
    """A Kubernetes object cannot be replaced by anything else."""
    words = (
        "Invalid JSON Patch" if patch is None else "error decoding patch: json: cannot unmarshal"
    )
    with pytest.raises(PatchFormatError, match=words):
        apply_merge_patch({}, patch)


def test_depth_is_bounded() -> None:
    """A deep patch is refused, not a RecursionError."""
    deep: Any = {}
    for _ in range(5000):
        deep = {"a": deep}
    with pytest.raises(PatchSizeError):
        apply_merge_patch({}, deep)


keys = st.sampled_from(["a", "b", "c"])
leaves = st.integers(0, 2) | st.booleans() | st.text("xy", max_size=1)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=10,
)
objects = st.dictionaries(keys, values)
patches = st.dictionaries(
    keys,
    st.recursive(
        leaves | st.none(), lambda inner: st.dictionaries(keys, inner, max_size=3), max_leaves=10
    ),
)


@given(objects, patches)
def test_idempotent(document: dict[str, Any], patch: dict[str, Any]) -> None:
    """The same patch again changes nothing."""
    once = apply_merge_patch(document, patch)
    assert equal(apply_merge_patch(once, patch), once)


@given(objects, objects)
def test_created_patch_makes_the_other(original: dict[str, Any], modified: dict[str, Any]) -> None:
    """A patch made from two objects turns one into the other; none is needed for equal ones."""
    patch = create_merge_patch(original, modified)
    assert equal(apply_merge_patch(original, patch), modified)
    assert create_merge_patch(original, original) == {}

"""JSON Patch: the six operations, the library's habits, and the limits."""

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.machinery.documents import equal
from orchestrator.machinery.errors import PatchApplyError, PatchFormatError, PatchSizeError
from orchestrator.machinery.patches import MAX_OPERATIONS, apply_json_patch, check_fields


def op(kind: str, path: str, **more: Any) -> dict[str, Any]:
    """One operation; `source` stands for `from`."""
    if "source" in more:
        more["from"] = more.pop("source")
    return {"op": kind, "path": path, **more}


APPLIED: list[tuple[Any, list[Any], Any]] = [
    ({"a": 1}, [], {"a": 1}),
    ({}, [op("add", "/a", value=1)], {"a": 1}),
    ({"a": 1}, [op("add", "/a", value=2)], {"a": 2}),
    ({"a": [1, 3]}, [op("add", "/a/1", value=2)], {"a": [1, 2, 3]}),
    ({"a": [1]}, [op("add", "/a/-", value=2)], {"a": [1, 2]}),
    ({"a": [1]}, [op("add", "/a/1", value=2)], {"a": [1, 2]}),
    ({"a": [1]}, [op("add", "/a/-1", value=2)], {"a": [1, 2]}),
    ({"a": [[]]}, [op("add", "/a/0/-", value=2)], {"a": [[2]]}),
    ({"a": {}}, [op("add", "/a/b", value={}), op("add", "/a/b/c", value=1)], {"a": {"b": {"c": 1}}}),
    ({}, [op("add", "/a")], {"a": None}),
    ({"a/b": {"~": 1}}, [op("replace", "/a~1b/~0", value=2)], {"a/b": {"~": 2}}),
    ({"~1": 1}, [op("remove", "/~01")], {}),
    ({"": {"": 1}}, [op("replace", "//", value=2)], {"": {"": 2}}),
    ({"a": 1, "b": 2}, [op("remove", "/a")], {"b": 2}),
    ({"a": [1, 2, 3]}, [op("remove", "/a/1")], {"a": [1, 3]}),
    ({"a": [1, 2, 3]}, [op("remove", "/a/-1")], {"a": [1, 2]}),
    ({"a": [1, 2]}, [op("replace", "/a/0", value=9)], {"a": [9, 2]}),
    ({"a": {}}, [op("replace", "/a/new", value=9)], {"a": {"new": 9}}),
    ({"a": 1}, [op("replace", "", value={"b": 2})], {"b": 2}),
    ({"a": 1}, [op("move", "/b", source="/a")], {"b": 1}),
    ({"a": [1, 2, 3]}, [op("move", "/a/2", source="/a/0")], {"a": [2, 3, 1]}),
    ({"a": {"b": 1}}, [op("copy", "/c", source="/a"), op("add", "/c/d", value=2)],
     {"a": {"b": 1}, "c": {"b": 1, "d": 2}}),
    ({"a": 1}, [op("test", "/a", value=1)], {"a": 1}),
    ({"a": 1}, [op("test", "/a", value=1.0)], {"a": 1}),
    ({"a": {"b": [1, None]}}, [op("test", "/a", value={"b": [1, None]})], {"a": {"b": [1, None]}}),
    ({"a": None}, [op("test", "/a", value=None)], {"a": None}),
    ({}, [op("test", "/missing", value=None)], {}),
    ({"a": 1}, [op("test", "", value={"a": 1})], {"a": 1}),
]  # fmt: skip

REFUSED: list[tuple[Any, Any, str]] = [
    ({"a": 1}, op("remove", "/b"),
     "error in remove for path: '/b': Unable to remove nonexistent key: b: missing value"),
    ({"a": 1}, op("add", "/b/c", value=1),
     'add operation does not apply: doc is missing path: "/b/c": missing value'),
    ({"a": 1}, op("add", "/a/c", value=1),
     'add operation does not apply: doc is missing path: "/a/c": missing value'),
    ({"a": None}, op("add", "/a/c", value=1),
     'add operation does not apply: doc is missing path: "/a/c": missing value'),
    ({"a": [1]}, op("add", "/a/9", value=1),
     "error in add for path: '/a/9': Unable to access invalid index: 9: invalid index referenced"),
    ({"a": [1]}, op("remove", "/a/-2"),
     "error in remove for path: '/a/-2': Unable to access invalid index: -2: invalid index "
     "referenced"),
    ({"a": [1]}, op("add", "/a/x", value=1),
     "error in add for path: '/a/x': value was not a proper array index: 'x': "
     'strconv.Atoi: parsing "x": invalid syntax'),
    ({"a": [1]}, op("replace", "/a/5", value=1),
     "replace operation does not apply: doc is missing key: /a/5: missing value"),
    ({"a": 1}, op("replace", "/b/c", value=1),
     "replace operation does not apply: doc is missing path: /b/c: missing value"),
    ({"a": 1}, op("replace", "", value=1), "replace operation value must be object or array"),
    ({"a": 1}, op("test", "/a", value=2), "testing value /a failed: test failed"),
    ({"a": 1}, op("test", "/a", value=True), "testing value /a failed: test failed"),
    ({"a": 1}, op("test", "/a", value="1"), "testing value /a failed: test failed"),
    ({"a": 1}, op("test", "/b/c", value=2),
     "test operation does not apply: is missing path: /b/c: missing value"),
    ({"a": 1}, op("move", "/b", source="/x"),
     "error in move for path: 'x': Unable to remove nonexistent key: x: missing value"),
    ({"a": 1}, op("move", "/b"),
     "move operation failed to decode from: operation, missing from field: missing value"),
    ({"a": 1}, op("copy", "/b/c", source="/a"),
     "copy operation does not apply: doc is missing destination path: /b/c: missing value"),
    ({"a": {"b": 1}}, op("move", "/a/b/c", source="/a"),
     "move operation does not apply: doc is missing destination path: /a/b/c: missing value"),
    ({"a": 1}, op("add", "a", value=1),
     'add operation does not apply: doc is missing path: "a": missing value'),
    ({"a": 1}, op("add", "", value={}),
     'add operation does not apply: doc is missing path: "": missing value'),
    ({"a": 1}, op("merge", "/a"), "Unexpected kind: merge"),
    ({"a": 1}, {"path": "/a"}, "Unexpected kind: unknown"),
    ({"a": 1}, {"op": "add", "value": 1},
     "add operation failed to decode path: missing value"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "patch", "result"), APPLIED)
def test_applies(document: Any, patch: list[Any], result: Any) -> None:
    """Operations change what they name, in order, in a copy."""
    before = copy.deepcopy((document, patch))
    assert equal(apply_json_patch(document, patch), result)
    assert (document, patch) == before


@pytest.mark.parametrize(("document", "operation", "message"), REFUSED)
def test_refused(document: Any, operation: Any, message: str) -> None:
    """What does not apply is refused with the library's sentence, and nothing is changed."""
    before = copy.deepcopy(document)
    with pytest.raises(PatchApplyError) as caught:
        apply_json_patch(document, [op("add", "/first", value=1), operation])
    assert caught.value.message == message
    assert document == before


@pytest.mark.parametrize("patch", [{}, "x", [1], [[]]])
def test_no_patch(patch: Any) -> None:
    """A patch is a list of objects."""
    with pytest.raises(PatchFormatError, match="json: cannot unmarshal"):
        apply_json_patch({}, patch)


def test_a_null_is_a_patch_of_nothing() -> None:
    """As Go reads it; as an operation it is one of no kind."""
    assert apply_json_patch({"a": 1}, None) == {"a": 1}
    with pytest.raises(PatchApplyError):
        apply_json_patch({"a": 1}, [None])


def test_number_of_operations() -> None:
    """More operations than the limit are refused with Kubernetes' sentence."""
    patch = [op("add", "/a", value=1)] * (MAX_OPERATIONS + 1)
    with pytest.raises(PatchSizeError) as caught:
        apply_json_patch({}, patch)
    assert caught.value.message == (
        "The allowed maximum operations in a JSON patch is 10000, got 10001"
    )
    assert apply_json_patch({}, patch[1:]) == {"a": 1}


def test_copies_cannot_double_forever() -> None:
    """What copies add up to is bounded."""
    patch = [op("add", "/a", value=["x" * 1000])]
    patch += [op("copy", "/a/-", source="/a")] * 40
    with pytest.raises(PatchSizeError, match="the accumulated size increase of copy is"):
        apply_json_patch({}, patch)


def test_depth_is_bounded() -> None:
    """Neither a pointer, nor a value, nor many small steps build what would overflow a stack."""
    deep: Any = 1
    for _ in range(5000):
        deep = {"a": deep}
    for patch in (
        [op("add", "/a", value=deep)],
        [op("test", "/a", value=deep)],
        [op("add", "/a" * 5000, value=1)],
        [op("add", "/a", value={}), *[op("move", "/b/a", source="/a")] * 2][:1]
        + [
            step
            for _ in range(200)
            for step in (op("add", "/b", value={}), op("move", "/b/a", source="/a"),
                         op("move", "/a", source="/b"))
        ],
    ):  # fmt: skip
        with pytest.raises(PatchSizeError, match="exceeded max depth"):
            apply_json_patch({}, patch)


leaves = st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2)
documents = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab~/", max_size=2), inner),
    max_leaves=8,
)
roots = st.dictionaries(st.text("ab~/", max_size=2), documents)
pointers = st.lists(st.sampled_from(["a", "b", "0", "-", "~0", "~1", "", "-1"]), max_size=3).map(
    lambda tokens: "".join(f"/{token}" for token in tokens)
)
operations = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]),
        "path": pointers,
        "from": pointers,
        "value": documents,
    }
)


@given(roots, st.lists(operations, max_size=4))
def test_all_or_nothing(document: dict[str, Any], patch: list[Any]) -> None:
    """Any patch applies or is refused; the document and the patch stay as they were."""
    before = copy.deepcopy((document, patch))
    with contextlib.suppress(PatchApplyError):
        apply_json_patch(document, patch)
    assert (document, patch) == before


@given(roots, st.text("ab~/", max_size=2), documents)
def test_add_then_test_then_remove(document: dict[str, Any], key: str, value: Any) -> None:
    """What was added is there, and can be taken away again."""
    path = "/" + key.replace("~", "~0").replace("/", "~1")
    added = apply_json_patch(
        document, [op("add", path, value=value), op("test", path, value=value)]
    )
    assert equal(added, {**document, key: value})
    bare = {name: each for name, each in document.items() if name != key}
    assert equal(apply_json_patch(added, [op("remove", path)]), bare)


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ({"op": "add"}, "object into Go value of type []handlers.jsonPatchOp"),
        (["add"], "string into Go value of type handlers.jsonPatchOp"),
        ([{"op": 1}], "number into Go struct field jsonPatchOp.op of type string"),
        ([{"from": []}], "array into Go struct field jsonPatchOp.from of type string"),
    ],
)
def test_a_look_at_the_fields_says_what_cannot_be_decoded(patch: Any, words: str) -> None:
    """In the words of an API server that validates fields."""
    with pytest.raises(PatchFormatError) as refused:
        check_fields(patch)
    assert str(refused.value) == f"error decoding patch: json: cannot unmarshal {words}"


def test_a_look_at_the_fields_finds_those_that_no_operation_knows() -> None:
    """By their paths; null is an operation without any."""
    patch = [None, {"op": "add", "path": "/a", "value": {"x": 1}}, {"op": "test", "vaule": 1}]
    assert check_fields(patch) == ["[2].vaule"]

"""Strategic merge: lists by key, directives, order; patches from two and from three versions."""

import copy
from collections.abc import Callable, Hashable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.machinery import patches
from orchestrator.machinery.documents import equal
from orchestrator.machinery.errors import (
    PatchConflictError,
    PatchFormatError,
    PatchMergeError,
    PatchSizeError,
)
from orchestrator.machinery.patches import FieldRule

RULES = {
    ("pod", "containers"): FieldRule("merge", "name", inner="container"),
    ("pod", "volumes"): FieldRule("merge", "name", retain_keys=True, inner="volume"),
    ("pod", "finalizers"): FieldRule("merge"),
    ("pod", "strategy"): FieldRule(retain_keys=True, inner="strategy"),
    ("pod", "whole"): FieldRule("replace"),
    ("pod", "nested"): FieldRule(inner="pod"),
    ("pod", "broken"): FieldRule("merge"),
    ("container", "env"): FieldRule("merge", "name", inner="env"),
    ("container", "ports"): FieldRule("merge", "containerPort"),
}


def rules(kind: Hashable, field: str) -> FieldRule:
    """The rules of a small pod."""
    return RULES.get((kind, field), patches.PLAIN)  # type: ignore[arg-type]


def apply(document: Any, patch: Any) -> Any:
    """Apply to a pod, and see that neither argument changed."""
    before = copy.deepcopy((document, patch))
    result = patches.apply_strategic_patch(document, patch, rules, "pod")
    assert (document, patch) == before
    return result


def named(*names: str, **more: Any) -> list[dict[str, Any]]:
    """Items with a name and perhaps more."""
    return [{"name": name, **more} for name in names]


APPLIED: dict[str, tuple[Any, Any, Any]] = {
    "plain fields merge, null removes": (
        {"a": 1, "b": {"c": 1, "d": 2}, "e": 3},
        {"a": 2, "b": {"c": None}, "e": None, "f": None, "g": {"h": None, "i": 1}},
        {"a": 2, "b": {"d": 2}, "g": {"i": 1}},
    ),
    "a list without strategy is replaced": (
        {"args": [1, 2]}, {"args": [3]}, {"args": [3]},
    ),
    "items with the key merge, new ones come first": (
        {"containers": [{"name": "a", "x": 1}, {"name": "b"}]},
        {"containers": [{"name": "c"}, {"name": "a", "y": 2}]},
        {"containers": [{"name": "c"}, {"name": "a", "x": 1, "y": 2}, {"name": "b"}]},
    ),
    "rules go inside": (
        {"containers": [{"name": "a", "env": named("x", "y", value=1)}]},
        {"containers": [{"name": "a", "env": [{"name": "y", "value": 2}]}]},
        {"containers": [{"name": "a", "env": [{"name": "x", "value": 1},
                                               {"name": "y", "value": 2}]}]},
    ),
    "an integer merge key": (
        {"containers": [{"name": "a", "ports": [{"containerPort": 80, "name": "http"}]}]},
        {"containers": [{"name": "a", "ports": [{"containerPort": 80, "hostPort": 1}]}]},
        {"containers": [{"name": "a", "ports": [{"containerPort": 80, "name": "http",
                                                  "hostPort": 1}]}]},
    ),
    "an item is deleted": (
        {"containers": named("a", "b")},
        {"containers": [{"name": "a", "$patch": "delete"}]},
        {"containers": named("b")},
    ),
    "a list is replaced": (
        {"containers": named("a", "b")},
        {"containers": [{"$patch": "replace"}, {"name": "c", "x": None, "$retainKeys": []}]},
        {"containers": named("c")},
    ),
    "an object is replaced": (
        {"b": {"c": 1}}, {"b": {"$patch": "replace", "d": 2}}, {"b": {"d": 2}},
    ),
    "an object is emptied": ({"b": {"c": 1}}, {"b": {"$patch": "delete"}}, {"b": {}}),
    "an object is merged": (
        {"b": {"c": 1}}, {"b": {"$patch": "merge", "d": 2}}, {"b": {"c": 1, "d": 2}},
    ),
    "an object with the replace strategy": ({"whole": {"c": 1}}, {"whole": {"d": 2}}, {"whole": {"d": 2}}),
    "a directive for what is not there": (
        {}, {"b": {"$patch": "delete"}, "c": {"d": [{"$patch": "delete"}, {"e": 1}]}},
        {"c": {"d": [{"e": 1}]}},
    ),
    "parallel directives for what is not there": (
        {}, {"b": {"$retainKeys": ["x"], "$setElementOrder/l": [1], "x": 1}}, {"b": {"x": 1}},
    ),
    "scalars are united": (
        {"finalizers": ["a", "b"]}, {"finalizers": ["b", "c"]}, {"finalizers": ["a", "b", "c"]},
    ),
    "scalars are taken out": (
        {"finalizers": ["a", "b", "a"]},
        {"$deleteFromPrimitiveList/finalizers": ["a", "x"]},
        {"finalizers": ["b"]},
    ),
    "taking out of nothing": ({"x": 1}, {"$deleteFromPrimitiveList/finalizers": ["a"]}, {"x": 1}),
    "an order for maps": (
        {"containers": named("a", "server", "b")},
        {"$setElementOrder/containers": named("b", "c", "a"), "containers": named("c")},
        {"containers": named("server", "b", "c", "a")},
    ),
    "an order alone": (
        {"containers": named("a", "b")},
        {"$setElementOrder/containers": named("b", "a")},
        {"containers": named("b", "a")},
    ),
    "an order for scalars": (
        {"finalizers": ["a", "s", "b"]},
        {"$setElementOrder/finalizers": ["b", "a", "c"], "finalizers": ["c"]},
        {"finalizers": ["s", "b", "a", "c"]},
    ),
    "server-only items keep their place before what follows them": (
        {"finalizers": ["s", "a", "t", "b"]},
        {"$setElementOrder/finalizers": ["a", "b"]},
        {"finalizers": ["s", "a", "t", "b"]},
    ),
    "an order with deletions": (
        {"containers": named("a", "b", "c")},
        {
            "$setElementOrder/containers": named("c", "a"),
            "containers": [{"name": "b", "$patch": "delete"}],
        },
        {"containers": named("c", "a")},
    ),
    "a new item takes the place of a deleted one": (
        {"containers": named("sidecar", "old")},
        {
            "$setElementOrder/containers": named("new"),
            "containers": [{"name": "new"}, {"name": "old", "$patch": "delete"}],
        },
        {"containers": named("sidecar", "new")},
    ),
    "an order for a new list": (
        {},
        {"$setElementOrder/containers": named("a"), "containers": named("a")},
        {"containers": named("a")},
    ),
    "an order for a list that goes": (
        {"containers": named("a")},
        {"$setElementOrder/containers": [], "containers": None},
        {},
    ),
    "a union keeps its one member": (
        {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"x": 1}}},
        {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}},
        {"strategy": {"type": "Recreate"}},
    ),
    "a union in a merged list": (
        {"volumes": [{"name": "v", "emptyDir": {}}]},
        {"volumes": [{"name": "v", "$retainKeys": ["name", "secret"], "secret": {"s": 1}}]},
        {"volumes": [{"name": "v", "secret": {"s": 1}}]},
    ),
    "another type replaces": (
        {"a": [1], "b": {"c": 1}, "d": 1}, {"a": {"x": 1}, "b": 2, "d": [1]},
        {"a": {"x": 1}, "b": 2, "d": [1]},
    ),
    "rules of nested types": (
        {"nested": {"finalizers": ["a"]}},
        {"nested": {"finalizers": ["b"]}},
        {"nested": {"finalizers": ["b", "a"]}},
    ),
}  # fmt: skip

REFUSED: dict[str, tuple[Any, Any, str]] = {
    "no object": (
        {},
        [],
        "json: cannot unmarshal array into Go value of type map[string]interface {}",
    ),
    "an unknown directive": (
        {"b": {}},
        {"b": {"$patch": "x"}},
        "unknown patch type: x in map: map[$patch:x]",
    ),
    "an unknown directive in a list": (
        {"containers": named("a")},
        {"containers": [{"name": "a", "$patch": "x"}]},
        "unknown patch type: x in map: map[$patch:x name:a]",
    ),
    "merging a list by directive": (
        {"containers": named("a")},
        {"containers": [{"$patch": "merge"}]},
        "merging lists cannot yet be specified in the patch",
    ),
    "an item without its key": (
        {"containers": named("a")},
        {"containers": [{"image": "x"}]},
        "map: map[image:x] does not contain declared merge key: name",
    ),
    "a key that is no scalar": (
        {"containers": named("a")},
        {"containers": [{"name": {"a": 1}}]},
        "a merge key's value must be a scalar: object is no scalar",
    ),
    "maps without a merge key": (
        {"broken": [{"a": 1}]},
        {"broken": [{"b": 1}]},
        "cannot merge lists without merge key",
    ),
    "lists of lists": (
        {"containers": [[1]]},
        {"containers": [[2]]},
        "lists of lists are not supported",
    ),
    "mixed lists": (
        {"containers": named("a")},
        {"containers": ["a"]},
        "list element types are not identical: [[map[name:a]] [a]]",
    ),
    "an order that is none": (
        {"finalizers": ["a"]},
        {"$setElementOrder/finalizers": "a"},
        "expected a []interface {}, but received a string",
    ),
    "an order against the patch": (
        {},
        {"$setElementOrder/finalizers": ["a", "b"], "finalizers": ["b", "a"]},
        "The order in patch list:\n['b', 'a']\n doesn't match $setElementOrder list:\n['a', 'b']\n",
    ),
    "an order of something else": (
        {"finalizers": {}},
        {"$setElementOrder/finalizers": ["a"]},
        "expected a []interface {}, but received a object",
    ),
    "retaining other keys": (
        {},
        {"$retainKeys": ["a"], "b": 1},
        "invalid patch format of retainKeys",
    ),
    "retaining no list": ({}, {"$retainKeys": 1}, "invalid patch format of retainKeys"),
}


@pytest.mark.parametrize("name", APPLIED)
def test_applies(name: str) -> None:
    """The patch merges as its rules and directives say."""
    document, patch, result = APPLIED[name]
    assert equal(apply(document, patch), result)


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    """A patch that contradicts itself or the rules is refused."""
    document, patch, message = REFUSED[name]
    with pytest.raises((PatchFormatError, PatchMergeError)) as caught:
        apply(document, patch)
    assert caught.value.message == message


def test_depth_is_bounded() -> None:
    """Deep documents are refused by every function that recurses."""
    deep: Any = {}
    for _ in range(5000):
        deep = {"a": deep}
    calls: list[Callable[[], object]] = [
        lambda: patches.apply_strategic_patch({}, deep, rules),
        lambda: patches.apply_strategic_patch(deep, {}, rules),
        lambda: patches.create_strategic_patch(deep, {}, rules),
        lambda: patches.create_three_way_strategic_patch({}, {}, deep, rules),
        lambda: patches.three_way_json_merge({}, deep, {}),
    ]
    for call in calls:
        with pytest.raises(PatchSizeError):
            call()


DIFFS: dict[str, tuple[Any, Any, Any]] = {
    "fields": ({"a": 1, "b": 2, "c": {"d": 1}}, {"a": 1, "b": 3, "c": {}, "e": 1},
               {"b": 3, "c": {"d": None}, "e": 1}),
    "an item changes": (
        {"containers": [{"name": "a", "image": "1"}, {"name": "b"}]},
        {"containers": [{"name": "a", "image": "2"}, {"name": "b"}]},
        {"containers": [{"name": "a", "image": "2"}],
         "$setElementOrder/containers": named("a", "b")},
    ),
    "an item goes, another comes": (
        {"containers": named("a", "b")},
        {"containers": named("c", "b")},
        {"containers": [{"name": "c"}, {"name": "a", "$patch": "delete"}],
         "$setElementOrder/containers": named("c", "b")},
    ),
    "only the order changes": (
        {"containers": named("a", "b")}, {"containers": named("b", "a")},
        {"$setElementOrder/containers": named("b", "a")},
    ),
    "all items go": (
        {"containers": named("a")}, {"containers": []},
        {"containers": [{"name": "a", "$patch": "delete"}]},
    ),
    "a new list": ({"containers": []}, {"containers": named("a")}, {"containers": named("a")}),
    "scalars": (
        {"finalizers": ["b", "a"]}, {"finalizers": ["c", "a"]},
        {"finalizers": ["c"], "$deleteFromPrimitiveList/finalizers": ["b"],
         "$setElementOrder/finalizers": ["c", "a"]},
    ),
    "a union": (
        {"strategy": {"type": "RollingUpdate", "rollingUpdate": {}}},
        {"strategy": {"type": "Recreate"}},
        {"strategy": {"$retainKeys": ["type"], "type": "Recreate", "rollingUpdate": None}},
    ),
    "a union that stays": ({"strategy": {"type": "a"}}, {"strategy": {"type": "a"}}, {}),
    "a replaced object": ({"whole": {"a": 1}}, {"whole": {"b": 1}}, {"whole": {"b": 1}}),
    "a list of the default strategy": ({"args": [1, 2]}, {"args": [2]}, {"args": [2]}),
    "another type": ({"args": [1], "x": 1}, {"args": {}, "x": True}, {"args": {}, "x": True}),
}  # fmt: skip


@pytest.mark.parametrize("name", DIFFS)
def test_two_way(name: str) -> None:
    """A patch between two versions names what changed, and makes one of the other."""
    original, modified, expected = DIFFS[name]
    before = copy.deepcopy((original, modified))
    patch = patches.create_strategic_patch(original, modified, rules, "pod")
    assert equal(patch, expected)
    assert (original, modified) == before
    assert equal(apply(original, patch), modified)


def test_three_way_keeps_what_others_set() -> None:
    """What neither version of the manifest names stays; what the manifest dropped goes."""
    original = {"a": 1, "gone": 1, "containers": named("web", "old"), "finalizers": ["x", "y"]}
    modified = {"a": 2, "containers": [{"name": "web", "image": "2"}], "finalizers": ["y", "z"]}
    current = {
        "a": 1,
        "gone": 1,
        "server": True,
        "containers": [
            {"name": "injected"},
            {"name": "web", "image": "1", "policy": "Always"},
            {"name": "old"},
        ],
        "finalizers": ["x", "y", "other"],
    }
    patch = patches.three_way_merge(original, modified, current, rules, "pod")
    assert patch == {
        "a": 2,
        "gone": None,
        "containers": [{"name": "web", "image": "2"}, {"name": "old", "$patch": "delete"}],
        "$setElementOrder/containers": named("web"),
        "finalizers": ["z"],
        "$deleteFromPrimitiveList/finalizers": ["x"],
        "$setElementOrder/finalizers": ["y", "z"],
    }
    result = apply(current, patch)
    assert result == {
        "a": 2,
        "server": True,
        "containers": [
            {"name": "injected"},
            {"name": "web", "image": "2", "policy": "Always"},
        ],
        "finalizers": ["y", "z", "other"],
    }
    # Like kubectl, it asks for its order again when others added items; nothing comes of it.
    again = patches.three_way_merge(modified, modified, result, rules, "pod")
    assert again == {
        "$setElementOrder/containers": named("web"),
        "$setElementOrder/finalizers": ["y", "z"],
    }
    assert apply(result, again) == result


def test_three_way_json() -> None:
    """Without rules, lists are values; nulls come from what the manifest dropped."""
    original = {
        "kind": "X",
        "metadata": {"name": "n"},
        "spec": {"a": 1, "l": [1], "gone": {"x": 1}},
    }
    modified = {"kind": "X", "metadata": {"name": "n"}, "spec": {"a": 2, "l": [2], "e": {}}}
    current = {
        "kind": "X",
        "metadata": {"name": "n", "uid": "u"},
        "spec": {"a": 1, "l": [1], "gone": {"x": 1}, "server": 1},
    }
    patch = patches.three_way_merge(original, modified, current)
    assert patch == {"spec": {"a": 2, "l": [2], "e": {}, "gone": None}}
    result = patches.apply_merge_patch(current, patch)
    assert result["spec"] == {"a": 2, "l": [2], "e": {}, "server": 1}
    assert patches.three_way_merge(modified, modified, result) == {}
    with pytest.raises(PatchConflictError, match="At least one of apiVersion, kind and name"):
        patches.three_way_merge(None, {"kind": "Y"}, current)
    with pytest.raises(PatchConflictError):
        patches.three_way_merge(original, {**modified, "metadata": {}}, current)


def test_last_applied_annotation() -> None:
    """The annotation holds the manifest without itself, and is read back."""
    manifest = {"kind": "X", "metadata": {"name": "n", "annotations": {"a": "b"}}, "spec": 1}
    applied = patches.with_last_applied(manifest)
    assert applied["metadata"]["annotations"][patches.LAST_APPLIED] == (
        '{"kind":"X","metadata":{"annotations":{"a":"b"},"name":"n"},"spec":1}\n'
    )
    text = patches.last_applied_text({**manifest, "spec": ["<b>", 1.0, 1e21, 0.00001]})
    assert text.endswith(r',"spec":["\u003cb\u003e",1,1e+21,0.00001]}' + "\n")
    assert patches.last_applied(applied) == manifest
    assert patches.with_last_applied(applied) == applied
    assert patches.without_last_applied(applied) == manifest
    assert patches.last_applied({"metadata": {}}) is None
    for text in ("[", "1", "[" * 100_000):
        with pytest.raises(PatchFormatError):
            patches.last_applied({"metadata": {"annotations": {patches.LAST_APPLIED: text}}})
    with pytest.raises(PatchFormatError):
        patches.with_last_applied({"metadata": {"annotations": [1]}})


scalars = st.integers(0, 3) | st.booleans() | st.text("xy", max_size=1)
plain = st.recursive(
    scalars,
    lambda inner: (
        st.dictionaries(st.sampled_from("pq"), inner, max_size=2) | st.lists(inner, max_size=2)
    ),
    max_leaves=4,
)


def lists_of(item: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Lists of items with different names."""
    return st.lists(item, max_size=4, unique_by=lambda each: each["name"])


names = st.sampled_from(["a", "b", "c", "d"])
env = lists_of(st.fixed_dictionaries({"name": names}, optional={"value": scalars}))
containers = lists_of(
    st.fixed_dictionaries({"name": names}, optional={"env": env, "image": scalars, "args": plain})
)
volumes = lists_of(
    st.fixed_dictionaries({"name": names}, optional={"secret": plain, "emptyDir": plain})
)
pods = st.fixed_dictionaries(
    {},
    optional={
        "containers": containers,
        "volumes": volumes,
        "finalizers": st.lists(names, unique=True),
        "strategy": st.dictionaries(st.sampled_from(["type", "rolling"]), plain),
        "whole": st.dictionaries(names, scalars),
        "free": plain,
        "nested": st.fixed_dictionaries({}, optional={"containers": containers, "free": plain}),
    },
)


@given(pods, pods)
def test_two_way_law(original: Any, modified: Any) -> None:
    """Whatever the two versions, the patch between them makes one of the other."""
    patch = patches.create_strategic_patch(original, modified, rules, "pod")
    assert equal(apply(original, patch), modified)
    assert patches.create_strategic_patch(modified, modified, rules, "pod") == {}


@given(pods, pods)
def test_three_way_law(original: Any, modified: Any) -> None:
    """When nobody else changed anything, applying makes of the cluster's object the manifest."""
    patch = patches.three_way_merge(original, modified, original, rules, "pod")
    assert equal(apply(original, patch), modified)
    assert patches.three_way_merge(modified, modified, modified, rules, "pod") == {}


@given(pods, pods, pods)
def test_three_way_settles(original: Any, modified: Any, current: Any) -> None:
    """Applying twice is applying once."""
    patch = patches.three_way_merge(original, modified, current, rules, "pod")
    result = apply(current, patch)
    again = patches.three_way_merge(modified, modified, result, rules, "pod")
    assert equal(apply(result, again), result)


@given(pods, pods)
def test_json_law(original: Any, modified: Any) -> None:
    """The same holds for the patch that knows no rules."""
    patch = patches.three_way_merge(original, modified, original)
    assert equal(patches.apply_merge_patch(original, patch), modified)


def test_compose() -> None:
    """Of two patches in one, the second wins; directives and nulls are kept."""
    first = {
        "a": None,
        "containers": [{"name": "x", "$patch": "delete"}],
        "$setElementOrder/containers": named("y"),
        "strategy": {"$retainKeys": ["type"], "rolling": None},
    }
    second = {
        "b": 1,
        "a": 2,
        "c": None,
        "containers": [{"name": "y", "image": "1"}],
        "$setElementOrder/containers": named("y"),
        "$deleteFromPrimitiveList/finalizers": ["f"],
        "strategy": {"$retainKeys": ["type"], "type": "R"},
    }
    assert patches.compose(first, second, rules, "pod") == {
        "a": 2,
        "b": 1,
        "c": None,
        "containers": [{"name": "y", "image": "1"}, {"name": "x", "$patch": "delete"}],
        "$setElementOrder/containers": named("y"),
        "$deleteFromPrimitiveList/finalizers": ["f"],
        "strategy": {"$retainKeys": ["type"], "rolling": None, "type": "R"},
    }


@pytest.mark.parametrize("directive", ["$retainKeys", "$setElementOrder/finalizers"])
def test_patches_that_contradict_each_other(directive: str) -> None:
    """Two patches that want another order, or other members, cannot be one."""
    with pytest.raises(PatchFormatError):
        patches.compose({directive: ["a"]}, {directive: ["b"]}, rules, "pod")


def test_no_rules() -> None:
    """Where nothing is known, a strategic patch is a merge patch."""
    document = {"a": {"b": [1], "c": 2}}
    patch = {"a": {"b": [2], "c": None}}
    result = patches.apply_strategic_patch(document, patch, patches.no_rules)
    assert result == patches.apply_merge_patch(document, patch) == {"a": {"b": [2]}}

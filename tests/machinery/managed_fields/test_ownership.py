"""Server-side apply, as pure functions."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from orchestrator.api.meta.v1 import Time
from orchestrator.machinery.errors import ApplyConflictError, ShapeError
from orchestrator.machinery.managed_fields import field_sets
from orchestrator.machinery.managed_fields.checking import _faults, _fits, check
from orchestrator.machinery.managed_fields.extraction import fields_of
from orchestrator.machinery.managed_fields.field_sets import FieldSet
from orchestrator.machinery.managed_fields.managers import (
    Managers,
    Ownership,
    applier,
    entries_of,
    managers_of,
    updater,
)
from orchestrator.machinery.managed_fields.merging import merged
from orchestrator.machinery.managed_fields.openapi_shapes import shape_of_custom, shape_of_kind
from orchestrator.machinery.managed_fields.ownership import (
    Applied,
    Pair,
    Writer,
    _pruned,
    _says_all,
    applied,
    created,
    ownable,
    updated,
)
from orchestrator.machinery.managed_fields.shapes import Shape

NOW = Time("2024-01-01T00:00:00Z")
DEPLOYMENT = shape_of_kind("apps", "v1", "Deployment")
CONFIG_MAP = shape_of_kind("", "v1", "ConfigMap")


def _writer(name: str, api_version: str = "v1") -> Writer:
    return Writer(name=name, api_version=api_version, ignored={"f:status": {}})


def _config_map(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def _apply(
    live: dict[str, Any],
    configuration: dict[str, Any],
    managers: Managers,
    name: str,
    *,
    shape: Shape = CONFIG_MAP,
    force: bool = False,
) -> Applied:
    return applied(
        live,
        configuration,
        shape,
        managers,
        _writer(name),
        lambda _new, _version: None,
        force=force,
    )


def _update(
    old: dict[str, Any],
    new: dict[str, Any],
    managers: Managers,
    name: str,
    *,
    shape: Shape = CONFIG_MAP,
    api_version: str = "v1",
    time: Time = NOW,
) -> Managers:
    writer = _writer(name, api_version)
    pair = Pair(old, new, shape, writer.ignored)
    return updated(pair, managers, writer, time, lambda _version: None)


# --- who creates and updates ---------------------------------------------------------------


def test_a_creator_owns_what_was_written_and_maps_that_nobody_had() -> None:
    """The creator owns leaves, keyed items and new maps, but no struct that is always there."""
    deployment = {
        "metadata": {"name": "d", "labels": {"a": "1"}},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "a"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}},
            "template": {
                "metadata": {"labels": {"app": "a"}},
                "spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80}]}]},
            },
        },
        "status": {"replicas": 1},
    }
    managers = _update({}, deployment, {}, "me", shape=DEPLOYMENT, api_version="apps/v1")
    owned = managers[updater("me", "apps/v1")]
    assert owned == Ownership(
        {
            "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
            "f:spec": {
                "f:replicas": {},
                "f:selector": {},
                "f:strategy": {"f:type": {}, "f:rollingUpdate": {".": {}, "f:maxSurge": {}}},
                "f:template": {
                    "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
                    "f:spec": {
                        "f:containers": {
                            'k:{"name":"c"}': {
                                ".": {},
                                "f:name": {},
                                "f:ports": {
                                    ".": {},
                                    'k:{"containerPort":80,"protocol":"TCP"}': {
                                        ".": {},
                                        "f:containerPort": {},
                                    },
                                },
                            }
                        }
                    },
                },
            },
        },
        "apps/v1",
        NOW,
    )


_RICH: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "d",
        "namespace": "n",
        "labels": {"a": "1", "b": ""},
        "annotations": {},
        "creationTimestamp": None,
        "finalizers": ["x", "y"],
        "ownerReferences": [{"apiVersion": "v1", "kind": "A", "name": "a", "uid": "1"}],
    },
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "a"}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}},
        "template": {
            "metadata": {"creationTimestamp": None, "labels": {"app": "a"}},
            "spec": {
                "containers": [
                    {"name": "c", "args": ["a"], "ports": [{"containerPort": 80}], "resources": {}},
                    {"name": "d", "env": [{"name": "A", "value": "1"}, {"name": "A"}]},
                ],
                "nodeSelector": {"x": "y"},
                "tolerations": [{"key": "a"}],
                "volumes": [{"name": "v", "emptyDir": {}}],
            },
        },
    },
    "status": {"replicas": 1, "conditions": [{"type": "Available", "status": "True"}]},
}


@st.composite
def _altered(draw: st.DrawFn, value: Any = None) -> Any:
    """The rich document with parts of it missing, emptied or null."""
    value = _RICH if value is None else value
    if isinstance(value, dict):
        kept = {name: inner for name, inner in value.items() if draw(st.integers(0, 5))}
        return {name: draw(_part(inner)) for name, inner in kept.items()}
    return [draw(_part(each)) for each in value if draw(st.integers(0, 5))]


def _part(value: Any) -> st.SearchStrategy[Any]:
    less = st.sampled_from((None, type(value)()) if isinstance(value, dict | list) else (None,))
    same = _altered(value) if isinstance(value, dict | list) and value else st.just(value)
    return st.integers(0, 9).flatmap(lambda number: same if number else less)


@settings(max_examples=40)
@given(
    _altered(),
    st.sampled_from((DEPLOYMENT, CONFIG_MAP, shape_of_custom(None))),
    st.sampled_from(({}, {"f:status": {}}, {"f:status": {}, "f:metadata": {"f:labels": {}}})),
)
def test_a_creation_is_an_update_of_nothing(
    document: dict[str, Any], shape: Shape, ignored: FieldSet
) -> None:
    """What belongs to a creator is found in one pass, and is what the comparison with nothing finds."""
    writer = replace(_writer("me"), ignored=ignored)
    try:
        managers = updated(Pair({}, document, shape, ignored), {}, writer, NOW, lambda _: None)
    except ShapeError:
        if "status" not in document or not ignored:
            with pytest.raises(ShapeError):
                created(document, ownable(shape, ignored), ignored)
        return
    owned = managers.get(updater("me", "v1"))
    expected = {} if owned is None else owned.fields
    assert created(document, ownable(shape, ignored), ignored) == expected


@settings(max_examples=40)
@given(_altered(), st.sampled_from((DEPLOYMENT, CONFIG_MAP, shape_of_custom(None))))
def test_what_fits_has_no_faults_to_tell(document: dict[str, Any], shape: Shape) -> None:
    """The fast answer is the one that the words give, of all that is not deep."""
    assert _fits(document, shape, 64) == (not _faults(document, shape))


@settings(max_examples=40)
@given(_altered(), _altered(), _altered(), st.sampled_from((DEPLOYMENT, shape_of_custom(None))))
def test_who_applies_as_much_as_before_takes_nothing_away(
    live: dict[str, Any], now: dict[str, Any], other: dict[str, Any], shape: Shape
) -> None:
    """What may go is what was applied and is applied no more; where that is nothing, nobody need look."""
    now, other = {"kind": "Deployment", **_outspoken(now)}, _outspoken(other)
    own, others = fields_of(now, shape), fields_of(other, shape)
    last = field_sets.intersection(own, others)
    assert _says_all(now, own, last)
    live = {"kind": "Deployment", **_outspoken(live)}  # no null is stored in a list
    new = merged(live, now, shape)
    assert _pruned(new, last, [own], shape) == new
    assert _pruned(new, last, [own, others], shape) == new


def _outspoken(value: Any) -> Any:
    """The same without its nulls and empty maps."""
    if isinstance(value, list):
        items = (_outspoken(each) for each in value)
        return [each for each in items if each is not None and each != {}]
    if not isinstance(value, dict):
        return value
    inner = {name: _outspoken(each) for name, each in value.items()}
    return {name: each for name, each in inner.items() if each is not None and each != {}}


def test_who_changes_a_field_takes_it() -> None:
    """An update takes what it changed from its owner, and nothing else."""
    old, new = _config_map(a="1", b="1"), _config_map(a="2", b="1")
    first = _update({}, old, {}, "one")
    then = _update(old, new, first, "two")
    assert then[updater("one", "v1")].fields == {"f:data": {".": {}, "f:b": {}}}
    assert then[updater("two", "v1")].fields == {"f:data": {"f:a": {}}}


def test_an_update_that_changes_nothing_changes_no_manager() -> None:
    """A write without a change leaves entries, and their times, as they were."""
    same = _config_map(a="1")
    first = _update({}, same, {}, "one")
    later = Time("2025-01-01T00:00:00Z")
    assert _update(same, same, first, "two", time=later) == first


def test_the_oldest_updaters_are_told_as_one() -> None:
    """Of more than ten managers that update, the oldest become `ancient-changes`."""
    live: dict[str, Any] = {"metadata": {"name": "c"}, "data": {}}
    managers: Managers = {}
    for number in range(13):
        new = {**live, "data": {**live["data"], f"k{number:02}": "1"}}
        time = Time(f"2024-01-01T00:00:{number:02}Z")
        managers = _update(live, new, managers, f"m{number:02}", time=time)
        live = new
    names = sorted(manager.name for manager in managers)
    assert names == ["ancient-changes", *(f"m{number:02}" for number in range(4, 13))]
    ancient = managers[updater("ancient-changes", "v1")].fields
    assert set(ancient["f:data"]) - {"."} == {"f:k00", "f:k01", "f:k02", "f:k03"}


# --- who applies ---------------------------------------------------------------------------


def test_a_conflict_names_manager_and_field() -> None:
    """To change what another applied is refused with Kubernetes' sentence; force takes it."""
    first = _apply({}, _config_map(a="1", b="1"), {}, "one")
    with pytest.raises(ApplyConflictError) as refused:
        _apply(first.object, _config_map(a="2"), first.managers, "two")
    assert str(refused.value) == 'Apply failed with 1 conflict: conflict with "one": .data.a'
    forced = _apply(first.object, _config_map(a="2"), first.managers, "two", force=True)
    assert forced.object["data"] == {"a": "2", "b": "1"}
    assert forced.managers[applier("one")].fields == {"f:data": {"f:b": {}}}


def test_several_conflicts_are_told_by_manager() -> None:
    """All conflicts are told at once, and those of updaters with the version that they used."""
    live = _config_map(a="1", b="1")
    managers = _update({}, live, {}, "one")
    with pytest.raises(ApplyConflictError) as refused:
        _apply(live, _config_map(a="2", b="2"), managers, "two")
    assert str(refused.value) == (
        'Apply failed with 2 conflicts: conflicts with "one" using v1:\n- .data.a\n- .data.b'
    )


def test_conflicts_are_told_in_the_order_of_managers_identities() -> None:
    """By name; then who applied before who updates, and who has a subresource before who has none."""
    live = _config_map(a="1")
    owned = Ownership({"f:data": {"f:a": {}}}, "v1")
    late = replace(owned, time="2026-01-02T03:04:05Z")
    managers = {
        updater("one", "v1"): late,
        updater("two", "v1"): owned,
        updater("two", "v1", "scale"): owned,
        applier("two"): owned,
        applier("two", "scale"): owned,
    }
    with pytest.raises(ApplyConflictError) as refused:
        _apply(live, _config_map(a="2"), managers, "three")
    assert str(refused.value).splitlines()[::2] == [
        'Apply failed with 5 conflicts: conflicts with "one" using v1:',
        'conflicts with "two" with subresource "scale":',
        'conflicts with "two":',
        'conflicts with "two" with subresource "scale" using v1:',
        'conflicts with "two" using v1:',
    ]


def test_what_is_no_longer_applied_is_removed_unless_another_owns_it() -> None:
    """A field that its manager leaves out goes, but not from under another owner."""
    first = _apply({}, _config_map(a="1", b="1"), {}, "one")
    shared = _apply(first.object, _config_map(a="1"), first.managers, "two")
    left = _apply(shared.object, {**_config_map(), "data": {}}, shared.managers, "one")
    assert left.object["data"] == {"a": "1"}


def test_items_of_keyed_lists_have_owners_of_their_own() -> None:
    """Two managers may each apply a container, and one leaving takes only its own along."""

    def deployment(name: str) -> dict[str, Any]:
        containers = [{"name": name, "image": "i"}]
        return {
            "metadata": {"name": "d"},
            "spec": {"template": {"spec": {"containers": containers}}},
        }

    first = _apply({}, deployment("a"), {}, "one", shape=DEPLOYMENT)
    both = _apply(first.object, deployment("b"), first.managers, "two", shape=DEPLOYMENT)
    names = [each["name"] for each in both.object["spec"]["template"]["spec"]["containers"]]
    assert names == ["a", "b"]
    gone = _apply(both.object, {"metadata": {"name": "d"}}, both.managers, "one", shape=DEPLOYMENT)
    left = gone.object["spec"]["template"]["spec"]["containers"]
    assert [each["name"] for each in left] == ["b"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"nonsense": 1}, ".nonsense: field not declared in schema"),
        ({"data": {"a": 1}}, ".data.a: expected string, got &value.valueUnstructured{Value:1}"),
        ({"data": []}, ".data: expected map, got &{[]}"),
    ],
)
def test_what_does_not_fit_the_kind_is_refused(wrong: dict[str, Any], sentence: str) -> None:
    """A configuration with a field or a type that the kind does not have is refused."""
    with pytest.raises(ShapeError) as refused:
        check({"metadata": {"name": "c"}, **wrong}, CONFIG_MAP)
    assert str(refused.value) == sentence


def test_items_with_the_same_keys_are_refused() -> None:
    """A configuration may not name one item of a list twice."""
    twice = [{"name": "A"}, {"name": "A"}]
    containers = {"containers": [{"name": "c", "env": twice}]}
    with pytest.raises(ShapeError, match=r'\.env: duplicate entries for key \[name="A"\]'):
        check({"spec": {"template": {"spec": containers}}}, DEPLOYMENT)


# --- custom resources ----------------------------------------------------------------------


def test_a_custom_schema_says_what_is_atomic() -> None:
    """List and map types in a structural schema decide about owners, as for built-in kinds."""
    text = {"type": "string"}
    shape = shape_of_custom(
        {
            "type": "object",
            "properties": {
                "whole": {
                    "type": "object",
                    "additionalProperties": text,
                    "x-kubernetes-map-type": "atomic",
                },
                "set": {"type": "array", "items": text, "x-kubernetes-list-type": "set"},
                "list": {"type": "array", "items": text},
            },
        }
    )
    thing = {
        "kind": "T",
        "whole": {"a": "1"},
        "set": ["x"],
        "list": ["y"],
        "metadata": {"name": "t"},
    }
    assert fields_of(thing, shape) == {
        "f:kind": {},
        "f:metadata": {"f:name": {}},
        "f:whole": {},
        "f:set": {'v:"x"': {}},
        "f:list": {},
    }


def test_without_a_schema_maps_are_single_fields_and_lists_are_atomic() -> None:
    """Of what no schema describes, the value decides."""
    found = fields_of(
        {"spec": {"a": {"b": 1}, "c": [1, {"d": 2}], "e": None}}, shape_of_custom(None)
    )
    assert found == {"f:spec": {".": {}, "f:a": {".": {}, "f:b": {}}, "f:c": {}, "f:e": {}}}


# --- properties ----------------------------------------------------------------------------

_DATA = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12"), max_size=4)
_NAMES = st.sampled_from(["one", "two", "three"])
_HISTORY = st.lists(st.tuples(_NAMES, _DATA), min_size=1, max_size=6)


def _configuration(data: dict[str, str]) -> dict[str, Any]:
    return _config_map(**data) if data else {"metadata": {"name": "c"}}


def _played(history: list[tuple[str, dict[str, str]]]) -> Applied:
    state = Applied({}, {}, False)
    for name, data in history:
        state = _apply(state.object, _configuration(data), state.managers, name, force=True)
    return state


@given(_HISTORY)
def test_applying_again_changes_nothing(history: list[tuple[str, dict[str, str]]]) -> None:
    """Applying the same configuration twice leaves object and managers as applying it once."""
    state = _played(history)
    name, data = history[-1]
    again = _apply(state.object, _configuration(data), state.managers, name)
    assert not again.changed
    assert again.managers == state.managers


@given(_HISTORY)
def test_every_field_of_appliers_has_an_owner(history: list[tuple[str, dict[str, str]]]) -> None:
    """Where all managers apply, what an object holds is what one of them owns."""
    state = _played(history)
    owned: field_sets.FieldSet = {}
    for each in state.managers.values():
        owned = field_sets.union(owned, each.fields)
    assert set(state.object.get("data") or {}) == {
        element[2:] for element in owned.get("f:data", {}) if element != "."
    }


@given(_DATA, _DATA)
def test_appliers_of_what_does_not_conflict_commute(
    left: dict[str, str], right: dict[str, str]
) -> None:
    """Two managers that say nothing different may apply in either order."""
    right = {key: left.get(key, value) for key, value in right.items()}
    one = _played([("one", left), ("two", right)])
    two = _played([("two", right), ("one", left)])
    assert (one.object.get("data") or {}) == (two.object.get("data") or {})
    assert {m: o.fields for m, o in one.managers.items()} == {
        m: o.fields for m, o in two.managers.items()
    }


@given(_HISTORY)
def test_entries_are_read_as_they_were_written(history: list[tuple[str, dict[str, str]]]) -> None:
    """managedFields hold all that is known of managers."""
    managers = _played(history).managers
    assert managers_of(entries_of(managers)) == managers

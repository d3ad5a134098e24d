"""Sets of fields: their algebra, and FieldsV1."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.machinery.errors import FieldSetError
from orchestrator.machinery.managed_fields import field_sets
from orchestrator.machinery.managed_fields.elements import key_element, value_element
from orchestrator.machinery.managed_fields.field_sets import FieldSet, Path

_ELEMENTS = st.sampled_from(
    ["f:a", "f:b", value_element("x"), key_element((("name", "web"), ("port", 80)))]
)
_PATHS = st.lists(_ELEMENTS, min_size=1, max_size=4).map(tuple)
_PLACES = st.frozensets(_PATHS, max_size=12)


def _set(places: frozenset[Path]) -> FieldSet:
    return field_sets.of_paths(*sorted(places))


def _places(fields: FieldSet) -> frozenset[Path]:
    return frozenset(field_sets.paths(fields))


@given(_PLACES)
def test_a_set_holds_the_places_it_was_made_of(places: frozenset[Path]) -> None:
    """A set holds exactly the places that it was made of."""
    fields = _set(places)
    assert _places(fields) == places
    assert all(field_sets.contains(fields, path) for path in places)


@given(_PLACES, _PLACES)
def test_algebra(left: frozenset[Path], right: frozenset[Path]) -> None:
    """Union, intersection and difference are those of the sets of places."""
    one, two = _set(left), _set(right)
    assert _places(field_sets.union(one, two)) == left | right
    assert _places(field_sets.intersection(one, two)) == left & right
    assert _places(field_sets.difference(one, two)) == left - right


@given(_PLACES, _PLACES)
def test_recursive_difference(left: frozenset[Path], right: frozenset[Path]) -> None:
    """A recursive difference takes away what is inside the places, too."""
    kept = {
        path for path in left if not any(path[:end] in right for end in range(1, len(path) + 1))
    }
    assert _places(field_sets.recursive_difference(_set(left), _set(right))) == kept


@given(_PLACES)
def test_what_is_written_is_read_again(places: frozenset[Path]) -> None:
    """FieldsV1 that was written is read as the same set, and equal sets are written equally."""
    fields = _set(places)
    text = field_sets.written(fields)
    assert field_sets.read(text) == fields
    assert list(text) == list(field_sets.written(field_sets.read(text)))


def test_reading_puts_elements_into_one_form() -> None:
    """Keys in another order, and unknown kinds of elements, do not make another set."""
    read = field_sets.read({'k:{"port": 80,"name":"web"}': {".": {}}, "q:later": {"f:x": {}}})
    assert read == {'k:{"name":"web","port":80}': {}}


@pytest.mark.parametrize("wrong", ["", "f", "fx", "k:no json", "i:one", "k:[1]"])
def test_what_is_no_element_is_refused(wrong: str) -> None:
    """A key that is no path element is refused."""
    with pytest.raises(FieldSetError, match="parsing key as path element"):
        field_sets.read({wrong: {}})


def test_elements_stand_in_kubernetes_order() -> None:
    """Fields come before items, and numbers are compared as numbers."""
    fields: FieldSet = {'k:{"p":100}': {}, 'k:{"p":9}': {}, "f:b": {}, "f:a": {}, 'v:"x"': {}}
    assert list(field_sets.written(fields)) == [
        "f:a", "f:b", 'k:{"p":9}', 'k:{"p":100}', 'v:"x"'
    ]  # fmt: skip


def test_paths_are_shown_as_conflicts_show_them() -> None:
    """A path for people names fields by a dot and items by their keys."""
    path = ("f:spec", "f:ports", 'k:{"containerPort":80,"protocol":"TCP"}', "f:name")
    assert field_sets.text_of(path) == '.spec.ports[containerPort=80,protocol="TCP"].name'
    assert field_sets.text_of(("f:finalizers", 'v:"a/b"')) == '.finalizers[="a/b"]'

"""Outlines: what an object speaks of, whatever it says."""

from typing import Any

import pytest

from orchestrator.api import codec
from orchestrator.api.core.v1 import ConfigMap, Pod, Secret
from orchestrator.api.events.v1 import Event
from orchestrator.machinery.managed_fields.outlines import Outline, outline_of


def outline(kind: type[Any], **parts: Any) -> Outline | None:
    return outline_of(codec.from_dict(parts, kind))


def test_values_of_texts_and_maps_make_no_difference() -> None:
    """Nor do names, which nobody owns."""
    one = outline(ConfigMap, metadata={"name": "a", "labels": {"app": "x"}}, data={"key": "1"})
    other = outline(ConfigMap, metadata={"name": "b", "labels": {"app": "y"}}, data={"key": "2"})
    assert one is not None
    assert one == other
    assert outline(Secret, type="Opaque") == outline(Secret, type="kubernetes.io/tls")


@pytest.mark.parametrize(
    "parts",
    [
        {"data": {"key": "1", "other": ""}},
        {"binaryData": {"key": "AA=="}},
        {"data": {"key": "1"}, "immutable": False},
        {"data": {"key": "1"}, "immutable": True},
        {"data": {"key": "1"}, "metadata": {"generateName": "a"}},
        {"data": {"key": "1"}, "metadata": {"labels": {"a": "b"}}},
        {"data": {"key": "1"}, "metadata": {"annotations": {"a": "b"}}},
        {"data": {"key": "1"}, "metadata": {"finalizers": ["a/b"]}},
    ],
)
def test_what_is_there_makes_a_difference(parts: dict[str, Any]) -> None:
    """A field, a key, what a list holds, and a value that Go cannot tell from none."""
    assert outline(ConfigMap, **parts) != outline(ConfigMap, data={"key": "1"})


def test_zeros_differ_from_other_values() -> None:
    """Fields that are always written belong to nobody who leaves them at their zero."""
    assert outline(Event, reason="a") == outline(Event, reason="b")
    assert outline(Event, reason="a") != outline(Event, reason="")
    assert outline(Event, deprecatedCount=1) == outline(Event, deprecatedCount=2)


def test_structs_are_told_apart_by_all_that_they_say() -> None:
    """The names of a list's items are names of fields."""
    same, others = ({"containers": [{"name": name, "image": "i" * 100}]} for name in ("a", "b"))
    assert outline(Pod, spec=same) == outline(Pod, spec=same)
    assert outline(Pod, spec=same) != outline(Pod, spec=others)


def test_an_empty_list_tells_nothing() -> None:
    """It may or may not have been said, and that makes a difference to who owns it."""
    assert outline(Pod, spec={"containers": []}) is None
    assert outline(Pod, spec={}) is None

"""Where keys come from: sources and predicates, by plain values."""

import pytest

from orchestrator.api.core.v1 import ConfigMap
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.client import (
    Change,
    Key,
    OfMetadata,
    filtered,
    generation_changed,
    labels_changed,
    labels_match,
)
from orchestrator.machinery.errors import SelectorError


def _object(generation: int = 1, **labels: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name="a", generation=generation, labels=labels))


OLD = _object(1, app="web")
CHANGES = {
    "new": Change(None, OLD),
    "gone": Change(OLD, None),
    "status": Change(OLD, _object(1, app="web")),
    "spec": Change(OLD, _object(2, app="web")),
    "relabelled": Change(OLD, _object(1, app="db")),
}


def _true_of(predicate: object) -> set[str]:
    assert callable(predicate)
    return {name for name, change in CHANGES.items() if predicate(change)}


def test_what_predicates_are_true_of() -> None:
    """An object that comes or goes is always news; a label that goes concerns its selector, too."""
    assert _true_of(generation_changed) == {"new", "gone", "spec"}
    assert _true_of(labels_changed) == {"new", "gone", "relabelled"}
    assert _true_of(labels_match("app=web")) == set(CHANGES)
    assert _true_of(labels_match("app=db")) == {"relabelled"}
    with pytest.raises(SelectorError):
        labels_match("app in")


def test_a_source_hears_of_what_all_predicates_are_true_of() -> None:
    """And stays one that looks at nothing but metadata."""

    def source(change: Change[ConfigMap]) -> list[Key]:
        return [Key("", change.latest.metadata.name)]

    both = filtered(source, labels_changed, labels_match("app=db"))
    assert {name for name, change in CHANGES.items() if both(change)} == {"relabelled"}
    assert isinstance(filtered(OfMetadata(source), labels_changed), OfMetadata)
    assert not isinstance(both, OfMetadata)

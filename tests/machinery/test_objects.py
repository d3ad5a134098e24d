"""Objects: keys, changes to metadata, and the mutation detector."""

import pytest

from orchestrator.api.core.v1 import ConfigMap, Namespace, Pod
from orchestrator.api.meta.v1 import ObjectMeta, Time
from orchestrator.machinery import objects

POD = Pod(
    metadata=ObjectMeta(
        name="web", namespace="shop", labels={"a": "1"}, annotations={"n": "1"}, finalizers=("f",)
    )
)


def test_keys() -> None:
    """A key has the namespace where there is one."""
    assert objects.key_of(POD) == "shop/web"
    assert objects.key_of(Namespace(metadata=ObjectMeta(name="shop"))) == "shop"
    assert objects.split_key("shop/web") == ("shop", "web")
    assert objects.split_key("shop") == ("", "shop")
    assert objects.join_key("", "shop") == "shop"


def test_metadata_changes_share_the_rest() -> None:
    """A change is a new object; what did not change is shared, and so is everything if nothing did."""
    changed = objects.with_labels(POD, {"a": "2", "b": "3"})
    assert changed.metadata.labels == {"a": "2", "b": "3"}
    assert POD.metadata.labels == {"a": "1"}
    assert changed.metadata.annotations is POD.metadata.annotations
    assert objects.with_labels(changed, {"a": None}).metadata.labels == {"b": "3"}
    assert objects.with_labels(POD, {"a": "1", "x": None}) is POD
    assert objects.with_annotations(POD, {"n": "1"}) is POD
    assert objects.with_annotations(POD, {"n": None}).metadata.annotations == {}
    assert objects.with_finalizer(POD, "f") is POD
    assert objects.with_finalizer(POD, "g").metadata.finalizers == ("f", "g")
    assert objects.without_finalizer(POD, "g") is POD
    assert objects.without_finalizer(POD, "f").metadata.finalizers == ()
    assert objects.with_resource_version(POD, "7").metadata.resource_version == "7"
    assert objects.with_resource_version(POD, "").metadata.resource_version == ""
    assert objects.with_metadata(POD, name="x").metadata.name == "x"


def test_deletion() -> None:
    """An object with a deletion timestamp is on its way out."""
    assert not objects.is_deleted(POD)
    going = objects.with_metadata(POD, deletion_timestamp=Time("2024-01-01T00:00:00Z"))
    assert objects.is_deleted(going)


def test_fingerprints() -> None:
    """A fingerprint follows what is inside, not the order of maps; classes differ."""
    left = ConfigMap(data={"a": "1", "b": "2"})
    assert objects.fingerprint(left) == objects.fingerprint(ConfigMap(data={"b": "2", "a": "1"}))
    assert objects.fingerprint(left) != objects.fingerprint(ConfigMap(data={"a": "1"}))
    assert objects.fingerprint(Pod()) != objects.fingerprint(Namespace())


def test_mutations_are_detected() -> None:
    """Whoever writes to a map inside a shared object is found out."""
    detector = objects.MutationDetector()
    data = {"a": "1"}
    shared = ConfigMap(data=data)
    detector.watch(shared)
    detector.watch(POD)
    detector.check()
    data["a"] = "2"
    detector.watch(shared)
    assert detector.mutated() == (shared,)
    with pytest.raises(AssertionError, match="1 shared objects were mutated"):
        detector.check()

"""The objects of one resource in key order."""

import pytest

from orchestrator.store.bucket import Bucket
from tests.store.promises import thing


@pytest.mark.parametrize("namespace", ["", "ns"])
def test_a_list_is_the_very_same_until_something_changes(namespace: str) -> None:
    """So that who works something out of all objects need not do so again."""
    bucket = Bucket()
    bucket.add("ns", "b", thing("b", "ns"))
    first = bucket.list(namespace)
    assert bucket.list(namespace) is first
    bucket.add("ns", "a", thing("a", "ns"))
    assert [each.metadata.name for each in bucket.list(namespace)] == ["a", "b"]
    changed = thing("b", "ns", 2)
    bucket.replace("ns", "b", changed)
    assert bucket.list(namespace)[1] is changed
    bucket.remove("ns", "a")
    assert bucket.list(namespace) == (changed,)
    assert len(first) == 1

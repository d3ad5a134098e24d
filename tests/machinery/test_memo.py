"""Memories by identity."""

from orchestrator.machinery.memo import IdentityMemo, MixedMemo, PartsMemo


def test_answers_once_for_an_object() -> None:
    """The same object is computed once, an equal one again; a full memory forgets."""
    calls: list[dict[str, int]] = []

    def compute(given: dict[str, int]) -> int:
        calls.append(given)
        return len(given)

    memo = IdentityMemo(compute, capacity=2)
    first, second = {"a": 1}, {"a": 1}
    assert memo(first) == memo(first) == 1
    assert memo(second) == 1
    assert len(calls) == len(memo) == 2
    memo({})
    assert len(memo) == 1


def test_answers_for_an_object_and_values() -> None:
    """The object must be the very same, the values equal."""
    memo: MixedMemo[dict[str, int], list[object]] = MixedMemo(lambda given, *v: [given, *v], 2)
    a, b = {"a": 1}, {"a": 1}
    assert memo(a, "x", 1) is memo(a, "x", 1)
    assert memo(a, "x", 2) is not memo(a, "x", 1)
    assert len(memo) == 2
    assert memo(b, "x", 1) is not memo(a, "x", 1)
    assert len(memo) <= 2


def test_answers_for_several_parts() -> None:
    """All parts must be the very same."""
    memo = PartsMemo(lambda left, right: [left, right], capacity=2)
    a, b = {"a": 1}, {"b": 1}
    assert memo(a, b) is memo(a, b)
    assert memo(b, a) is not memo(a, b)
    memo(a, a)
    assert len(memo) == 1

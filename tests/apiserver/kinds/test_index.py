"""The index of kinds: each is one value, and those that are not judged yet are known."""

from typing import Final

from orchestrator.api.scheme import Scheme
from orchestrator.apiserver.kinds import KINDS, kind_of
from orchestrator.apiserver.kinds.kind import UNKNOWN_RULES, Kind

# Stored kinds of which only the metadata is judged. The list can only shrink.
NOT_JUDGED: Final[frozenset[str]] = frozenset()


def test_the_kinds_that_are_not_judged_are_these() -> None:
    """A new kind comes with its rules, and one that gets rules leaves the list."""
    scheme = Scheme.builtin()
    stored = {scheme.storage(each) for each in scheme.resources()}
    silent = {
        each.key
        for each in stored
        if {"create", "get"} <= set(each.verbs) and kind_of(each).rules is UNKNOWN_RULES
    }
    assert silent == NOT_JUDGED


def test_a_kind_stands_in_the_index_once() -> None:
    """Every row is found by its type, and a kind without a row is the same value each time."""
    assert all(kind.type is type_ for type_, kind in KINDS.items())
    for resource in Scheme.builtin().resources():
        assert isinstance(kind_of(resource), Kind)
        assert kind_of(resource) is kind_of(resource)


def test_conversions_lead_both_ways() -> None:
    """What a kind can become can become it again."""
    for kind in KINDS.values():
        for other in kind.converts:
            assert kind.type in KINDS[other].converts

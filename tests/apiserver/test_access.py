"""What was granted once is remembered, and no more than that."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.apiserver.authorization.access import Granted
from orchestrator.apiserver.authorization.interface import Reach
from orchestrator.protocol import Identity

_SUBJECTS: Final = tuple(Identity(name) for name in ("ann", "bob", "ann"))
_PLACES: Final = ("", "default", "other")
_NAMES: Final = ("", "a", "b")

_subjects = st.integers(0, len(_SUBJECTS) - 1)
_requests = st.tuples(_subjects, st.sampled_from(_PLACES), st.sampled_from(_NAMES))
_reaches: st.SearchStrategy[Reach] = st.sampled_from(
    ("request", "object", "namespace", "everywhere")
)


def _covers(grant: tuple[Reach, tuple[int, str, str]], asked: tuple[int, str, str]) -> bool:
    reach, (who, namespace, name) = grant
    match reach:
        case "everywhere":
            return asked[0] == who
        case "namespace":
            return asked[:2] == (who, namespace)
        case "object":
            return asked == (who, namespace, name) and name != ""
        case "request":
            return False


@given(grants=st.lists(st.tuples(_reaches, _requests), max_size=12), asked=_requests)
def test_a_grant_is_remembered_as_far_as_it_reaches(
    grants: list[tuple[Reach, tuple[int, str, str]]], asked: tuple[int, str, str]
) -> None:
    """One object's for that object, a namespace's there, and of nobody but who got it, whatever came before."""
    granted = Granted()
    for reach, (who, namespace, name) in grants:
        granted.remember(reach, _SUBJECTS[who], namespace, name)
    subject = _SUBJECTS[asked[0]]
    known = granted.everywhere.get(id(subject)) is subject or granted.in_part(subject, *asked[1:])
    assert known == any(_covers(each, asked) for each in grants)
    granted.clear()
    assert not granted.everywhere
    assert not granted.in_part(subject, *asked[1:])


def test_many_grants_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound they begin anew, so names that come from outside fill no memory."""
    monkeypatch.setattr("orchestrator.apiserver.authorization.access._MOST", 10)
    granted, who = Granted(), _SUBJECTS[0]
    for number in range(25):
        granted.remember("object", who, "default", f"n{number}")
    kept = [number for number in range(25) if granted.in_part(who, "default", f"n{number}")]
    assert kept == [20, 21, 22, 23, 24]

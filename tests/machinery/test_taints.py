"""Taints and tolerations."""

import pytest

from orchestrator.api.core.v1 import Taint, Toleration
from orchestrator.machinery import taints

NO_RUN = Taint(key="gone", effect="NoExecute")
NO_GO = Taint(key="dedicated", value="db", effect="NoSchedule")
RATHER_NOT = Taint(key="slow", effect="PreferNoSchedule")


@pytest.mark.parametrize(
    ("toleration", "taint", "expected"),
    [
        (Toleration(operator="Exists"), NO_GO, True),
        (Toleration(key="dedicated", operator="Exists"), NO_GO, True),
        (Toleration(key="dedicated", operator="Exists", effect="NoExecute"), NO_GO, False),
        (Toleration(key="dedicated", operator="Equal", value="db"), NO_GO, True),
        (Toleration(key="dedicated", value="db", effect="NoSchedule"), NO_GO, True),
        (Toleration(key="dedicated", value="web"), NO_GO, False),
        (Toleration(key="other", operator="Exists"), NO_GO, False),
        (Toleration(key="gone"), NO_RUN, True),
        (Toleration(key="dedicated", operator="Gt", value="1"), NO_GO, False),
    ],
)
def test_tolerates(toleration: Toleration, taint: Taint, expected: bool) -> None:
    """A toleration bears a taint by key, value and effect, each of which may be left open."""
    assert taints.tolerates(toleration, taint) is expected


def test_untolerated() -> None:
    """The first taint that repels is found; preferences do not repel."""
    bear = (Toleration(key="dedicated", operator="Exists"),)
    assert taints.untolerated((RATHER_NOT, NO_GO, NO_RUN), ()) is NO_GO
    assert taints.untolerated((RATHER_NOT, NO_GO, NO_RUN), bear) is NO_RUN
    assert taints.untolerated((RATHER_NOT, NO_GO), bear) is None
    assert taints.untolerated((NO_GO, NO_RUN), (), effects=("NoExecute",)) is NO_RUN


def test_preferences_are_counted() -> None:
    """Only preferences count, and only tolerations of preferences bear them."""
    slow = (RATHER_NOT, NO_GO)
    assert taints.count_untolerated_preferences(slow, ()) == 1
    assert taints.count_untolerated_preferences(slow, (Toleration(operator="Exists"),)) == 0
    other = (Toleration(operator="Exists", effect="NoSchedule"),)
    assert taints.count_untolerated_preferences(slow, other) == 1


@pytest.mark.parametrize(
    ("tolerations", "expected"),
    [
        ((), 0.0),
        ((Toleration(key="gone", operator="Exists"),), None),
        ((Toleration(key="gone", operator="Exists", toleration_seconds=300),), 300.0),
        (
            (
                Toleration(key="gone", operator="Exists", toleration_seconds=300),
                Toleration(operator="Exists", toleration_seconds=30),
            ),
            30.0,
        ),
        ((Toleration(key="gone", operator="Exists", toleration_seconds=-1),), 0.0),
    ],
)
def test_eviction(tolerations: tuple[Toleration, ...], expected: float | None) -> None:
    """A NoExecute taint evicts at once, after the least patience, or never."""
    assert taints.eviction_seconds((NO_RUN, NO_GO), tolerations) == expected
    assert taints.eviction_seconds((NO_GO,), tolerations) is None


def test_changes() -> None:
    """A taint is one by key and effect; setting what is set gives the very same tuple."""
    before = (NO_GO, NO_RUN)
    assert taints.with_taint(before, NO_GO) is before
    web = Taint(key="dedicated", value="web", effect="NoSchedule")
    assert taints.with_taint(before, web) == (web, NO_RUN)
    assert taints.with_taint(before, RATHER_NOT) == (*before, RATHER_NOT)
    assert taints.without_taint(before, web) == (NO_RUN,)
    assert taints.without_taint(before, RATHER_NOT) is before

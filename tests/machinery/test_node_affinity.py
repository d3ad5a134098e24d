"""Node selectors and node affinity."""

from collections.abc import Mapping

import pytest

from orchestrator.api.core.v1 import (
    Affinity,
    NodeAffinity,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    PodSpec,
    PreferredSchedulingTerm,
)
from orchestrator.machinery import node_affinity


def needs(key: str, operator: str, *values: str) -> NodeSelectorRequirement:
    """One condition."""
    return NodeSelectorRequirement(key=key, operator=operator, values=values)


def term(
    *expressions: NodeSelectorRequirement, fields: tuple[NodeSelectorRequirement, ...] = ()
) -> NodeSelectorTerm:
    """One term."""
    return NodeSelectorTerm(match_expressions=expressions, match_fields=fields)


def spec(
    *terms: NodeSelectorTerm,
    selector: Mapping[str, str] | None = None,
    preferred: tuple[PreferredSchedulingTerm, ...] = (),
) -> PodSpec:
    """A pod that requires any of the terms, and prefers others."""
    affinity = NodeAffinity(
        required_during_scheduling_ignored_during_execution=(
            NodeSelector(node_selector_terms=terms) if terms else None
        ),
        preferred_during_scheduling_ignored_during_execution=preferred,
    )
    return PodSpec(node_selector=selector or {}, affinity=Affinity(node_affinity=affinity))


LABELS = {"zone": "a", "cpus": "8", "ssd": ""}
NAME = "n1"

REQUIRED: dict[str, tuple[PodSpec, bool]] = {
    "nothing": (PodSpec(), True),
    "no terms": (spec(), True),
    "selector": (PodSpec(node_selector={"zone": "a"}), True),
    "other selector": (PodSpec(node_selector={"zone": "b"}), False),
    "in": (spec(term(needs("zone", "In", "a", "b"))), True),
    "not in": (spec(term(needs("zone", "NotIn", "a"))), False),
    "not in, absent": (spec(term(needs("rack", "NotIn", "a"))), True),
    "exists": (spec(term(needs("ssd", "Exists"))), True),
    "does not exist": (spec(term(needs("ssd", "DoesNotExist"))), False),
    "greater": (spec(term(needs("cpus", "Gt", "4"))), True),
    "not greater": (spec(term(needs("cpus", "Gt", "8"))), False),
    "less": (spec(term(needs("cpus", "Lt", "9"))), True),
    "no number": (spec(term(needs("zone", "Lt", "9"))), False),
    "all of a term": (spec(term(needs("zone", "In", "a"), needs("ssd", "DoesNotExist"))), False),
    "any of the terms": (spec(term(needs("zone", "In", "b")), term(needs("ssd", "Exists"))), True),
    "both": (spec(term(needs("ssd", "Exists")), selector={"zone": "b"}), False),
    "an empty term": (spec(term()), False),
    "an empty term among others": (spec(term(), term(needs("ssd", "Exists"))), True),
    "a wrong term": (spec(term(needs("zone", "Near", "a"))), False),
    "a wrong term among others": (
        spec(term(needs("a b", "Exists")), term(needs("ssd", "Exists"))),
        True,
    ),
    "name": (spec(term(fields=(needs("metadata.name", "In", "n1"),))), True),
    "other name": (spec(term(fields=(needs("metadata.name", "In", "n2"),))), False),
    "not that name": (spec(term(fields=(needs("metadata.name", "NotIn", "n2"),))), True),
    "two names": (spec(term(fields=(needs("metadata.name", "In", "n1", "n2"),))), False),
    "another field": (spec(term(fields=(needs("spec.x", "NotIn", "y"),))), True),
    "name and labels": (
        spec(term(needs("zone", "In", "b"), fields=(needs("metadata.name", "In", "n1"),))),
        False,
    ),
}


@pytest.mark.parametrize("name", REQUIRED)
def test_required(name: str) -> None:
    """A node matches as the scheduler's predicate says."""
    given, expected = REQUIRED[name]
    matches = node_affinity.required(given)
    assert matches(LABELS, NAME) is expected
    assert node_affinity.required(given) is matches


def test_preferred() -> None:
    """Weights of the preferred terms that match add up; wrong and empty terms weigh nothing."""
    given = spec(
        preferred=(
            PreferredSchedulingTerm(weight=5, preference=term(needs("zone", "In", "a"))),
            PreferredSchedulingTerm(weight=7, preference=term(needs("ssd", "Exists"))),
            PreferredSchedulingTerm(weight=9, preference=term(needs("zone", "In", "b"))),
            PreferredSchedulingTerm(weight=11, preference=term()),
            PreferredSchedulingTerm(weight=13, preference=term(needs("zone", "Near", "a"))),
            PreferredSchedulingTerm(weight=0, preference=term(needs("ssd", "Exists"))),
        )
    )
    assert node_affinity.preferred_weight(given, LABELS, NAME) == 12
    assert node_affinity.preferred_weight(PodSpec(), LABELS, NAME) == 0
    assert node_affinity.has_preferences(given)
    assert not node_affinity.has_preferences(PodSpec())


def test_required_names() -> None:
    """Names are known only if every term pins some."""
    pinned = term(fields=(needs("metadata.name", "In", "n1"),))
    other = term(needs("ssd", "Exists"), fields=(needs("metadata.name", "In", "n2"),))
    assert node_affinity.required_names(spec(pinned)) == frozenset({"n1"})
    assert node_affinity.required_names(spec(pinned, other)) == frozenset({"n1", "n2"})
    assert node_affinity.required_names(spec(pinned, term(needs("ssd", "Exists")))) is None
    assert node_affinity.required_names(PodSpec()) is None


def test_errors() -> None:
    """What is wrong is named with its path."""
    selector = NodeSelector(
        node_selector_terms=(
            term(needs("a", "Near"), needs("b", "In")),
            term(needs("c", "Gt", "x"), fields=(needs("d", "Exists"), needs("e", "In", "1", "2"))),
        )
    )
    assert [str(error) for error in node_affinity.selector_errors(selector, "spec")] == [
        'spec.nodeSelectorTerms[0].matchExpressions[0].operator: Unsupported value: "Near": '
        'supported values: "In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"',
        "spec.nodeSelectorTerms[0].matchExpressions[1].values: Invalid value: null: "
        "for 'in', 'notin' operators, values set can't be empty",
        'spec.nodeSelectorTerms[1].matchExpressions[0].values[0]: Invalid value: "x": '
        "for 'Gt', 'Lt' operators, the value must be an integer",
        'spec.nodeSelectorTerms[1].matchFields[0].operator: Unsupported value: "Exists": '
        'supported values: "In", "NotIn"',
        'spec.nodeSelectorTerms[1].matchFields[1].values: Invalid value: ["1","2"]: '
        "must have one element",
    ]

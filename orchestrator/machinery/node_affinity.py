"""Which nodes a pod may or would rather run on: node selectors and node affinity.

A NodeSelector is a disjunction of terms, each a conjunction of conditions on labels
(`matchExpressions`) and on fields (`matchFields`, of which there is one: `metadata.name`). An
empty term matches nothing, and so does one that cannot be understood; the others still count.

Terms compile to closures over a node's labels and name, once per struct.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from orchestrator.api.core.v1 import (
    Affinity,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    PodSpec,
    PreferredSchedulingTerm,
)
from orchestrator.machinery import field_errors, labels
from orchestrator.machinery.field_errors import FieldError
from orchestrator.machinery.memo import IdentityMemo, PartsMemo
from orchestrator.machinery.requirements import Operator, Requirement, requirement_errors

Labels: TypeAlias = Mapping[str, str]
NodeMatcher: TypeAlias = Callable[[Labels, str], bool]
"""(labels, name) of a node -> whether it matches."""

_OPERATORS: Final[dict[str, Operator]] = {
    "In": "in",
    "NotIn": "notin",
    "Exists": "exists",
    "DoesNotExist": "!",
    "Gt": "gt",
    "Lt": "lt",
}
_FIELD_OPERATORS: Final = ("In", "NotIn")
NAME_FIELD: Final = "metadata.name"


def required(spec: PodSpec) -> NodeMatcher:
    """Whether a node is one that the pod may run on: its nodeSelector and required affinity."""
    return _required(spec.node_selector, spec.affinity)


def preferred_weight(spec: PodSpec, node_labels: Labels, node_name: str) -> int:
    """The sum of the weights of the preferred terms that a node matches."""
    terms = _preferred_terms(spec.affinity)
    if not terms:
        return 0
    return sum(
        weight for matches, weight in _compiled_preferred(terms) if matches(node_labels, node_name)
    )


def has_preferences(spec: PodSpec) -> bool:
    """Whether the pod prefers some nodes over others."""
    return bool(_preferred_terms(spec.affinity))


def matcher(selector: NodeSelector) -> NodeMatcher:
    """Compile a NodeSelector (a PersistentVolume's, an affinity's)."""
    return _matcher(selector)


def required_names(spec: PodSpec) -> frozenset[str] | None:
    """The only nodes that can match, if every term of the required affinity names some.

    None: any node may match. DaemonSets pin their pods this way, and it saves the search.
    """
    selector = _required_selector(spec.affinity)
    if selector is None or not selector.node_selector_terms:
        return None
    names: set[str] = set()
    for term in selector.node_selector_terms:
        pinned = [
            frozenset(each.values)
            for each in term.match_fields
            if each.key == NAME_FIELD and each.operator == "In"
        ]
        if not pinned:
            return None
        names |= frozenset.intersection(*pinned)
    return frozenset(names)


def selector_errors(selector: NodeSelector, path: str = "") -> list[FieldError]:
    """What is wrong with a NodeSelector that stands at `path`."""
    where = field_errors.child(path, "nodeSelectorTerms")
    return [
        error
        for position, term in enumerate(selector.node_selector_terms)
        for error in term_errors(term, field_errors.index(where, position))
    ]


def term_errors(term: NodeSelectorTerm, path: str = "") -> list[FieldError]:
    """What is wrong with one term."""
    errors: list[FieldError] = []
    where = field_errors.child(path, "matchExpressions")
    for position, each in enumerate(term.match_expressions):
        errors += _expression_errors(each, field_errors.index(where, position))
    where = field_errors.child(path, "matchFields")
    for position, each in enumerate(term.match_fields):
        errors += _field_errors(each, field_errors.index(where, position))
    return errors


# --- compiling -----------------------------------------------------------------------------


def _required_selector(affinity: Affinity | None) -> NodeSelector | None:
    if affinity is None or affinity.node_affinity is None:
        return None
    return affinity.node_affinity.required_during_scheduling_ignored_during_execution


def _preferred_terms(affinity: Affinity | None) -> tuple[PreferredSchedulingTerm, ...]:
    if affinity is None or affinity.node_affinity is None:
        return ()
    return affinity.node_affinity.preferred_during_scheduling_ignored_during_execution


def _compile_required(node_selector: Labels, affinity: Affinity | None) -> NodeMatcher:
    selector = _required_selector(affinity)
    if not node_selector:
        return _any_node if selector is None else matcher(selector)
    by_labels = labels.of_pairs(node_selector).matches
    if selector is None:
        return lambda node_labels, _name: by_labels(node_labels)
    by_terms = matcher(selector)
    return lambda node_labels, name: by_labels(node_labels) and by_terms(node_labels, name)


def _any_node(_labels: Labels, _name: str) -> bool:
    return True


def _compile_selector(selector: NodeSelector) -> NodeMatcher:
    terms = tuple(
        compiled for term in selector.node_selector_terms if (compiled := _compile_term(term))
    )
    if len(terms) == 1:
        return terms[0]
    return lambda node_labels, name: any(term(node_labels, name) for term in terms)


def _compile_preferred(
    terms: tuple[PreferredSchedulingTerm, ...],
) -> tuple[tuple[NodeMatcher, int], ...]:
    return tuple(
        (compiled, term.weight)
        for term in terms
        if term.weight and (compiled := _compile_term(term.preference))
    )


_required: Final = PartsMemo(_compile_required)
_matcher: Final = IdentityMemo(_compile_selector)
_compiled_preferred: Final = IdentityMemo(_compile_preferred)


def _compile_term(term: NodeSelectorTerm) -> NodeMatcher | None:
    """None for a term that can match nothing."""
    if not (term.match_expressions or term.match_fields) or term_errors(term):
        return None
    by_labels = labels.Selector(
        Requirement(each.key, _OPERATORS[each.operator], tuple(sorted(set(each.values))))
        for each in term.match_expressions
    ).matches
    if not term.match_fields:
        return lambda node_labels, _name: by_labels(node_labels)
    by_name = _compile_fields(term.match_fields)
    return lambda node_labels, name: by_name(name) and by_labels(node_labels)


def _compile_fields(fields: Sequence[NodeSelectorRequirement]) -> Callable[[str], bool]:
    conditions = tuple(
        (each.key == NAME_FIELD, each.operator == "In", each.values[0]) for each in fields
    )

    def matches(name: str) -> bool:
        # A field that nodes do not have reads as "".
        return all(
            ((name if is_name else "") == value) is wanted for is_name, wanted, value in conditions
        )

    return matches


def _expression_errors(each: NodeSelectorRequirement, path: str) -> list[FieldError]:
    operator = _OPERATORS.get(each.operator)
    if operator is None:
        where = field_errors.child(path, "operator")
        return [field_errors.not_supported(where, each.operator, _OPERATORS)]
    return requirement_errors(each.key, operator, each.values, path)


def _field_errors(each: NodeSelectorRequirement, path: str) -> list[FieldError]:
    if each.operator not in _FIELD_OPERATORS:
        where = field_errors.child(path, "operator")
        return [field_errors.not_supported(where, each.operator, _FIELD_OPERATORS)]
    if len(each.values) != 1:
        where = field_errors.child(path, "values")
        return [field_errors.invalid(where, list(each.values), "must have one element")]
    return []

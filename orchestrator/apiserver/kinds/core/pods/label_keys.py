"""Selectors that speak of the pod's own labels: `matchLabelKeys` and `mismatchLabelKeys`.

When a pod is made, each key becomes a requirement of the selector beside it, with the value that the pod has
itself; a key that it lacks asks for nothing.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from msgspec.structs import replace

from orchestrator.api.core.v1 import PodAffinity, PodAntiAffinity, PodSpec
from orchestrator.api.meta.v1 import LabelSelector, LabelSelectorRequirement
from orchestrator.apiserver.defaults.change import each, put
from orchestrator.machinery.memo import IdentityMemo

_REMEMBERED: Final = 1 << 11
Labels = Mapping[str, str]


def _uses_label_keys(spec: PodSpec) -> bool:
    for constraint in spec.topology_spread_constraints:
        if constraint.match_label_keys:
            return True
    affinity = spec.affinity
    sides = (affinity.pod_affinity, affinity.pod_anti_affinity) if affinity is not None else ()
    return any(term.match_label_keys or term.mismatch_label_keys for term in _terms(sides))


def _terms(sides: Any) -> Iterator[Any]:
    for side in sides:
        if side is not None:
            yield from side.required_during_scheduling_ignored_during_execution
            for weighted in side.preferred_during_scheduling_ignored_during_execution:
                if weighted.pod_affinity_term is not None:
                    yield weighted.pod_affinity_term


uses_label_keys: Final = IdentityMemo(_uses_label_keys, _REMEMBERED)
"""Whether a spec has such keys at all; remembered, as many pods share a spec."""


def with_label_keys(spec: PodSpec, labels: Labels) -> PodSpec:
    """The spec with its keys as requirements, for a pod that has these labels."""

    def spread(constraint: Any) -> Any:
        selector = _extended(constraint.label_selector, constraint.match_label_keys, labels, "In")
        return put(constraint, label_selector=selector)

    affinity = spec.affinity
    if affinity is not None:
        affinity = put(
            affinity,
            pod_affinity=_with_terms(affinity.pod_affinity, labels),
            pod_anti_affinity=_with_terms(affinity.pod_anti_affinity, labels),
        )
    constraints = each(spec.topology_spread_constraints, spread)
    return put(spec, affinity=affinity, topology_spread_constraints=constraints)


def _with_terms(side: PodAffinity | PodAntiAffinity | None, labels: Labels) -> Any:
    if side is None:
        return None

    def extend(term: Any) -> Any:
        selector = _extended(term.label_selector, term.match_label_keys, labels, "In")
        selector = _extended(selector, term.mismatch_label_keys, labels, "NotIn")
        return put(term, label_selector=selector)

    def weigh(weighted: Any) -> Any:
        term = weighted.pod_affinity_term
        return weighted if term is None else put(weighted, pod_affinity_term=extend(term))

    hard = each(side.required_during_scheduling_ignored_during_execution, extend)
    soft = each(side.preferred_during_scheduling_ignored_during_execution, weigh)
    return put(
        side,
        required_during_scheduling_ignored_during_execution=hard,
        preferred_during_scheduling_ignored_during_execution=soft,
    )


def _extended(
    selector: LabelSelector | None,
    keys: tuple[str, ...],
    labels: Labels,
    operator: Literal["In", "NotIn"],
) -> LabelSelector | None:
    """The selector with a requirement for each key; one that is missing matches nothing, and stays so."""
    further = tuple(
        LabelSelectorRequirement(key=key, operator=operator, values=(labels[key],))
        for key in keys
        if key in labels
    )
    if selector is None or not further:
        return selector
    return replace(selector, match_expressions=selector.match_expressions + further)

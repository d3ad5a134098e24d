"""Where a pod wants to run: affinities, tolerations, spreading."""

from collections.abc import Sequence
from typing import Final

from orchestrator.api.core.v1 import (
    Affinity,
    NodeAffinity,
    PodAffinity,
    PodAffinityTerm,
    PodAntiAffinity,
    Toleration,
    TopologySpreadConstraint,
)
from orchestrator.api.meta.v1 import LabelSelector
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    positive,
    required,
)
from orchestrator.apiserver.validation.selectors import (
    label_key_errors,
    label_selector_errors,
    node_selector_errors,
    node_term_errors,
)
from orchestrator.machinery.names import dns1123_label_errors, label_value_errors

TAINT_EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_OPERATORS: Final = ("Equal", "Exists")
# Two that compare numbers are switched off; who gives one of them hears of it as if it were on.
_NUMERIC_OPERATORS: Final = ("Lt", "Gt")
_WHEN_UNSATISFIABLE: Final = ("DoNotSchedule", "ScheduleAnyway")
_INCLUSIONS: Final = ("Honor", "Ignore")
_WEIGHT: Final = "must be in the range 1-100"
_IN_BOTH: Final = "exists in both matchLabelKeys and labelSelector"


def affinity_errors(path: str, affinity: Affinity | None) -> Errors:
    """Affinity to nodes and to other pods."""
    if affinity is None:
        return
    if affinity.node_affinity is not None:
        yield from _node_affinity_errors(f"{path}.nodeAffinity", affinity.node_affinity)
    if affinity.pod_affinity is not None:
        yield from _pod_affinity_errors(f"{path}.podAffinity", affinity.pod_affinity)
    if affinity.pod_anti_affinity is not None:
        yield from _pod_affinity_errors(f"{path}.podAntiAffinity", affinity.pod_anti_affinity)


def _node_affinity_errors(path: str, affinity: NodeAffinity) -> Errors:
    hard = affinity.required_during_scheduling_ignored_during_execution
    if hard is not None:
        where = f"{path}.requiredDuringSchedulingIgnoredDuringExecution"
        yield from node_selector_errors(where, hard)
    soft = affinity.preferred_during_scheduling_ignored_during_execution
    for i, term in enumerate(soft):
        here = f"{path}.preferredDuringSchedulingIgnoredDuringExecution[{i}]"
        if not 1 <= term.weight <= 100:
            yield invalid(f"{here}.weight", term.weight, _WEIGHT)
        if term.preference is not None:
            yield from node_term_errors(f"{here}.preference", term.preference, values=False)


def _pod_affinity_errors(path: str, affinity: PodAffinity | PodAntiAffinity) -> Errors:
    hard = affinity.required_during_scheduling_ignored_during_execution
    for i, term in enumerate(hard):
        here = f"{path}.requiredDuringSchedulingIgnoredDuringExecution[{i}]"
        yield from _term_errors(here, term)
    soft = affinity.preferred_during_scheduling_ignored_during_execution
    for i, weighted in enumerate(soft):
        here = f"{path}.preferredDuringSchedulingIgnoredDuringExecution[{i}]"
        if not 1 <= weighted.weight <= 100:
            yield invalid(f"{here}.weight", weighted.weight, _WEIGHT)
        if weighted.pod_affinity_term is not None:
            yield from _term_errors(f"{here}.podAffinityTerm", weighted.pod_affinity_term)


def _term_errors(path: str, term: PodAffinityTerm) -> Errors:
    yield from label_selector_errors(f"{path}.labelSelector", term.label_selector)
    yield from label_selector_errors(f"{path}.namespaceSelector", term.namespace_selector)
    for name in term.namespaces:
        yield from complaints(f"{path}.namespace", name, dns1123_label_errors(name))
    yield from _label_key_list_errors(
        path, term.match_label_keys, term.mismatch_label_keys, term.label_selector
    )
    if not term.topology_key:
        yield required(f"{path}.topologyKey", "can not be empty")
    yield from label_key_errors(f"{path}.topologyKey", term.topology_key)


def _label_key_list_errors(
    path: str,
    matching: Sequence[str],
    mismatching: Sequence[str],
    selector: LabelSelector | None,
) -> Errors:
    for name, keys in (("matchLabelKeys", matching), ("mismatchLabelKeys", mismatching)):
        if keys and selector is None:
            where = f"{path}.{name}"
            yield forbidden(where, "must not be specified when labelSelector is not set")
            continue
        for i, key in enumerate(keys):
            yield from label_key_errors(f"{path}.{name}[{i}]", key)
    if selector is not None and matching:
        seen = set(selector.match_labels)
        for expression in selector.match_expressions:
            if expression.key in matching and expression.key in seen:
                yield invalid(f"{path}[{matching.index(expression.key)}]", expression.key, _IN_BOTH)
            seen.add(expression.key)
    for i, key in enumerate(matching):
        if key in mismatching:
            detail = "exists in both matchLabelKeys and mismatchLabelKeys"
            yield invalid(f"{path}.matchLabelKeys[{i}]", key, detail)


# --- tolerations and taints ----------------------------------------------------------------


def taint_effect_errors(path: str, effect: str) -> Errors:
    """What a taint does."""
    if effect not in TAINT_EFFECTS:
        yield not_supported(path, effect, TAINT_EFFECTS)


def toleration_errors(path: str, tolerations: Sequence[Toleration]) -> Errors:
    """A pod's tolerations."""
    for i, toleration in enumerate(tolerations):
        yield from _one_toleration_errors(f"{path}[{i}]", toleration)


def _one_toleration_errors(path: str, toleration: Toleration) -> Errors:
    operator, value = toleration.operator or "", toleration.value or ""
    where = f"{path}.operator"
    if toleration.key:
        yield from label_key_errors(f"{path}.key", toleration.key)
    elif operator != "Exists":
        detail = (
            "operator must be Exists when `key` is empty, which means "
            '"match all values and all keys"'
        )
        yield invalid(where, operator, detail)
    if toleration.toleration_seconds is not None and toleration.effect != "NoExecute":
        detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        yield invalid(f"{path}.effect", toleration.effect or "", detail)
    if operator in ("Equal", ""):
        if messages := label_value_errors(value):
            yield invalid(where, value, ";".join(messages))
    elif operator == "Exists":
        if value:
            yield invalid(where, value, "value must be empty when `operator` is 'Exists'")
    else:
        known = _OPERATORS + _NUMERIC_OPERATORS if operator in _NUMERIC_OPERATORS else _OPERATORS
        yield not_supported(where, operator, known)
    if toleration.effect:
        yield from taint_effect_errors(f"{path}.effect", toleration.effect)


# --- spreading -----------------------------------------------------------------------------


def spread_errors(path: str, constraints: Sequence[TopologySpreadConstraint]) -> Errors:
    """How evenly a workload's pods stand over a topology."""
    for i, constraint in enumerate(constraints):
        here = f"{path}[{i}]"
        yield from _constraint_errors(here, constraint)
        for other in constraints[i + 1 :]:
            pair = (constraint.topology_key, constraint.when_unsatisfiable)
            if pair == (other.topology_key, other.when_unsatisfiable):
                text = f"{{{pair[0]}, {pair[1]}}}"
                yield duplicate(f"{here}.{{topologyKey, whenUnsatisfiable}}", text)
                break


def _constraint_errors(path: str, constraint: TopologySpreadConstraint) -> Errors:
    yield from positive(f"{path}.maxSkew", constraint.max_skew)
    if not constraint.topology_key:
        yield required(f"{path}.topologyKey", "can not be empty")
    action = constraint.when_unsatisfiable
    if action not in _WHEN_UNSATISFIABLE:
        yield not_supported(f"{path}.whenUnsatisfiable", action, _WHEN_UNSATISFIABLE)
    if constraint.min_domains is not None:
        yield from positive(f"{path}.minDomains", constraint.min_domains)
        if action != "DoNotSchedule":
            detail = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
            yield invalid(f"{path}.minDomains", constraint.min_domains, detail)
    policies = {
        "nodeAffinityPolicy": constraint.node_affinity_policy,
        "nodeTaintsPolicy": constraint.node_taints_policy,
    }
    for name, policy in policies.items():
        if policy is not None and policy not in _INCLUSIONS:
            yield not_supported(f"{path}.{name}", policy, _INCLUSIONS)
    yield from _label_key_list_errors(
        path, constraint.match_label_keys, (), constraint.label_selector
    )
    yield from label_selector_errors(f"{path}.labelSelector", constraint.label_selector)

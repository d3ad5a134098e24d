"""Selectors inside objects: of labels, of nodes, of topologies."""

from collections.abc import Mapping
from typing import Final

from orchestrator.api.core.v1 import (
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    TopologySelectorTerm,
)
from orchestrator.api.meta.v1 import LabelSelector, LabelSelectorRequirement
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    duplicate,
    forbidden,
    invalid,
    required,
)
from orchestrator.apiserver.validation.metadata import dns_subdomain, label_errors
from orchestrator.machinery import labels
from orchestrator.machinery.errors import SelectorError
from orchestrator.machinery.names import label_value_errors, qualified_name_errors

_SETS: Final = ("In", "NotIn")
_PRESENCES: Final = ("Exists", "DoesNotExist")
_COMPARISONS: Final = ("Gt", "Lt")


def label_key_errors(path: str, key: str) -> Errors:
    """A label's key: a qualified name."""
    yield from complaints(path, key, qualified_name_errors(key))


def label_selector_errors(path: str, selector: LabelSelector | None) -> Errors:
    """A LabelSelector, which may be missing."""
    if selector is None:
        return
    if selector.match_labels:
        yield from label_errors(selector.match_labels, f"{path}.matchLabels")
    for i, requirement in enumerate(selector.match_expressions):
        yield from requirement_errors(f"{path}.matchExpressions[{i}]", requirement)


def requirement_errors(
    path: str, requirement: LabelSelectorRequirement, *, newer: bool = False
) -> Errors:
    """One term of a LabelSelector. `newer`: operators that are not known are somebody else's."""
    yield from operator_errors(path, requirement.operator, requirement.values, newer=newer)
    yield from label_key_errors(f"{path}.key", requirement.key)
    for i, value in enumerate(requirement.values):
        yield from complaints(f"{path}.values[{i}]", value, label_value_errors(value))


def operator_errors(
    path: str, operator: str, values: tuple[str, ...], *, newer: bool = False
) -> Errors:
    """Whether the operator is one, and has the values that it needs; `newer` as in `requirement_errors`."""
    if operator in _SETS:
        if not values:
            detail = "must be specified when `operator` is 'In' or 'NotIn'"
            yield required(f"{path}.values", detail)
    elif operator in _PRESENCES:
        if values:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            yield forbidden(f"{path}.values", detail)
    elif not newer:
        yield invalid(f"{path}.operator", operator, "not a valid selector operator")


def is_empty(selector: LabelSelector) -> bool:
    """Whether the selector requires nothing (and so selects everything)."""
    return not selector.match_labels and not selector.match_expressions


def selects(selector: LabelSelector, template_labels: Mapping[str, str]) -> bool | None:
    """Whether a workload's selector finds its own template; None: it cannot be understood."""
    try:
        return labels.of_struct(selector).matches(template_labels)
    except SelectorError:
        return None


# --- nodes ---------------------------------------------------------------------------------


def node_selector_errors(path: str, selector: NodeSelector) -> Errors:
    """A NodeSelector needs a term; an empty term would match nothing."""
    path = f"{path}.nodeSelectorTerms"
    if not selector.node_selector_terms:
        yield required(path, "must have at least one node selector term")
    for i, term in enumerate(selector.node_selector_terms):
        yield from node_term_errors(f"{path}[{i}]", term)


def node_term_errors(path: str, term: NodeSelectorTerm, *, values: bool = True) -> Errors:
    """One term. `values`: whether values must be valid labels (a preference's need not)."""
    for i, requirement in enumerate(term.match_expressions):
        yield from _node_label_errors(f"{path}.matchExpressions[{i}]", requirement, values)
    for i, requirement in enumerate(term.match_fields):
        yield from _node_field_errors(f"{path}.matchFields[{i}]", requirement)


def _node_label_errors(path: str, requirement: NodeSelectorRequirement, values: bool) -> Errors:
    if requirement.operator in _COMPARISONS:
        if len(requirement.values) != 1:
            detail = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            yield required(f"{path}.values", detail)
    else:
        yield from operator_errors(path, requirement.operator, requirement.values)
    yield from label_key_errors(f"{path}.key", requirement.key)
    if values:
        for i, value in enumerate(requirement.values):
            yield from complaints(f"{path}.values[{i}]", value, label_value_errors(value))


def _node_field_errors(path: str, requirement: NodeSelectorRequirement) -> Errors:
    if requirement.operator not in _SETS:
        yield invalid(f"{path}.operator", requirement.operator, "not a valid selector operator")
    elif len(requirement.values) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        yield required(f"{path}.values", detail)
    if requirement.key != "metadata.name":
        yield invalid(f"{path}.key", requirement.key, "not a valid field selector key")
        return
    for i, value in enumerate(requirement.values):
        yield from complaints(f"{path}.values[{i}]", value, dns_subdomain(value))


def topology_term_errors(path: str, term: TopologySelectorTerm) -> Errors:
    """A StorageClass's allowed topology."""
    seen = set()
    for i, requirement in enumerate(term.match_label_expressions):
        here = f"{path}.matchLabelExpressions[{i}]"
        if not requirement.values:
            yield required(f"{here}.values")
        for j, value in enumerate(requirement.values):
            if value in requirement.values[:j]:
                yield duplicate(f"{here}.values[{j}]", value)
        yield from label_key_errors(f"{here}.key", requirement.key)
        if requirement.key in seen:
            yield duplicate(f"{here}.key", requirement.key)
        seen.add(requirement.key)

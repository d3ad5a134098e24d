"""Selectors of labels and of nodes."""

from collections.abc import Mapping, Sequence

from tests.scheduler.oracle.world import Manifest


def matches(selector: Manifest | None, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector selects something with these labels; an empty one all, none nothing."""
    if selector is None:
        return False
    return all(
        labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items()
    ) and all(_holds(each, labels) for each in selector.get("matchExpressions") or ())


def is_empty(selector: Manifest | None) -> bool:
    """Whether a LabelSelector says nothing."""
    return (
        selector is not None
        and not selector.get("matchLabels")
        and not selector.get("matchExpressions")
    )


def matches_node(selector: Manifest, node: Manifest) -> bool:
    """Whether one of the terms of a NodeSelector holds for a node."""
    return any(term_matches(term, node) for term in selector.get("nodeSelectorTerms") or ())


def term_matches(term: Manifest, node: Manifest) -> bool:
    """Whether all of a NodeSelectorTerm holds; an empty one never does."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    labels = node["metadata"].get("labels") or {}
    name = {"metadata.name": node["metadata"]["name"]}
    return bool(expressions or fields) and (
        all(_holds(each, labels) for each in expressions)
        and all(_holds(each, name) for each in fields)
    )


def _holds(requirement: Manifest, labels: Mapping[str, str]) -> bool:
    key, operator = requirement["key"], requirement["operator"]
    values: Sequence[str] = requirement.get("values") or ()
    value = labels.get(key)
    match operator:
        case "In":
            return value is not None and value in values
        case "NotIn":
            return value is None or value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt":
            return _is_number(value) and int(value or 0) > int(values[0])
        case "Lt":
            return _is_number(value) and int(value or 0) < int(values[0])
    raise ValueError(operator)


def _is_number(value: str | None) -> bool:
    try:
        int(value or "")
    except ValueError:
        return False
    return True

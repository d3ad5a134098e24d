"""What a definition's schema may say at all: words, lists that are maps, defaults, and rules in CEL.

`definition_faults` judges a whole schema: whether it is structural, whether its defaults keep it, and
each node's words.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.machinery.cel import CompileError
from orchestrator.machinery.field_errors import (
    FieldError,
    child,
    forbidden,
    index,
    internal,
    invalid,
    key,
    not_supported,
    required,
)
from orchestrator.machinery.schemas.default_faults import MetadataFaults, default_faults
from orchestrator.machinery.schemas.field_paths import node_at
from orchestrator.machinery.schemas.rule_costs import Budget, Costs, MessageError, costs_of
from orchestrator.machinery.schemas.structural import structural_faults

Document: TypeAlias = Mapping[str, Any]
Faults: TypeAlias = Iterator[FieldError]

_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_LIST_TYPES: Final = ("atomic", "set", "map")
_MAP_TYPES: Final = ("atomic", "granular")
_REASONS: Final = (
    "FieldValueDuplicate",
    "FieldValueForbidden",
    "FieldValueInvalid",
    "FieldValueRequired",
)
_OF_EVERY_OBJECT: Final = frozenset({"metadata", "kind", "apiVersion"})
_NOT_SUPPORTED: Final = (
    ("id", "id"),
    ("additionalItems", "additionalItems"),
    ("patternProperties", "patternProperties"),
    ("definitions", "definitions"),
    ("dependencies", "dependencies"),
    ("$ref", "$ref"),
)
_UNREADABLE: Final = ("$schema", *(word for word, _ in _NOT_SUPPORTED))
_LINE_BREAK: Final = re.compile(r"[\n\r]")
_RULES: Final = "x-kubernetes-validations"
_LIST_TYPE: Final = "x-kubernetes-list-type"
_MAP_TYPE: Final = "x-kubernetes-map-type"
_MAP_KEYS: Final = "x-kubernetes-list-map-keys"
_RULE_COST: Final = "estimated rule cost"


class Place(Struct, frozen=True):
    """Where a node stands, as far as it decides what the node may say."""

    no_defaults: str = ""  # why it may have no default; "" if it may
    inside_metadata: bool = False
    uncorrelated: str = ""  # the path from which on old and new values do not belong together
    budget: Budget | None = None  # None: rules are not looked at
    cardinality: int | None = 1  # how often a value can be there; None: as often as it fits


def definition_faults(
    document: Document, path: str, metadata: MetadataFaults, *, known_before: bool = False
) -> list[FieldError]:
    """All faults of a schema that stands at a path of its definition.

    `metadata` judges the metadata of an embedded resource. `known_before`: the schema was stored already, so that
    each of its rules may cost what it costs.
    """
    # The original does not look at the structure of what it cannot read.
    known = _is_readable(document)
    found = structural_faults(document, path) if known else []
    sound = known and not found
    if sound:
        found = list(default_faults(document, path, metadata))
        sound = not found
    budget = Budget(document, forgiving=known_before) if sound else None
    place = Place(budget=budget)
    words, rules = _split(_node_faults(document, path, place, root=True))
    found = [*found, *words, *rules]
    if budget is not None:
        found += budget.overspent(path)
    if not found and not known:
        # Of what cannot be read only this is no fault of a word.
        found.append(invalid(path, "", "OpenAPIV3Schema 'schema' is not supported"))
    return found


def _is_readable(document: Document) -> bool:
    if any(document.get(word) for word in _UNREADABLE) or document.get("type") == "null":
        return False
    items = document.get("items")
    return not isinstance(items, list | tuple) and all(map(_is_readable, _below(document)))


def _below(document: Document) -> list[Document]:
    parts = (document.get(word) for word in ("items", "additionalProperties", "not"))
    below = [*(document.get("properties") or {}).values()]
    below += [each for each in parts if isinstance(each, Mapping)]
    below += [each for word in ("allOf", "anyOf", "oneOf") for each in document.get(word) or ()]
    return below


def _split(faults: Faults) -> tuple[list[FieldError], list[FieldError]]:
    """Faults of words, and faults of rules: these are told last, and only of a schema without others."""
    words: list[FieldError] = []
    rules: list[FieldError] = []
    for fault in faults:
        about_rule = f"{_RULES}[" in fault.field and isinstance(fault.value, _RuleFault)
        (rules if about_rule else words).append(fault)
    plain = [
        replace(each, value=each.value.shown) if isinstance(each.value, _RuleFault) else each
        for each in rules
    ]
    return words, [] if words else plain


class _RuleFault(Struct, frozen=True):
    """Marks a fault as one of a compiled rule, with the value to show."""

    shown: Any


# --- one node ------------------------------------------------------------------------------


def _node_faults(document: Document, path: str, place: Place, *, root: bool = False) -> Faults:
    yield from _word_faults(document, path, place)
    yield from _list_faults(document, path)
    yield from _faults_below(document, path, place, root)
    yield from _rule_word_faults(document, path)
    if place.budget is not None:
        yield from _compiled_rule_faults(document, path, place, place.budget)


def _word_faults(document: Document, path: str, place: Place) -> Faults:
    type_ = document.get("type") or ""
    if type_ and type_ not in _TYPES:
        yield not_supported(child(path, "type"), type_, _TYPES)
    if document.get("default") is not None and place.no_defaults:
        yield forbidden(child(path, "default"), f"must not be set {place.no_defaults}")
    for word, name in _NOT_SUPPORTED:
        if document.get(word):
            yield forbidden(child(path, word), f"{name} is not supported")
    if type_ == "null":
        detail = "type cannot be set to null, use nullable as an alternative"
        yield forbidden(child(path, "type"), detail)
    if document.get("items") in ([], ()):
        yield required(child(path, "items"), "must be specified")
    elif isinstance(document.get("items"), list | tuple):
        yield forbidden(child(path, "items"), "items must be a schema object and not an array")
    if place.inside_metadata and document.get("x-kubernetes-embedded-resource"):
        detail = "must not be used inside of resource meta"
        yield forbidden(child(path, "x-kubernetes-embedded-resource"), detail)
    if document.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield forbidden(child(path, "uniqueItems"), detail)
    additional = document.get("additionalProperties")
    if document.get("properties") and (additional is False or isinstance(additional, Mapping)):
        detail = "additionalProperties and properties are mutual exclusive"
        yield forbidden(child(path, "additionalProperties"), detail)
    if document.get("x-kubernetes-preserve-unknown-fields") is False:
        where = child(path, "x-kubernetes-preserve-unknown-fields")
        yield invalid(where, False, "must be true or undefined")


def _faults_below(document: Document, path: str, place: Place, root: bool) -> Faults:
    if place.budget is not None:
        place = replace(place, cardinality=_times(place.cardinality, document))
    additional = document.get("additionalProperties")
    if isinstance(additional, Mapping):
        inside = place
        if place.inside_metadata:
            inside = _without_defaults(
                place, "inside additionalProperties applying to object metadata"
            )
        where = child(path, "additionalProperties")
        yield from _node_faults(additional, where, inside)
    embedded = bool(document.get("x-kubernetes-embedded-resource"))
    correlated = document.get(_MAP_TYPE) in (None, "", "granular")
    for name, part in sorted((document.get("properties") or {}).items()):
        inside = place if correlated else _uncorrelated(place, path)
        if (root or embedded) and name in _OF_EVERY_OBJECT:
            inside = replace(inside, inside_metadata=True)
            if root:
                inside = _without_defaults(inside, f"in top-level {name}")
        where = key(child(path, "properties"), name)
        yield from _node_faults(part, where, inside)
    negated = document.get("not")
    if isinstance(negated, Mapping):
        yield from _node_faults(negated, child(path, "not"), replace(place, budget=None))
    for word in ("allOf", "oneOf", "anyOf"):
        for i, part in enumerate(document.get(word) or ()):
            yield from _node_faults(part, index(child(path, word), i), replace(place, budget=None))
    items = document.get("items")
    if items is not None:
        inside = place if document.get(_LIST_TYPE) == "map" else _uncorrelated(place, path)
        if isinstance(items, Mapping):
            yield from _node_faults(items, child(path, "items"), inside)


def _without_defaults(place: Place, reason: str) -> Place:
    return replace(place, no_defaults=reason)


def _uncorrelated(place: Place, path: str) -> Place:
    return place if place.uncorrelated else replace(place, uncorrelated=path)


# --- lists and maps ------------------------------------------------------------------------


def _list_faults(document: Document, path: str) -> Faults:
    type_ = document.get("type") or ""
    map_type, list_type = document.get(_MAP_TYPE), document.get(_LIST_TYPE)
    where = child(path, "type")
    if map_type is not None:
        if type_ != "object":
            detail = "must be object if x-kubernetes-map-type is specified"
            yield invalid(where, type_, detail) if type_ else required(where, detail)
        if map_type not in _MAP_TYPES:
            yield not_supported(child(path, _MAP_TYPE), map_type, _MAP_TYPES)
    items = document.get("items")
    items = items if isinstance(items, Mapping) else None
    if list_type is not None and type_ != "array":
        detail = "must be array if x-kubernetes-list-type is specified"
        yield invalid(where, type_, detail) if type_ else required(where, detail)
    elif list_type == "set" and items is not None:
        yield from _set_faults(items, child(path, "items"))
    if list_type is not None and list_type not in _LIST_TYPES:
        yield not_supported(child(path, _LIST_TYPE), list_type, _LIST_TYPES)
    keys = document.get(_MAP_KEYS) or ()
    if keys and list_type != "map":
        detail = "must be map if x-kubernetes-list-map-keys is non-empty"
        where = child(path, _LIST_TYPE)
        yield required(where, detail) if list_type is None else invalid(where, list_type, detail)
    if list_type == "map":
        yield from _map_list_faults(items, keys, path)
    if list_type in ("set", "map") and items is not None:
        yield from _keyed_item_faults(items, keys, list_type, child(path, "items"))


def _set_faults(items: Document, path: str) -> Faults:
    detail = "must be atomic as item of a list with x-kubernetes-list-type=set"
    if items.get("type") == "array" and items.get(_LIST_TYPE) not in (None, "atomic"):
        yield invalid(child(path, _LIST_TYPE), items.get(_LIST_TYPE), detail)
    if items.get("type") == "object" and items.get(_MAP_TYPE) != "atomic":
        yield invalid(child(path, _MAP_TYPE), items.get(_LIST_TYPE), detail)


def _map_list_faults(items: Document | None, keys: Sequence[str], path: str) -> Faults:
    where = child(path, _MAP_KEYS)
    if not keys:
        yield required(where, "must not be empty if x-kubernetes-list-type is map")
    if items is None:
        detail = "must have a schema if x-kubernetes-list-type is map"
        yield required(child(path, "items"), detail)
        return
    if items.get("type") != "object":
        detail = "must be object if parent array's x-kubernetes-list-type is map"
        yield invalid(child(path, "items", "type"), items.get("type") or "", detail)
        return
    properties = items.get("properties") or {}
    for i, name in enumerate(keys):
        if name not in properties:
            yield invalid(where, keys, "entries must all be names of item properties")
        elif properties[name].get("type") in ("array", "object"):
            detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            at = child(key(child(path, "items", "properties"), name), "type")
            yield invalid(at, items.get("type"), detail)
        if name in keys[:i]:
            yield invalid(where, keys, "must not contain duplicate entries")


def _keyed_item_faults(items: Document, keys: Sequence[str], list_type: str, path: str) -> Faults:
    if items.get("nullable"):
        detail = f"cannot be nullable when x-kubernetes-list-type is {list_type}"
        yield forbidden(child(path, "nullable"), detail)
    if list_type != "map":
        return
    properties = items.get("properties") or {}
    this = "this property is in x-kubernetes-list-map-keys, so it"
    for name in keys:
        part = properties.get(name)
        if part is None:
            continue
        where = key(child(path, "properties"), name)
        if name not in (items.get("required") or ()) and part.get("default") is None:
            detail = f"{this} must have a default or be a required property"
            yield required(child(where, "default"), detail)
        if part.get("nullable"):
            yield forbidden(child(where, "nullable"), f"{this} cannot be nullable")


# --- rules ---------------------------------------------------------------------------------


def _rule_word_faults(document: Document, path: str) -> Faults:
    for i, rule in enumerate(document.get(_RULES) or ()):
        where = index(child(path, _RULES), i)
        text, message = str(rule.get("rule") or ""), str(rule.get("message") or "")
        if not text.strip():
            yield required(child(where, "rule"), "rule is not specified")
        elif message and not message.strip():
            yield invalid(child(where, "message"), message, "must be non-empty if specified")
        elif _LINE_BREAK.search(message.strip()):
            yield invalid(child(where, "message"), message, "must not contain line breaks")
        elif _LINE_BREAK.search(text.strip()) and not message.strip():
            detail = "message must be specified if rule contains line breaks"
            yield required(child(where, "message"), detail)
        said = str(rule.get("messageExpression") or "")
        if said and not said.strip():
            detail = "messageExpression must be non-empty if specified"
            yield required(child(where, "messageExpression"), detail)
        reason = rule.get("reason")
        if reason is not None and reason not in _REASONS:
            yield not_supported(child(where, "reason"), reason, _REASONS)
        yield from _field_path_faults(document, str(rule.get("fieldPath") or ""), where)


def _field_path_faults(document: Document, field_path: str, path: str) -> Faults:
    where = child(path, "fieldPath")
    if not field_path:
        return
    if not field_path.strip():
        yield invalid(where, field_path, "must be non-empty if specified")
    if _LINE_BREAK.search(field_path):
        yield invalid(where, field_path, "must not contain line breaks")
    if isinstance(node_at(document, field_path), str):
        yield invalid(where, field_path, "must be a valid path")


def _compiled_rule_faults(document: Document, path: str, place: Place, budget: Budget) -> Faults:
    declared = budget.types.of(document)
    if declared is None and document.get(_RULES):
        words = (
            "internal error: failed to construct type information for x-kubernetes-validations rules: "
            "unable to convert structural schema to CEL declarations"
        )
        yield internal(child(path, _RULES), words)
        return
    for i, rule in enumerate(document.get(_RULES) or ()):
        where = index(child(path, _RULES), i)
        if not str(rule.get("rule") or "").strip():
            continue
        assert declared is not None
        try:
            costs = costs_of(rule, declared, budget.types, place.cardinality)
        except CompileError as error:
            if isinstance(error, MessageError):
                for fault in budget.spend(child(where, "rule"), error.cost, _RULE_COST):
                    yield replace(fault, value=_RuleFault(None))
            part = "messageExpression" if error.about_message else "rule"
            words = str(error)
            if words.startswith("ERROR:"):
                words = f"compilation failed: {words}"
            yield invalid(child(where, part), _RuleFault(_shown(rule)), words)
            if not error.about_message:  # then nobody knows what it uses
                yield from _old_value_faults(rule, False, where, place)
            continue
        for fault in _cost_faults(costs, where, budget):
            yield replace(fault, value=_RuleFault(None))
        yield from _old_value_faults(rule, costs.transition, where, place)


def _cost_faults(costs: Costs, path: str, budget: Budget) -> Faults:
    """Whether a rule, or its message, is too dear."""
    yield from budget.spend(child(path, "rule"), costs.rule, _RULE_COST)
    if costs.message is not None:
        where = child(path, "messageExpression")
        yield from budget.spend(where, costs.message, "estimated messageExpression cost")


def _old_value_faults(rule: Mapping[str, Any], uses_old: bool, path: str, place: Place) -> Faults:
    if uses_old and place.uncorrelated:
        detail = (
            "oldSelf cannot be used on the uncorrelatable portion of the schema within "
            f"{place.uncorrelated}"
        )
        yield invalid(child(path, "rule"), _RuleFault(rule["rule"]), detail)
    elif not uses_old and rule.get("optionalOldSelf") is not None:
        detail = "may not be set if oldSelf is not used in rule"
        shown = _RuleFault(rule["optionalOldSelf"])
        yield invalid(child(path, "optionalOldSelf"), shown, detail)


def _times(cardinality: int | None, document: Document) -> int | None:
    """How often a value below a node can be there: as often as the node's, times its items."""
    word = ""
    if document.get("type") == "array":
        word = "maxItems"
    elif document.get("type") == "object" and document.get("additionalProperties") is not None:
        word = "maxProperties"
    if not word or cardinality is None:
        return cardinality
    most = document.get(word)
    return None if most is None else cardinality * max(int(most), 0)


def _shown(rule: Mapping[str, Any]) -> dict[str, Any]:
    # The original prints its own Go struct here.
    return {
        "Rule": rule.get("rule") or "",
        "Message": rule.get("message") or "",
        "MessageExpression": rule.get("messageExpression") or "",
        "Reason": rule.get("reason"),
        "FieldPath": rule.get("fieldPath") or "",
        "OptionalOldSelf": rule.get("optionalOldSelf"),
    }

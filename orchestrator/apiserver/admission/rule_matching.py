"""Whether a write is one that a webhook or a policy is about: rules, selectors, scope."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from orchestrator.api.core.v1 import Namespace
from orchestrator.api.meta.v1 import LabelSelector
from orchestrator.apiserver.admission.interface import AdmissionRequest, Reader
from orchestrator.machinery import labels

_ANY: Final = "*"
_NO_LABELS: Final[Mapping[str, str]] = {}


class Rule(Protocol):
    """A `RuleWithOperations`, with or without names."""

    @property
    def operations(self) -> tuple[str, ...]: ...
    @property
    def api_groups(self) -> tuple[str, ...]: ...
    @property
    def api_versions(self) -> tuple[str, ...]: ...
    @property
    def resources(self) -> tuple[str, ...]: ...
    @property
    def scope(self) -> str | None: ...


def any_rule_matches(rules: Iterable[Rule], request: AdmissionRequest) -> bool:
    """Whether one of the rules is about the write."""
    return any(_matches(rule, request) for rule in rules)


def _matches(rule: Rule, request: AdmissionRequest) -> bool:
    resource = request.resource
    names: tuple[str, ...] = getattr(rule, "resource_names", ())
    return (
        _has(rule.operations, request.operation)
        and _has(rule.api_groups, resource.group)
        and _has(rule.api_versions, resource.version)
        and _is_in_scope(rule.scope, request)
        and any(_is_named(text, resource.plural, request.subresource) for text in rule.resources)
        and (not names or request.name in names)
    )


def _has(values: tuple[str, ...], value: str) -> bool:
    return _ANY in values or value in values


def _is_in_scope(scope: str | None, request: AdmissionRequest) -> bool:
    if scope is None or scope == _ANY:
        return True
    # A namespace is an object of the cluster, though its requests name it as their namespace.
    return (scope == "Namespaced") is request.resource.namespaced


def _is_named(text: str, plural: str, subresource: str) -> bool:
    resource, _, wanted = text.partition("/")
    return resource in (_ANY, plural) and wanted in (subresource, _ANY if "/" in text else "")


def selects_namespace(
    selector: LabelSelector | None, request: AdmissionRequest, reader: Reader
) -> bool:
    """Whether the object's namespace is selected; other objects of the cluster always are."""
    if selector is None or not (selector.match_labels or selector.match_expressions):
        return True
    if request.resource.key == "namespaces":
        own = request.object if request.object is not None else request.old_object
        return _selects(selector, own)
    if not request.resource.namespaced:
        return True
    return _selects(selector, reader.get(Namespace, request.namespace))


def selects_object(selector: LabelSelector | None, request: AdmissionRequest) -> bool:
    """Whether the new object or the old one is selected."""
    if selector is None or not (selector.match_labels or selector.match_expressions):
        return True
    objects = (request.object, request.old_object)
    return any(each is not None and _selects(selector, each) for each in objects)


def _selects(selector: LabelSelector, obj: Any) -> bool:
    found = obj.metadata.labels if obj is not None else _NO_LABELS
    return labels.of_struct(selector).matches(found)

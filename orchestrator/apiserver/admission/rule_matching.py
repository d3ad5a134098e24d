"""Whether a write is one that a webhook or a policy is about: rules, selectors, scope."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from orchestrator.api.core.v1 import Namespace
from orchestrator.api.meta.v1 import LabelSelector
from orchestrator.api.scheme import Resource, Scheme
from orchestrator.apiserver.admission.interface import AdmissionRequest, Reader
from orchestrator.apiserver.admission.questions import equivalents
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


def any_rule_matches(
    rules: Iterable[Rule], request: AdmissionRequest, version: Resource | None = None
) -> bool:
    """Whether one of the rules is about the write, or would be in another version of the resource."""
    resource = request.resource if version is None else version
    return any(_matches(rule, request, resource) for rule in rules)


def matched_version(
    rules: Sequence[Rule], match_policy: str | None, request: AdmissionRequest, scheme: Scheme
) -> Resource | None:
    """In which version of the resource the rules are about the write: that of the request if they can.

    Without the policy "Exact" a rule for another version, or another group that serves the same objects,
    means the write, too; earlier rules come first. None: the rules are not about it.
    """
    if any_rule_matches(rules, request):
        return request.resource
    if match_policy == "Exact":
        return None
    others = equivalents(request.resource, scheme)
    found = (each for rule in rules for each in others if _matches(rule, request, each))
    return next(found, None)


def _matches(rule: Rule, request: AdmissionRequest, resource: Resource) -> bool:
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

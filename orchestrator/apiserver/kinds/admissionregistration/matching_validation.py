"""What webhooks and policies are about: rules, selectors, and conditions in CEL."""

from collections.abc import Sequence
from typing import Any, Final

from orchestrator.api.admissionregistration.v1 import (
    MatchCondition,
    MatchResources,
    NamedRuleWithOperations,
    RuleWithOperations,
)
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    duplicate,
    internal,
    invalid,
    not_supported,
    required,
    too_many,
)
from orchestrator.apiserver.validation.selectors import label_selector_errors
from orchestrator.machinery.cel import CompileError
from orchestrator.machinery.cel.checking import Scope
from orchestrator.machinery.cel.expressions import check_program, examined
from orchestrator.machinery.cel.types import shown as type_name
from orchestrator.machinery.names import path_segment_errors, qualified_name_errors

FAILURE_POLICIES: Final = ("Fail", "Ignore")
MATCH_POLICIES: Final = ("Equivalent", "Exact")
REINVOCATIONS: Final = ("IfNeeded", "Never")
_SCOPES: Final = ("*", "Cluster", "Namespaced")
_OPERATIONS: Final = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_MAX_CONDITIONS: Final = 64
_ANY: Final = "*"


# --- rules ---------------------------------------------------------------------------------


def rule_errors(path: str, rule: RuleWithOperations | NamedRuleWithOperations) -> Errors:
    """Which operations on which resources."""
    yield from _listed(f"{path}.operations", rule.operations, "operations")
    for i, operation in enumerate(rule.operations):
        if operation not in _OPERATIONS:
            yield not_supported(f"{path}.operations[{i}]", operation, _OPERATIONS)
    yield from _listed(f"{path}.apiGroups", rule.api_groups, "API groups")
    yield from _listed(f"{path}.apiVersions", rule.api_versions, "API versions")
    for i, version in enumerate(rule.api_versions):
        if not version:
            yield required(f"{path}.apiVersions[{i}]")
    yield from _resource_errors(f"{path}.resources", rule.resources)
    if rule.scope is not None and rule.scope not in _SCOPES:
        yield not_supported(f"{path}.scope", rule.scope, _SCOPES)


def _listed(path: str, values: Sequence[str], what: str) -> Errors:
    if not values:
        yield required(path)
    if len(values) > 1 and _ANY in values:
        yield invalid(path, values, f"if '*' is present, must not specify other {what}")


def _resource_errors(path: str, resources: Sequence[str]) -> Errors:
    if not resources:
        yield required(path)
    every_subresource: set[str] = set()
    of_every_resource: set[str] = set()
    plain = False
    for i, text in enumerate(resources):
        if not text:
            yield required(f"{path}[{i}]")
            continue
        resource, slash, subresource = text.partition("/")
        if not slash:
            plain = text != _ANY
            continue
        if resource in every_subresource:
            detail = f"if '{resource}/*' is present, must not specify {text}"
            yield invalid(f"{path}[{i}]", text, detail)
        if subresource in of_every_resource:
            detail = f"if '*/{subresource}' is present, must not specify {text}"
            yield invalid(f"{path}[{i}]", text, detail)
        if subresource == _ANY:
            every_subresource.add(resource)
        if resource == _ANY:
            of_every_resource.add(subresource)
    if len(resources) > 1 and "*/*" in resources:
        yield invalid(path, resources, "if '*/*' is present, must not specify other resources")
    if _ANY in resources and plain:
        detail = "if '*' is present, must not specify other resources without subresources"
        yield invalid(path, resources, detail)


def match_errors(path: str, match: MatchResources) -> Errors:
    """What a policy, or its binding, is about."""
    if match.match_policy is None:
        yield required(f"{path}.matchPolicy")
    elif match.match_policy not in MATCH_POLICIES:
        yield not_supported(f"{path}.matchPolicy", match.match_policy, MATCH_POLICIES)
    for wire, selector in (
        ("namespaceSelector", match.namespace_selector),
        ("objectSelector", match.object_selector),
    ):
        if selector is None:
            yield required(f"{path}.{wire}")
        yield from label_selector_errors(f"{path}.{wire}", selector)
    for wire, rules in (
        ("resourceRules", match.resource_rules),
        ("excludeResourceRules", match.exclude_resource_rules),
    ):
        for i, rule in enumerate(rules):
            yield from _named_rule_errors(f"{path}.{wire}[{i}]", rule)


def _named_rule_errors(path: str, rule: NamedRuleWithOperations) -> Errors:
    for i, name in enumerate(rule.resource_names):
        where = f"{path}.resourceNames[{i}]"
        yield from complaints(where, name, path_segment_errors(name))
        if name in rule.resource_names[:i]:
            yield duplicate(where, name)
    yield from rule_errors(path, rule)


# --- expressions ---------------------------------------------------------------------------


def condition_errors(path: str, conditions: Sequence[MatchCondition], scope: Scope) -> Errors:
    """Conditions in CEL, all of which must hold for the webhook or policy to be asked."""
    if len(conditions) > _MAX_CONDITIONS:
        yield too_many(path, len(conditions), _MAX_CONDITIONS)
    names: set[str] = set()
    for i, condition in enumerate(conditions):
        where, text = f"{path}[{i}]", condition.expression.strip()
        if not text:
            yield required(f"{where}.expression")
        else:
            yield from expression_errors(f"{where}.expression", text, scope, "bool")
        if not condition.name:
            yield required(f"{where}.name")
            continue
        yield from complaints(
            f"{where}.name", condition.name, qualified_name_errors(condition.name)
        )
        if condition.name in names:
            yield duplicate(f"{where}.name", condition.name)
        names.add(condition.name)


def expression_errors(path: str, text: str, scope: Scope, *types: str, shown: Any = None) -> Errors:
    """An expression that must compile and give one of the types (none named: any)."""
    shown = text if shown is None else shown
    try:
        parsed, checked = examined(text, scope)
    except CompileError as error:
        yield invalid(path, shown, f"compilation failed: {error}")
        return
    given = type_name(checked.gives, by_protobuf=True)
    if types and given not in types:
        wanted = types[0] if len(types) == 1 else f"one of [{' '.join(types)}]"
        yield invalid(path, shown, f"must evaluate to {wanted} but got {given}")
        return
    try:
        check_program(parsed, checked)
    except CompileError as error:
        yield internal(path, str(error))

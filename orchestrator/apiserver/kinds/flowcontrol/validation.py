"""Flow schemas and priority levels."""

from collections.abc import Sequence
from math import ceil, log2
from typing import Any, Final

from orchestrator.api.flowcontrol.v1 import (
    ExemptPriorityLevelConfiguration,
    FlowSchema,
    FlowSchemaSpec,
    LimitedPriorityLevelConfiguration,
    LimitResponse,
    NonResourcePolicyRule,
    PolicyRulesWithSubjects,
    PriorityLevelConfiguration,
    PriorityLevelConfigurationSpec,
    QueuingConfiguration,
    ResourcePolicyRule,
    ServiceAccountSubject,
    Subject,
)
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.metadata import dns_subdomain
from orchestrator.apiserver.validation.rules import WHOLE, Rules
from orchestrator.machinery.names import dns1123_label_errors

_METHODS: Final = ("ByNamespace", "ByUser")
_SUBJECTS: Final = ("Group", "ServiceAccount", "User")
_TYPES: Final = ("Exempt", "Limited")
_RESPONSES: Final = ("Queue", "Reject")
_VERBS: Final = (
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "proxy",
    "update",
    "watch",
)
_MAX_PRECEDENCE: Final = 10_000
_MAX_QUEUES: Final = 10_000_000
_MAX_ENTROPY: Final = 60  # bits of a hash of which hands are dealt
_ANY: Final = "*"


# --- flow schemas --------------------------------------------------------------------------


def _flow_errors(flow: FlowSchema) -> Errors:
    spec = flow.spec or FlowSchemaSpec()
    precedence, path = spec.matching_precedence or 0, "spec.matchingPrecedence"
    if precedence <= 0:
        yield invalid(path, precedence, "must be a positive value")
    if precedence > _MAX_PRECEDENCE:
        yield invalid(path, precedence, f"must not be greater than {_MAX_PRECEDENCE}")
    if precedence == 1 and flow.metadata.name != "exempt":
        detail = "only the schema named 'exempt' may have matchingPrecedence 1"
        yield invalid(path, precedence, detail)
    method = spec.distinguisher_method
    if method is not None and method.type not in _METHODS:
        yield not_supported("spec.distinguisherMethod.type", {"Type": method.type}, _METHODS)
    level, path = spec.priority_level_configuration.name, "spec.priorityLevelConfiguration.name"
    if level:
        yield from complaints(path, level, dns_subdomain(level))
    else:
        yield required(path, "must reference a priority level")
    for i, rule in enumerate(spec.rules):
        yield from _rule_errors(f"spec.rules[{i}]", rule)
    yield from _flow_status_errors(flow, flow)


def _rule_errors(path: str, rule: PolicyRulesWithSubjects) -> Errors:
    for i, subject in enumerate(rule.subjects):
        yield from _subject_errors(f"{path}.subjects[{i}]", subject)
    if not rule.subjects:
        yield required(f"{path}.subjects", "subjects must contain at least one value")
    if not rule.resource_rules and not rule.non_resource_rules:
        detail = "at least one of resourceRules and nonResourceRules has to be non-empty"
        yield required(path, detail)
    for i, resource_rule in enumerate(rule.resource_rules):
        yield from _resource_rule_errors(f"{path}.resourceRules[{i}]", resource_rule)
    for i, url_rule in enumerate(rule.non_resource_rules):
        yield from _url_rule_errors(f"{path}.nonResourceRules[{i}]", url_rule)


def _subject_errors(path: str, subject: Subject) -> Errors:
    if subject.kind not in _SUBJECTS:
        yield not_supported(f"{path}.kind", subject.kind, _SUBJECTS)
        return
    wires = {"ServiceAccount": "serviceAccount", "User": "user", "Group": "group"}
    named: dict[str, Any] = {
        "ServiceAccount": subject.service_account,
        "User": subject.user,
        "Group": subject.group,
    }
    wire, who = wires[subject.kind], named.pop(subject.kind)
    if who is None:
        yield required(
            f"{path}.{wire}", f"{wire} is required when subject kind is '{subject.kind}'"
        )
    elif isinstance(who, ServiceAccountSubject):
        yield from _account_errors(f"{path}.{wire}", who)
    elif not who.name:
        yield required(f"{path}.{wire}.name")
    for kind, other in named.items():
        if other is not None:
            wire = wires[kind]
            detail = f"{wire} is forbidden when subject kind is not '{kind}'"
            yield forbidden(f"{path}.{wire}", detail)


def _account_errors(path: str, account: ServiceAccountSubject) -> Errors:
    if not account.name:
        yield required(f"{path}.name")
    elif account.name != _ANY:
        yield from complaints(f"{path}.name", account.name, dns_subdomain(account.name))
    if account.namespace:
        messages = dns1123_label_errors(account.namespace)
        yield from complaints(f"{path}.namespace", account.namespace, messages)
    else:
        yield required(f"{path}.namespace", "must specify namespace for service account")


def _verb_errors(path: str, verbs: Sequence[str]) -> Errors:
    if not verbs:
        yield required(path, "verbs must contain at least one value")
    elif _ANY in verbs:
        yield from _alone(path, verbs, "verbs")
    elif not set(verbs) <= set(_VERBS):
        yield not_supported(path, verbs, _VERBS)


def _alone(path: str, values: Sequence[str], what: str) -> Errors:
    """A star beside others says the same twice."""
    if len(values) > 1 and _ANY in values:
        yield invalid(path, values, f"if '*' is present, must not specify other {what}")


def _resource_rule_errors(path: str, rule: ResourcePolicyRule) -> Errors:
    yield from _verb_errors(f"{path}.verbs", rule.verbs)
    for wire, values, one, many in (
        ("apiGroups", rule.api_groups, "api group", "api groups"),
        ("resources", rule.resources, "resource", "resources"),
    ):
        if not values:
            yield required(f"{path}.{wire}", f"resource rules must supply at least one {one}")
        yield from _alone(f"{path}.{wire}", values, many)
    where = f"{path}.namespaces"
    if not rule.namespaces and not rule.cluster_scope:
        detail = "resource rules that are not cluster scoped must supply at least one namespace"
        yield required(where, detail)
    elif _ANY in rule.namespaces:
        yield from _alone(where, rule.namespaces, "namespaces")
    else:
        intro = "each member of this list must be '*' or a DNS-1123 label; "
        for i, name in enumerate(rule.namespaces):
            messages = (intro + message for message in dns1123_label_errors(name))
            yield from complaints(f"{where}[{i}]", name, messages)


def _url_rule_errors(path: str, rule: NonResourcePolicyRule) -> Errors:
    yield from _verb_errors(f"{path}.verbs", rule.verbs)
    where, urls = f"{path}.nonResourceURLs", rule.non_resource_urls
    if not urls:
        yield required(where, "nonResourceURLs must contain at least one value")
    elif _ANY in urls:
        yield from _alone(where, urls, "non-resource URLs")
    else:
        for i, url in enumerate(urls):
            if detail := _url_fault(url):
                yield invalid(f"{where}[{i}]", url, detail)


def _url_fault(url: str) -> str:
    if not url:
        return "must not be empty"
    if url == "/":
        return ""
    if not url.startswith("/"):
        return "must start with slash"
    if " " in url:
        return "must not contain white-space"
    if "//" in url:
        return "must not contain double slash"
    stars = url.count(_ANY)
    if stars > 1 or (stars == 1 and not url.endswith("/*")):
        return "wildcard can only do suffix matching"
    return ""


def _flow_status_errors(new: FlowSchema, _old: FlowSchema) -> Errors:
    if new.status is not None:
        yield from _condition_errors([each.type or "" for each in new.status.conditions])


def _condition_errors(types: Sequence[str]) -> Errors:
    path = "status.conditions"
    for i, each in enumerate(types):
        if each in types[:i]:
            yield duplicate(f"{path}[{i}].type", each)
        if not each:
            yield required(f"{path}[{i}].type")


# --- priority levels -----------------------------------------------------------------------


def _level_errors(level: PriorityLevelConfiguration) -> Errors:
    spec = level.spec or PriorityLevelConfigurationSpec()
    if (level.metadata.name == "exempt") != (spec.type == "Exempt"):
        detail = "must be 'Exempt' if and only if `name` is 'exempt'"
        yield invalid("spec.type", spec.type, detail)
    if spec.type == "Exempt":
        if spec.limited is not None:
            yield forbidden("spec.limited", "must be nil if the type is not Limited")
        if spec.exempt is not None:
            yield from _share_errors("spec.exempt", spec.exempt)
    elif spec.type == "Limited":
        if spec.exempt is not None:
            yield forbidden("spec.exempt", "must be nil if the type is Limited")
        if spec.limited is None:
            yield required("spec.limited", "must not be empty when type is Limited")
        else:
            yield from _limited_errors("spec.limited", spec.limited)
    else:
        yield not_supported("spec.type", spec.type, _TYPES)
    yield from _level_status_errors(level, level)


def _share_errors(
    path: str, shares: ExemptPriorityLevelConfiguration | LimitedPriorityLevelConfiguration
) -> Errors:
    nominal = shares.nominal_concurrency_shares
    if nominal is not None and nominal < 0:
        yield invalid(f"{path}.nominalConcurrencyShares", nominal, "must be a non-negative integer")
    if isinstance(shares, LimitedPriorityLevelConfiguration):
        yield from _response_errors(
            f"{path}.limitResponse", shares.limit_response or LimitResponse()
        )
    lendable = shares.lendable_percent
    if lendable is not None and not 0 <= lendable <= 100:
        yield invalid(f"{path}.lendablePercent", lendable, "must be between 0 and 100, inclusive")


def _limited_errors(path: str, limited: LimitedPriorityLevelConfiguration) -> Errors:
    yield from _share_errors(path, limited)
    borrowing = limited.borrowing_limit_percent
    if borrowing is not None and borrowing < 0:
        detail = "if specified, must be a non-negative integer"
        yield invalid(f"{path}.borrowingLimitPercent", borrowing, detail)


def _response_errors(path: str, response: LimitResponse) -> Errors:
    where = f"{path}.queuing"
    if response.type == "Reject":
        if response.queuing is not None:
            yield forbidden(where, "must be nil if limited.limitResponse.type is not Limited")
    elif response.type == "Queue":
        if response.queuing is None:
            yield required(where, "must not be empty if limited.limitResponse.type is Limited")
        else:
            yield from _queuing_errors(where, response.queuing)
    else:
        yield not_supported(f"{path}.type", response.type, _RESPONSES)


def _queuing_errors(path: str, queuing: QueuingConfiguration) -> Errors:
    length, queues, hand = (
        queuing.queue_length_limit or 0,
        queuing.queues or 0,
        queuing.hand_size or 0,
    )
    if length <= 0:
        yield invalid(f"{path}.queueLengthLimit", length, "must be positive")
    if queues <= 0:
        yield invalid(f"{path}.queues", queues, "must be positive")
    elif queues > _MAX_QUEUES:
        yield invalid(f"{path}.queues", queues, f"must not be greater than {_MAX_QUEUES}")
    where = f"{path}.handSize"
    if hand <= 0:
        yield invalid(where, hand, "must be positive")
    elif hand > queues:
        yield invalid(where, hand, f"should not be greater than queues ({queues})")
    elif ceil(log2(queues) * hand) > _MAX_ENTROPY:
        detail = (
            f"required entropy bits of deckSize {queues} and handSize {hand} "
            f"should not be greater than {_MAX_ENTROPY}"
        )
        yield invalid(where, hand, detail)


def _level_status_errors(
    new: PriorityLevelConfiguration, _old: PriorityLevelConfiguration
) -> Errors:
    if new.status is not None:
        yield from _condition_errors([each.type or "" for each in new.status.conditions])


FLOW_RULES: Final = Rules(spec=_flow_errors, status=_flow_status_errors, metadata_again=WHOLE)

LEVEL_RULES: Final = Rules(spec=_level_errors, status=_level_status_errors, metadata_again=WHOLE)

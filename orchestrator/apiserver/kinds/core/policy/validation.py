"""LimitRanges and ResourceQuotas."""

from collections.abc import Callable
from typing import Any, Final

from orchestrator.api.core.v1 import (
    LimitRange,
    LimitRangeItem,
    LimitRangeSpec,
    ResourceQuota,
    ResourceQuotaSpec,
    ScopedResourceSelectorRequirement,
)
from orchestrator.apiserver.validation.field import (
    Errors,
    FieldError,
    complaints,
    duplicate,
    forbidden,
    invalid,
    required,
)
from orchestrator.apiserver.validation.golang import as_go
from orchestrator.apiserver.validation.resources import (
    Quantities,
    amounts_errors,
    container_resource_name_errors,
    may_overcommit,
    quota_resource_name_errors,
    resource_name_errors,
    unreadable,
)
from orchestrator.apiserver.validation.rules import WHOLE, Rules
from orchestrator.machinery.names import qualified_name_errors
from orchestrator.machinery.quantities import canonical, compare, nano

# --- LimitRange ----------------------------------------------------------------------------

_LIMIT_TYPES: Final = ("Pod", "Container", "PersistentVolumeClaim")
_FIELDS: Final = (
    ("max", "max"),
    ("min", "min"),
    ("default", "default"),
    ("default_request", "defaultRequest"),
    ("max_limit_request_ratio", "maxLimitRequestRatio"),
)


def _limit_range_errors(limit_range: LimitRange) -> Errors:
    seen = set()
    spec = limit_range.spec or LimitRangeSpec()
    for i, item in enumerate(spec.limits):
        path = f"spec.limits[{i}]"
        if messages := qualified_name_errors(item.type):
            yield from complaints(f"{path}.type", item.type, messages)
        elif "/" not in item.type and item.type not in _LIMIT_TYPES:
            detail = "must be a standard limit type or fully qualified"
            yield invalid(f"{path}.type", item.type, detail)
        if item.type in seen:
            yield duplicate(f"{path}.type", item.type)
        seen.add(item.type)
        yield from _item_errors(path, item)


def _item_errors(path: str, item: LimitRangeItem) -> Errors:
    per_pod = item.type in ("Pod", "Container")
    check = container_resource_name_errors if per_pod else resource_name_errors
    unread = False
    for attribute, wire in _FIELDS:
        amounts: Quantities = getattr(item, attribute)
        if item.type == "Pod" and attribute in ("default", "default_request"):
            if amounts:
                detail = "may not be specified when `type` is 'Pod'"
                yield forbidden(f"{path}.{wire}", detail)
            continue
        for name, quantity in amounts.items():
            yield from check(f"{path}.{wire}[{name}]", name)
            if error := unreadable(f"{path}.{wire}[{name}]", quantity):
                unread = True
                yield error
    if item.type == "PersistentVolumeClaim" and not ({"storage"} & {*item.min, *item.max}):
        detail = "either minimum or maximum storage value is required, but neither was provided"
        yield required(f"{path}.limits", detail)
    if unread:
        return
    for name in sorted({name for attribute, _ in _FIELDS for name in getattr(item, attribute)}):
        yield from _order_errors(path, name, item)


# (the smaller, the greater, which of both is shown, and both names in the sentence)
_ORDERS: Final = (
    ("min", "max", "min", "min", "max"),
    ("min", "default_request", "defaultRequest", "min", "default request"),
    ("default_request", "max", "defaultRequest", "default request", "max"),
    ("default_request", "default", "defaultRequest", "default request", "default limit"),
    ("min", "default", "default", "min", "default"),
    ("default", "max", "default", "default", "max"),
)
# Of the two, the one that the complaint shows as the value.
_SHOWN: Final = ("min", "default_request", "default_request", "default_request", "min", "max")


def _order_errors(path: str, name: str, item: LimitRangeItem) -> Errors:
    is_pod = item.type == "Pod"
    for (low, high, wire, low_title, high_title), shown in zip(_ORDERS, _SHOWN, strict=True):
        if is_pod and {low, high} & {"default", "default_request"}:
            continue
        a, b = getattr(item, low).get(name), getattr(item, high).get(name)
        if a is not None and b is not None and compare(a, b) > 0:
            detail = (
                f"{low_title} value {canonical(a)} is greater than {high_title} value "
                f"{canonical(b)}"
            )
            value = canonical(getattr(item, shown)[name])
            yield invalid(f"{path}.{wire}[{name}]", value, detail)
    ratio = item.max_limit_request_ratio.get(name)
    if ratio is not None:
        yield from _ratio_errors(f"{path}.maxLimitRequestRatio[{name}]", name, ratio, item)
    default, request = item.default.get(name), item.default_request.get(name)
    if default is None or request is None or is_pod or may_overcommit(name):
        return
    if compare(default, request):
        detail = (
            f"default value {canonical(default)} must equal to defaultRequest value "
            f"{canonical(request)} in {name}"
        )
        yield invalid(f"{path}.defaultRequest[{name}]", canonical(request), detail)


def _ratio_errors(path: str, name: str, ratio: Any, item: LimitRangeItem) -> Errors:
    if compare(ratio, "1") < 0:
        yield invalid(path, canonical(ratio), f"ratio {canonical(ratio)} is less than 1")
    low, high = item.min.get(name), item.max.get(name)
    if low is None or high is None or not nano(low):
        return
    limit = nano(high) / nano(low)
    if nano(ratio) / 10**9 > limit:
        detail = f"ratio {canonical(ratio)} is greater than max/min = {limit:f}"
        yield invalid(path, canonical(ratio), detail)


# --- ResourceQuota -------------------------------------------------------------------------

_SCOPES: Final = (
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "VolumeAttributesClass",
    "CrossNamespacePodAffinity",
)
_PLAIN_SCOPES: Final = (*_SCOPES[:4], "CrossNamespacePodAffinity")
_OPPOSITES: Final = (
    {"BestEffort", "NotBestEffort"},
    {"Terminating", "NotTerminating"},
)
_POD_RESOURCES: Final = {
    "pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory",
}  # fmt: skip
_CLAIM_RESOURCES: Final = {"persistentvolumeclaims", "requests.storage"}


def _is_standard(name: str) -> bool:
    errors: Callable[[str, str], Any] = quota_resource_name_errors
    return "/" not in name and not any(errors("", name))


def _applies(scope: str, resource: str) -> bool:
    """Whether counting the resource within the scope makes sense."""
    if scope == "BestEffort":
        return resource == "pods"
    if scope == "VolumeAttributesClass":
        return resource in _CLAIM_RESOURCES
    return resource in _POD_RESOURCES if scope in _SCOPES else True


def _quota_errors(quota: ResourceQuota) -> Errors:
    spec = quota.spec or ResourceQuotaSpec()
    yield from amounts_errors("spec.hard", spec.hard, quota_resource_name_errors)
    standard = [name for name in sorted(spec.hard) if _is_standard(name)]
    for scope in spec.scopes:
        if scope not in _SCOPES:
            yield invalid("spec.scopes", spec.scopes, "unsupported scope")
        for name in standard:
            if not _applies(scope, name):
                detail = "unsupported scope applied to resource"
                yield invalid("spec.scopes", spec.scopes, detail)
    yield from _conflict_errors("spec.scopes", spec, set(spec.scopes))
    if spec.scope_selector is not None:
        path = "spec.scopeSelector.matchExpressions"
        for requirement in spec.scope_selector.match_expressions:
            yield from _scope_errors(path, requirement)
            for name in standard:
                if not _applies(requirement.scope_name, name):
                    detail = "unsupported scope applied to resource"
                    yield invalid(path, spec.scope_selector, detail)
        scopes = {r.scope_name for r in spec.scope_selector.match_expressions}
        yield from _conflict_errors(path, spec, scopes)


def _conflict_errors(path: str, spec: ResourceQuotaSpec, scopes: set[str]) -> Errors:
    for pair in _OPPOSITES:
        if pair <= scopes:
            yield invalid(path, spec.scopes, "conflicting scopes")


def _scope_errors(path: str, requirement: ScopedResourceSelectorRequirement) -> Errors:
    scope, operator = requirement.scope_name, requirement.operator
    if scope not in _SCOPES:
        yield invalid(f"{path}.scopeName", scope, "unsupported scope")
    if scope in _PLAIN_SCOPES and operator != "Exists":
        detail = (
            "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, "
            "ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, "
            "ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
        )
        yield invalid(f"{path}.operator", operator, detail)
    if operator in ("In", "NotIn"):
        if not requirement.values:
            detail = (
                "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            )
            yield required(f"{path}.values", detail)
    elif operator in ("Exists", "DoesNotExist"):
        if requirement.values:
            detail = (
                "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            )
            yield invalid(f"{path}.values", requirement.values, detail)
    else:
        yield invalid(f"{path}.operator", operator, "not a valid selector operator")


def _quota_change_errors(new: ResourceQuota, old: ResourceQuota) -> Errors:
    after = new.spec.scopes if new.spec else ()
    before = old.spec.scopes if old.spec else ()
    if set(after) != set(before):
        yield FieldError("FieldValueInvalid", "spec.scopes", "field is immutable", as_go(after))


def _quota_status_errors(new: ResourceQuota, _old: ResourceQuota) -> Errors:
    if new.status is not None:
        for name, amounts in (("hard", new.status.hard), ("used", new.status.used)):
            yield from amounts_errors(f"status.{name}", amounts, quota_resource_name_errors)


LIMIT_RANGE_RULES: Final = Rules(spec=_limit_range_errors, metadata_again=WHOLE)

RESOURCE_QUOTA_RULES: Final = Rules(
    spec=_quota_errors, update=_quota_change_errors, status=_quota_status_errors
)

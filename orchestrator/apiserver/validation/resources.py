"""Names and amounts of resources: of containers, of quotas, of nodes."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from orchestrator.api.core.v1 import ResourceClaim, ResourceRequirements
from orchestrator.apiserver.validation.field import (
    NEGATIVE,
    NOT_POSITIVE,
    Errors,
    FieldError,
    complaints,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
)
from orchestrator.machinery.errors import QuantityError
from orchestrator.machinery.names import dns1123_label_errors, qualified_name_errors
from orchestrator.machinery.quantities import (
    canonical,
    compare,
    milli,
    nano,
    value,
)

Quantities = Mapping[str, Any]
NameCheck = Callable[[str, str], Errors]

_CONTAINER: Final = frozenset({"cpu", "memory", "ephemeral-storage"})
POD_LEVEL: Final = ("cpu", "hugepages-", "memory")
_COUNTED: Final = frozenset(
    {
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    }
)
_QUOTA: Final = _COUNTED | _CONTAINER | {
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
}  # fmt: skip
_STANDARD: Final = _QUOTA | {"storage"}
_HUGE_PAGES: Final = "hugepages-"
_NOT_STANDARD: Final = "must be a standard resource type or fully qualified"


def is_native(name: str) -> bool:
    """Whether Kubernetes itself defines the resource."""
    return "/" not in name or "kubernetes.io/" in name


def is_huge_pages(name: str) -> bool:
    """Whether the resource is pages of one size (`hugepages-2Mi`)."""
    return name.startswith(_HUGE_PAGES)


def is_extended(name: str) -> bool:
    """Whether the resource is somebody's own, a GPU say."""
    if is_native(name) or name.startswith("requests."):
        return False
    return not qualified_name_errors(f"requests.{name}")


def may_overcommit(name: str) -> bool:
    """Whether more may be allowed than is requested."""
    return is_native(name) and not is_huge_pages(name)


def is_whole(name: str) -> bool:
    """Whether only whole units of the resource exist."""
    return name in _COUNTED or is_extended(name)


def _is_quota_huge_pages(name: str) -> bool:
    return name.startswith((_HUGE_PAGES, "requests.hugepages-"))


# --- names ---------------------------------------------------------------------------------


def resource_name_errors(path: str, name: str) -> Errors:
    """The name of any resource."""
    if messages := qualified_name_errors(name):
        yield from complaints(path, name, messages)
    elif "/" not in name and name not in _STANDARD and not _is_quota_huge_pages(name):
        yield invalid(path, name, _NOT_STANDARD)


def container_resource_name_errors(path: str, name: str) -> Errors:
    """The name of a resource that a container can use."""
    yield from resource_name_errors(path, name)
    if "/" not in name:
        if name not in _CONTAINER and not is_huge_pages(name):
            yield invalid(path, name, "must be a standard resource for containers")
    elif not is_native(name) and not is_extended(name):
        yield invalid(path, name, "doesn't follow extended resource name standard")


def pod_resource_name_errors(path: str, name: str) -> Errors:
    """The name of a resource that a pod as a whole can have."""
    found = tuple(resource_name_errors(path, name))
    yield from found
    if not found and name not in POD_LEVEL and not is_huge_pages(name):
        yield not_supported(path, name, POD_LEVEL)


def quota_resource_name_errors(path: str, name: str) -> Errors:
    """The name of something that a ResourceQuota counts."""
    yield from resource_name_errors(path, name)
    if "/" not in name and name not in _QUOTA and not _is_quota_huge_pages(name):
        yield invalid(path, name, "must be a standard resource for quota")


# --- amounts -------------------------------------------------------------------------------


def unreadable(path: str, quantity: Any) -> FieldError | None:
    """The complaint about something that is no quantity at all; None when it is one."""
    try:
        nano(quantity)
    except (QuantityError, TypeError) as error:
        return invalid(path, quantity, str(error))
    return None


def quantity_errors(path: str, name: str, quantity: Any) -> Errors:
    """An amount of a resource: not below zero, and whole where parts do not exist."""
    if error := unreadable(path, quantity):
        yield error
        return
    if nano(quantity) < 0:
        yield invalid(path, canonical(quantity), NEGATIVE)
    if is_whole(name) and milli(quantity) % 1000:
        yield invalid(path, canonical(quantity), "must be an integer")


def nonnegative_quantity_errors(path: str, quantity: Any) -> Errors:
    """An amount of nothing or more."""
    if error := unreadable(path, quantity):
        yield error
    elif nano(quantity) < 0:
        yield invalid(path, canonical(quantity), NEGATIVE)


def positive_quantity_errors(path: str, quantity: Any) -> Errors:
    """An amount of more than nothing."""
    if error := unreadable(path, quantity):
        yield error
    elif nano(quantity) <= 0:
        yield invalid(path, canonical(quantity), NOT_POSITIVE)


def basic_quantity_errors(path: str, quantity: Any) -> Errors:
    """An amount of something that cannot be less than nothing: capacities of volumes."""
    if error := unreadable(path, quantity):
        yield error
    elif value(quantity) < 0:
        yield invalid(path, value(quantity), "must be a valid resource quantity")


def amounts_errors(path: str, amounts: Quantities, check: NameCheck) -> Errors:
    """Each name and amount of a resource list."""
    for name, quantity in amounts.items():
        yield from check(f"{path}[{name}]", name)
        yield from quantity_errors(f"{path}[{name}]", name, quantity)


def _huge_page_errors(path: str, name: str, quantity: Any) -> Errors:
    if not is_huge_pages(name) or unreadable(path, quantity):
        return
    size = name.removeprefix(_HUGE_PAGES)
    try:
        divisible = value(size) > 0 and value(quantity) % value(size) == 0
    except QuantityError:
        divisible = False
    if not divisible:
        detail = f"{canonical(quantity)} is not positive integer multiple of {name}"
        yield invalid(path, canonical(quantity), detail)


# --- requirements --------------------------------------------------------------------------


def requirement_errors(
    path: str,
    requirements: ResourceRequirements | None,
    claims: Collection[str] = (),
    check: NameCheck = container_resource_name_errors,
) -> Errors:
    """Requests and limits. `claims` are the names of the pod's resource claims."""
    if requirements is None:
        return
    limits, requests = requirements.limits, requirements.requests
    for name, quantity in limits.items():
        here = f"{path}.limits[{name}]"
        yield from check(here, name)
        yield from quantity_errors(here, name, quantity)
        yield from _huge_page_errors(here, name, quantity)
    for name, quantity in requests.items():
        here = f"{path}.requests[{name}]"
        yield from check(here, name)
        yield from quantity_errors(here, name, quantity)
        yield from _request_errors(path, name, quantity, limits)
        yield from _huge_page_errors(here, name, quantity)
    names = {*limits, *requests}
    if any(map(is_huge_pages, names)) and not names & {"cpu", "memory"}:
        yield forbidden(path, "HugePages require cpu or memory")
    if requirements.claims:
        yield from _claim_errors(f"{path}.claims", requirements.claims, claims)


def _request_errors(path: str, name: str, quantity: Any, limits: Quantities) -> Errors:
    limit = limits.get(name)
    if limit is None:
        if not may_overcommit(name):
            detail = "Limit must be set for non overcommitable resources"
            yield required(f"{path}.limits", detail)
        return
    if unreadable(path, quantity) or unreadable(path, limit):
        return
    order = compare(quantity, limit)
    if order != 0 and not may_overcommit(name):
        detail = f"must be equal to {name} limit of {canonical(limit)}"
        yield invalid(f"{path}.requests", canonical(quantity), detail)
    elif order > 0:
        detail = f"must be less than or equal to {name} limit of {canonical(limit)}"
        yield invalid(f"{path}.requests", canonical(quantity), detail)


def _claim_errors(path: str, claims: tuple[ResourceClaim, ...], known: Collection[str]) -> Errors:
    seen: set[str] = set()
    for i, claim in enumerate(claims):
        here = f"{path}[{i}]"
        if not claim.name:
            yield required(here)
            continue
        key = f"{claim.name}/{claim.request}" if claim.request else claim.name
        if claim.request:
            messages = dns1123_label_errors(claim.request)
            yield from complaints(f"{here}.request", claim.request, messages)
        if claim.name in seen or key in seen:
            yield duplicate(here, claim.name if claim.name in seen else key)
        elif not claim.request and any(each.startswith(f"{claim.name}/") for each in seen):
            yield duplicate(here, claim.name)
        seen.add(key)
        if claim.name not in known:
            listed = f": {', '.join(sorted(known))}" if known else " which is empty"
            detail = f"must be one of the names in pod.spec.resourceClaims{listed}"
            yield FieldError("FieldValueNotFound", here, detail, claim.name)

"""Which address families a Service has, where its author left it open.

The cluster has one family, IPv4. A headless service without a selector may still be of both: its addresses
are whatever somebody writes into its slices.
"""

from typing import Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import ServiceSpec
from orchestrator.apiserver.kinds.core.services.validation import cluster_ip_errors
from orchestrator.apiserver.validation.field import Errors, FieldError, invalid
from orchestrator.apiserver.validation.formats import is_ipv6

HEADLESS: Final = "None"
_CONFIGURED: Final = "IPv4"
_FAMILIES: Final = ("IPv4", "IPv6")
_SINGLE: Final = "SingleStack"
_PREFER: Final = "PreferDualStack"
_REQUIRE: Final = "RequireDualStack"
_POLICY: Final = "spec.ipFamilyPolicy"


class FamilyFaults(Exception):
    """The families that are asked for do not go together, or not with the cluster."""

    def __init__(self, faults: list[FieldError]) -> None:
        super().__init__(faults)
        self.faults = faults


def with_families(spec: ServiceSpec, before: ServiceSpec | None) -> ServiceSpec:
    """The spec with policy and families; `before` is what an update replaces. Raises FamilyFaults."""
    if before is not None and _prefers_as_before(spec, before):
        return spec
    spec = _with_policy(spec, before)
    _refuse(cluster_ip_errors(spec))
    if before is not None:
        if spec.ip_family_policy == _SINGLE:
            spec = _released(spec, before)
        else:
            _refuse(_reduced_errors(spec, before))
    _refuse(_single_errors(spec))
    spec = _inferred(spec)
    if _is_selectorless(spec):
        return _with_both(spec)
    _refuse(_unconfigured_errors(spec))
    return spec if spec.ip_families else replace(spec, ip_families=(_CONFIGURED,))


def _refuse(errors: Errors) -> None:
    faults = [*errors]
    if faults:
        raise FamilyFaults(faults)


def _prefers_as_before(spec: ServiceSpec, before: ServiceSpec) -> bool:
    """A service that prefers both is not changed because the cluster has changed."""
    return (
        spec.type == before.type
        and spec.ip_family_policy == before.ip_family_policy == _PREFER
        and spec.cluster_ips == before.cluster_ips
        and spec.ip_families == before.ip_families
    )


def _is_selectorless(spec: ServiceSpec) -> bool:
    return spec.cluster_ip == HEADLESS and not spec.selector


def _with_policy(spec: ServiceSpec, before: ServiceSpec | None) -> ServiceSpec:
    if spec.ip_family_policy is not None:
        return spec
    policy = before.ip_family_policy if before is not None else None
    if policy is None:
        policy = _REQUIRE if _is_selectorless(spec) else _SINGLE
    return replace(spec, ip_family_policy=policy)


def _released(spec: ServiceSpec, before: ServiceSpec) -> ServiceSpec:
    """To want a single family is to give the second one back, unless the author changed them."""
    if len(spec.cluster_ips) > 1 and spec.cluster_ips == before.cluster_ips:
        spec = replace(spec, cluster_ips=spec.cluster_ips[:1])
    if len(spec.ip_families) > 1 and spec.ip_families == before.ip_families:
        spec = replace(spec, ip_families=spec.ip_families[:1])
    return spec


def _reduced_errors(spec: ServiceSpec, before: ServiceSpec) -> Errors:
    parts = (
        (spec.cluster_ips, before.cluster_ips, "cluster IP"),
        (spec.ip_families, before.ip_families, "IP family"),
    )
    for after, present, word in parts:
        if after and len(after) < len(present):
            detail = f"must be 'SingleStack' to release the secondary {word}"
            yield invalid(_POLICY, spec.ip_family_policy, detail)


def _single_errors(spec: ServiceSpec) -> Errors:
    if spec.ip_family_policy == _SINGLE:
        must = "must be 'RequireDualStack' or 'PreferDualStack' when multiple"
        for part, words in ((spec.cluster_ips, "cluster IPs"), (spec.ip_families, "IP families")):
            if len(part) == 2:
                yield invalid(_POLICY, spec.ip_family_policy, f"{must} {words} are specified")


def _inferred(spec: ServiceSpec) -> ServiceSpec:
    """The families of addresses that were chosen."""
    families, faults = [*spec.ip_families], []
    for i, address in enumerate(spec.cluster_ips):
        if address == HEADLESS:
            break
        if i < len(families):
            continue
        family = "IPv6" if is_ipv6(address) else "IPv4"
        if family == _CONFIGURED:
            families.append(family)
        else:
            detail = f"{family} is not configured on this cluster"
            faults.append(invalid(f"spec.clusterIPs[{i}]", spec.cluster_ips, detail))
    if faults:
        raise FamilyFaults(faults)
    found = tuple(families)
    return spec if found == spec.ip_families else replace(spec, ip_families=found)


def _with_both(spec: ServiceSpec) -> ServiceSpec:
    families = spec.ip_families or (_CONFIGURED,)
    if len(families) < 2 and spec.ip_family_policy != _SINGLE:
        families += tuple(each for each in _FAMILIES if each not in families)
    return spec if families == spec.ip_families else replace(spec, ip_families=families)


def _unconfigured_errors(spec: ServiceSpec) -> Errors:
    if spec.ip_family_policy == _REQUIRE:
        detail = "this cluster is not configured for dual-stack services"
        yield invalid(_POLICY, spec.ip_family_policy, detail)
    for i, family in enumerate(spec.ip_families):
        if family != _CONFIGURED:
            yield invalid(f"spec.ipFamilies[{i}]", family, "not configured on this cluster")

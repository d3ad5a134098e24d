"""Roles and their bindings."""

from typing import Final

from orchestrator.api.rbac.v1 import (
    ClusterRole,
    ClusterRoleBinding,
    PolicyRule,
    Role,
    RoleBinding,
    RoleRef,
    Subject,
)
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    invalid,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.golang import as_go
from orchestrator.apiserver.validation.metadata import dns_subdomain
from orchestrator.apiserver.validation.rules import CHANGE_AND_WHOLE, Rules
from orchestrator.apiserver.validation.selectors import label_selector_errors, selects
from orchestrator.machinery.names import path_segment_errors

_GROUP: Final = "rbac.authorization.k8s.io"
_SUBJECTS: Final = ("ServiceAccount", "User", "Group")


def _role_errors(role: Role) -> Errors:
    for i, rule in enumerate(role.rules):
        yield from _rule_errors(f"rules[{i}]", rule, namespaced=True)


def _cluster_role_errors(role: ClusterRole) -> Errors:
    for i, rule in enumerate(role.rules):
        yield from _rule_errors(f"rules[{i}]", rule, namespaced=False)
    if role.aggregation_rule is None:
        return
    path = "aggregationRule.clusterRoleSelectors"
    selectors = role.aggregation_rule.cluster_role_selectors
    if not selectors:
        detail = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        yield required(path, detail)
    for i, selector in enumerate(selectors):
        yield from label_selector_errors(f"{path}[{i}]", selector)
        if selects(selector, {}) is None:
            # The original prints what it could not make of the selector: nothing.
            yield invalid(f"{path}[{i}]", None, "invalid label selector.")


def _rule_errors(path: str, rule: PolicyRule, *, namespaced: bool) -> Errors:
    if not rule.verbs:
        yield required(f"{path}.verbs", "verbs must contain at least one value")
    urls = rule.non_resource_urls
    if urls:
        where = f"{path}.nonResourceURLs"
        if namespaced:
            yield invalid(where, urls, "namespaced rules cannot apply to non-resource URLs")
        if rule.api_groups or rule.resources or rule.resource_names:
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            yield invalid(where, urls, detail)
        return
    if not rule.api_groups:
        detail = "resource rules must supply at least one api group"
        yield required(f"{path}.apiGroups", detail)
    if not rule.resources:
        yield required(f"{path}.resources", "resource rules must supply at least one resource")


# --- bindings ------------------------------------------------------------------------------


def _binding_errors(binding: RoleBinding) -> Errors:
    yield from _role_ref_errors(binding.role_ref, ("Role", "ClusterRole"))
    for i, subject in enumerate(binding.subjects):
        yield from _subject_errors(f"subjects[{i}]", subject, namespaced=True)


def _cluster_binding_errors(binding: ClusterRoleBinding) -> Errors:
    yield from _role_ref_errors(binding.role_ref, ("ClusterRole",))
    for i, subject in enumerate(binding.subjects):
        yield from _subject_errors(f"subjects[{i}]", subject, namespaced=False)


def _role_ref_errors(ref: RoleRef | None, kinds: tuple[str, ...]) -> Errors:
    ref = ref or RoleRef()
    if ref.api_group != _GROUP:
        yield not_supported("roleRef.apiGroup", ref.api_group or "", (_GROUP,))
    if ref.kind not in kinds:
        yield not_supported("roleRef.kind", ref.kind, kinds)
    if not ref.name:
        yield required("roleRef.name")
    else:
        yield from complaints("roleRef.name", ref.name, path_segment_errors(ref.name))


def _subject_errors(path: str, subject: Subject, *, namespaced: bool) -> Errors:
    if not subject.name:
        yield required(f"{path}.name")
    group = subject.api_group or ""
    if subject.kind == "ServiceAccount":
        if subject.name:
            yield from complaints(f"{path}.name", subject.name, dns_subdomain(subject.name))
        if group:
            yield not_supported(f"{path}.apiGroup", group, ("",))
        if not namespaced and not subject.namespace:
            yield required(f"{path}.namespace")
    elif subject.kind not in _SUBJECTS:
        yield not_supported(f"{path}.kind", subject.kind, _SUBJECTS)
    elif group != _GROUP:
        yield not_supported(f"{path}.apiGroup", group, (_GROUP,))


def _binding_change_errors(
    new: RoleBinding | ClusterRoleBinding, old: RoleBinding | ClusterRoleBinding
) -> Errors:
    if new.role_ref != old.role_ref:
        yield invalid("roleRef", as_go(new.role_ref), "cannot change roleRef")


ROLE_RULES: Final = Rules(
    name=path_segment_errors, spec=_role_errors, metadata_again=CHANGE_AND_WHOLE
)

CLUSTER_ROLE_RULES: Final = Rules(
    name=path_segment_errors, spec=_cluster_role_errors, metadata_again=CHANGE_AND_WHOLE
)

ROLE_BINDING_RULES: Final = Rules(
    name=path_segment_errors,
    spec=_binding_errors,
    update=_binding_change_errors,
    metadata_again=CHANGE_AND_WHOLE,
)

CLUSTER_ROLE_BINDING_RULES: Final = Rules(
    name=path_segment_errors,
    spec=_cluster_binding_errors,
    update=_binding_change_errors,
    metadata_again=CHANGE_AND_WHOLE,
)

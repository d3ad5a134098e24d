"""Pod groups and workloads: what is refused, shown and left out of them.

They are served where the feature gate GenericWorkload is on. Fields behind other gates, which are off,
are forgotten, as Kubernetes does.
"""

from collections.abc import Iterable
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from orchestrator.api.scheduling.v1alpha2 import (
    GangSchedulingPolicy,
    PodGroup,
    PodGroupSchedulingPolicy,
    PodGroupTemplate,
    PodGroupTemplateReference,
    TypedLocalObjectReference,
    Workload,
)
from orchestrator.apiserver.defaults.change import each, put
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.resets import STATUS_ALONE
from orchestrator.apiserver.kinds.strategy import OBSERVED
from orchestrator.apiserver.printing import Printer, Row, age
from orchestrator.apiserver.validation.conditions import status_condition_errors
from orchestrator.apiserver.validation.field import (
    IMMUTABLE,
    Errors,
    NameRule,
    complaints,
    duplicate,
    invalid,
    required,
    too_many,
)
from orchestrator.apiserver.validation.metadata import dns_label, dns_subdomain
from orchestrator.apiserver.validation.rules import Rules
from orchestrator.machinery.names import path_segment_errors

_MOST_TEMPLATES: Final = 8
_SCHEDULED: Final = "PodGroupScheduled"
_DISRUPTED: Final = "DisruptionTarget"
_T = TypeVar("_T", PodGroupTemplate, Any)

# --- what is refused -------------------------------------------------------------------------


def _union_errors(path: str, members: Iterable[tuple[str, object]]) -> Errors:
    """Exactly one of some fields must be set."""
    listed = [(f"`{name}`", value is not None) for name, value in members]
    names = ", ".join(name for name, _ in listed)
    present = [name for name, there in listed if there]
    if not present:
        yield invalid(path, "", f"must specify one of: {names}")
    elif len(present) > 1:
        shown = "{" + ", ".join(present) + "}"
        yield invalid(path, shown, f"must specify exactly one of: {names}")


def _name_errors(path: str, name: str, rule: NameRule) -> Errors:
    if not name:
        yield required(path)
    else:
        yield from complaints(path, name, rule(name))


def _policy_errors(path: str, policy: PodGroupSchedulingPolicy) -> Errors:
    yield from _union_errors(path, (("basic", policy.basic), ("gang", policy.gang)))
    if policy.gang is not None:
        yield from _gang_errors(f"{path}.gang.minCount", policy.gang)


def _gang_errors(path: str, gang: GangSchedulingPolicy) -> Errors:
    if not gang.min_count:
        yield required(path)
    elif gang.min_count < 1:
        yield invalid(path, gang.min_count, "must be greater than or equal to 1")


def _reference_errors(path: str, reference: PodGroupTemplateReference) -> Errors:
    yield from _union_errors(path, (("workload", reference.workload),))
    named = reference.workload
    if named is not None:
        yield from _name_errors(f"{path}.workload.workloadName", named.workload_name, dns_subdomain)
        template = named.pod_group_template_name
        yield from _name_errors(f"{path}.workload.podGroupTemplateName", template, dns_label)


def _group_errors(group: PodGroup) -> Errors:
    reference = group.spec.pod_group_template_ref
    if reference is not None:
        yield from _reference_errors("spec.podGroupTemplateRef", reference)
    yield from _policy_errors("spec.schedulingPolicy", group.spec.scheduling_policy)


def _unchanged(path: str, new: object, old: object) -> Errors:
    """As declarative validation says it, which does not show the value."""
    if new is not old and new != old:
        yield invalid(path, None, IMMUTABLE)


def _group_change_errors(new: PodGroup, old: PodGroup) -> Errors:
    now, was = new.spec, old.spec
    yield from _unchanged(
        "spec.podGroupTemplateRef", now.pod_group_template_ref, was.pod_group_template_ref
    )
    yield from _unchanged("spec.schedulingPolicy", now.scheduling_policy, was.scheduling_policy)


def _group_status_errors(new: PodGroup, old: PodGroup) -> Errors:
    if new.status is not None:
        yield from status_condition_errors("status.conditions", new.status.conditions)


def _workload_errors(workload: Workload) -> Errors:
    if workload.spec.controller_ref is not None:
        yield from _controller_errors("spec.controllerRef", workload.spec.controller_ref)
    path, templates = "spec.podGroupTemplates", workload.spec.pod_group_templates
    if not templates:
        yield required(path)
        return
    if len(templates) > _MOST_TEMPLATES:
        yield too_many(path, len(templates), _MOST_TEMPLATES)
        return
    seen: set[str] = set()
    for number, template in enumerate(templates):
        if template.name in seen:
            yield duplicate(f"{path}[{number}]", {"name": template.name})
        seen.add(template.name)
        yield from _name_errors(f"{path}[{number}].name", template.name, dns_label)
        yield from _policy_errors(f"{path}[{number}].schedulingPolicy", template.scheduling_policy)


def _controller_errors(path: str, reference: TypedLocalObjectReference) -> Errors:
    if reference.api_group:
        yield from complaints(
            f"{path}.apiGroup", reference.api_group, dns_subdomain(reference.api_group)
        )
    yield from _name_errors(f"{path}.kind", reference.kind, path_segment_errors)
    yield from _name_errors(f"{path}.name", reference.name, path_segment_errors)


def _workload_change_errors(new: Workload, old: Workload) -> Errors:
    yield from _unchanged("spec.controllerRef", new.spec.controller_ref, old.spec.controller_ref)
    yield from _unchanged(
        "spec.podGroupTemplates", new.spec.pod_group_templates, old.spec.pod_group_templates
    )


# --- what is forgotten -----------------------------------------------------------------------


def _without_gated(part: _T) -> _T:
    """A group's spec, or a template of one, without what other gates bring."""
    kept: _T = put(
        part,
        scheduling_constraints=None,
        resource_claims=(),
        disruption_mode=None,
        priority_class_name="",
        priority=None,
    )
    return kept


def _default_group(group: PodGroup) -> PodGroup:
    spec = _without_gated(group.spec)
    return group if spec is group.spec else replace(group, spec=spec)


def _default_workload(workload: Workload) -> Workload:
    templates = each(workload.spec.pod_group_templates, _without_gated)
    return put(workload, spec=put(workload.spec, pod_group_templates=templates))


# --- what is shown ---------------------------------------------------------------------------


def _group_cells(group: PodGroup, now: float) -> Row:
    conditions = {c.type: c for c in (group.status.conditions if group.status is not None else ())}
    state = "Pending"
    if _SCHEDULED in conditions:
        placed = conditions[_SCHEDULED].status == "True"
        state = "Scheduled" if placed else "Unschedulable"
    if _DISRUPTED in conditions:
        state = conditions[_DISRUPTED].reason
    reference = group.spec.pod_group_template_ref
    named = reference.workload if reference is not None else None
    return (
        group.metadata.name,
        "Basic" if group.spec.scheduling_policy.gang is None else "Gang",
        "<none>" if named is None else named.workload_name,
        state,
        age(group, now),
    )


def _workload_cells(workload: Workload, now: float) -> Row:
    return workload.metadata.name, age(workload, now)


KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        PodGroup,
        rules=Rules(
            spec=_group_errors,
            update=_group_change_errors,
            status=_group_status_errors,
            recheck="never",
        ),
        default=_default_group,
        traits=OBSERVED,
        table=Printer(cells=_group_cells),
        resets=STATUS_ALONE,
    ),
    Kind(
        Workload,
        rules=Rules(spec=_workload_errors, update=_workload_change_errors, recheck="never"),
        default=_default_workload,
        traits=OBSERVED,
        table=Printer(cells=_workload_cells),
    ),
)

"""Which of its names a definition gets, and whether it is established: its conditions.

Follows apiextensions-apiserver's naming and establishing controllers: each name is accepted for itself
if no other definition of the group has it, and a definition all of whose names were accepted once stays
established.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.apiextensions.v1 import (
    CustomResourceDefinition,
    CustomResourceDefinitionCondition,
    CustomResourceDefinitionNames,
    CustomResourceDefinitionStatus,
)
from orchestrator.api.meta.v1 import Time
from orchestrator.machinery.conditions import is_true, with_condition

APPROVED: Final = "api-approved.kubernetes.io"


class Taken(Struct, frozen=True):
    """The names of a group's other definitions: those of resources, and those of kinds."""

    resources: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()


def taken_by(definitions: Iterable[CustomResourceDefinition]) -> Taken:
    """What others have been given."""
    resources: set[str] = set()
    kinds: set[str] = set()
    for each in definitions:
        names = each.status.accepted_names if each.status is not None else None
        if names is not None:
            resources |= {names.plural, names.singular or "", *names.short_names}
            kinds |= {names.kind, names.list_kind or ""}
    return Taken(frozenset(resources - {""}), frozenset(kinds - {""}))


def named_status(
    definition: CustomResourceDefinition, taken: Taken, now: Time
) -> CustomResourceDefinitionStatus:
    """The status of a definition beside what is taken; the present one if nothing changes."""
    status = definition.status or CustomResourceDefinitionStatus()
    before = status.accepted_names or CustomResourceDefinitionNames()
    accepted, refusal = _accepted(definition.spec.names, before, taken)
    conditions = status.conditions
    conditions = with_condition(conditions, refusal or _NO_CONFLICTS, now)
    if refusal is not None and not is_true(status.conditions, "Established"):
        conditions = with_condition(conditions, _NOT_ACCEPTED, now)
    elif refusal is None and not is_true(status.conditions, "Established"):
        conditions = with_condition(conditions, _ESTABLISHED, now)
    approval = _approval(definition)
    if approval is not None:
        conditions = with_condition(conditions, approval, now)
    if accepted == before and conditions is status.conditions:
        return status
    return replace(status, accepted_names=accepted, conditions=conditions)


def is_established(definition: CustomResourceDefinition) -> bool:
    """Whether what it defines is served."""
    status = definition.status
    return status is not None and is_true(status.conditions, "Established")


def _accepted(
    wanted: CustomResourceDefinitionNames, before: CustomResourceDefinitionNames, taken: Taken
) -> tuple[CustomResourceDefinitionNames, CustomResourceDefinitionCondition | None]:
    """The names that it gets, and why it does not get all of them."""
    refusal: CustomResourceDefinitionCondition | None = None
    changes: dict[str, object] = {"categories": wanted.categories}
    for field, word, others in (
        ("plural", "Plural", taken.resources),
        ("singular", "Singular", taken.resources),
        ("kind", "Kind", taken.kinds),
        ("list_kind", "ListKind", taken.kinds),
    ):
        name = getattr(wanted, field)
        if name and name in others:
            refusal = _refusal(word, f'"{name}" is already in use')
        else:
            changes[field] = name
        if field == "singular":
            clashes = [each for each in wanted.short_names if each in others]
            if clashes:
                said = [f'"{each}" is already in use' for each in clashes]
                text = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
                refusal = _refusal("ShortNames", text)
            else:
                changes["short_names"] = wanted.short_names
    return replace(before, **changes), refusal


def _refusal(word: str, message: str) -> CustomResourceDefinitionCondition:
    return CustomResourceDefinitionCondition(
        type="NamesAccepted", status="False", reason=f"{word}Conflict", message=message
    )


_NO_CONFLICTS: Final = CustomResourceDefinitionCondition(
    type="NamesAccepted", status="True", reason="NoConflicts", message="no conflicts found"
)
_NOT_ACCEPTED: Final = CustomResourceDefinitionCondition(
    type="Established",
    status="False",
    reason="NotAccepted",
    message="not all names are accepted",
)
_ESTABLISHED: Final = CustomResourceDefinitionCondition(
    type="Established",
    status="True",
    reason="InitialNamesAccepted",
    message="the initial names have been accepted",
)


def is_protected(group: str) -> bool:
    """Whether a group is the Kubernetes community's own."""
    return group in ("k8s.io", "kubernetes.io") or group.endswith((".k8s.io", ".kubernetes.io"))


def _approval(definition: CustomResourceDefinition) -> CustomResourceDefinitionCondition | None:
    if not is_protected(definition.spec.group):
        return None
    said = definition.metadata.annotations.get(APPROVED, "")
    unapproved = not said or said.startswith("unapproved")
    return CustomResourceDefinitionCondition(
        type="KubernetesAPIApprovalPolicyConformant",
        status="False" if unapproved else "True",
        reason="UnapprovedAnnotation" if unapproved else "ApprovedAnnotation",
        message=f'not approved: "{said}"' if unapproved else f"approved in {said}",
    )

"""What default roles may do with pod groups and workloads, where those are served."""

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from msgspec.structs import replace

from orchestrator.api.rbac.v1 import ClusterRole, ClusterRoleBinding, PolicyRule

_T = TypeVar("_T", ClusterRole, ClusterRoleBinding)

_GROUPS: Final = ("scheduling.k8s.io",)
_READ: Final = ("get", "list", "watch")
_WRITE: Final = ("create", "delete", "deletecollection", "patch", "update")


def _rule(verbs: tuple[str, ...], *resources: str) -> PolicyRule:
    return PolicyRule(api_groups=_GROUPS, resources=resources, verbs=verbs)


_VIEWED: Final = _rule(_READ, "podgroups", "podgroups/status", "workloads")
_EDITED: Final = _rule(_WRITE, "podgroups", "workloads")
_RULES: Final = {
    "admin": (_EDITED, _VIEWED),
    "edit": (_EDITED, _VIEWED),
    "view": (_VIEWED,),
    "system:aggregate-to-edit": (_EDITED,),
    "system:aggregate-to-view": (_VIEWED,),
    "system:kube-scheduler": (
        _rule(_READ, "podgroups"),
        _rule(("patch", "update"), "podgroups/status"),
    ),
}


_PROTECTED_BY: Final = "podgroup-protection-controller"
_ROLE: Final = f"system:controller:{_PROTECTED_BY}"
_PROTECTING: Final = (
    _rule(("get", "list", "update", "watch"), "podgroups"),
    PolicyRule(api_groups=("",), resources=("pods",), verbs=_READ),
)
_LIKE: Final = "system:controller:pv-protection-controller"
"""What the role of another controller, and its binding, say besides names and rules this one's say, too."""


def roles_with_groups(roles: Sequence[ClusterRole]) -> tuple[ClusterRole, ...]:
    """The default roles as the feature gate GenericWorkload makes them, in the order of names."""
    (like,) = (each for each in roles if each.metadata.name == _LIKE)
    own = replace(like, metadata=replace(like.metadata, name=_ROLE), rules=_PROTECTING)
    return _sorted((*map(_with_group_rules, roles), own))


def _with_group_rules(role: ClusterRole) -> ClusterRole:
    more = _RULES.get(role.metadata.name)
    return role if more is None else replace(role, rules=(*role.rules, *more))


def bindings_with_groups(bindings: Sequence[ClusterRoleBinding]) -> tuple[ClusterRoleBinding, ...]:
    """The default bindings with that of the controller that lets groups go, in the order of names."""
    (like,) = (each for each in bindings if each.metadata.name == _LIKE)
    own = replace(
        like,
        metadata=replace(like.metadata, name=_ROLE),
        role_ref=replace(like.role_ref, name=_ROLE),
        subjects=(replace(like.subjects[0], name=_PROTECTED_BY),),
    )
    return _sorted((*bindings, own))


def _sorted(objects: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(sorted(objects, key=lambda each: each.metadata.name))

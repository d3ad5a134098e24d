"""What default roles may do with pod groups and workloads, where those are served."""

from typing import Final

from msgspec.structs import replace

from orchestrator.api.rbac.v1 import ClusterRole, PolicyRule

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


def with_group_rules(role: ClusterRole) -> ClusterRole:
    """A default role as the feature gate GenericWorkload makes it."""
    more = _RULES.get(role.metadata.name)
    return role if more is None else replace(role, rules=(*role.rules, *more))

"""ClusterRoles that are made of others: their rules are those of all roles that their selectors match."""

from collections.abc import Iterable
from typing import Any

from orchestrator.api import codec
from orchestrator.api.rbac.v1 import ClusterRole, PolicyRule
from orchestrator.client import Change, Key, key_of
from orchestrator.controllers.base import KubernetesController
from orchestrator.machinery.labels import compile_selector


def rules_for(role: ClusterRole, roles: Iterable[ClusterRole]) -> tuple[PolicyRule, ...]:
    """The rules of the roles that an aggregating role's selectors match: by selector, then name, each once."""
    if role.aggregation_rule is None:
        return role.rules
    others = sorted(roles, key=lambda each: each.metadata.name)
    found: list[PolicyRule] = []
    for selector in role.aggregation_rule.cluster_role_selectors:
        matches = compile_selector(selector).matches
        for other in others:
            if other.metadata.uid != role.metadata.uid and matches(other.metadata.labels):
                found += (rule for rule in other.rules if rule not in found)
    return tuple(found)


def _applied(name: str, rules: tuple[PolicyRule, ...]) -> dict[str, Any]:
    """What the controller says of a role, which it owns from then on."""
    document = {
        "apiVersion": ClusterRole.api_version,
        "kind": ClusterRole.kind,
        "metadata": {"name": name},
    }
    return document | ({"rules": [codec.to_dict(each) for each in rules]} if rules else {})


class ClusterRoleAggregationController(KubernetesController):
    """Keeps the rules of aggregating roles."""

    name = "clusterrole-aggregation"
    account = "clusterrole-aggregation-controller"
    kind = ClusterRole

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        """Any role may be a part of any that aggregates."""
        roles = self.cache(ClusterRole).list()
        return [key_of(role) for role in roles if role.aggregation_rule is not None]

    async def reconcile(self, key: Key) -> float | None:
        """Write the rules of one role, if they are others than it has."""
        role = self.cache(ClusterRole).get("", key.name)
        if role is None or role.aggregation_rule is None:
            return None
        rules = rules_for(role, self.cache(ClusterRole).list())
        if rules != role.rules:
            await self.client.apply_server_side(
                _applied(role.metadata.name, rules), field_manager=self.account, force=True
            )
        return None

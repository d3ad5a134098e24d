"""What a rule of a role allows: https://kubernetes.io/docs/reference/access-authn-authz/rbac/."""

from collections.abc import Sequence
from typing import Final

from orchestrator.api.rbac.v1 import PolicyRule
from orchestrator.apiserver.authorization.interface import Attributes

_ANY: Final = "*"


def allows(rule: PolicyRule, asked: Attributes) -> bool:
    """Whether the rule grants it."""
    if _ANY not in rule.verbs and asked.verb not in rule.verbs:
        return False
    if not asked.is_resource:
        return any(covers_path(each, asked.path) for each in rule.non_resource_urls)
    return (
        (_ANY in rule.api_groups or asked.group in rule.api_groups)
        and _has_resource(rule.resources, asked.resource, asked.subresource)
        and (not rule.resource_names or asked.name in rule.resource_names)
    )


def _has_resource(resources: Sequence[str], plural: str, subresource: str) -> bool:
    whole = f"{plural}/{subresource}" if subresource else plural
    return (
        _ANY in resources
        or whole in resources
        or (bool(subresource) and f"*/{subresource}" in resources)
    )


def covers_path(pattern: str, path: str) -> bool:
    """Whether a rule's URL means the path: itself, or all that begins like it before its star."""
    return pattern == path or (pattern.endswith(_ANY) and path.startswith(pattern.rstrip(_ANY)))

"""Which flow schema a request belongs to, and which of the schema's flows."""

from collections.abc import Iterable, Sequence
from typing import Final

from orchestrator.api.flowcontrol.v1 import (
    FlowSchema,
    NonResourcePolicyRule,
    ResourcePolicyRule,
    Subject,
)
from orchestrator.apiserver.authorization import Attributes
from orchestrator.machinery import service_accounts
from orchestrator.protocol import Identity

_ANY: Final = "*"


def in_order(schemas: Iterable[FlowSchema]) -> list[FlowSchema]:
    """The schemas as they are tried: by precedence, and by name among equals."""

    def key(schema: FlowSchema) -> tuple[int, str]:
        assert schema.spec is not None
        return schema.spec.matching_precedence, schema.metadata.name

    return sorted((each for each in schemas if each.spec is not None), key=key)


def matches(schema: FlowSchema, who: Identity, asked: Attributes) -> bool:
    """Whether a request of somebody belongs to the schema, if no earlier one has it."""
    assert schema.spec is not None
    for rule in schema.spec.rules:
        if not any(_is(subject, who) for subject in rule.subjects):
            continue
        if asked.is_resource:
            if any(_is_resource(each, asked) for each in rule.resource_rules):
                return True
        elif any(_is_path(each, asked) for each in rule.non_resource_rules):
            return True
    return False


def flow_of(schema: FlowSchema, who: Identity, asked: Attributes) -> str:
    """By what the schema tells its flows apart."""
    assert schema.spec is not None
    method = schema.spec.distinguisher_method
    if method is None:
        return ""
    return who.name if method.type == "ByUser" else asked.namespace


def _is(subject: Subject, who: Identity) -> bool:
    if subject.kind == "User" and subject.user is not None:
        return subject.user.name in (_ANY, who.name)
    if subject.kind == "Group" and subject.group is not None:
        return subject.group.name == _ANY or subject.group.name in who.groups
    if subject.kind == "ServiceAccount" and subject.service_account is not None:
        account = service_accounts.split(who.name)
        wanted = subject.service_account
        if account is None or account[0] != wanted.namespace:
            return False
        return wanted.name in (_ANY, account[1])
    return False


def _has(values: Sequence[str], value: str) -> bool:
    return value in values or list(values) == [_ANY]


def _is_resource(rule: ResourcePolicyRule, asked: Attributes) -> bool:
    part = f"/{asked.subresource}" if asked.subresource else ""
    if not (
        _has(rule.verbs, asked.verb)
        and _has(rule.resources, asked.resource + part)
        and _has(rule.api_groups, asked.group)
    ):
        return False
    return _has(rule.namespaces, asked.namespace) if asked.namespace else bool(rule.cluster_scope)


def _is_path(rule: NonResourcePolicyRule, asked: Attributes) -> bool:
    return _has(rule.verbs, asked.verb) and any(
        _covers(each, asked.path) for each in rule.non_resource_urls
    )


def _covers(url: str, path: str) -> bool:
    if url in (_ANY, path):
        return True
    prefix = url.removesuffix(_ANY)
    return path.startswith(prefix if prefix.endswith("/") else prefix + "/")

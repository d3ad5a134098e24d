"""What is written of a request: the first rule of a policy that is about it decides."""

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from orchestrator.apiserver.authorization import Attributes
from orchestrator.protocol import Identity

Level: TypeAlias = Literal["None", "Metadata", "Request", "RequestResponse"]
Stage: TypeAlias = Literal["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"]

LEVELS: Final[tuple[Level, ...]] = ("None", "Metadata", "Request", "RequestResponse")
_KIND: Final = "Policy"
_API_VERSION: Final = "audit.k8s.io/v1"


class InvalidAuditPolicy(ValueError):
    """A document that is no audit policy; the text says what is wrong and where."""


class GroupResources(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Resources of a group; no `resources` means all of them."""

    group: str = ""
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()


class Rule(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What requests it is about; what it does not say does not matter."""

    level: Level
    users: tuple[str, ...] = ()
    user_groups: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    resources: tuple[GroupResources, ...] = ()
    namespaces: tuple[str, ...] = ()
    non_resource_urls: tuple[str, ...] = msgspec.field(default=(), name="nonResourceURLs")
    omit_stages: tuple[Stage, ...] = ()
    omit_managed_fields: bool | None = None


class AuditPolicy(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """An `audit.k8s.io/v1` Policy."""

    kind: str = ""
    api_version: str = ""
    metadata: dict[str, Any] = {}
    rules: tuple[Rule, ...] = ()
    omit_stages: tuple[Stage, ...] = ()
    omit_managed_fields: bool = False

    def decide(self, user: Identity, asked: Attributes) -> "Configuration":
        """What is written of a request."""
        for rule in self.rules:
            if _matches(rule, user, asked):
                own = rule.omit_managed_fields
                return Configuration(
                    rule.level,
                    frozenset((*self.omit_stages, *rule.omit_stages)),
                    self.omit_managed_fields if own is None else own,
                )
        return Configuration("None")


class Configuration(Struct, frozen=True):
    """What is written of one request."""

    level: Level
    omit_stages: frozenset[str] = frozenset()
    omit_managed_fields: bool = False

    def reaches(self, level: Level) -> bool:
        """Whether at least as much is written."""
        return LEVELS.index(self.level) >= LEVELS.index(level)


def load_policy(document: Mapping[str, Any]) -> AuditPolicy:
    """The policy that a document is. Raises InvalidAuditPolicy."""
    try:
        policy = msgspec.convert(document, AuditPolicy)
    except msgspec.ValidationError as error:
        raise InvalidAuditPolicy(str(error)) from None
    if (policy.kind, policy.api_version) != (_KIND, _API_VERSION):
        raise InvalidAuditPolicy(f"expected a {_KIND} of {_API_VERSION}")
    if not policy.rules:
        raise InvalidAuditPolicy("loaded illegal policy with 0 rules")
    for position, rule in enumerate(policy.rules):
        _check(rule, f"rules[{position}]")
    return policy


def _check(rule: Rule, path: str) -> None:
    if rule.non_resource_urls and (rule.resources or rule.namespaces):
        words = "rules cannot apply to both regular resources and non-resource URLs"
        raise InvalidAuditPolicy(f"{path}.nonResourceURLs: {words}")
    for url in rule.non_resource_urls:
        if url != "*" and not url.startswith("/"):
            raise InvalidAuditPolicy(
                f"{path}.nonResourceURLs: {url!r} must begin with a '/' character"
            )
        if "*" in url[:-1]:
            words = "non-resource URL wildcards '*' must be the final character"
            raise InvalidAuditPolicy(f"{path}.nonResourceURLs: {url!r}: {words}")
    for each in rule.resources:
        if each.resource_names and not each.resources:
            words = "using resourceNames requires at least one resource"
            raise InvalidAuditPolicy(f"{path}.resources: {words}")


def _matches(rule: Rule, user: Identity, asked: Attributes) -> bool:
    if rule.users and user.name not in rule.users:
        return False
    if rule.user_groups and not set(rule.user_groups) & set(user.groups):
        return False
    if rule.verbs and asked.verb not in rule.verbs:
        return False
    if rule.namespaces or rule.resources:
        return asked.is_resource and _is_about(rule, asked)
    if rule.non_resource_urls:
        return not asked.is_resource and any(
            _is_path(asked.path, url) for url in rule.non_resource_urls
        )
    return True


def _is_path(path: str, url: str) -> bool:
    if url.endswith("*"):
        return path.startswith(url.rstrip("*"))
    return path == url


def _is_about(rule: Rule, asked: Attributes) -> bool:
    if rule.namespaces and asked.namespace not in rule.namespaces:
        return False
    return not rule.resources or any(_has(each, asked) for each in rule.resources)


def _has(group: GroupResources, asked: Attributes) -> bool:
    if group.group not in (asked.group, "*"):
        return False
    if not group.resources:
        return True
    if group.resource_names and asked.name not in group.resource_names:
        return False
    part = asked.subresource
    whole = f"{asked.resource}/{part}" if part else asked.resource
    wanted = {whole, "*", f"{asked.resource}/*", *((f"*/{part}",) if part else ())}
    return not wanted.isdisjoint(group.resources)

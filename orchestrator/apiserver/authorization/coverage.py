"""Which rules cover which others."""

from collections.abc import Iterable, Iterator, Sequence

from orchestrator.api.rbac.v1 import PolicyRule
from orchestrator.apiserver.authorization.matching import covers_path


def uncovered(held: Sequence[PolicyRule], wanted: Iterable[PolicyRule]) -> list[PolicyRule]:
    """What of the wanted rules no single held one covers, in the smallest pieces."""
    pieces = (piece for rule in wanted for piece in _pieces(rule))
    return [piece for piece in pieces if not any(_covers(rule, piece) for rule in held)]


def _pieces(rule: PolicyRule) -> Iterator[PolicyRule]:
    """The rule taken apart: one verb of one resource (and name), or of one URL, each."""
    names: Sequence[tuple[str, ...]] = [(name,) for name in rule.resource_names] or [()]
    for group in rule.api_groups:
        for resource in rule.resources:
            for verb in rule.verbs:
                for name in names:
                    yield PolicyRule(
                        api_groups=(group,),
                        resources=(resource,),
                        verbs=(verb,),
                        resource_names=name,
                    )
    for url in rule.non_resource_urls:
        for verb in rule.verbs:
            yield PolicyRule(non_resource_urls=(url,), verbs=(verb,))


def _covers(held: PolicyRule, piece: PolicyRule) -> bool:
    if not _has(held.verbs, piece.verbs[0]):
        return False
    if piece.non_resource_urls:
        return any(covers_path(each, piece.non_resource_urls[0]) for each in held.non_resource_urls)
    return (
        _has(held.api_groups, piece.api_groups[0])
        and _has_resource(held.resources, piece.resources[0])
        and (
            not held.resource_names
            or (bool(piece.resource_names) and piece.resource_names[0] in held.resource_names)
        )
    )


def _has(values: Sequence[str], value: str) -> bool:
    return "*" in values or value in values


def _has_resource(held: Sequence[str], resource: str) -> bool:
    _, slash, subresource = resource.partition("/")
    return _has(held, resource) or (bool(slash) and f"*/{subresource}" in held)

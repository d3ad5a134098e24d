"""What both sorts of policies have: what they and their bindings are about, parameters, refusals."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

from orchestrator.api import codec
from orchestrator.api.admissionregistration.v1 import MatchResources, ParamKind, ParamRef
from orchestrator.api.errors import UnknownKind
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import AdmissionRequest, Reader
from orchestrator.apiserver.admission.rule_matching import (
    any_rule_matches,
    matched_version,
    selects_namespace,
    selects_object,
)
from orchestrator.machinery import labels

_NO_CONSTRAINTS: Final = MatchResources()
_REVIEWS: Final = ("authentication.k8s.io", "authorization.k8s.io")
# What judges others is not judged, so that nobody locks the cluster.
_NEVER: Final = frozenset(
    {
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicybindings",
        "validatingwebhookconfigurations",
        "mutatingwebhookconfigurations",
    }
)


class Misconfigured(Exception):
    """A binding's parameters cannot be found."""


class NoParamKind(Misconfigured):
    """A policy's parameters are of a kind that the server does not know."""


class _BindingSpec(Protocol):
    @property
    def policy_name(self) -> str | None: ...


class _Binding(Protocol):
    @property
    def metadata(self) -> ObjectMeta: ...
    @property
    def spec(self) -> _BindingSpec | None: ...


B = TypeVar("B", bound=_Binding)


def concerns(resource: Resource) -> bool:
    """Whether policies may judge writes of this resource at all."""
    if resource.group == "admissionregistration.k8s.io" and resource.plural in _NEVER:
        return False
    return resource.group not in _REVIEWS


def by_policy(bindings: Iterable[B]) -> Mapping[str, Sequence[B]]:
    """The bindings of each policy."""
    bound: dict[str, list[B]] = {}
    for binding in bindings:
        if binding.spec is not None:
            bound.setdefault(binding.spec.policy_name or "", []).append(binding)
    return bound


def version_for(
    match: MatchResources | None, request: AdmissionRequest, reader: Reader
) -> Resource | None:
    """In which version a policy sees the write; None if it is not about it."""
    match = match or _NO_CONSTRAINTS
    if any_rule_matches(match.exclude_resource_rules, request) or not _selects(
        match, request, reader
    ):
        return None
    return matched_version(match.resource_rules, match.match_policy, request, reader.scheme)


def is_bound(match: MatchResources | None, request: AdmissionRequest, reader: Reader) -> bool:
    """Whether a binding is about the write; one without rules of its own is about all of its policy's."""
    if match is None:
        return True
    rules, policy = match.resource_rules, match.match_policy
    if rules and matched_version(rules, policy, request, reader.scheme) is None:
        return False
    return not any_rule_matches(match.exclude_resource_rules, request) and _selects(
        match, request, reader
    )


def _selects(match: MatchResources, request: AdmissionRequest, reader: Reader) -> bool:
    return selects_namespace(match.namespace_selector, request, reader) and selects_object(
        match.object_selector, request
    )


def params_of(
    kind: ParamKind | None, ref: ParamRef | None, request: AdmissionRequest, reader: Reader
) -> Iterator[Any]:
    """The objects that a binding gives its policy, as documents; one None for a policy that takes none.

    Raises Misconfigured.
    """
    if kind is None or ref is None:
        yield None
        return
    for each in _found(kind, ref, request, reader):
        yield codec.to_dict(each)


def _found(
    kind: ParamKind, ref: ParamRef, request: AdmissionRequest, reader: Reader
) -> Sequence[Any]:
    try:
        resource = reader.resource_of(kind.api_version or "", kind.kind or "")
    except UnknownKind:
        words = (
            "failed to find resource referenced by paramKind: "
            f"'{kind.api_version}, Kind={kind.kind}'"
        )
        raise NoParamKind(words) from None
    namespace = _namespace_of(ref, resource, request)
    if ref.name:
        one = reader.stored(resource, ref.name, namespace)
        found = [] if one is None else [one]
    else:
        matches = labels.of_struct(ref.selector).matches
        every = reader.all_stored(resource, namespace)
        found = [each for each in every if matches(each.metadata.labels)]
    if not found and ref.parameter_not_found_action == "Deny":
        words = "no params found for policy binding with `Deny` parameterNotFoundAction"
        raise Misconfigured(words)
    return found


def _namespace_of(ref: ParamRef, resource: Resource, request: AdmissionRequest) -> str:
    if not resource.namespaced:
        if ref.namespace:
            words = "paramRef.namespace must not be provided for a cluster-scoped `paramKind`"
            raise Misconfigured(words)
        return ""
    namespace = ref.namespace or request.namespace
    if not namespace:
        words = (
            "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
        )
        raise Misconfigured(words)
    return namespace

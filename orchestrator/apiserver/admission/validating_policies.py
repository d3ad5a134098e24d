"""ValidatingAdmissionPolicy: policies in CEL, bound to what they judge.

Follows https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/. Policies see
objects in the version of the request (`matchPolicy: Equivalent` finds no other versions), and costs
are not limited.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from orchestrator.api import codec
from orchestrator.api.admissionregistration.v1 import (
    MatchResources,
    ParamKind,
    ParamRef,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicyBindingSpec,
    ValidatingAdmissionPolicySpec,
    Validation,
)
from orchestrator.api.errors import UnknownKind
from orchestrator.api.scheme import Resource
from orchestrator.apiserver import errors
from orchestrator.apiserver.admission.expressions import VARIABLES, Failed, Scope, all_hold
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.admission.questions import seen
from orchestrator.apiserver.admission.rule_matching import (
    any_rule_matches,
    selects_namespace,
    selects_object,
)
from orchestrator.machinery import labels
from orchestrator.machinery.cel.authorization import asking
from orchestrator.protocol import ApiError, Cause, Forbidden, Invalid, RequestEntityTooLarge

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
_MAX_MESSAGE: Final = 5 * 1024  # characters
_REASONS: Final[Mapping[str, type[ApiError]]] = {
    "Invalid": Invalid,
    "Forbidden": Forbidden,
    "RequestEntityTooLarge": RequestEntityTooLarge,
}
_NO_CONSTRAINTS: Final = MatchResources()


class _Denial(Struct, frozen=True):
    """One validation that does not hold."""

    message: str
    reason: str = "Invalid"


class _Misconfigured(Exception):
    """A binding's parameters cannot be found."""


class ValidatingAdmissionPolicies(AdmissionPlugin):
    """Asks the policies that are bound."""

    name = "ValidatingAdmissionPolicy"
    asks = (ValidatingAdmissionPolicyBinding,)

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        return not (
            resource.group == "admissionregistration.k8s.io" and resource.plural in _NEVER
        ) and resource.group not in ("authentication.k8s.io", "authorization.k8s.io")

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Refuse with the first denial. Raises Invalid, Forbidden, RequestEntityTooLarge."""
        bindings = reader.list(ValidatingAdmissionPolicyBinding)
        if not bindings:
            return
        bound: dict[str, list[ValidatingAdmissionPolicyBinding]] = {}
        for binding in bindings:
            if binding.spec is not None:
                bound.setdefault(binding.spec.policy_name or "", []).append(binding)
        denials: list[ApiError] = []
        for policy in reader.list(ValidatingAdmissionPolicy):
            of_policy = bound.get(policy.metadata.name)
            if of_policy and policy.spec is not None:
                spec = policy.spec
                if _is_about(spec.match_constraints or _NO_CONSTRAINTS, request, reader):
                    denials += _judged(policy, spec, of_policy, request, reader)
        if denials:
            raise denials[0]


def _is_about(match: MatchResources, request: AdmissionRequest, reader: Reader) -> bool:
    return (
        any_rule_matches(match.resource_rules, request)
        and not any_rule_matches(match.exclude_resource_rules, request)
        and selects_namespace(match.namespace_selector, request, reader)
        and selects_object(match.object_selector, request)
    )


def _is_bound(match: MatchResources | None, request: AdmissionRequest, reader: Reader) -> bool:
    """A binding without rules of its own is about all that its policy is about."""
    if match is None:
        return True
    return (
        (not match.resource_rules or any_rule_matches(match.resource_rules, request))
        and not any_rule_matches(match.exclude_resource_rules, request)
        and selects_namespace(match.namespace_selector, request, reader)
        and selects_object(match.object_selector, request)
    )


def _judged(
    policy: ValidatingAdmissionPolicy,
    spec: ValidatingAdmissionPolicySpec,
    bindings: Sequence[ValidatingAdmissionPolicyBinding],
    request: AdmissionRequest,
    reader: Reader,
) -> Iterator[ApiError]:
    values: dict[str, Any] | None = None
    for binding in bindings:
        bound = binding.spec
        if bound is None or not _is_bound(bound.match_resources, request, reader):
            continue
        names = f"'{policy.metadata.name}' with binding '{binding.metadata.name}'"
        try:
            params = _params(spec.param_kind, bound.param_ref, request, reader)
        except _Misconfigured as error:
            if spec.failure_policy != "Ignore":
                words = f"failed to configure binding: {error}"
                yield _refusal(request, names, _Denial(words))
            continue
        if values is None:
            values = seen(request, reader, request.resource)
        for param in params:
            variables = values if spec.param_kind is None else {**values, "params": param}
            with asking(request.ask):
                found = list(_denials(spec, variables))
            yield from _acted_on(bound, found, names, request)


def _acted_on(
    bound: ValidatingAdmissionPolicyBindingSpec,
    denials: Sequence[_Denial],
    names: str,
    request: AdmissionRequest,
) -> Iterator[ApiError]:
    for denial in denials:
        if "Warn" in bound.validation_actions and request.warn is not None:
            words = f"Validation failed for ValidatingAdmissionPolicy {names}: {denial.message}"
            request.warn(words)
        if "Deny" in bound.validation_actions:
            yield _refusal(request, names, denial)


def _refusal(request: AdmissionRequest, names: str, denial: _Denial) -> ApiError:
    words = f"ValidatingAdmissionPolicy {names} denied request: {denial.message}"
    plain = errors.forbidden(request.resource, request.name, words)
    return _REASONS.get(denial.reason, Invalid)(
        str(plain),
        kind=plain.kind,
        group=plain.group,
        name=plain.name,
        causes=(Cause("", words, ""),),
    )


# --- one policy ------------------------------------------------------------------------------


def _denials(
    spec: ValidatingAdmissionPolicySpec, variables: Mapping[str, Any]
) -> Iterator[_Denial]:
    """The validations that do not hold; errors count as such unless they are to be ignored."""
    fails = spec.failure_policy != "Ignore"
    known = VARIABLES if spec.param_kind is None else VARIABLES | {"params"}
    scope = Scope(variables, spec.variables, known=known)
    try:
        if not all_hold(spec.match_conditions, scope):
            return
    except Failed as error:
        if fails:
            yield _Denial(str(error))
        return
    for validation in spec.validations:
        try:
            holds = scope.value(validation.expression)
        except Failed as error:
            if fails:
                yield _Denial(str(error))
            continue
        if holds is not True:
            yield _Denial(_message(validation, scope), validation.reason or "Invalid")


def _message(validation: Validation, scope: Scope) -> str:
    if validation.message_expression:
        try:
            said = scope.value(validation.message_expression)
        except Failed:
            said = None
        if isinstance(said, str):
            said = said.strip()
            if said and "\n" not in said and len(said) <= _MAX_MESSAGE:
                return said
    message = (validation.message or "").strip()
    return message or f"failed expression: {validation.expression.strip()}"


# --- what policies are given -------------------------------------------------------------------


def _params(
    kind: ParamKind | None, ref: ParamRef | None, request: AdmissionRequest, reader: Reader
) -> list[Any]:
    """The objects that a binding gives its policy; [None] for one that takes none."""
    if kind is None or ref is None:
        return [None]
    try:
        resource = reader.resource_of(kind.api_version or "", kind.kind or "")
    except UnknownKind:
        words = f"paramKind kind `{kind.api_version}, Kind={kind.kind}` not known"
        raise _Misconfigured(words) from None
    namespace = ""
    if resource.namespaced:
        namespace = ref.namespace or request.namespace
        if not namespace:
            words = "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
            raise _Misconfigured(words)
    elif ref.namespace:
        words = "paramRef.namespace must not be provided for a cluster-scoped `paramKind`"
        raise _Misconfigured(words)
    if ref.name:
        one = reader.stored(resource, ref.name, namespace)
        found = [] if one is None else [one]
    else:
        matches = labels.of_struct(ref.selector).matches
        every = reader.all_stored(resource, namespace)
        found = [each for each in every if matches(each.metadata.labels)]
    if not found and ref.parameter_not_found_action == "Deny":
        words = "no params found for policy binding with `Deny` parameterNotFoundAction"
        raise _Misconfigured(words)
    return [codec.to_dict(each) for each in found]

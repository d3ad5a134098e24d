"""ValidatingAdmissionPolicy: policies in CEL, bound to what they judge.

Follows https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/. Policies see
objects in the version that their rules name (`matchPolicy: Equivalent`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from orchestrator.api.admissionregistration.v1 import (
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicyBindingSpec,
    ValidatingAdmissionPolicySpec,
    Validation,
)
from orchestrator.api.scheme import Resource
from orchestrator.apiserver import errors
from orchestrator.apiserver.admission.expressions import Failed, Scope, Spent, all_hold
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.admission.policies import (
    Misconfigured,
    NoParamKind,
    by_policy,
    concerns,
    is_bound,
    params_of,
    version_for,
)
from orchestrator.apiserver.admission.questions import seen
from orchestrator.apiserver.telemetry.admission import AdmissionCounts
from orchestrator.machinery.cel.authorization import asking
from orchestrator.machinery.cel.limits import PER_OBJECT
from orchestrator.machinery.cel.policy_scopes import policy_scope
from orchestrator.machinery.cel.types import DYN
from orchestrator.protocol import ApiError, Cause, Forbidden, Invalid, RequestEntityTooLarge

_MAX_NOTE: Final = 10 * 1024  # characters
_FAILURE: Final = "validation.policy.admission.k8s.io/validation_failure"
_MAX_MESSAGE: Final = 5 * 1024  # characters
_REASONS: Final[Mapping[str, type[ApiError]]] = {
    "Invalid": Invalid,
    "Forbidden": Forbidden,
    "RequestEntityTooLarge": RequestEntityTooLarge,
}


class _Denial(Struct, frozen=True):
    """One validation that does not hold, the `index`th of its policy; or what has no value and must have
    one, which refuses whatever the binding's actions are (`index` of None).
    """

    message: str
    reason: str = "Invalid"
    index: int | None = 0


class ValidatingAdmissionPolicies(AdmissionPlugin):
    """Asks the policies that are bound."""

    name = "ValidatingAdmissionPolicy"
    asks = (ValidatingAdmissionPolicyBinding,)

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return concerns(resource)

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Refuse with the first denial. Raises Invalid, Forbidden, RequestEntityTooLarge."""
        bound = by_policy(reader.list(ValidatingAdmissionPolicyBinding))
        denials: list[ApiError] = []
        for policy in reader.list(ValidatingAdmissionPolicy):
            of_policy = bound.get(policy.metadata.name)
            if of_policy and policy.spec is not None:
                spec = policy.spec
                version = version_for(spec.match_constraints, request, reader)
                if version is not None:
                    denials += _judged(policy, spec, of_policy, request, reader, version)
        if denials:
            raise denials[0]


def _judged(
    policy: ValidatingAdmissionPolicy,
    spec: ValidatingAdmissionPolicySpec,
    bindings: Sequence[ValidatingAdmissionPolicyBinding],
    request: AdmissionRequest,
    reader: Reader,
    version: Resource,
) -> Iterator[ApiError]:
    values: dict[str, Any] | None = None
    notes: dict[str, list[str]] = {}
    for binding in bindings:
        bound = binding.spec
        if bound is None or not is_bound(bound.match_resources, request, reader):
            continue
        names = f"'{policy.metadata.name}' with binding '{binding.metadata.name}'"
        try:
            params = list(params_of(spec.param_kind, bound.param_ref, request, reader))
        except NoParamKind as error:
            if spec.failure_policy != "Ignore":
                words = f"failed to configure policy: {error}"
                yield _refusal(request, f"'{policy.metadata.name}'", _Denial(words))
            return
        except Misconfigured as error:
            if spec.failure_policy != "Ignore":
                words = f"failed to configure binding: {error}"
                yield _refusal(request, names, _Denial(words))
            continue
        if values is None:
            values = seen(request, reader, version)
        for param in params:
            variables = values if spec.param_kind is None else {**values, "params": param}
            began = request.counts.monotonic() if request.counts is not None else 0.0
            with asking(request.ask):
                found = list(_denials(spec, variables, notes, request.counts))
            if request.counts is not None:
                _count(request.counts, policy.metadata.name, binding, found, began)
            yield from _acted_on(binding, bound, found, names, request)
    if request.annotate is not None:
        for key, told in notes.items():
            request.annotate(f"{policy.metadata.name}/{key}", ", ".join(dict.fromkeys(told)))


def _count(
    counts: AdmissionCounts,
    policy: str,
    binding: ValidatingAdmissionPolicyBinding,
    denials: Sequence[_Denial],
    began: float,
) -> None:
    """Each denial by the actions that follow from it, as the original counts them."""
    counts.evaluated(began)
    names = (policy, binding.metadata.name)
    assert binding.spec is not None
    for denial in denials:
        actions = ("Deny",) if denial.index is None else binding.spec.validation_actions
        for action in actions:
            mistake = _mistake(denial)
            counts.policy("validating", names, began, mistake=mistake, action=action.lower())


def _mistake(denial: _Denial) -> str:
    """By which word a denial is counted."""
    if denial.message.startswith("compilation"):
        return "compile_error"
    if denial.message.startswith("validation failed due to running out of cost budget"):
        return "out_of_budget"
    return "invalid_error"


def _acted_on(
    binding: ValidatingAdmissionPolicyBinding,
    bound: ValidatingAdmissionPolicyBindingSpec,
    denials: Sequence[_Denial],
    names: str,
    request: AdmissionRequest,
) -> Iterator[ApiError]:
    for denial in denials:
        if "Warn" in bound.validation_actions and request.warn is not None:
            words = f"Validation failed for ValidatingAdmissionPolicy {names}: {denial.message}"
            request.warn(words)
        if "Audit" in bound.validation_actions and request.annotate is not None:
            failure = {
                "message": denial.message,
                "policy": bound.policy_name,
                "binding": binding.metadata.name,
                "expressionIndex": denial.index,
                "validationActions": bound.validation_actions,
            }
            request.annotate(_FAILURE, msgspec.json.encode([failure]).decode())
        if "Deny" in bound.validation_actions or denial.index is None:
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
    spec: ValidatingAdmissionPolicySpec,
    variables: Mapping[str, Any],
    notes: dict[str, list[str]],
    counts: AdmissionCounts | None,
) -> Iterator[_Denial]:
    """The validations that do not hold; errors count as such unless they are to be ignored.

    What the policy has for the audit log is put into `notes`.
    """
    fails = spec.failure_policy != "Ignore"
    known = policy_scope(
        spec.variables,
        params=None if spec.param_kind is None else DYN,
        variables=bool(spec.variables),
    )
    scope = Scope(variables, spec.variables, known=known, counts=counts)
    try:
        if not all_hold(spec.match_conditions, scope):
            return
    except Failed as error:
        if fails:
            yield _Denial(str(error))
        return
    for annotation in spec.audit_annotations:
        try:
            said = scope.value(annotation.value_expression.strip())
        except Failed as error:
            if fails:
                yield _Denial(str(error), index=None)
            continue
        if isinstance(said, str) and said:
            notes.setdefault(annotation.key, []).append(said[:_MAX_NOTE])
    try:
        yield from [*_broken(spec.validations, scope.spending(PER_OBJECT), fails=fails)]
    except Spent as error:
        if fails:
            yield _Denial(str(error))


def _broken(validations: Sequence[Validation], scope: Scope, *, fails: bool) -> Iterator[_Denial]:
    """The validations that do not hold. Raises Spent: what was found until then is not told."""
    for index, validation in enumerate(validations):
        try:
            holds = scope.value(validation.expression)
        except Spent:
            raise
        except Failed as error:
            if fails:
                yield _Denial(str(error), index=index)
            continue
        if holds is not True:
            yield _Denial(_message(validation, scope), validation.reason or "Invalid", index)


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

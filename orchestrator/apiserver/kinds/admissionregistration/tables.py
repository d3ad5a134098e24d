"""What `kubectl get` shows of the kinds of `admissionregistration`."""

from typing import Any, Final

from orchestrator.api.admissionregistration.v1 import (
    MutatingAdmissionPolicy,
    MutatingAdmissionPolicyBinding,
    MutatingAdmissionPolicySpec,
    MutatingWebhookConfiguration,
    ParamKind,
    ParamRef,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicyBindingSpec,
    ValidatingAdmissionPolicySpec,
    ValidatingWebhookConfiguration,
)
from orchestrator.apiserver.printing import UNSET, Printer, Row, age
from orchestrator.machinery.labels import format_go


def _webhook_cells(
    obj: MutatingWebhookConfiguration | ValidatingWebhookConfiguration, now: float
) -> Row:
    return obj.metadata.name, len(obj.webhooks), age(obj, now)


WEBHOOKS: Final = Printer(
    cells=_webhook_cells,
)


def _kind_shown(kind: ParamKind | None) -> str:
    return UNSET if kind is None else f"{kind.api_version}/{kind.kind}"


def _parameters_shown(reference: ParamRef | None) -> str:
    """Nothing here knows whether parameters are cluster-scoped: without a namespace they get `*`."""
    if reference is None:
        return UNSET
    if reference.name:
        return f"{reference.namespace or '*'}/{reference.name}"
    return UNSET if reference.selector is None else format_go(reference.selector)


def _policy_cells(obj: ValidatingAdmissionPolicy, now: float) -> Row:
    spec = obj.spec or ValidatingAdmissionPolicySpec()
    rules, kind = len(spec.validations), _kind_shown(spec.param_kind)
    return obj.metadata.name, rules, kind, age(obj, now)


POLICIES: Final = Printer(cells=_policy_cells)


def _mutating_policy_cells(obj: MutatingAdmissionPolicy, now: float) -> Row:
    spec = obj.spec or MutatingAdmissionPolicySpec()
    mutations, kind = len(spec.mutations), _kind_shown(spec.param_kind)
    return obj.metadata.name, mutations, kind, age(obj, now)


MUTATING_POLICIES: Final = Printer(cells=_mutating_policy_cells)


def _binding_cells(
    obj: ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding, now: float
) -> Row:
    spec = obj.spec or ValidatingAdmissionPolicyBindingSpec()
    shown = _parameters_shown(spec.param_ref)
    return obj.metadata.name, spec.policy_name or "", shown, age(obj, now)


POLICY_BINDINGS: Final[Printer[Any]] = Printer(cells=_binding_cells)

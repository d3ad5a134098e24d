"""What `kubectl get` shows of the kinds of `admissionregistration`."""

from typing import Final

from orchestrator.api.admissionregistration.v1 import (
    MutatingWebhookConfiguration,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicySpec,
    ValidatingWebhookConfiguration,
)
from orchestrator.apiserver.printing import AGE, NAME, UNSET, Printer, Row, age, column


def _webhook_cells(
    obj: MutatingWebhookConfiguration | ValidatingWebhookConfiguration, now: float
) -> Row:
    return obj.metadata.name, len(obj.webhooks), age(obj, now)


WEBHOOKS: Final = Printer(
    columns=(NAME, column("Webhooks", "How many webhooks it has.", "integer"), AGE),
    cells=_webhook_cells,
)


def _policy_cells(obj: ValidatingAdmissionPolicy, now: float) -> Row:
    spec = obj.spec or ValidatingAdmissionPolicySpec()
    kind = spec.param_kind
    return (
        obj.metadata.name,
        len(spec.validations),
        UNSET if kind is None else f"{kind.api_version}/{kind.kind}",
        age(obj, now),
    )


POLICIES: Final = Printer(
    columns=(
        NAME,
        column("Validations", "How many rules it has.", "integer"),
        column("ParamKind", "The kind of its parameters."),
        AGE,
    ),
    cells=_policy_cells,
)


def _policy_binding_cells(obj: ValidatingAdmissionPolicyBinding, now: float) -> Row:
    spec = obj.spec
    reference = spec.param_ref
    shown = UNSET
    if reference is not None:
        namespace, name = reference.namespace or "*", reference.name or "*"
        shown = f"{namespace}/{name}"
    return obj.metadata.name, spec.policy_name or "", shown, age(obj, now)


POLICY_BINDINGS: Final = Printer(
    columns=(
        NAME,
        column("PolicyName", "The policy that it puts in force."),
        column("ParamRef", "The policy's parameters."),
        AGE,
    ),
    cells=_policy_binding_cells,
)

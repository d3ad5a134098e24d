"""What extends the API: webhooks, policies, API services, devices."""

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.api.admissionregistration.v1 import (
    MutatingWebhookConfiguration,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicyBindingSpec,
    ValidatingAdmissionPolicySpec,
    ValidatingWebhookConfiguration,
)
from orchestrator.api.apiregistration.v1 import APIService, APIServiceSpec, APIServiceStatus
from orchestrator.api.resource.v1 import (
    DeviceClass,
    ResourceClaim,
    ResourceClaimStatus,
    ResourceClaimTemplate,
    ResourceSlice,
)
from orchestrator.apiserver.http.tables.printer import (
    AGE,
    NAME,
    UNSET,
    HasMetadata,
    Printer,
    Row,
    age,
    column,
)
from orchestrator.machinery.conditions import find


def _plain_cells(obj: HasMetadata, now: float) -> Row:
    return obj.metadata.name, age(obj, now)


_PLAIN: Final = Printer(columns=(NAME, AGE), cells=_plain_cells)


def _webhook_cells(
    obj: MutatingWebhookConfiguration | ValidatingWebhookConfiguration, now: float
) -> Row:
    return obj.metadata.name, len(obj.webhooks), age(obj, now)


_WEBHOOKS: Final = Printer(
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


_POLICIES: Final = Printer(
    columns=(
        NAME,
        column("Validations", "How many rules it has.", "integer"),
        column("ParamKind", "The kind of its parameters."),
        AGE,
    ),
    cells=_policy_cells,
)


def _policy_binding_cells(obj: ValidatingAdmissionPolicyBinding, now: float) -> Row:
    spec = obj.spec or ValidatingAdmissionPolicyBindingSpec()
    reference = spec.param_ref
    shown = UNSET
    if reference is not None:
        namespace, name = reference.namespace or "*", reference.name or "*"
        shown = f"{namespace}/{name}"
    return obj.metadata.name, spec.policy_name or "", shown, age(obj, now)


_POLICY_BINDINGS: Final = Printer(
    columns=(
        NAME,
        column("PolicyName", "The policy that it puts in force."),
        column("ParamRef", "The policy's parameters."),
        AGE,
    ),
    cells=_policy_binding_cells,
)


def _service_cells(obj: APIService, now: float) -> Row:
    spec, status = obj.spec or APIServiceSpec(), obj.status or APIServiceStatus()
    service = spec.service
    available = find(status.conditions, "Available")
    if available is None:
        word = "Unknown"
    elif available.status == "True" or not available.reason:
        word = available.status
    else:
        word = f"{available.status} ({available.reason})"
    return (
        obj.metadata.name,
        "Local" if service is None else f"{service.namespace}/{service.name}",
        word,
        age(obj, now),
    )


_SERVICES: Final = Printer(
    columns=(
        NAME,
        column("Service", "The service that serves it."),
        column("Available", "Whether it can be reached."),
        AGE,
    ),
    cells=_service_cells,
)


def _claim_cells(obj: ResourceClaim, now: float) -> Row:
    status = obj.status or ResourceClaimStatus()
    states = [] if obj.metadata.deletion_timestamp is None else ["deleted"]
    if status.allocation is not None:
        states.append("allocated")
        if status.reserved_for:
            states.append("reserved")
    elif not states:
        states.append("pending")
    return obj.metadata.name, ",".join(states), age(obj, now)


_CLAIMS: Final = Printer(
    columns=(NAME, column("State", "Pending, allocated, reserved, deleted."), AGE),
    cells=_claim_cells,
)


def _slice_cells(obj: ResourceSlice, now: float) -> Row:
    spec = obj.spec
    return (
        obj.metadata.name,
        spec.node_name or UNSET,
        spec.driver,
        spec.pool.name,
        age(obj, now),
    )


_SLICES: Final = Printer(
    columns=(
        NAME,
        column("Node", "The node that has the devices."),
        column("Driver", "The driver that knows them."),
        column("Pool", "The pool that they belong to."),
        AGE,
    ),
    cells=_slice_cells,
)

TABLES: Final[Mapping[type[Any], Printer[Any]]] = {
    MutatingWebhookConfiguration: _WEBHOOKS,
    ValidatingWebhookConfiguration: _WEBHOOKS,
    ValidatingAdmissionPolicy: _POLICIES,
    ValidatingAdmissionPolicyBinding: _POLICY_BINDINGS,
    APIService: _SERVICES,
    ResourceClaim: _CLAIMS,
    ResourceClaimTemplate: _PLAIN,
    DeviceClass: _PLAIN,
    ResourceSlice: _SLICES,
}

"""What `kubectl get` shows of the kinds of `networking`."""

from typing import Final

from orchestrator.api.networking.v1 import (
    Ingress,
    IngressClass,
    IngressClassSpec,
    IngressSpec,
    IngressStatus,
    IPAddress,
    NetworkPolicy,
    NetworkPolicySpec,
    ServiceCIDR,
    ServiceCIDRSpec,
)
from orchestrator.apiserver.kinds.core.services.tables import addresses
from orchestrator.apiserver.printing import AGE, NAME, NONE, Printer, Row, age, column, joined
from orchestrator.machinery.labels import format_struct


def _ingress_cells(obj: Ingress, now: float) -> Row:
    spec, status = obj.spec or IngressSpec(), obj.status or IngressStatus()
    points = status.load_balancer.ingress if status.load_balancer is not None else ()
    return (
        obj.metadata.name,
        spec.ingress_class_name or NONE,
        joined((rule.host for rule in spec.rules if rule.host), empty="*"),
        ",".join(addresses(points)),
        "80, 443" if spec.tls else "80",
        age(obj, now),
    )


INGRESSES: Final = Printer(
    columns=(
        NAME,
        column("Class", "The ingress class that is to serve it."),
        column("Hosts", "The host names of its rules."),
        column("Address", "Where it is served."),
        column("Ports", "At which ports it is served."),
        AGE,
    ),
    cells=_ingress_cells,
)


def _ingress_class_cells(obj: IngressClass, now: float) -> Row:
    spec = obj.spec or IngressClassSpec()
    parameters = NONE
    if spec.parameters is not None:
        reference = spec.parameters
        kind = f"{reference.kind}.{reference.api_group}" if reference.api_group else reference.kind
        parameters = f"{kind}/{reference.name}"
    return obj.metadata.name, spec.controller, parameters, age(obj, now)


INGRESS_CLASSES: Final = Printer(
    columns=(
        NAME,
        column("Controller", "Who serves ingresses of the class."),
        column("Parameters", "The object with the class's settings."),
        AGE,
    ),
    cells=_ingress_class_cells,
)


def _policy_cells(obj: NetworkPolicy, now: float) -> Row:
    selector = (obj.spec or NetworkPolicySpec()).pod_selector
    return obj.metadata.name, format_struct(selector), age(obj, now)


POLICIES: Final = Printer(
    columns=(NAME, column("Pod-Selector", "Which pods the policy is for."), AGE),
    cells=_policy_cells,
)


def _cidr_cells(obj: ServiceCIDR, now: float) -> Row:
    return obj.metadata.name, ",".join((obj.spec or ServiceCIDRSpec()).cidrs), age(obj, now)


CIDRS: Final = Printer(
    columns=(NAME, column("CIDRs", "The ranges of service addresses."), AGE), cells=_cidr_cells
)


def _address_cells(obj: IPAddress, now: float) -> Row:
    parent = obj.spec.parent_ref
    if parent is None:
        return obj.metadata.name, NONE
    resource = f"{parent.resource}.{parent.group}" if parent.group else parent.resource
    where = f"{parent.namespace}/{parent.name}" if parent.namespace else parent.name
    return obj.metadata.name, f"{resource}/{where}"


ADDRESSES: Final = Printer(
    columns=(NAME, column("ParentRef", "Whose address it is.")), cells=_address_cells
)

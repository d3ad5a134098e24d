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
from orchestrator.apiserver.printing import NONE, Printer, Row, age, joined
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
    cells=_ingress_class_cells,
)


def _policy_cells(obj: NetworkPolicy, now: float) -> Row:
    selector = (obj.spec or NetworkPolicySpec()).pod_selector
    return obj.metadata.name, format_struct(selector), age(obj, now)


POLICIES: Final = Printer(
    cells=_policy_cells,
)


def _cidr_cells(obj: ServiceCIDR, now: float) -> Row:
    return obj.metadata.name, ",".join((obj.spec or ServiceCIDRSpec()).cidrs), age(obj, now)


CIDRS: Final = Printer(cells=_cidr_cells)


def _address_cells(obj: IPAddress, now: float) -> Row:
    parent = obj.spec.parent_ref
    if parent is None:
        return obj.metadata.name, NONE, age(obj, now)
    resource = f"{parent.resource}.{parent.group}" if parent.group else parent.resource
    where = f"{parent.namespace}/{parent.name}" if parent.namespace else parent.name
    return obj.metadata.name, f"{resource.lower()}/{where}", age(obj, now)


ADDRESSES: Final = Printer(cells=_address_cells)

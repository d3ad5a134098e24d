"""Ingresses and IngressClasses."""

from collections.abc import Sequence
from typing import Final

from orchestrator.api.core.v1 import TypedLocalObjectReference
from orchestrator.api.networking.v1 import (
    HTTPIngressPath,
    Ingress,
    IngressBackend,
    IngressClass,
    IngressClassParametersReference,
    IngressRule,
    IngressSpec,
    IngressTLS,
)
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    forbidden,
    immutable,
    invalid,
    not_supported,
    required,
    too_long,
)
from orchestrator.apiserver.validation.formats import address_errors, domain_path_errors
from orchestrator.apiserver.validation.metadata import dns_subdomain
from orchestrator.apiserver.validation.rules import CHANGE_AND_WHOLE, Rules
from orchestrator.machinery.addresses import parse_address
from orchestrator.machinery.names import (
    dns1123_label_errors,
    dns1123_subdomain_errors,
    path_segment_errors,
    port_name_errors,
    port_number_errors,
    wildcard_subdomain_errors,
)

_CLASS: Final = "kubernetes.io/ingress.class"
_PATH_TYPES: Final = ("Exact", "ImplementationSpecific", "Prefix")
_SCOPES: Final = ("Cluster", "Namespace")
_INVALID_SEQUENCES: Final = ("//", "/./", "/../", "%2f", "%2F")
_INVALID_SUFFIXES: Final = ("/..", "/.")
_NOT_AN_ADDRESS: Final = "must be a DNS name, not an IP address"
_MAX_CONTROLLER: Final = 250  # bytes


def _ingress_errors(ingress: Ingress) -> Errors:
    spec = ingress.spec or IngressSpec()
    if not spec.rules and spec.default_backend is None:
        detail = "either `defaultBackend` or `rules` must be specified"
        yield invalid("spec", None, detail)
    if spec.default_backend is not None:
        yield from _backend_errors("spec.defaultBackend", spec.default_backend)
    for i, rule in enumerate(spec.rules):
        yield from _rule_errors(f"spec.rules[{i}]", rule)
    yield from _tls_errors("spec.tls", spec.tls)
    name = spec.ingress_class_name
    if name is not None:
        yield from complaints("spec.ingressClassName", name, dns_subdomain(name))
    annotated = ingress.metadata.annotations.get(_CLASS)
    if annotated is not None and name is not None and annotated != name:
        detail = "must match `ingressClassName` when both are specified"
        yield invalid(f"annotations.{_CLASS}", annotated, detail)


def _host_messages(host: str) -> tuple[str, ...]:
    return wildcard_subdomain_errors(host) if "*" in host else dns_subdomain(host)


def _rule_errors(path: str, rule: IngressRule) -> Errors:
    if rule.host:
        if parse_address(rule.host) is not None:
            yield invalid(f"{path}.host", rule.host, _NOT_AN_ADDRESS)
        yield from complaints(f"{path}.host", rule.host, _host_messages(rule.host))
    if rule.http is None:
        return
    if not rule.http.paths:
        yield required(f"{path}.http.paths")
    for i, http_path in enumerate(rule.http.paths):
        yield from _path_errors(f"{path}.http.paths[{i}]", http_path)


def _path_errors(path: str, http_path: HTTPIngressPath) -> Errors:
    kind, text = http_path.path_type, http_path.path or ""
    where = f"{path}.path"
    if not kind:
        yield required(f"{path}.pathType", "pathType must be specified")
        return
    if kind not in _PATH_TYPES:
        yield not_supported(f"{path}.pathType", kind, _PATH_TYPES)
    elif kind == "ImplementationSpecific":
        if text and not text.startswith("/"):
            yield invalid(where, text, "must be an absolute path")
    else:
        if not text.startswith("/"):
            yield invalid(where, text, "must be an absolute path")
        for sequence in _INVALID_SEQUENCES:
            if sequence in text:
                yield invalid(where, text, f"must not contain '{sequence}'")
        for suffix in _INVALID_SUFFIXES:
            if text.endswith(suffix):
                yield invalid(where, text, f"cannot end with '{suffix}'")
    yield from _backend_errors(f"{path}.backend", http_path.backend)


def _backend_errors(path: str, backend: IngressBackend) -> Errors:
    if backend.resource is not None:
        if backend.service is not None:
            yield invalid(path, "", "cannot set both resource and service backends")
        else:
            yield from _reference_errors(f"{path}.resource", backend.resource)
        return
    service = backend.service
    if service is None:
        yield invalid(path, "", "resource or service backend is required")
        return
    if not service.name:
        yield required(f"{path}.service.name")
    else:
        messages = dns1123_label_errors(service.name)
        yield from complaints(f"{path}.service.name", service.name, messages)
    name = service.port.name if service.port else None
    number = service.port.number if service.port else None
    if name and number:
        yield invalid(path, "", "cannot set both port name & port number")
    elif name:
        yield from complaints(f"{path}.service.port.name", name, port_name_errors(name))
    elif number:
        yield from complaints(f"{path}.service.port.number", number, port_number_errors(number))
    else:
        yield required(path, "port name or number is required")


def _tls_errors(path: str, entries: Sequence[IngressTLS]) -> Errors:
    for i, entry in enumerate(entries):
        for j, host in enumerate(entry.hosts):
            yield from complaints(f"{path}[{i}].hosts[{j}]", host, _host_messages(host))
        if entry.secret_name:
            messages = dns_subdomain(entry.secret_name)
            yield from complaints(f"{path}[{i}].secretName", entry.secret_name, messages)


def _reference_errors(
    path: str, ref: TypedLocalObjectReference | IngressClassParametersReference
) -> Errors:
    if ref.api_group is not None:
        messages = dns1123_subdomain_errors(ref.api_group)
        yield from complaints(f"{path}.apiGroup", ref.api_group, messages)
    for name, value in (("kind", ref.kind), ("name", ref.name)):
        if not value:
            yield required(f"{path}.{name}", "")
        else:
            yield from complaints(f"{path}.{name}", value, path_segment_errors(value))


def _ingress_status_errors(new: Ingress, _old: Ingress) -> Errors:
    balancer = new.status.load_balancer if new.status else None
    for i, entry in enumerate(balancer.ingress if balancer else ()):
        path = f"status.loadBalancer.ingress[{i}]"
        if entry.ip:
            yield from complaints(f"{path}.ip", entry.ip, address_errors(entry.ip))
        if entry.hostname:
            messages = dns_subdomain(entry.hostname)
            yield from complaints(f"{path}.hostname", entry.hostname, messages)
            if parse_address(entry.hostname) is not None:
                yield invalid(f"{path}.hostname", entry.hostname, _NOT_AN_ADDRESS)


# --- IngressClass --------------------------------------------------------------------------


def _class_errors(ingress_class: IngressClass) -> Errors:
    spec = ingress_class.spec
    controller = (spec.controller if spec else None) or ""
    if len(controller) > _MAX_CONTROLLER:
        yield too_long("spec.controller", _MAX_CONTROLLER)
    if not controller:
        yield required("spec.controller")
    else:
        for part, why in domain_path_errors(controller):
            yield invalid("spec.controller", part, why)
    if spec is not None and spec.parameters is not None:
        yield from _parameter_errors("spec.parameters", spec.parameters)


def _parameter_errors(path: str, ref: IngressClassParametersReference) -> Errors:
    yield from _reference_errors(path, ref)
    if ref.scope is None:
        yield required(f"{path}.scope")
    elif ref.scope not in _SCOPES:
        yield not_supported(f"{path}.scope", ref.scope, _SCOPES)
    elif ref.scope == "Namespace":
        if ref.namespace is None:
            yield required(f"{path}.namespace", "`parameters.scope` is set to 'Namespace'")
        else:
            messages = dns1123_label_errors(ref.namespace)
            yield from complaints(f"{path}.namespace", ref.namespace, messages)
    elif ref.namespace is not None:
        yield forbidden(f"{path}.namespace", "`parameters.scope` is set to 'Cluster'")


def _class_change_errors(new: IngressClass, old: IngressClass) -> Errors:
    after = new.spec.controller if new.spec else None
    before = old.spec.controller if old.spec else None
    yield from immutable("spec.controller", after, before)


INGRESS_RULES: Final = Rules(
    spec=_ingress_errors, status=_ingress_status_errors, metadata_again=CHANGE_AND_WHOLE
)

INGRESS_CLASS_RULES: Final = Rules(
    spec=_class_errors,
    update=_class_change_errors,
    metadata_again=CHANGE_AND_WHOLE,
    recheck="after",
)

"""API services: which server answers a group's version."""

from typing import Final

from orchestrator.api.apiregistration.v1 import APIService, APIServiceSpec
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    invalid,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.metadata import named_by
from orchestrator.apiserver.validation.rules import CHANGE_AND_WHOLE, Rules
from orchestrator.machinery.names import (
    dns1035_label_errors,
    dns1123_subdomain_errors,
    path_segment_errors,
    port_number_errors,
)

_STATUSES: Final = ("True", "False", "Unknown")


def _service_errors(service: APIService) -> Errors:
    spec = service.spec or APIServiceSpec()
    group, version = spec.group or "", spec.version or ""
    expected = f"{version}.{group}"
    for path, name in named_by(service.metadata):
        if name != expected and not path_segment_errors(name):
            yield invalid(path, name, f'must be `spec.version+"."+spec.group`: "{expected}"')
    if not group and version != "v1":
        detail = "only v1 may have an empty group and it better be legacy kube"
        yield required("spec.group", detail)
    if group:
        yield from complaints("spec.group", group, dns1123_subdomain_errors(group))
    yield from complaints("spec.version", version, dns1035_label_errors(version))
    for wire, value, most in (
        ("groupPriorityMinimum", spec.group_priority_minimum, 20000),
        ("versionPriority", spec.version_priority, 1000),
    ):
        if not 0 < value <= most:
            yield invalid(f"spec.{wire}", value, f"must be positive and less than {most}")
    if spec.service is None:
        yield from _local_errors(spec)
    else:
        yield from _remote_errors(spec)


def _local_errors(spec: APIServiceSpec) -> Errors:
    if spec.ca_bundle:
        size = f"{len(spec.ca_bundle) * 3 // 4 - spec.ca_bundle.count('=')} bytes"
        yield invalid("spec.caBundle", size, "local APIServices may not have a caBundle")
    if spec.insecure_skip_tls_verify:
        detail = "local APIServices may not have insecureSkipTLSVerify"
        yield invalid("spec.insecureSkipTLSVerify", True, detail)


def _remote_errors(spec: APIServiceSpec) -> Errors:
    service = spec.service
    assert service is not None
    if not service.namespace:
        yield required("spec.service.namespace")
    if not service.name:
        yield required("spec.service.name")
    port = 443 if service.port is None else service.port
    if messages := port_number_errors(port):
        yield invalid("spec.service.port", port, f"port is not valid: {', '.join(messages)}")
    if spec.insecure_skip_tls_verify and spec.ca_bundle:
        yield invalid("spec.insecureSkipTLSVerify", True, "may not be true if caBundle is present")


def _service_status_errors(new: APIService, _old: APIService) -> Errors:
    for i, condition in enumerate(new.status.conditions if new.status else ()):
        if condition.status not in _STATUSES:
            path = f"status.conditions[{i}].status"
            yield not_supported(path, condition.status, _STATUSES)


SERVICE_RULES: Final = Rules(
    name=path_segment_errors,
    spec=_service_errors,
    status=_service_status_errors,
    metadata_again=CHANGE_AND_WHOLE,
    any_finalizer=True,
)

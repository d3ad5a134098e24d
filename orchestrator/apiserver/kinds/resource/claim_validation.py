"""What Kubernetes refuses of claims for devices, of their templates, and of classes of devices."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from orchestrator.api.resource.v1 import (
    DeviceClaim,
    DeviceClaimConfiguration,
    DeviceClass,
    DeviceClassConfiguration,
    DeviceConstraint,
    DeviceRequest,
    DeviceSubRequest,
    DeviceToleration,
    ExactDeviceRequest,
    ResourceClaim,
    ResourceClaimTemplate,
)
from orchestrator.apiserver.kinds.core.volumes.claim_validation import template_metadata_errors
from orchestrator.apiserver.kinds.resource.claim_status_validation import claim_status_errors
from orchestrator.apiserver.kinds.resource.names import request_names, request_reference_errors
from orchestrator.apiserver.kinds.resource.validation import (
    MAX_CONFIGS,
    MAX_REQUESTS,
    each_errors,
    fully_qualified_errors,
    label_errors,
    label_key_errors,
    opaque_errors,
    selectors_errors,
    set_errors,
)
from orchestrator.apiserver.validation.field import (
    IMMUTABLE,
    NOT_POSITIVE,
    Errors,
    complaints,
    invalid,
    named,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.golang import as_go
from orchestrator.apiserver.validation.resources import is_extended
from orchestrator.apiserver.validation.rules import CHANGE_AND_WHOLE, Rules
from orchestrator.machinery.names import (
    dns1123_subdomain_errors,
    label_value_errors,
    long_name_errors,
)

_MAX_CONSTRAINTS: Final = 32
_MAX_ALTERNATIVES: Final = 8
_ONE_OF: Final = "exactly one of `exactly` or `firstAvailable` is required"
_ONE_ATTRIBUTE: Final = (
    'exactly one of "matchAttribute" or "distinctAttribute" is required, '
    "but multiple fields are set"
)
_MODES: Final = ("All", "ExactCount")
_OPERATORS: Final = ("Equal", "Exists")
_EFFECTS: Final = ("NoExecute", "NoSchedule", "None")


def _claim_errors(claim: ResourceClaim) -> Errors:
    yield from _devices_errors("spec.devices", claim.spec.devices)


def _devices_errors(path: str, devices: DeviceClaim | None) -> Errors:
    if devices is None:
        return
    known = request_names(devices)
    yield from set_errors(
        f"{path}.requests", devices.requests, MAX_REQUESTS, _request_errors, lambda each: each.name
    )
    yield from each_errors(
        f"{path}.constraints",
        devices.constraints,
        _MAX_CONSTRAINTS,
        partial(_constraint_errors, known),
    )
    yield from each_errors(
        f"{path}.config", devices.config, MAX_CONFIGS, partial(_configuration_errors, known)
    )


def _request_errors(path: str, request: DeviceRequest) -> Errors:
    yield from label_errors(f"{path}.name", request.name)
    if request.first_available and request.exactly is not None:
        yield invalid(path, None, f"{_ONE_OF}, but multiple fields are set")
    elif request.first_available:
        yield from set_errors(
            f"{path}.firstAvailable",
            request.first_available,
            _MAX_ALTERNATIVES,
            _alternative_errors,
            lambda each: each.name,
        )
    elif request.exactly is not None:
        yield from _wish_errors(f"{path}.exactly", request.exactly)
    else:
        yield required(path, _ONE_OF)


def _alternative_errors(path: str, request: DeviceSubRequest) -> Errors:
    yield from label_errors(f"{path}.name", request.name)
    yield from _wish_errors(path, request)


def _wish_errors(path: str, wish: ExactDeviceRequest | DeviceSubRequest) -> Errors:
    where = f"{path}.deviceClassName"
    yield from named(where, wish.device_class_name, dns1123_subdomain_errors)
    yield from selectors_errors(f"{path}.selectors", wish.selectors)
    yield from _count_errors(path, wish.allocation_mode or "", wish.count or 0)
    for i, toleration in enumerate(wish.tolerations):
        yield from _toleration_errors(f"{path}.tolerations[{i}]", toleration)


def _count_errors(path: str, mode: str, count: int) -> Errors:
    if mode not in _MODES:
        yield not_supported(f"{path}.allocationMode", mode, _MODES)
    elif mode == "All" and count:
        detail = "must not be specified when allocationMode is 'All'"
        yield invalid(f"{path}.count", count, detail)
    elif mode == "ExactCount" and count <= 0:
        yield invalid(f"{path}.count", count, NOT_POSITIVE)


def _toleration_errors(path: str, toleration: DeviceToleration) -> Errors:
    value = toleration.value or ""
    if toleration.key:
        yield from label_key_errors(f"{path}.key", toleration.key)
    if not toleration.operator:
        yield required(f"{path}.operator")
    elif toleration.operator not in _OPERATORS:
        yield not_supported(f"{path}.operator", toleration.operator, _OPERATORS)
    elif toleration.operator == "Equal":
        yield from complaints(f"{path}.value", value, label_value_errors(value))
    elif value:
        yield invalid(f"{path}.value", value, "must be empty for operator `Exists`")
    if toleration.effect and toleration.effect not in _EFFECTS:
        yield not_supported(f"{path}.effect", toleration.effect, _EFFECTS)


_Known = Mapping[str, frozenset[str]]


def _constraint_errors(known: _Known, path: str, constraint: DeviceConstraint) -> Errors:
    yield from _references_errors(known, path, constraint.requests)
    if constraint.match_attribute is not None:
        yield from fully_qualified_errors(f"{path}.matchAttribute", constraint.match_attribute)
    elif constraint.distinct_attribute is not None:
        where = f"{path}.distinctAttribute"
        yield from fully_qualified_errors(where, constraint.distinct_attribute)
    else:
        yield required(path, _ONE_ATTRIBUTE)


def _configuration_errors(known: _Known, path: str, config: DeviceClaimConfiguration) -> Errors:
    yield from _references_errors(known, path, config.requests)
    yield from opaque_errors(path, config.opaque)


def _references_errors(known: _Known, path: str, requests: tuple[str, ...]) -> Errors:
    check = partial(request_reference_errors, known)
    yield from set_errors(f"{path}.requests", requests, MAX_REQUESTS, check)


def _claim_change_errors(new: ResourceClaim, old: ResourceClaim) -> Errors:
    if new.spec != old.spec:
        yield invalid("spec", as_go(new.spec), IMMUTABLE)


def _template_errors(template: ResourceClaimTemplate) -> Errors:
    spec = template.spec
    if spec.metadata is not None:
        yield from template_metadata_errors("spec.metadata", spec.metadata)
    yield from _devices_errors("spec.spec.devices", spec.spec.devices)


def _template_change_errors(new: ResourceClaimTemplate, old: ResourceClaimTemplate) -> Errors:
    if new.spec != old.spec:
        yield invalid("spec", as_go(new.spec), IMMUTABLE)


# --- classes ---------------------------------------------------------------------------------


def _class_errors(device_class: DeviceClass) -> Errors:
    spec = device_class.spec
    yield from selectors_errors("spec.selectors", spec.selectors)
    yield from each_errors("spec.config", spec.config, MAX_CONFIGS, _class_configuration_errors)
    name = spec.extended_resource_name
    if name is not None and not is_extended(name):
        where = "spec.extendedResourceName"
        yield invalid(where, name, "must be a valid extended resource name")


def _class_configuration_errors(path: str, config: DeviceClassConfiguration) -> Errors:
    yield from opaque_errors(path, config.opaque)


CLAIM_RULES: Final = Rules(
    spec=_claim_errors,
    update=_claim_change_errors,
    status=claim_status_errors,
    recheck="never",
    metadata_again=CHANGE_AND_WHOLE,
)

CLAIM_TEMPLATE_RULES: Final = Rules(
    spec=_template_errors, update=_template_change_errors, metadata_again=CHANGE_AND_WHOLE
)

CLASS_RULES: Final = Rules(
    name=long_name_errors, spec=_class_errors, metadata_again=CHANGE_AND_WHOLE
)

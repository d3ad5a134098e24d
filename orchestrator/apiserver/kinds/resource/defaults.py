"""Defaults of claims for devices."""

from typing import Any

from orchestrator.api.resource.v1 import ResourceClaim, ResourceClaimTemplate
from orchestrator.apiserver.defaults.change import each, fill_zero, maybe, put


def default_claim(claim: ResourceClaim) -> ResourceClaim:
    """One device of a kind."""
    return put(claim, spec=_default_spec(claim.spec))


def default_claim_template(template: ResourceClaimTemplate) -> ResourceClaimTemplate:
    """The same inside a template."""
    spec = template.spec
    return put(template, spec=put(spec, spec=_default_spec(spec.spec)))


def _default_spec(spec: Any) -> Any:
    devices = spec.devices
    if devices is None:
        return spec
    return put(spec, devices=put(devices, requests=each(devices.requests, _default_request)))


def _default_request(request: Any) -> Any:
    return put(
        request,
        exactly=maybe(request.exactly, _default_count),
        first_available=each(request.first_available, _default_count),
    )


def _default_count(wish: Any) -> Any:
    wish = fill_zero(wish, allocation_mode="ExactCount")
    wish = put(wish, tolerations=each(wish.tolerations, _default_toleration))
    return fill_zero(wish, count=1) if wish.allocation_mode == "ExactCount" else wish


def _default_toleration(toleration: Any) -> Any:
    return fill_zero(toleration, operator="Equal")

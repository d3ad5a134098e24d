"""Defaults of pods and of pod templates.

Both are remembered by the identity of the spec or template that they are asked about, so that ten
thousand pods stamped from one template come out with one and the same PodSpec. A pod has a few
defaults more than a template, as in Kubernetes: requests from limits, ports of the host's network.
"""

from typing import Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    Container,
    ContainerPort,
    Pod,
    PodSecurityContext,
    PodSpec,
    PodTemplate,
    PodTemplateSpec,
)
from orchestrator.apiserver.defaults.amounts import canonical_amounts, struct_fix
from orchestrator.apiserver.defaults.change import each, fill, fill_zero, merged, put
from orchestrator.apiserver.kinds.core.pods.container_defaults import default_container
from orchestrator.apiserver.kinds.core.pods.volume_defaults import default_volume
from orchestrator.machinery.claim_names import apart, named
from orchestrator.machinery.errors import QuantityError
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.machinery.resources import container_limits, container_requests

_REMEMBERED: Final = 1 << 11
_GRACE_SECONDS: Final = 30
_LEAST_GRACE_SECONDS: Final = 1  # what a negative one means
_NO_CONTEXT: Final = PodSecurityContext()
_SPEC_AMOUNTS: Final = struct_fix(PodSpec)

# --- templates -----------------------------------------------------------------------------


def _default_template_spec(spec: PodSpec) -> PodSpec:
    assert _SPEC_AMOUNTS is not None
    spec = _SPEC_AMOUNTS(spec)
    # The older of two names for one thing follows the newer.
    account = spec.service_account_name or spec.service_account
    spec = fill_zero(
        put(spec, service_account_name=account, service_account=account),
        dns_policy="ClusterFirst",
        restart_policy="Always",
        scheduler_name="default-scheduler",
    )
    spec = fill(
        spec,
        security_context=_NO_CONTEXT,
        termination_grace_period_seconds=_GRACE_SECONDS,
    )
    return put(
        spec,
        scheduling_group=None,  # switched off in Kubernetes as it comes, which forgets the field
        containers=each(spec.containers, default_container),
        init_containers=each(spec.init_containers, default_container),
        ephemeral_containers=each(spec.ephemeral_containers, default_container),
        volumes=each(spec.volumes, default_volume),
    )


default_template_spec: Final = IdentityMemo(_default_template_spec, _REMEMBERED)


def _default_template(template: PodTemplateSpec) -> PodTemplateSpec:
    return put(template, spec=default_template_spec(template.spec or PodSpec()))


_templates: Final = IdentityMemo(_default_template, _REMEMBERED)


def default_template(template: PodTemplateSpec | None) -> PodTemplateSpec:
    """A workload's template; a missing one is empty, for validation to refuse."""
    return _templates(template) if template is not None else _default_template(PodTemplateSpec())


def default_pod_template(template: PodTemplate) -> PodTemplate:
    """The kind that is nothing but a template."""
    return put(template, template=default_template(template.template))


# --- pods ----------------------------------------------------------------------------------


def _default_pod_spec(spec: PodSpec) -> PodSpec:
    bare, names = apart(spec)
    if bare is not spec:
        return named(default_pod_spec(bare), *names)
    spec = default_template_spec(spec)
    spec = put(
        spec,
        containers=each(spec.containers, _request_limits),
        init_containers=each(spec.init_containers, _request_limits),
    )
    if (spec.termination_grace_period_seconds or 0) < 0:
        spec = put(spec, termination_grace_period_seconds=_LEAST_GRACE_SECONDS)
    if spec.enable_service_links is None:
        spec = put(spec, enable_service_links=True)
    if spec.host_network:
        spec = put(
            spec,
            containers=each(spec.containers, _open_host_ports),
            init_containers=each(spec.init_containers, _open_host_ports),
        )
    return _default_pod_resources(spec)


default_pod_spec: Final[IdentityMemo[PodSpec, PodSpec]] = IdentityMemo(
    _default_pod_spec, _REMEMBERED
)


def default_pod(pod: Pod) -> Pod:
    """A pod; its status only when it speaks of amounts."""
    present = pod.spec
    spec = default_pod_spec(present) if present is not None else None
    status = pod.status
    if status is not None and status.container_statuses:
        for container in status.container_statuses:
            if container.allocated_resources or container.resources is not None:
                return put(pod, spec=spec, status=canonical_amounts(status))
    return pod if spec is present else replace(pod, spec=spec)


def _request_limits(container: Container) -> Container:
    """Who limits a resource and does not say what is needed needs all of it."""
    resources = container.resources
    if resources is None or not resources.limits:
        return container
    requests = merged(resources.requests, resources.limits)
    return put(container, resources=put(resources, requests=requests))


def _open_host_ports(container: Container) -> Container:
    def open_port(port: ContainerPort) -> ContainerPort:
        return fill_zero(port, host_port=port.container_port)

    return put(container, ports=each(container.ports, open_port))


# --- resources of the pod as a whole -------------------------------------------------------


def _is_pod_level(name: str) -> bool:
    return name in ("cpu", "memory") or name.startswith("hugepages-")


def _default_pod_resources(spec: PodSpec) -> PodSpec:
    resources = spec.resources
    if resources is None or not (resources.limits or resources.requests):
        return spec
    try:
        requested = container_requests(spec)
        limited = container_limits(spec)
    except QuantityError:
        return spec  # validation will say so
    pages = {
        name: amount
        for name, amount in limited.items()
        if name.startswith("hugepages-") and name not in resources.requests
    }
    limits = merged(resources.limits, pages)
    requests = resources.requests
    if limits:
        shared = {name: q for name, q in requested.items() if name in ("cpu", "memory")}
        rest = {name: limit for name, limit in limits.items() if _is_pod_level(name)}
        requests = merged(merged(requests, shared), rest)
    return put(spec, resources=put(resources, limits=limits, requests=requests))

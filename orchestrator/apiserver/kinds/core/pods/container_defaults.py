"""Defaults of containers: of the three kinds of them alike."""

import re
from typing import Any, Final, TypeVar

from orchestrator.api.core.v1 import (
    Container,
    ContainerPort,
    EnvVar,
    EphemeralContainer,
    Lifecycle,
    LifecycleHandler,
    ObjectFieldSelector,
    Probe,
    ResourceFieldSelector,
    ResourceRequirements,
)
from orchestrator.apiserver.defaults.change import each, fill, fill_zero, maybe, put

C = TypeVar("C", Container, EphemeralContainer)

_NO_RESOURCES: Final = ResourceRequirements()  # Go's struct is no pointer: it is always there
# A registry, which may have capitals and a port, and a path that may not.
_REPOSITORY: Final = re.compile(
    r"(?=.{1,255}$)(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*"
)
_MESSAGE_PATH: Final = "/dev/termination-log"


def default_container(container: C) -> C:
    """What a container has when it does not say."""
    container = fill_zero(
        container,
        image_pull_policy=pull_policy(container.image or ""),
        termination_message_path=_MESSAGE_PATH,
        termination_message_policy="File",
    )
    container = fill(container, resources=_NO_RESOURCES)
    return put(
        container,
        ports=each(container.ports, _default_port),
        env=each(container.env, _default_variable),
        liveness_probe=maybe(container.liveness_probe, _default_probe),
        readiness_probe=maybe(container.readiness_probe, _default_probe),
        startup_probe=maybe(container.startup_probe, _default_probe),
        lifecycle=maybe(container.lifecycle, _default_lifecycle),
    )


def pull_policy(image: str) -> str:
    """Images that may change under their name are pulled each time: `:latest`, or no tag."""
    name, at, _digest = image.partition("@")
    head, slash, last = name.rpartition("/")
    repository, colon, tag = last.partition(":")
    latest = tag == "latest" if colon else bool(name) and not at
    if latest and not _REPOSITORY.fullmatch(head + slash + repository):
        return "IfNotPresent"  # a name that nobody can read has no tag
    return "Always" if latest else "IfNotPresent"


def _default_port(port: ContainerPort) -> ContainerPort:
    return fill_zero(port, protocol="TCP")


def _default_variable(variable: EnvVar) -> EnvVar:
    source = variable.value_from
    if source is None:
        return variable
    source = put(
        source,
        field_ref=maybe(source.field_ref, default_field_ref),
        resource_field_ref=maybe(source.resource_field_ref, default_resource_ref),
    )
    return put(variable, value_from=source)


def default_field_ref(ref: ObjectFieldSelector) -> ObjectFieldSelector:
    """The downward API's fields are those of v1."""
    return fill_zero(ref, api_version="v1")


def default_resource_ref(ref: ResourceFieldSelector) -> ResourceFieldSelector:
    """Kubernetes answers a divisor of zero for none."""
    return fill(ref, divisor="0")


def _default_probe(probe: Probe) -> Probe:
    probe = fill_zero(
        probe, timeout_seconds=1, period_seconds=10, success_threshold=1, failure_threshold=3
    )
    if probe.grpc is not None:
        # "" is a service's name to gRPC: it is given, not left out.
        grpc = probe.grpc if probe.grpc.service is not None else put(probe.grpc, service="")
        probe = put(probe, grpc=grpc)
    return put(probe, http_get=maybe(probe.http_get, _default_http))


def _default_http(action: Any) -> Any:
    return fill_zero(action, path="/", scheme="HTTP")


def _default_lifecycle(lifecycle: Lifecycle) -> Lifecycle | None:
    if lifecycle.stop_signal is not None and lifecycle.post_start is lifecycle.pre_stop is None:
        return None
    return put(
        lifecycle,
        stop_signal=None,  # switched off in Kubernetes as it comes, which forgets the field
        post_start=maybe(lifecycle.post_start, _default_hook),
        pre_stop=maybe(lifecycle.pre_stop, _default_hook),
    )


def _default_hook(hook: LifecycleHandler) -> LifecycleHandler:
    return put(hook, http_get=maybe(hook.http_get, _default_http))

"""ServiceAccount: every pod acts as an account of its namespace, and finds its token mounted.

The token's volume is called `kube-api-access-` and five characters. Kubernetes rolls dice for
them; here they follow from the spec, so that equal pods get equal specs and share one object.
"""

from collections.abc import Iterator
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    ConfigMapProjection,
    Container,
    DownwardAPIProjection,
    DownwardAPIVolumeFile,
    KeyToPath,
    LocalObjectReference,
    ObjectFieldSelector,
    Pod,
    PodSpec,
    ProjectedVolumeSource,
    ServiceAccount,
    ServiceAccountTokenProjection,
    Volume,
    VolumeMount,
    VolumeProjection,
)
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.admission.memory import SpecMemory, is_pod, spec_of, with_spec
from orchestrator.apiserver.admission.mountable_secrets import (
    foreign_secrets,
    foreign_secrets_of_ephemeral,
    is_enforced,
)
from orchestrator.apiserver.errors import forbidden
from orchestrator.machinery.names import content_hash

_DEFAULT: Final = "default"
_MIRROR: Final = "kubernetes.io/config.mirror"
_VOLUME: Final = "kube-api-access-"
_MOUNT_PATH: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
_SUFFIX_LENGTH: Final = 5
_FILE_MODE: Final = 0o644
# An hour, and seven seconds by which the original tells this default from a user's hour.
_TOKEN_SECONDS: Final = 3607


class ServiceAccounts(AdmissionPlugin):
    """Sets the account, requires that it exists, and mounts its token."""

    name = "ServiceAccount"

    def __init__(self) -> None:
        self._dressed: SpecMemory[PodSpec] = SpecMemory(_dress)

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        if operation == "UPDATE":
            return resource.key == "pods" and subresource == "ephemeralcontainers"
        return is_pod(operation, resource, subresource)

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """The pod of its account. Errors: Forbidden (no such account; a mirror pod's claims; a secret that
        the account does not let its pods have).
        """
        pod: Pod = request.object
        spec = spec_of(pod)
        annotations = pod.metadata.annotations
        if annotations and _MIRROR in annotations:
            _check_mirror(request, spec)
            return pod
        name = spec.service_account_name or spec.service_account or _DEFAULT
        account = reader.get(ServiceAccount, name, request.namespace)
        if account is None:
            raise forbidden(
                request.resource,
                request.name,
                f"error looking up service account {request.namespace}/{name}: "
                f'serviceaccount "{name}" not found',
            )
        if request.operation == "UPDATE":
            if is_enforced(account):
                _refuse_secrets(request, foreign_secrets_of_ephemeral(spec, account))
            return pod
        mount = spec.automount_service_account_token
        if mount is None:
            mount = account.automount_service_account_token is not False
        dressed = self._dressed(spec, name, mount, account.image_pull_secrets)
        if account.metadata.annotations and is_enforced(account):
            _refuse_secrets(request, foreign_secrets(dressed, account))
        return with_spec(pod, dressed)


def _refuse_secrets(request: AdmissionRequest, why: Iterator[str]) -> None:
    for words in why:
        raise forbidden(request.resource, request.name, words)


def _dress(
    spec: PodSpec, name: str, mount: bool, pull_secrets: tuple[LocalObjectReference, ...]
) -> PodSpec:
    changes: dict[str, Any] = {}
    if (spec.service_account_name, spec.service_account) != (name, name):
        changes |= {"service_account_name": name, "service_account": name}
    if pull_secrets and not spec.image_pull_secrets:
        changes["image_pull_secrets"] = pull_secrets
    if mount:
        changes |= _mounted(spec)
    return replace(spec, **changes) if changes else spec


# --- the token -----------------------------------------------------------------------------


def _mounted(spec: PodSpec) -> dict[str, Any]:
    """The parts of the spec that change so that each container sees the token."""
    present = next((v.name for v in spec.volumes if v.name.startswith(_VOLUME)), "")
    if not any(_lacks_mount(c) for c in (*spec.containers, *spec.init_containers)):
        return {}
    name = present or f"{_VOLUME}{_suffix(spec)}"
    mount = VolumeMount(name=name, read_only=True, mount_path=_MOUNT_PATH)
    changes: dict[str, Any] = {
        "containers": tuple(_with_mount(c, mount) for c in spec.containers),
        "init_containers": tuple(_with_mount(c, mount) for c in spec.init_containers),
    }
    if not present:
        changes["volumes"] = (*spec.volumes, Volume(name=name, projected=_TOKEN))
    return changes


def _lacks_mount(container: Container) -> bool:
    return all(mount.mount_path != _MOUNT_PATH for mount in container.volume_mounts)


def _with_mount(container: Container, mount: VolumeMount) -> Container:
    if not _lacks_mount(container):
        return container
    return replace(container, volume_mounts=(*container.volume_mounts, mount))


def _suffix(spec: PodSpec) -> str:
    return content_hash(spec)[:_SUFFIX_LENGTH]


_TOKEN: Final = ProjectedVolumeSource(
    default_mode=_FILE_MODE,
    sources=(
        VolumeProjection(
            service_account_token=ServiceAccountTokenProjection(
                path="token", expiration_seconds=_TOKEN_SECONDS
            )
        ),
        VolumeProjection(
            config_map=ConfigMapProjection(
                name="kube-root-ca.crt", items=(KeyToPath(key="ca.crt", path="ca.crt"),)
            )
        ),
        VolumeProjection(
            downward_api=DownwardAPIProjection(
                items=(
                    DownwardAPIVolumeFile(
                        path="namespace",
                        field_ref=ObjectFieldSelector(
                            api_version="v1", field_path="metadata.namespace"
                        ),
                    ),
                )
            )
        ),
    ),
)

# --- mirror pods ---------------------------------------------------------------------------


def _check_mirror(request: AdmissionRequest, spec: PodSpec) -> None:
    """A static pod's mirror is what the node says: nothing is added, and nothing may be needed."""
    why = ""
    if spec.service_account_name:
        why = "a mirror pod may not reference service accounts"
    elif _has_secrets(spec):
        why = "a mirror pod may not reference secrets"
    elif _has_tokens(spec):
        why = "a mirror pod may not use ServiceAccountToken volume projections"
    if why:
        raise forbidden(request.resource, request.name, why)


def _has_secrets(spec: PodSpec) -> bool:
    if spec.image_pull_secrets or any(v.secret is not None for v in spec.volumes):
        return True
    if any(s.secret is not None for v in spec.volumes if v.projected for s in v.projected.sources):
        return True
    for container in (*spec.containers, *spec.init_containers):
        if any(source.secret_ref is not None for source in container.env_from):
            return True
        if any(e.value_from and e.value_from.secret_key_ref for e in container.env):
            return True
    return False


def _has_tokens(spec: PodSpec) -> bool:
    sources = (s for v in spec.volumes if v.projected for s in v.projected.sources)
    return any(source.service_account_token is not None for source in sources)

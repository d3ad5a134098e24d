"""Profiles of seccomp and AppArmor in annotations, where they were before they were fields."""

from collections.abc import Mapping
from typing import Final

from orchestrator.api.core.v1 import PodSpec
from orchestrator.apiserver.validation.field import Errors, complaints, invalid
from orchestrator.apiserver.validation.formats import relative_path_errors

_SECCOMP_POD: Final = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER: Final = "container.seccomp.security.alpha.kubernetes.io/"
_APP_ARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
_SECCOMP_PROFILES: Final = ("runtime/default", "docker/default", "unconfined")
_APP_ARMOR_PROFILES: Final = ("", "runtime/default", "unconfined")
_LOCAL: Final = "localhost/"


def profile_annotation_errors(path: str, annotations: Mapping[str, str], spec: PodSpec) -> Errors:
    """Annotations at `path` that name profiles; AppArmor's are of containers in the pod."""
    if _SECCOMP_POD in annotations:
        yield from _seccomp_errors(f"{path}.{_SECCOMP_POD}", annotations[_SECCOMP_POD])
    for key, profile in annotations.items():
        if key.startswith(_SECCOMP_CONTAINER):
            yield from _seccomp_errors(f"{path}.{key}", profile)
    for key, profile in annotations.items():
        if key.startswith(_APP_ARMOR):
            yield from _app_armor_errors(f"{path}[{key}]", key, profile, spec)


def _seccomp_errors(path: str, profile: str) -> Errors:
    if profile in _SECCOMP_PROFILES:
        return
    if profile.startswith(_LOCAL):
        local = profile.removeprefix(_LOCAL)
        yield from complaints(path, local, relative_path_errors(local))
    else:
        yield invalid(path, profile, "must be a valid seccomp profile")


def _app_armor_errors(path: str, key: str, profile: str, spec: PodSpec) -> Errors:
    name = key.removeprefix(_APP_ARMOR)
    names = {container.name for container in (*spec.init_containers, *spec.containers)}
    names.update(container.name for container in spec.ephemeral_containers)
    if name not in names:
        yield invalid(path, name, "container not found")
    if profile not in _APP_ARMOR_PROFILES and not profile.startswith(_LOCAL):
        yield invalid(path, profile, f'invalid AppArmor profile name: "{profile}"')

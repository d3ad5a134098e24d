"""Profiles of seccomp and AppArmor in annotations, where they were before they were fields."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import AppArmorProfile, PodSpec, SecurityContext
from orchestrator.apiserver.validation.field import Errors, complaints, forbidden, invalid
from orchestrator.apiserver.validation.formats import relative_path_errors
from orchestrator.machinery.memo import remembered

_SECCOMP_POD: Final = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER: Final = "container.seccomp.security.alpha.kubernetes.io/"
_APP_ARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
_SECCOMP_PROFILES: Final = ("runtime/default", "docker/default", "unconfined")
_APP_ARMOR_PROFILES: Final = ("", "runtime/default", "unconfined")
_LOCAL: Final = "localhost/"
_FIELDS: Final = {"unconfined": "Unconfined", "runtime/default": "RuntimeDefault"}
_BY_CONTAINER: Final = (_SECCOMP_CONTAINER, _APP_ARMOR)
# What annotations call the profiles of the fields' types.
_NAMED: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "seccomp": {
        "Unconfined": ("unconfined",),
        "RuntimeDefault": ("runtime/default", "docker/default"),
    },
    "apparmor": {"Unconfined": ("unconfined",), "RuntimeDefault": ("runtime/default",)},
}
_MOST_NAME: Final = 4095  # bytes of a path


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


def mismatch_errors(path: str, annotations: Mapping[str, str], spec: PodSpec) -> Errors:
    """Annotations that name another profile than the fields of a new pod, or template, whose spec is at `path`."""
    if not any(key == _SECCOMP_POD or key.startswith(_BY_CONTAINER) for key in annotations):
        return
    security = spec.security_context
    whole = None if security is None else security.seccomp_profile
    where = f"{path}.securityContext.seccompProfile"
    yield from _mismatch(where, "seccomp", annotations.get(_SECCOMP_POD), whole)
    containers = tuple(_containers(path, spec))
    for place, container in containers:
        own = container.security_context
        named = annotations.get(_SECCOMP_CONTAINER + container.name)
        profile = None if own is None else own.seccomp_profile
        yield from _mismatch(f"{place}.securityContext.seccompProfile", "seccomp", named, profile)
    if spec.os is not None and spec.os.name == "windows":
        return
    for place, container in containers:
        own = container.security_context
        named = annotations.get(_APP_ARMOR + container.name)
        profile = None if own is None else own.app_armor_profile
        if profile is None and security is not None:
            profile = security.app_armor_profile
        yield from _mismatch(f"{place}.securityContext.appArmorProfile", "apparmor", named, profile)


def _containers(path: str, spec: PodSpec) -> Iterator[tuple[str, Any]]:
    for field, containers in (
        ("initContainers", spec.init_containers),
        ("containers", spec.containers),
        ("ephemeralContainers", spec.ephemeral_containers),
    ):
        for i, container in enumerate(containers):
            yield f"{path}.{field}[{i}]", container


def _mismatch(path: str, what: str, annotation: str | None, profile: Any) -> Errors:
    if annotation is None or profile is None:
        return
    local = annotation.removeprefix(_LOCAL)
    if profile.type == "Localhost":
        if local == annotation:
            yield forbidden(f"{path}.type", f"{what} type in annotation and field must match")
        elif local != profile.localhost_profile:
            detail = f"{what} profile in annotation and field must match"
            yield forbidden(f"{path}.localhostProfile", detail)
    elif annotation not in _NAMED[what].get(profile.type, (annotation,)):
        yield forbidden(f"{path}.type", f"{what} type in annotation and field must match")


@remembered(1 << 10, longest=1 << 13)
def app_armor_of(annotation: str) -> AppArmorProfile | None:
    """The profile that an annotation's value names, the very same each time; None if it names none."""
    if annotation in _FIELDS:
        return AppArmorProfile(type=_FIELDS[annotation])
    local = annotation.removeprefix(_LOCAL)
    if local == annotation or not local or len(local) > _MOST_NAME:
        return None
    return AppArmorProfile(type="Localhost", localhost_profile=local)


def names_app_armor(annotations: Mapping[str, str]) -> bool:
    """Whether some annotation is of AppArmor; those of most pods are none at all."""
    return bool(annotations) and any(key.startswith(_APP_ARMOR) for key in annotations)


def with_app_armor_fields(spec: PodSpec, annotations: Mapping[str, str]) -> PodSpec:
    """The spec with the profiles of annotations in its containers that say none themselves."""
    if spec.os is not None and spec.os.name == "windows":
        return spec
    whole = spec.security_context.app_armor_profile if spec.security_context else None

    def filled(container: Any) -> Any:
        annotation = annotations.get(_APP_ARMOR + container.name)
        context = container.security_context
        if annotation is None or (context is not None and context.app_armor_profile is not None):
            return container
        profile = app_armor_of(annotation)
        if profile is None or profile == whole:
            return container
        context = replace(context or SecurityContext(), app_armor_profile=profile)
        return replace(container, security_context=context)

    return replace(
        spec,
        containers=tuple(map(filled, spec.containers)),
        init_containers=tuple(map(filled, spec.init_containers)),
        ephemeral_containers=tuple(map(filled, spec.ephemeral_containers)),
    )


def old_app_armor(annotations: Mapping[str, str], spec: PodSpec) -> Iterator[str]:
    """The annotations of a new pod by which its containers have their profiles, or should have had."""
    if not names_app_armor(annotations) or (spec.os is not None and spec.os.name == "windows"):
        return
    containers: tuple[Any, ...] = (*spec.init_containers, *spec.containers)
    for container in (*containers, *spec.ephemeral_containers):
        key = _APP_ARMOR + container.name
        if key not in annotations:
            continue
        context, named = container.security_context, app_armor_of(annotations[key])
        own = None if context is None else context.app_armor_profile
        # A profile that the author wrote is equal at the most.
        if own is named:
            yield key


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

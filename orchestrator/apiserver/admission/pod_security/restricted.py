"""The checks of the level restricted: what hardens a pod, which it must ask for."""

from typing import Final

from msgspec.structs import fields

from orchestrator.api.core.v1 import PodSpec, Volume
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.admission.pod_security.baseline import (
    is_seccomp_profile,
    seccomp_profile,
)
from orchestrator.apiserver.admission.pod_security.checking import (
    AnyContainer,
    Check,
    Violation,
    bad_containers,
    context,
    is_windows,
    named,
    plural,
    pod_context,
    quoted,
    setters,
    uses,
)

_ALL: Final = "ALL"
_BIND: Final = "NET_BIND_SERVICE"
_VOLUMES: Final = (
    "config_map",
    "csi",
    "downward_api",
    "empty_dir",
    "ephemeral",
    "image",
    "persistent_volume_claim",
    "projected",
    "secret",
)
# The wire's names of the others.
_OTHER_VOLUMES: Final = {
    each.name: each.encode_name
    for each in fields(Volume)
    if each.name not in _VOLUMES and each.name != "name"
}


def not_of_windows(check: Check) -> Check:
    """The check, but not of pods of Windows, which may not set what it asks for."""

    def linux_check(metadata: ObjectMeta, spec: PodSpec) -> Violation | None:
        return None if is_windows(spec) else check(metadata, spec)

    return linux_check


def allow_privilege_escalation(_metadata: ObjectMeta, spec: PodSpec) -> Violation | None:
    """No program becomes mightier than the one that starts it."""
    names = bad_containers(spec, lambda each: context(each).allow_privilege_escalation is not False)
    if not names:
        return None
    detail = f"{named('container', names)} must set securityContext.allowPrivilegeEscalation=false"
    return Violation("allowPrivilegeEscalation != false", detail)


def capabilities(_metadata: ObjectMeta, spec: PodSpec) -> Violation | None:
    """All are dropped; at most low ports may be bound again."""
    adding: dict[str, set[str]] = {}

    def keeps_some(container: AnyContainer) -> bool:
        given = context(container).capabilities
        if given is None:
            return True
        if added := set(given.add) - {_BIND}:
            adding[container.name] = added
        return _ALL not in given.drop

    keeping = bad_containers(spec, keeps_some)
    details = []
    if keeping:
        which = named("container", keeping)
        details.append(f'{which} must set securityContext.capabilities.drop=["ALL"]')
    if adding:
        which, added = named("container", tuple(adding)), sorted(set().union(*adding.values()))
        what = f"must not include {quoted(added)} in securityContext.capabilities.add"
        details.append(f"{which} {what}")
    return Violation("unrestricted capabilities", "; ".join(details)) if details else None


def restricted_volumes(_metadata: ObjectMeta, spec: PodSpec) -> Violation | None:
    """Volumes are the cluster's, not the node's."""
    bad: list[str] = []
    types: set[str] = set()
    for volume in spec.volumes:
        if all(getattr(volume, kind) is None for kind in _VOLUMES):
            bad.append(volume.name)
            types.add(_type_of(volume))
    if not bad:
        return None
    kinds = f"{plural('restricted volume type', types)} {quoted(sorted(types))}"
    detail = f"{named('volume', bad)} {uses(bad)} {kinds}"
    return Violation("restricted volume types", detail)


def _type_of(volume: Volume) -> str:
    found = (
        name for kind, name in _OTHER_VOLUMES.items() if getattr(volume, kind, None) is not None
    )
    return next(found, "unknown")


def run_as_non_root(_metadata: ObjectMeta, spec: PodSpec) -> Violation | None:
    """A kubelet refuses to start an image that would run as root."""
    of_pod = pod_context(spec).run_as_non_root
    bad = bad_containers(spec, lambda each: context(each).run_as_non_root is False)
    reason = "runAsNonRoot != true"
    if of_pod is False or bad:
        who = setters(of_pod is False, bad)
        return Violation(reason, f"{who} must not set securityContext.runAsNonRoot=false")
    if of_pod:
        return None
    silent = bad_containers(spec, lambda each: context(each).run_as_non_root is None)
    if not silent:
        return None
    who = f"pod or {named('container', silent)}"
    return Violation(reason, f"{who} must set securityContext.runAsNonRoot=true")


def run_as_user(_metadata: ObjectMeta, spec: PodSpec) -> Violation | None:
    """Nobody asks to be root."""
    pod = pod_context(spec).run_as_user == 0
    names = bad_containers(spec, lambda each: context(each).run_as_user == 0)
    if not pod and not names:
        return None
    return Violation("runAsUser=0", f"{setters(pod, names)} must not set runAsUser=0")


def seccomp_profile_set(metadata: ObjectMeta, spec: PodSpec) -> Violation | None:
    """Every container has a profile."""
    violation = seccomp_profile(metadata, spec)
    if violation is not None:
        return violation
    if is_seccomp_profile(pod_context(spec)):
        return None
    names = bad_containers(spec, lambda each: context(each).seccomp_profile is None)
    if not names:
        return None
    what = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return Violation("seccompProfile", f"pod or {named('container', names)} {what}")

"""AppArmor: which pods want a profile, and whether this machine has any."""

from pathlib import Path
from typing import Final

from orchestrator.api.core.v1 import PodSecurityContext, PodSpec, SecurityContext

_ENABLED: Final = Path("/sys/module/apparmor/parameters/enabled")
_NONE: Final = "Unconfined"


def asks_for_app_armor(spec: PodSpec) -> bool:
    """Whether the pod, or a container of it, names a profile other than Unconfined."""
    containers = (*spec.init_containers, *spec.containers)
    owns = [each.security_context for each in containers]
    contexts: list[PodSecurityContext | SecurityContext | None] = [spec.security_context, *owns]
    profiles = [each.app_armor_profile for each in contexts if each is not None]
    return any(each is not None and each.type != _NONE for each in profiles)


def has_app_armor() -> bool:
    """Whether the kernel of this machine enforces profiles."""
    try:
        return _ENABLED.read_text().startswith("Y")
    except OSError:
        return False

"""What whoever writes a quota is told, though it is accepted."""

from typing import Final

from orchestrator.api.core.v1 import ResourceQuota, ResourceQuotaSpec
from orchestrator.apiserver.validation.warnings import Warnings
from orchestrator.machinery.quantities import canonical, compare

_BARE: Final = ("cpu", "memory")
_KNOWN: Final = (*_BARE, "storage", "ephemeral-storage")


def quota_warnings(new: ResourceQuota, old: ResourceQuota | None) -> Warnings:
    """Of a new quota that allows more requests than limits."""
    if old is not None:
        return
    hard = (new.spec or ResourceQuotaSpec()).hard
    for name in _KNOWN:
        wanted, most = f"requests.{name}", f"limits.{name}"
        if wanted not in hard and name in _BARE:
            wanted = name
        if wanted in hard and most in hard and compare(hard[wanted], hard[most]) > 0:
            yield (
                f"ResourceQuota {wanted} ({canonical(hard[wanted])}) should be less than "
                f"{most} ({canonical(hard[most])})"
            )

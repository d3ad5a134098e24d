"""What `kubectl get` shows of the kinds of `policy`."""

from typing import Final

from orchestrator.api.core.v1 import ResourceQuota, ResourceQuotaStatus
from orchestrator.apiserver.printing import Printer, Row, age


def _quota_cells(obj: ResourceQuota, now: float) -> Row:
    status = obj.status or ResourceQuotaStatus()
    requests: list[str] = []
    limits: list[str] = []
    for name in sorted(status.hard):
        text = f"{name}: {status.used.get(name, 0)}/{status.hard[name]}"
        (limits if name.startswith("limits.") else requests).append(text)
    return obj.metadata.name, ", ".join(requests), ", ".join(limits), age(obj, now)


QUOTAS: Final = Printer(
    cells=_quota_cells,
)

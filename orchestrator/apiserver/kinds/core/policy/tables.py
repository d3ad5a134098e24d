"""What `kubectl get` shows of the kinds of `policy`."""

from typing import Final

from orchestrator.api.core.v1 import ResourceQuota, ResourceQuotaStatus
from orchestrator.apiserver.printing import AGE, NAME, Printer, Row, age, column


def _quota_cells(obj: ResourceQuota, now: float) -> Row:
    status = obj.status or ResourceQuotaStatus()
    requests: list[str] = []
    limits: list[str] = []
    for name in sorted(status.hard):
        text = f"{name}: {status.used.get(name, 0)}/{status.hard[name]}"
        (limits if name.startswith("limits.") else requests).append(text)
    return obj.metadata.name, age(obj, now), ", ".join(requests), ", ".join(limits)


QUOTAS: Final = Printer(
    columns=(
        NAME,
        AGE,
        column("Request", "What is used of what may be used or asked for."),
        column("Limit", "The same for what pods may use at the most."),
    ),
    cells=_quota_cells,
)

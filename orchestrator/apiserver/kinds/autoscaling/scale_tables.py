"""The table of a Scale, which is a part of several kinds and has columns of its own."""

from functools import lru_cache
from typing import Final

from msgspec.structs import replace

from orchestrator.api.autoscaling.v1 import Scale
from orchestrator.apiserver.printing import Column, Printer, Row, age, columns_of


def _cells(scale: Scale, now: float) -> Row:
    wanted = scale.spec.replicas if scale.spec else None
    present = scale.status.replicas if scale.status else 0
    return scale.metadata.name, wanted or 0, present, age(scale, now)


SCALE: Final[Printer[Scale]] = Printer(
    cells=_cells,
)


def _columns_of_custom() -> tuple[Column, ...]:
    """Those of all Scales, but for what Kubernetes says of them where the resource is a custom one."""
    name, desired, available, created = columns_of(Scale)
    return (
        replace(name, format="name"),
        replace(desired, description="Number of desired replicas"),
        replace(available, description="Number of actual replicas"),
        replace(created, type="date"),
    )


@lru_cache(maxsize=1)
def custom_scale() -> Printer[Scale]:
    """The table of a custom resource's Scale."""
    return Printer(cells=_cells, columns=_columns_of_custom())

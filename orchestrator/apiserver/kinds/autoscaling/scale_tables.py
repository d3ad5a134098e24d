"""The table of a Scale, which is a part of several kinds and has columns of its own."""

from typing import Final

from orchestrator.api.autoscaling.v1 import Scale
from orchestrator.apiserver.printing import Printer, Row, age


def _cells(scale: Scale, now: float) -> Row:
    wanted = scale.spec.replicas if scale.spec else None
    present = scale.status.replicas if scale.status else 0
    return scale.metadata.name, wanted or 0, present, age(scale, now)


SCALE: Final[Printer[Scale]] = Printer(
    cells=_cells,
)

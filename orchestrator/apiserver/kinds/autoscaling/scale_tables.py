"""The table of a Scale, which is a part of several kinds and has columns of its own."""

from typing import Final

from orchestrator.api.autoscaling.v1 import Scale
from orchestrator.apiserver.printing import AGE, NAME, Printer, Row, age, column


def _cells(scale: Scale, now: float) -> Row:
    wanted = scale.spec.replicas if scale.spec else None
    present = scale.status.replicas if scale.status else 0
    return scale.metadata.name, wanted or 0, present, age(scale, now)


SCALE: Final[Printer[Scale]] = Printer(
    columns=(
        NAME,
        column("Desired", "How many replicas are asked for.", "integer"),
        column("Available", "How many replicas there are.", "integer"),
        AGE,
    ),
    cells=_cells,
)

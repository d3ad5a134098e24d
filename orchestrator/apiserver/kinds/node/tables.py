"""What `kubectl get` shows of the kinds of `node`."""

from typing import Final

from orchestrator.api.node.v1 import RuntimeClass
from orchestrator.apiserver.printing import Printer, Row, age


def _runtime_cells(obj: RuntimeClass, now: float) -> Row:
    return obj.metadata.name, obj.handler, age(obj, now)


RUNTIMES: Final = Printer(
    cells=_runtime_cells,
)

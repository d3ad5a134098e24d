"""What `kubectl get` shows of the kinds of `replication`."""

from typing import Final

from orchestrator.api.core.v1 import (
    ReplicationController,
    ReplicationControllerSpec,
    ReplicationControllerStatus,
)
from orchestrator.apiserver.printing import (
    Printer,
    Row,
    age,
    containers_and_images,
)
from orchestrator.machinery.labels import format_labels


def _controller_cells(obj: ReplicationController, now: float) -> Row:
    spec = obj.spec or ReplicationControllerSpec()
    status = obj.status or ReplicationControllerStatus()
    names, images = containers_and_images(spec.template.spec if spec.template else None)
    return (
        obj.metadata.name,
        spec.replicas or 0,
        status.replicas,
        status.ready_replicas or 0,
        age(obj, now),
        names,
        images,
        format_labels(spec.selector),
    )


CONTROLLERS: Final = Printer(
    cells=_controller_cells,
)

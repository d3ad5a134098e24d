"""What Kubernetes fills in of the kinds of `replication`."""

from orchestrator.api.core.v1 import ReplicationController, ReplicationControllerSpec
from orchestrator.apiserver.defaults.change import fill, put
from orchestrator.apiserver.kinds.core.pods.defaults import default_template


def default_replication_controller(controller: ReplicationController) -> ReplicationController:
    """The selector and the labels are those of its pods."""
    spec = fill(controller.spec or ReplicationControllerSpec(), replicas=1)
    metadata = controller.metadata
    if spec.template is not None:
        labels = spec.template.metadata.labels
        if labels and not spec.selector:
            spec = put(spec, selector=labels)
        if labels and not metadata.labels:
            metadata = put(metadata, labels=labels)
        spec = put(spec, template=default_template(spec.template))
    return put(controller, metadata=metadata, spec=spec)

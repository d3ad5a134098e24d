"""What Kubernetes refuses of the kinds of `replication`."""

from typing import Final

from orchestrator.api.core.v1 import (
    ReplicationController,
    ReplicationControllerSpec,
)
from orchestrator.apiserver.kinds.core.pods.spec_validation import template_errors
from orchestrator.apiserver.validation.field import (
    Errors,
    invalid,
    nonnegative,
    required,
)
from orchestrator.apiserver.validation.golang import as_go
from orchestrator.apiserver.validation.rules import Rules
from orchestrator.apiserver.validation.workloads import (
    MISMATCH,
    forever_errors,
    replica_status_errors,
    template_labels,
)
from orchestrator.machinery.names import long_name_errors


def _replication_controller_errors(controller: ReplicationController) -> Errors:
    spec = controller.spec or ReplicationControllerSpec()
    yield from nonnegative("spec.minReadySeconds", spec.min_ready_seconds)
    if not spec.selector:
        yield required("spec.selector")
    if spec.replicas is None:
        yield required("spec.replicas")
    yield from nonnegative("spec.replicas", spec.replicas)
    template = spec.template
    if template is None:
        yield required("spec.template")
        return
    labels = template_labels(template)
    if any(labels.get(key) != value for key, value in spec.selector.items()):
        yield invalid("spec.template.metadata.labels", as_go(labels), MISMATCH)
    yield from template_errors("spec.template", template)
    yield from forever_errors("spec.template", template, "ReplicationController")


REPLICATION_CONTROLLER_RULES: Final = Rules(
    name=long_name_errors, spec=_replication_controller_errors, status=replica_status_errors
)

"""The kinds of `core.pods`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.core.v1 import Binding, Pod, PodTemplate
from orchestrator.apiserver.kinds.core.pods.defaults import default_pod, default_pod_template
from orchestrator.apiserver.kinds.core.pods.strategy import PodStrategy
from orchestrator.apiserver.kinds.core.pods.tables import PODS, TEMPLATES
from orchestrator.apiserver.kinds.core.pods.validation import (
    BINDING_RULES,
    POD_RULES,
    POD_TEMPLATE_RULES,
)
from orchestrator.apiserver.kinds.core.pods.warnings import (
    pod_status_warnings,
    pod_template_warnings,
    pod_warnings,
)
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.resets import SPEC
from orchestrator.apiserver.kinds.strategy import OBSERVED

KINDS: Final[tuple[Kind, ...]] = (
    Kind(Binding, rules=BINDING_RULES),
    Kind(
        Pod,
        warnings=pod_warnings,
        status_warnings=pod_status_warnings,
        rules=POD_RULES,
        default=default_pod,
        keeps_amounts=True,
        strategy=PodStrategy,
        traits=OBSERVED,
        table=PODS,
        resets={
            "status": {
                **SPEC,
                "f:metadata": {"f:deletionTimestamp": {}, "f:ownerReferences": {}},
            }
        },
        answers_deleted=True,
    ),
    Kind(
        PodTemplate,
        warnings=pod_template_warnings,
        rules=POD_TEMPLATE_RULES,
        default=default_pod_template,
        traits=OBSERVED,
        table=TEMPLATES,
        answers_deleted=True,
    ),
)

"""The kinds of `autoscaling`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.autoscaling import v1, v2
from orchestrator.apiserver.kinds.autoscaling.conversion import autoscaler_from_v2, autoscaler_to_v2
from orchestrator.apiserver.kinds.autoscaling.defaults import (
    default_autoscaler,
    default_autoscaler_v1,
)
from orchestrator.apiserver.kinds.autoscaling.tables import AUTOSCALERS, AUTOSCALERS_V1
from orchestrator.apiserver.kinds.autoscaling.validation import (
    AUTOSCALER_RULES,
    AUTOSCALER_V1_RULES,
)
from orchestrator.apiserver.kinds.kind import Kind

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        v1.HorizontalPodAutoscaler,
        converts={v2.HorizontalPodAutoscaler: autoscaler_to_v2},
        rules=AUTOSCALER_V1_RULES,
        default=default_autoscaler_v1,
        table=AUTOSCALERS_V1,
    ),
    Kind(
        v2.HorizontalPodAutoscaler,
        converts={v1.HorizontalPodAutoscaler: autoscaler_from_v2},
        rules=AUTOSCALER_RULES,
        default=default_autoscaler,
        table=AUTOSCALERS,
    ),
)

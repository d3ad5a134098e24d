"""HorizontalPodAutoscalers: as many pods as keep a metric near its target.

`controller.py` is the actor's side: it reads the target's scale, writes it, and writes the status.
`metrics.py` reads what is measured, `specs.py` says what each kind of metric asks for, `calculator.py` how
many pods that makes, `limits.py` how far one look may go from what there is, and `history.py` is what must
be remembered for that.
"""

from orchestrator.controllers.horizontal_pod_autoscaler.controller import (
    HorizontalPodAutoscalerController,
)

__all__ = ["HorizontalPodAutoscalerController"]

"""Explanations on request: a pod that asks for one by an annotation gets it as another, at each decision about it.

`kubectl annotate pod web scheduler.orchestrator.dev/explain=true`, or the same in its manifest or template. The answer is
JSON: the nodes that could take the pod with each plugin's score, the best first, and those that refuse it by plugin and reason.
"""

from typing import Any, Final

import msgspec

from orchestrator.api.core.v1 import Pod
from orchestrator.machinery.errors import MachineryError
from orchestrator.scheduler.errors import PluginError
from orchestrator.scheduler.explaining import Explanation, explain_at
from orchestrator.scheduler.placement import Placement
from orchestrator.scheduler.snapshot import Snapshot

EXPLAIN: Final = "scheduler.orchestrator.dev/explain"
EXPLANATION: Final = "scheduler.orchestrator.dev/explanation"

# How many nodes that could take the pod are named, and of how many refusals how many nodes each: all annotations of an
# object have 256 KiB together, and a name may have 253 characters.
_NAMED: Final = 50
_NAMED_OF_A_REFUSAL: Final = 10


def asks(pod: Pod) -> bool:
    """Whether somebody wants to know how it is decided about the pod."""
    annotations = pod.metadata.annotations
    return bool(annotations) and annotations.get(EXPLAIN) == "true"


def answer(pod: Pod, placement: Placement, snapshot: Snapshot) -> str:
    """What the plugins say of each node at this moment, as the text of the annotation."""
    try:
        document = _document(explain_at(pod, placement, snapshot))
    except (PluginError, MachineryError) as error:
        document = {"error": str(error)}
    return msgspec.json.encode(document).decode()


def _document(found: Explanation) -> dict[str, Any]:
    if found.refusal:
        return {"refusal": found.refusal}
    fit = [each for each in found.nodes if not each.refused_by]
    refused: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for each in found.nodes[len(fit) :]:
        refused.setdefault((each.refused_by, each.reasons), []).append(each.node)
    return {
        "nodes": [
            {"node": each.node, "total": each.total, "scores": each.scores} for each in fit[:_NAMED]
        ],
        "feasible": len(fit),
        "refused": [
            {
                "plugin": plugin,
                "reasons": reasons,
                "count": len(nodes),
                "nodes": nodes[:_NAMED_OF_A_REFUSAL],
            }
            for (plugin, reasons), nodes in list(refused.items())[:_NAMED]
        ],
    }

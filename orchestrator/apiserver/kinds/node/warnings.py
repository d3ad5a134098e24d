"""What whoever writes a runtime class is told, though it is accepted."""

from orchestrator.api.node.v1 import RuntimeClass
from orchestrator.apiserver.validation.warnings import Warnings, node_label


def runtime_class_warnings(new: RuntimeClass, _old: RuntimeClass | None) -> Warnings:
    """Of labels of nodes that are no longer used."""
    for key in new.scheduling.node_selector if new.scheduling is not None else ():
        if message := node_label(key):
            yield f"scheduling.nodeSelector: {message}"

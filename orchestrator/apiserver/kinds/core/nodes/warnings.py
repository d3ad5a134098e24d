"""What whoever writes a node is told, though it is accepted."""

from orchestrator.api.core.v1 import Node, NodeSpec
from orchestrator.apiserver.validation.warnings import Warnings, range_warnings


def node_warnings(new: Node, _old: Node | None) -> Warnings:
    """Of fields that nobody reads any more, and of ranges that are written oddly."""
    spec = new.spec or NodeSpec()
    if spec.config_source is not None:
        yield "spec.configSource: the feature is removed"
    if spec.external_id:
        yield "spec.externalID: this field is deprecated, and is unused by Kubernetes"
    for i, text in enumerate(spec.pod_cidrs):
        yield from range_warnings(f"spec.podCIDRs[{i}]", text)

"""What Kubernetes refuses of the kinds of `nodes`."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from orchestrator.api.core.v1 import Node, NodeSpec, NodeStatus, Taint
from orchestrator.apiserver.kinds.core.pods.placement_validation import taint_effect_errors
from orchestrator.apiserver.validation.field import (
    Errors,
    FieldError,
    complaints,
    duplicate,
    forbidden,
    invalid,
    required,
)
from orchestrator.apiserver.validation.formats import network_errors
from orchestrator.apiserver.validation.resources import Quantities, quantity_errors
from orchestrator.apiserver.validation.rules import CHANGE_AND_WHOLE, Rules
from orchestrator.apiserver.validation.selectors import label_key_errors
from orchestrator.machinery.addresses import parse_network
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.machinery.names import label_value_errors

_NO_SPEC: Final = NodeSpec()


_NO_STATUS: Final = NodeStatus()


def _node_errors(node: Node) -> Errors:
    spec = node.spec or _NO_SPEC
    # The original reports taints under metadata, where they once were.
    yield from _taint_errors("metadata.taints", spec.taints)
    status = node.status or _NO_STATUS
    yield from _resource_errors(status)
    yield from _feature_errors("status.declaredFeatures", status.declared_features)
    for i, text in enumerate(spec.pod_cidrs or filter(None, [spec.pod_cidr])):
        yield from complaints(f"spec.podCIDRs[{i}]", text, network_errors(text))
    families = {n.version for text in spec.pod_cidrs if (n := parse_network(text))}
    if len(spec.pod_cidrs) > 2 or (len(spec.pod_cidrs) == 2 and len(families) < 2):
        detail = "may specify no more than one CIDR for each IP family"
        yield invalid("spec.podCIDRs", spec.pod_cidrs, detail)


def _taint_errors(path: str, taints: Sequence[Taint]) -> Errors:
    seen = set()
    for i, taint in enumerate(taints):
        here = f"{path}[{i}]"
        yield from label_key_errors(f"{here}.key", taint.key)
        if messages := label_value_errors(taint.value or ""):
            yield invalid(f"{here}.value", taint.value, ";".join(messages))
        if not taint.effect:
            yield required(f"{here}.effect")
        else:
            yield from taint_effect_errors(f"{here}.effect", taint.effect)
        if (taint.key, taint.effect) in seen:
            detail = "taints must be unique by key and effect pair"
            yield FieldError("FieldValueDuplicate", here, detail, _printed(taint))
        seen.add((taint.key, taint.effect))


def _printed(taint: Taint) -> dict[str, object]:
    # As the original's internal form prints.
    return {
        "Key": taint.key,
        "Value": taint.value or "",
        "Effect": taint.effect,
        "TimeAdded": taint.time_added,
    }


def _resource_errors(status: NodeStatus) -> Errors:
    amounts: tuple[tuple[str, Quantities], ...] = (
        ("capacity", status.capacity),
        ("allocatable", status.allocatable),
    )
    for name, resources in amounts:
        if _ARE_RIGHT(resources):
            continue
        for resource, quantity in resources.items():
            yield from quantity_errors(f"status.{name}.{resource}", resource, quantity)


def _are_right(resources: Quantities) -> bool:
    return not any(
        True for name, each in resources.items() for _ in quantity_errors("status", name, each)
    )


# Nodes that are alike share what they have.
_ARE_RIGHT: Final[IdentityMemo[Quantities, bool]] = IdentityMemo(_are_right, 1 << 10)


def _node_change_errors(new: Node, old: Node) -> Errors:
    spec, before = new.spec or _NO_SPEC, old.spec or _NO_SPEC
    if before.pod_cidrs and spec.pod_cidrs != before.pod_cidrs:
        detail = 'node updates may not change podCIDR except from "" to valid'
        yield forbidden("spec.podCIDRs", detail)
    if before.provider_id and spec.provider_id != before.provider_id:
        detail = 'node updates may not change providerID except from "" to valid'
        yield forbidden("spec.providerID", detail)
    if (spec.external_id or "") != (before.external_id or ""):
        yield forbidden("spec.externalID", "may not be updated")


def _node_status_errors(new: Node, old: Node) -> Errors:
    status, before = new.status or _NO_STATUS, old.status or _NO_STATUS
    # A heartbeat changes the conditions alone: it costs two comparisons.
    if status.capacity is not before.capacity or status.allocatable is not before.allocatable:
        yield from _resource_errors(status)
    if status.addresses is not before.addresses:
        for i, address in enumerate(status.addresses):
            if address in status.addresses[:i]:
                printed = {"Type": address.type, "Address": address.address}
                yield duplicate(f"status.addresses[{i}]", printed)
    if status.declared_features is not before.declared_features:
        yield from _feature_errors("status.declaredFeatures", status.declared_features)


def _feature_errors(path: str, features: Sequence[str]) -> Errors:
    for i, feature in enumerate(features):
        if why := _misnamed(feature):
            yield invalid(f"{path}[{i}]", feature, f"invalid feature name {quote(feature)}: {why}")
        following = features[i + 1] if i + 1 < len(features) else None
        if following == feature:
            yield duplicate(f"{path}[{i + 1}]", following)
        elif following is not None and following < feature:
            yield invalid(f"{path}[{i + 1}]", following, "list must be sorted alphabetically")


@lru_cache(maxsize=1024)  # nodes of one version have the same
def _misnamed(feature: str) -> str:
    if len(feature) > _MAX_FEATURE:
        return f"must be no more than {_MAX_FEATURE} characters"
    return "" if _FEATURE(feature) else _WRONG_FEATURE


_FEATURE: Final = re.compile(r"[A-Z][a-zA-Z0-9]*(/[a-zA-Z][a-zA-Z0-9]*)*").fullmatch
_MAX_FEATURE: Final = 253
_WRONG_FEATURE: Final = (
    "must start with an UpperCamelCase segment, with subsequent segments separated by '/' "
    "(e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes"
)


NODE_RULES: Final = Rules(
    spec=_node_errors,
    update=_node_change_errors,
    status=_node_status_errors,
    metadata_again=CHANGE_AND_WHOLE,
    recheck="twice",
)

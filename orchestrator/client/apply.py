"""What `kubectl apply` sends: a three-way merge from what was applied last."""

from collections.abc import Hashable, Mapping
from typing import Any, cast

from orchestrator.api.scheme import Resource
from orchestrator.machinery import patches
from orchestrator.protocol import PatchType


def apply_patch(
    resource: Resource, manifest: Mapping[str, Any], current: Mapping[str, Any]
) -> tuple[dict[str, Any], PatchType]:
    """The patch that brings `current` to `manifest`, and its type; empty when nothing differs.

    Fields that the last applied manifest had and this one has not are removed; fields that only
    others have set stay.
    """
    original = patches.last_applied(dict(current)) or {}
    custom = not resource.module
    if custom:
        return patches.three_way_json_merge(original, dict(manifest), dict(current)), "merge"
    kind: Hashable = cast(Hashable, resource.type)
    rules = patches.scheme_rules
    body = patches.three_way_merge(original, dict(manifest), dict(current), rules, kind)
    return body, "strategic"

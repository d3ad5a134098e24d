"""Patches on plain JSON: JSON Patch, JSON merge patch, strategic merge patch, three-way merges.

Objects become documents (`codec.to_dict`) before they come here and Structs again afterwards.
No function changes its arguments; results share what did not change. Hostile patches are refused
with a PatchError: depth and number of operations are bounded before anything recurses.
"""

from orchestrator.machinery.patches.apply import (
    LAST_APPLIED,
    last_applied,
    last_applied_text,
    three_way_json_merge,
    three_way_merge,
    with_last_applied,
    without_last_applied,
)
from orchestrator.machinery.patches.json_patch import MAX_OPERATIONS, apply_json_patch, check_fields
from orchestrator.machinery.patches.merge_patch import apply_merge_patch, create_merge_patch
from orchestrator.machinery.patches.rules import PLAIN, FieldRule, Rules, no_rules
from orchestrator.machinery.patches.scheme_rules import scheme_rules
from orchestrator.machinery.patches.strategic import apply_strategic_patch, compose
from orchestrator.machinery.patches.strategic_diff import (
    create_strategic_patch,
    create_three_way_strategic_patch,
)

__all__ = [
    "LAST_APPLIED",
    "MAX_OPERATIONS",
    "PLAIN",
    "FieldRule",
    "Rules",
    "apply_json_patch",
    "apply_merge_patch",
    "apply_strategic_patch",
    "check_fields",
    "compose",
    "create_merge_patch",
    "create_strategic_patch",
    "create_three_way_strategic_patch",
    "last_applied",
    "last_applied_text",
    "no_rules",
    "scheme_rules",
    "three_way_json_merge",
    "three_way_merge",
    "with_last_applied",
    "without_last_applied",
]

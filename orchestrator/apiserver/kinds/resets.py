"""Which fields a write by a path leaves as they are, so that whoever writes owns none of them.

A write of the main resource leaves the status alone, one of the status the spec; a few kinds leave more
alone, and say so in their row (`Kind.resets`, by subresource: Kubernetes' `GetResetFields`).
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

from orchestrator.machinery.managed_fields.field_sets import FieldSet

Resets: TypeAlias = Mapping[str, FieldSet]

SPEC: Final[FieldSet] = {"f:spec": {}}
STATUS: Final[FieldSet] = {"f:status": {}}
USUAL: Final[Resets] = {}
# Of kinds whose status is written without the metadata beside it.
STATUS_ALONE: Final[Resets] = {"status": {"f:metadata": {}, "f:spec": {}}}


def status_has_metadata(resets: Resets) -> bool:
    """Whether an update of the status may change labels, annotations and finalizers too."""
    return resets.get("status", SPEC).get("f:metadata") != {}

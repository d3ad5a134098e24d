"""Objects of kinds that no Struct describes: custom resources."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scalars import EMPTY


class Unstructured(Struct, frozen=True, kw_only=True):
    """An object with typed metadata; `content` holds everything else (`spec`, `status`, ...)."""

    api_version: str
    kind: str
    metadata: ObjectMeta = ObjectMeta()
    content: Mapping[str, Any] = EMPTY

"""The condensed document: names, types, shapes, paths and actions, without sentences."""

import json
from functools import lru_cache
from typing import Any

from orchestrator.api.facts import DOCUMENT


@lru_cache(maxsize=1)
def load() -> dict[str, Any]:
    """`version`, `definitions` and `paths`. Do not change it."""
    document: dict[str, Any] = json.loads(DOCUMENT.read_text())
    return document

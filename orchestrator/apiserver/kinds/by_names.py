"""The plainest conversion of an object: fields of equal names."""

from typing import Any

import msgspec


def by_names(stored: Any, target: type[Any]) -> Any:
    """An object of `target` with the fields of equal names; the others are empty."""
    return msgspec.convert(stored, target, from_attributes=True)

"""What all parts of a scenario file have in common."""

from msgspec import Struct


class Strict(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Base of all parts: camelCase in the file, nothing unknown."""

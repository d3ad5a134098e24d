"""Specs that say the same are one object.

Of many pods that are created one by one with equal specs, all but the first are then known to whoever remembers
something of a spec: its defaults, its faults, its owners. A spec is known by what its document says, word for word.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.machinery.memo import IdentityMemo

_ENCODER: Final = msgspec.json.Encoder()
_MOST: Final = 1 << 11
_LONGEST: Final = 1 << 14  # bytes
_SPECS: Final[dict[tuple[type[Any], bytes], Any]] = {}  # by kind and document

# Whether an object of a kind may be without a spec.
_without_spec: Final[IdentityMemo[type[Any], bool]] = IdentityMemo(
    lambda kind: hasattr(kind, "spec") and kind().spec is None
)


def words_of(spec: Any, kind: type[Any]) -> bytes:
    """What a spec, or its document, says; b"" for one that is not shared."""
    return _ENCODER.encode(spec) if spec is not None and _without_spec(kind) else b""


def known_spec(kind: type[Any], words: bytes) -> Any:
    """The spec of a kind that says this; None if nobody has remembered one."""
    return _SPECS.get((kind, words))


def remember_spec(kind: type[Any], words: bytes, spec: Any) -> None:
    """From now on this is the spec that says so."""
    if words and len(words) <= _LONGEST:
        if len(_SPECS) >= _MOST:
            _SPECS.clear()
        _SPECS[kind, words] = spec


def decode_noting(document: Mapping[str, Any], kind: type[Any]) -> tuple[Any, tuple[str, ...]]:
    """As `codec.decode_noting`, but that a spec that says the same as an earlier one is that one. Raises DecodeError."""
    spec = document.get("spec")
    words = words_of(spec, kind) if type(spec) is dict else b""
    if not words:
        return codec.decode_noting(document, kind)
    known = known_spec(kind, words)
    if known is not None:
        rest = {name: part for name, part in document.items() if name != "spec"}
        obj, unknown = codec.decode_noting(rest, kind)
        return replace(obj, spec=known), unknown
    obj, unknown = codec.decode_noting(document, kind)
    if not any(path.startswith("spec") for path in unknown):
        remember_spec(kind, words, getattr(obj, "spec", None))
    return obj, unknown

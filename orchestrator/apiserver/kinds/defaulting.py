"""What Kubernetes puts into an object where its author said nothing.

What depends on other objects (a default class, a namespace's limits) is admission; what is counted out
(addresses, ports) is allocation. An object that has its defaults already comes back as the very same
object, and so do all parts of one that lacked some.
"""

from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.apiserver.defaults.amounts import struct_fix
from orchestrator.apiserver.kinds.kind import Default, Kind

K = TypeVar("K")


def defaulter(kind: Kind, *, applied: bool = False) -> Default | None:
    """The function from an object to the same with its defaults and canonical amounts.

    None for a kind that has neither. It is for every write, before validation; `applied` for those by an apply.
    """
    canonical = None if kind.keeps_amounts else struct_fix(kind.type)
    default = kind.default_applied if applied and kind.default_applied else kind.default
    if canonical is None or default is None:
        return canonical or default

    def both(obj: Any) -> Any:
        return default(canonical(obj))

    return both


def apply_defaults(kind: Kind, obj: K) -> K:
    """The object with Kubernetes' defaults and canonical amounts; the same object when it has them."""
    default = defaulter(kind)
    filled: K = obj if default is None else default(obj)
    return filled


def completer(kind: Kind) -> Default | None:
    """The same, but with what the defaults take away because a feature is off: its author owns that, though nobody keeps it."""
    default = defaulter(kind)
    if default is None:
        return None

    def completed(obj: Any) -> Any:
        return _with_forgotten(obj, default(obj))

    return completed


def _with_forgotten(said: Any, filled: Any) -> Any:
    if said is filled:
        return filled
    if type(said) is tuple and type(filled) is tuple and len(said) == len(filled):
        return tuple(map(_with_forgotten, said, filled))
    if not isinstance(said, Struct) or type(said) is not type(filled):
        return filled
    back: dict[str, Any] = {}
    for name in said.__struct_fields__:
        before, after = getattr(said, name), getattr(filled, name)
        kept = before if after is None else _with_forgotten(before, after)
        if kept is not after:
            back[name] = kept
    return replace(filled, **back) if back else filled

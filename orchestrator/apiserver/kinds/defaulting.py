"""What Kubernetes puts into an object where its author said nothing.

What depends on other objects (a default class, a namespace's limits) is admission; what is counted out
(addresses, ports) is allocation. An object that has its defaults already comes back as the very same
object, and so do all parts of one that lacked some.
"""

from typing import Any, TypeVar

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

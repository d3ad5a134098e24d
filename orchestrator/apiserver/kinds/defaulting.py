"""What Kubernetes puts into an object where its author said nothing.

What depends on other objects (a default class, a namespace's limits) is admission; what is counted out
(addresses, ports) is allocation. An object that has its defaults already comes back as the very same
object, and so do all parts of one that lacked some.
"""

from typing import TypeVar

from orchestrator.api.scheme import Resource
from orchestrator.apiserver.defaults.amounts import struct_fix
from orchestrator.apiserver.kinds import kind_of

K = TypeVar("K")


def apply_defaults(resource: Resource, obj: K) -> K:
    """The object with Kubernetes' defaults and canonical amounts; the same object when it has them.

    Run it on every write, before validation.
    """
    kind = kind_of(resource)
    if not kind.keeps_amounts:
        canonical = struct_fix(kind.type)
        if canonical is not None:
            obj = canonical(obj)
    default = kind.default
    return obj if default is None else default(obj)

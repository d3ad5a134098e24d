"""The Struct classes of subresources' bodies: Scale, Eviction, Binding, ...

They are kinds without a resource of their own, so the scheme does not know their classes.
"""

from functools import lru_cache
from importlib import import_module
from typing import Any

from orchestrator.api.scheme import Resource, Subresource


def class_of(resource: Resource, subresource: Subresource) -> type[Any] | None:
    """The class of what is sent to a subresource; None: there is no such class."""
    same_group = (subresource.group, subresource.version) == (resource.group, resource.version)
    if same_group and subresource.kind == resource.kind:
        return resource.type
    return _class(subresource.group, subresource.version, subresource.kind)


@lru_cache(maxsize=64)
def _class(group: str, version: str, kind: str) -> type[Any] | None:
    package = group.partition(".")[0] or "core"
    try:
        module = import_module(f"orchestrator.api.{package}.{version}")
    except ImportError:
        return None
    found: type[Any] | None = getattr(module, kind, None)
    return found

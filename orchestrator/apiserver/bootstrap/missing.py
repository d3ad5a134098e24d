"""What a store is given before anybody asks for anything, and what it lacks of that later."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from itertools import chain
from typing import Any, TypeAlias

from msgspec.structs import replace

from orchestrator.api.scheme import Scheme
from orchestrator.apiserver.bootstrap.furniture import furniture
from orchestrator.apiserver.bootstrap.objects import bootstrap_objects
from orchestrator.apiserver.kinds.scheduling.group_references import serves_groups
from orchestrator.machinery.times import format_time
from orchestrator.protocol import Create
from orchestrator.store import Store

Furniture: TypeAlias = Mapping[type[Any], Sequence[Any]]


def furniture_of(scheme: Scheme, network: IPv4Network, now: float) -> Furniture:
    """The furniture of a server that serves these kinds, at so many seconds since the epoch."""
    return furniture(format_time(now), network, groups=serves_groups(scheme))


def furnish(store: Store, scheme: Scheme, furniture: Furniture) -> None:
    """A new store begins with what every cluster has."""
    for kind, objects in furniture.items():
        store.begin_with(scheme.by_type(kind).key, objects)


def creations(
    store: Store, scheme: Scheme, furniture: Furniture, address: str, secure_port: int, manager: str
) -> Iterator[Create]:
    """The requests that put in what is not there, by `manager`; each is looked for when its turn has come.

    `address` is that of the Service `kubernetes`.
    """
    for wanted in chain(bootstrap_objects(address, secure_port), *furniture.values()):
        resource, metadata = scheme.by_type(type(wanted)), wanted.metadata
        if store.get(resource.key, metadata.namespace, metadata.name) is None:
            new = replace(wanted, metadata=replace(metadata, resource_version=""))
            yield Create(resource=resource, object=new, field_manager=manager)

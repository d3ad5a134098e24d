"""What is left of a cluster that has ended: nothing."""

import asyncio
import gc
import importlib
import pkgutil
import typing
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

import actors
import orchestrator
from actors import ActorSystem, Ref
from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.client import Controller
from tests.manifests import deployment


def _parts(cluster: Cluster) -> list[weakref.ref[Any]]:
    """Weak references to what a cluster is made of: system, store, and every actor with its ref."""
    refs = cluster.system.refs()
    parts: list[Any] = [cluster, cluster.system, cluster.store, cluster.client, *refs]
    parts += [ref.actor for ref in refs if ref.actor is not None]
    return [weakref.ref(part) for part in parts]


async def _lived(served: bool = False, **options: Any) -> list[weakref.ref[Any]]:
    async with Cluster(nodes=2, **options) as cluster:
        if served:
            await cluster.serve()
        await cluster.apply([deployment()])
        await cluster.client.wait(Deployment, "web", "condition=Available", namespace="default")
        cluster.crash("/scheduler")
        await cluster.crash_node("node-1")
        return _parts(cluster)


def _alive(parts: list[weakref.ref[Any]]) -> list[str]:
    assert len(parts) > 40
    gc.collect()
    return [type(part).__name__ for reference in parts if (part := reference()) is not None]


@pytest.mark.parametrize("options", [{}, {"trace": True}, {"heartbeats": "computed"}], ids=str)
def test_a_cluster_in_virtual_time_is_freed(options: dict[str, Any]) -> None:
    """Nothing keeps a cluster that has ended."""
    assert _alive(actors.run(lambda: _lived(**options))) == []


@pytest.mark.parametrize("served", [False, True], ids=["in process", "served"])
def test_a_cluster_in_real_time_is_freed(served: bool) -> None:
    """Nor in real time, nor when it was open to kubectl."""
    assert _alive(asyncio.run(_lived(served))) == []


def test_an_actor_system_is_freed_with_the_classes_that_were_made_for_it() -> None:
    """An actor class made in a function goes with what the function saw."""

    async def lived() -> list[weakref.ref[Any]]:
        async with ActorSystem() as system:

            class Local(actors.Actor):
                def on_text(self, message: str) -> None:
                    assert system.find("/local") is not None

            ref = system.spawn(Local, "local")
            ref.tell("one")
            await system.clock.sleep(1)
            return [weakref.ref(system), weakref.ref(ref), weakref.ref(Local)]

    parts = actors.run(lived)
    gc.collect()
    assert [part() for part in parts] == [None] * 3


# What may be part of a cycle through a whole cluster. `Any` stands for an API object everywhere.
_CYCLIC = (Ref, actors.Actor, ActorSystem, Controller)


def _structs(base: type[Any]) -> Iterator[type[Any]]:
    for struct in base.__subclasses__():
        yield struct
        yield from _structs(struct)


def _holds(hint: Any) -> bool:
    origin = typing.get_origin(hint) or hint
    if origin is Callable or (isinstance(origin, type) and issubclass(origin, _CYCLIC)):
        return True
    return any(_holds(part) for part in typing.get_args(hint) if not isinstance(part, list))


def test_the_collector_sees_every_struct_that_can_hold_a_cluster() -> None:
    """A Struct that is hidden from the collector has no field for a ref, an actor or a function."""
    for package in (actors, orchestrator):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(("__main__", ".generate.types")):
                importlib.import_module(module.name)
    hidden = [s for s in _structs(msgspec.Struct) if not s.__struct_config__.gc]
    assert len(hidden) > 100
    wrong = {
        f"{struct.__module__}.{struct.__qualname__}.{name}"
        for struct in hidden
        if struct.__module__.startswith(("actors.", "orchestrator."))
        for name, hint in typing.get_type_hints(struct).items()
        if typing.get_origin(hint) is not typing.ClassVar and _holds(hint)
    }
    assert wrong == set()

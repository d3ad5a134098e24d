"""Shared caches: who hears of what, and how soon."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

import actors
from orchestrator import Cluster
from orchestrator.api.coordination.v1 import Lease
from orchestrator.api.core.v1 import ConfigMap, Namespace
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.client import Change, Changed, Controller, Key, OfMetadata, looked_up
from orchestrator.client.informers import LAZY_SECONDS
from orchestrator.machinery.times import parse_time


class Listener(Controller):
    """Remembers when it heard of which renewal."""

    name = "listener"
    kind = Lease
    heard: list[tuple[float, str]]

    def own_keys(self, change: Change[Any]) -> Iterable[Key]:
        if change.new is not None and change.old is not None:
            self.heard.append((self.ctx.clock.now(), change.new.spec.renew_time))
        return ()

    async def reconcile(self, key: Key) -> float | None:
        return None


class Idler(Controller):
    """Hears of the leases' metadata only."""

    name = "idler"
    kind = Namespace
    heard: list[Change[Lease]]

    def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
        return {Lease: OfMetadata(self._note)}

    def _note(self, change: Change[Lease]) -> Iterable[Key]:
        self.heard.append(change)
        return ()

    async def reconcile(self, key: Key) -> float | None:
        return None


def test_who_wants_every_change_hears_of_it_at_once() -> None:
    """Even if all who came before did not, and their watch was lazy."""
    actors.run(_listen)


async def _listen() -> None:
    Listener.heard = []
    Idler.heard = []
    async with Cluster(nodes=3) as cluster:
        await cluster.run_controller(Idler)
        await cluster.clock.sleep(60)
        await cluster.run_controller(Listener)
        await cluster.clock.sleep(2)
        Listener.heard.clear()
        await cluster.clock.sleep(60)
    assert len(Listener.heard) == 18
    for at, renewed_at in Listener.heard:
        assert at == pytest.approx(parse_time(renewed_at), abs=1e-3)
    assert [change.old for change in Idler.heard] == [None] * len(Idler.heard)


def test_a_metadata_change_of_a_lease_is_heard_of_by_who_wants_no_other() -> None:
    """At once, between renewals that nobody is told of."""
    actors.run(_label)


async def _label() -> None:
    Idler.heard = []
    async with Cluster(nodes=2) as cluster:
        await cluster.run_controller(Idler)
        await cluster.clock.sleep(35)
        before = len(Idler.heard)
        labels = {"metadata": {"labels": {"a": "b"}}}
        await cluster.client.patch(Lease, "node-1", labels, namespace="kube-node-lease")
        await cluster.clock.sleep(0.001)
        (change,) = Idler.heard[before:]
        assert change.new is not None
        assert change.new.metadata.labels == {"a": "b"}


class Reader(Controller):
    """Looks ConfigMaps up, and hears of none."""

    name = "reader"
    kind = Namespace
    told: list[str]

    def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
        return {ConfigMap: looked_up}

    def on_changed(self, message: Changed) -> None:
        self.told.append(message.resource.plural)
        super().on_changed(message)

    async def reconcile(self, key: Key) -> float | None:
        return None


def test_who_looks_a_kind_up_is_not_told_of_it_and_finds_it_in_the_cache() -> None:
    """Within LAZY_SECONDS where nobody else hears of it."""
    actors.run(_look_up)


async def _look_up() -> None:
    Reader.told = []
    async with Cluster(nodes=0, controllers=()) as cluster:
        await cluster.run_controller(Reader)
        await cluster.clock.sleep(1)
        made = ConfigMap(metadata=ObjectMeta(name="made", namespace="default"))
        await cluster.client.create(made)
        await cluster.clock.sleep(LAZY_SECONDS + 0.1)
        seen: list[bool] = []

        class Other(Reader):
            name = "other"

            async def reconcile(self, key: Key) -> float | None:
                seen.append(self.cache(ConfigMap).get("default", "made") is not None)
                return None

        await cluster.run_controller(Other)
        await cluster.clock.sleep(0.1)
    assert seen
    assert all(seen)
    assert "configmaps" not in Reader.told

"""Caches are right in the end, whatever happens to the messages that fill them."""

import pytest

import actors
from actors import Crash, Fault, FaultPlan, MessageFault, Partition
from orchestrator import Cluster
from orchestrator.api.core.v1 import ConfigMap
from orchestrator.client import Controller, Key
from orchestrator.protocol import NotFound
from tests.manifests import Manifest


class Mirror(Controller):
    """Remembers what it was last shown of each ConfigMap."""

    name = "mirror"
    kind = ConfigMap
    seen: dict[Key, str | None]

    async def reconcile(self, key: Key) -> float | None:
        found = self.cache(ConfigMap).get(key.namespace, key.name)
        type(self).seen[key] = None if found is None else found.data.get("n")
        return None


def _config(name: str, number: int) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default"},
        "data": {"n": str(number)},
    }


INFORMERS = "/controllers/informers"
TROUBLE: dict[str, tuple[Fault, ...]] = {
    "lost": (
        MessageFault(action="drop", target=INFORMERS, message="WatchEvents", probability=0.3),
    ),
    "twice": (MessageFault(action="duplicate", target=INFORMERS, probability=0.5),),
    "reordered": (
        MessageFault(action="reorder", target=INFORMERS, message="WatchEvents", probability=0.3),
    ),
    "late": (MessageFault(action="delay", target=INFORMERS, probability=0.5, seconds=3),),
    "cut off": (Partition(group=(INFORMERS,), others=("/apiserver",), start=5, end=60),),
    "server killed": (Crash(actor="/apiserver", at=5, every=7, count=5),),
    "informers killed": (Crash(actor=INFORMERS, at=5, every=7, count=5),),
    "requests lost": (MessageFault(action="drop", target="/apiserver", probability=0.05, start=1),),
}


@pytest.mark.parametrize("trouble", list(TROUBLE))
def test_a_controller_sees_the_last_state_of_everything(trouble: str) -> None:
    """Though not every step to it."""

    async def main() -> None:
        Mirror.seen = {}
        async with Cluster(nodes=1, faults=FaultPlan(TROUBLE[trouble])) as cluster:
            await cluster.run_controller(Mirror)
            wanted: dict[str, str | None] = {}
            for number in range(40):
                name = f"c{number % 7}"
                try:
                    if number % 5 == 4:
                        await cluster.client.delete(ConfigMap, name, namespace="default")
                        wanted[name] = None
                    else:
                        await cluster.apply([_config(name, number)])
                        wanted[name] = str(number)
                except actors.NoReply:
                    wanted[name] = await _look(cluster, name)
                except NotFound:
                    wanted[name] = None
                await cluster.clock.sleep(1)
            await cluster.clock.sleep(600)
            for name in wanted:
                assert Mirror.seen.get(Key("default", name)) == await _look(cluster, name)

    actors.run(main)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_was_cached_when_informers_were_killed_is_told_all_the_same(number: int) -> None:
    """Killed by the very message that brought it, when nobody has been told yet."""
    crash = Crash(actor=INFORMERS, at=1.5, after_messages=number)

    async def main() -> None:
        Mirror.seen = {}
        async with Cluster(nodes=0, faults=FaultPlan((crash,))) as cluster:
            await cluster.run_controller(Mirror)
            await cluster.clock.sleep(2)
            await cluster.apply([_config("a", 1)])
            await cluster.clock.sleep(10)
            assert Mirror.seen.get(Key("default", "a")) == "1"

    actors.run(main)


async def _look(cluster: Cluster, name: str) -> str | None:
    for _ in range(20):
        try:
            found = await cluster.client.list(
                ConfigMap, namespace="default", field_selector=f"metadata.name={name}"
            )
        except actors.NoReply:
            continue
        return found[0].data.get("n") if found else None
    raise AssertionError("the server does not answer")

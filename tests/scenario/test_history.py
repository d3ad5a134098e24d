"""What the digest covers, and what is counted."""

import asyncio
from collections.abc import Sequence

from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.core.v1 import Container, Pod, PodCondition, PodSpec, PodStatus
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.scenario.history import History
from orchestrator.store import Change

META = ObjectMeta(name="web", namespace="default", resource_version="2")
SPEC = PodSpec(containers=(Container(name="web", image="pause:3.10"),))
POD = Pod(metadata=META, spec=SPEC)
READY = PodStatus(
    phase="Running", conditions=(PodCondition(type="Ready", status="True", reason=""),)
)


def _history(states: Sequence[Pod | None]) -> History:
    """The history of one pod that goes through `states`."""
    history = History()
    before: Pod | None = None
    for revision, state in enumerate(states, 2):
        kind = "DELETED" if state is None else "MODIFIED" if before else "ADDED"
        seen = before if state is None else state
        history.observe(Change(kind, seen, before, revision, bucket="pods"))  # type: ignore[arg-type]
        before = state
    return history


def test_the_digest_covers_the_spec() -> None:
    """Whatever is remembered of shared specs."""
    other = replace(SPEC, containers=(Container(name="web", image="pause:3.9"),))
    assert _history([POD]).digest != _history([replace(POD, spec=other)]).digest
    assert _history([POD, POD]).digest != _history([POD, replace(POD, spec=other)]).digest


def test_the_digest_knows_no_identity() -> None:
    """Equal objects leave equal digests, shared or not."""
    copies = [codec.decode(codec.encode(POD), Pod) for _ in range(2)]
    assert _history([POD, POD]).digest == _history(copies).digest


def test_a_pods_life_is_counted() -> None:
    """Phases and readiness of those that exist; starts for ever."""
    bound = replace(POD, spec=replace(SPEC, node_name="node-0"))
    running = replace(bound, status=READY)
    history = _history([POD, bound, running])
    assert (history.pods, history.phases["Running"], history.bound, history.ready) == (1, 1, 1, 1)
    history = _history([POD, bound, running, None])
    assert (history.pods, history.bound, history.ready, history.started) == (0, 0, 0, 1)


async def test_who_waits_is_asked_when_a_count_differs() -> None:
    """And not for each write."""
    history, asked = History(), []
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def reached() -> bool:
        asked.append(history.ready)
        return history.ready == 1

    waiting = asyncio.ensure_future(history.until(reached, future))
    await asyncio.sleep(0)  # noqa: TID251
    history.observe(Change("ADDED", POD, None, 2, bucket="pods"))
    history.observe(Change("MODIFIED", POD, POD, 3, bucket="pods"))
    history.observe(Change("MODIFIED", replace(POD, status=READY), POD, 4, bucket="pods"))
    await waiting
    assert asked == [0, 0, 1]

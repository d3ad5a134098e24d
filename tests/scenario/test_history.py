"""What the digest covers."""

from collections.abc import Sequence

from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.core.v1 import Container, Pod, PodSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.scenario.history import History
from orchestrator.store import Change

META = ObjectMeta(name="web", namespace="default", resource_version="2")
SPEC = PodSpec(containers=(Container(name="web", image="pause:3.10"),))
POD = Pod(metadata=META, spec=SPEC)


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

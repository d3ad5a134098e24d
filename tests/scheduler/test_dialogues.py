"""Turn by turn this scheduler makes of a cluster what kube-scheduler 1.36.2 made of it."""

import pytest

from orchestrator.scheduler.scheduler import Scheduler
from tests.scheduler.dialogues.player import play, recorded

_DIALOGUES = {
    f"{area}/{name}": each for area, some in recorded().items() for name, each in some.items()
}


@pytest.fixture(autouse=True)
def _measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count in virtual time, too, where pods come to the queue and why."""
    started = Scheduler.started

    def measuring(self: Scheduler) -> None:
        started(self)
        self.measure()

    monkeypatch.setattr(Scheduler, "started", measuring)


@pytest.mark.parametrize("name", _DIALOGUES)
async def test_each_turn_ends_as_it_did(name: str) -> None:
    """Pods with their conditions and promises, events, claims, which event woke whom, what extenders were asked."""
    assert await play(_DIALOGUES[name]) == {}

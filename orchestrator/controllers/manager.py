"""The controller manager: starts the controllers and their shared informers, and supervises them."""

from collections.abc import Callable, Sequence
from typing import Any

from actors import Actor, Ref, Request, Restart
from orchestrator.api.scheme import DEFAULT, Scheme
from orchestrator.client import Controller, Informers, SharedCaches, Statistics, Wiring
from orchestrator.protocol import ADMIN, ApiRef, Identity

# A controller that fails more often than this takes the manager with it, which starts afresh.
RESTART = Restart(most=20, within_seconds=60.0, backoff_seconds=0.1, max_backoff_seconds=10.0)


class RunController(Request[Ref[Any]], frozen=True, gc=True):
    """Start one more controller; answers its ref."""

    controller: type[Controller]


class ControllerStatistics(Request[dict[str, Statistics]], frozen=True, gc=False):
    """Answer the statistics of every controller, by name."""


class ControllerManager(Actor):
    """Runs `controllers` against the API server; each is a child named after its controller."""

    def __init__(
        self,
        api: ApiRef,
        controllers: Sequence[type[Controller]],
        *,
        scheme: Scheme = DEFAULT,
        identity: Identity = ADMIN,
        record_events: bool = True,
    ) -> None:
        self._api = api
        self._controllers = controllers
        self._scheme = scheme
        self._identity = identity
        self._record_events = record_events
        self._shared = SharedCaches()
        self._running: dict[str, Controller] = {}
        self._wiring: Wiring

    def started(self) -> None:
        """Start the informers, then each controller."""
        informers = self.ctx.spawn(
            lambda: Informers(self._api, self._shared, self._identity),
            "informers",
            restart=RESTART,
        )
        self._wiring = Wiring(
            api=self._api,
            informers=informers,
            shared=self._shared,
            scheme=self._scheme,
            identity=self._identity,
            record_events=self._record_events,
        )
        for controller in self._controllers:
            self._run(controller)

    def on_run_controller(self, message: RunController) -> Ref[Any]:
        """One more controller, a user's perhaps."""
        return self._run(message.controller)

    def on_statistics(self, message: ControllerStatistics) -> dict[str, Statistics]:
        """What each controller has done."""
        return {name: running.statistics() for name, running in self._running.items()}

    def _run(self, controller: type[Controller]) -> Ref[Any]:
        return self.ctx.spawn(self._factory(controller), controller.name, restart=RESTART)

    def _factory(self, controller: type[Controller]) -> Callable[[], Controller]:
        def make() -> Controller:
            made = self._running[controller.name] = controller(self._wiring)
            return made

        return make

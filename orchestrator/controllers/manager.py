"""The controller manager: starts the controllers and their shared informers, and supervises them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from actors import Actor, Ref, Request, Restart
from orchestrator.api.scheme import DEFAULT, Scheme
from orchestrator.client import Controller, Informers, SharedCaches, Statistics, Wiring
from orchestrator.client.declaration import check, made
from orchestrator.client.errors import InvalidController
from orchestrator.controllers.base import API_SERVER, KubernetesController
from orchestrator.machinery import service_accounts
from orchestrator.protocol import AUTHENTICATED, ApiRef, Identity

# The informers' failures are everybody's: a manager without them starts afresh.
RESTART: Final = Restart(
    most=20, within_seconds=60.0, backoff_seconds=0.1, max_backoff_seconds=10.0
)
# A controller's are its own: however often it fails, it alone starts again, ever more slowly.
ALONE: Final = Restart(
    most=1_000_000_000, within_seconds=60.0, backoff_seconds=0.1, max_backoff_seconds=10.0
)

_INFORMERS: Final = "informers"
# Who has written what the program's own controllers write, as in Kubernetes.
_PROGRAM: Final = "kube-controller-manager"
_API_SERVER: Final = "kube-apiserver"
# What reads for all of them.
_IDENTITY: Final = Identity("system:kube-controller-manager", (AUTHENTICATED,))
_NAMESPACE: Final = "kube-system"


class Registration(Struct, frozen=True):
    """A controller that is to run, with the arguments of its own."""

    controller: type[Controller]
    arguments: Mapping[str, Any]


class RunController(Request[Ref[Any]], frozen=True, gc=True):
    """Start one more controller; answers its ref.

    Errors: InvalidController, also when a controller of that name runs, or when it cannot start.
    """

    controller: type[Controller]
    arguments: Mapping[str, Any] = {}


class ControllerStatistics(Request[dict[str, Statistics]], frozen=True, gc=False):
    """Answer the statistics of every controller, by name."""


class ControllerManager(Actor):
    """Runs `controllers` against the API server; each is a child named after its controller.

    `added` keeps what `RunController` brought; given to the next incarnation, it is started again.
    `arguments` are those of some of `controllers`.
    """

    def __init__(
        self,
        api: ApiRef,
        controllers: Sequence[type[Controller]],
        *,
        scheme: Scheme = DEFAULT,
        record_events: bool = True,
        added: list[Registration] | None = None,
        arguments: Mapping[type[Controller], Mapping[str, Any]] = {},
    ) -> None:
        self._arguments = arguments
        self._api = api
        self._controllers = controllers
        self._scheme = scheme
        self._record_events = record_events
        self._added = [] if added is None else added
        self._shared = SharedCaches()
        self._running: dict[str, Controller] = {}
        self._wiring: Wiring

    def started(self) -> None:
        """Start the informers, then each controller."""
        informers = self.ctx.spawn(
            lambda: Informers(self._api, self._shared, _IDENTITY),
            _INFORMERS,
            restart=RESTART,
        )
        self._wiring = Wiring(
            api=self._api,
            informers=informers,
            shared=self._shared,
            scheme=self._scheme,
            record_events=self._record_events,
        )
        for controller in self._controllers:
            self._start(Registration(controller, self._arguments.get(controller, {})))
        for registration in self._added:
            self._start(registration)

    def on_run_controller(self, message: RunController) -> Ref[Any]:
        """One more controller, a user's perhaps."""
        registration = Registration(message.controller, message.arguments)
        ref = self._run(registration)
        self._added.append(registration)
        return ref

    def on_statistics(self, message: ControllerStatistics) -> dict[str, Statistics]:
        """What each controller has done."""
        return {name: running.statistics() for name, running in self._running.items()}

    def _start(self, registration: Registration) -> None:
        """Start a controller that is wanted from the beginning; one that cannot run harms no other."""
        try:
            self._run(registration)
        except InvalidController as error:
            self.ctx.log.error("controller cannot run", error=str(error))

    def _run(self, registration: Registration) -> Ref[Any]:
        controller, arguments = registration.controller, registration.arguments
        check(controller, arguments, self._scheme)
        name = controller.name
        if name == _INFORMERS:
            raise InvalidController(
                controller.__qualname__, f'the name "{name}" is the manager\'s own: choose another'
            )
        if name in self._running:
            other = type(self._running[name])
            raise InvalidController(
                controller.__qualname__,
                f'a controller named "{name}" runs already ({other.__module__}.{other.__qualname__})',
            )
        first = made(controller, self._wiring_of(controller), arguments)
        ref = self.ctx.spawn(self._factory(first, registration), name, restart=ALONE)
        if first.broken is not None:
            self._running.pop(name, None)
            self.ctx.stop(ref)
            raise InvalidController(
                controller.__qualname__,
                f"it cannot start: {type(first.broken).__name__}: {first.broken}",
            ) from first.broken
        return ref

    def _wiring_of(self, controller: type[Controller]) -> Wiring:
        """Kubernetes' own write as their service accounts, and what a user runs as the embedding program.

        What is run later writes under its own name.
        """
        wiring = self._wiring
        if issubclass(controller, KubernetesController):
            identity = controller.identity or _identity_of(controller.account)
            wiring = replace(wiring, identity=identity)
        if controller not in self._controllers:
            return wiring
        program = _API_SERVER if wiring.identity is API_SERVER else _PROGRAM
        return replace(wiring, field_manager=program)

    def _factory(self, first: Controller, registration: Registration) -> Callable[[], Controller]:
        """Gives the instance that was made to see whether it can be, then new ones."""
        unused, controller = [first], registration.controller

        def make() -> Controller:
            new = (
                unused.pop()
                if unused
                else made(controller, self._wiring_of(controller), registration.arguments)
            )
            self._running[new.name] = new
            return new

        return make


def _identity_of(account: str) -> Identity:
    if not account:
        return _IDENTITY
    groups = (*service_accounts.groups_of(_NAMESPACE), AUTHENTICATED)
    return Identity(service_accounts.user_name(_NAMESPACE, account), groups)

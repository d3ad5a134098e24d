"""Whether a class can run as a controller: said to whoever runs it, before it runs."""

import inspect
from collections.abc import Mapping
from math import inf
from typing import Any
from weakref import WeakKeyDictionary

from orchestrator.api.errors import UnknownKind
from orchestrator.api.scheme import Scheme
from orchestrator.client.checking import resource_for
from orchestrator.client.controller import Controller
from orchestrator.client.errors import InvalidController
from orchestrator.client.pacing import RateLimit
from orchestrator.client.wiring import Wiring
from orchestrator.client.work_queue import Backoff

# Every cluster of a process starts the same controllers. One that was made in a function goes with what that saw.
_signatures: WeakKeyDictionary[Any, inspect.Signature] = WeakKeyDictionary()


def _signature(function: Any) -> inspect.Signature:
    found = _signatures.get(function)
    if found is None:
        found = _signatures[function] = inspect.signature(function)
    return found


def check(controller: Any, arguments: Mapping[str, Any], scheme: Scheme) -> None:
    """Raises InvalidController for what is no controller, or lacks or mistakes what it must say."""
    if isinstance(controller, Controller):
        raise InvalidController(
            type(controller).__qualname__,
            "this is an instance: give the class, and its arguments by name "
            f"(run_controller({type(controller).__name__}, ...))",
        )
    if not isinstance(controller, type) or not issubclass(controller, Controller):
        name = getattr(controller, "__qualname__", repr(controller))
        raise InvalidController(name, "a class derived from Controller is expected")
    name = controller.__qualname__
    _check_name(name, getattr(controller, "name", None))
    if getattr(controller, "kind", None) is None:
        raise InvalidController(name, "it has no `kind`: say what it reconciles (kind = ConfigMap)")
    _check_kind(name, "kind", controller.kind, scheme)
    owns: object = controller.owns
    if not isinstance(owns, tuple | list):
        raise InvalidController(name, f"`owns` is a tuple of kinds, not {owns!r}")
    for owned in owns:
        _check_kind(name, "owns", owned, scheme)
    if type(controller.workers) is not int or controller.workers < 1:
        raise InvalidController(
            name, f"`workers` is a number from 1 on, not {controller.workers!r}"
        )
    _check_pace(name, controller)
    if controller.reconcile is Controller.reconcile:
        raise InvalidController(
            name, "it has no `reconcile`: write `async def reconcile(self, key)`"
        )
    _check_parameters(name, controller, arguments)


def made(controller: type[Controller], wiring: Wiring, arguments: Mapping[str, Any]) -> Controller:
    """A controller; an `__init__` that fails, or forgets its base, is the controller's fault.

    Raises InvalidController.
    """
    try:
        new = controller(wiring, **arguments)
    except Exception as error:
        raise InvalidController(
            controller.__qualname__, f"its __init__ raised {type(error).__name__}: {error}"
        ) from error
    if not hasattr(new, "broken"):
        raise InvalidController(
            controller.__qualname__, "its __init__ does not call super().__init__(wiring)"
        )
    return new


def _check_name(controller: str, name: object) -> None:
    if name is None:
        raise InvalidController(controller, 'it has no `name`: give it one (name = "greeter")')
    if not isinstance(name, str) or not name or "/" in name:
        raise InvalidController(
            controller, f"`name` is a str that is not empty and has no slash, not {name!r}"
        )


def _check_pace(name: str, controller: type[Controller]) -> None:
    """What it hears of, and how often it looks."""
    predicates: object = controller.predicates
    if not isinstance(predicates, tuple | list) or not all(map(callable, predicates)):
        raise InvalidController(
            name, f"`predicates` is a tuple of functions of a Change, not {predicates!r}"
        )
    backoff: object = controller.backoff
    if not isinstance(backoff, Backoff):
        raise InvalidController(name, f"`backoff` is a Backoff, not {backoff!r}")
    limit: object = controller.limit
    if not isinstance(limit, RateLimit | None):
        raise InvalidController(name, f"`limit` is a RateLimit or None, not {limit!r}")
    rest: object = controller.rest_seconds
    if isinstance(rest, bool) or not isinstance(rest, int | float) or not 0 <= rest < inf:
        raise InvalidController(name, f"`rest_seconds` is a number from 0 on, not {rest!r}")


def _check_kind(controller: str, attribute: str, kind: object, scheme: Scheme) -> None:
    try:
        resource_for(kind, scheme)
    except (TypeError, UnknownKind) as error:
        raise InvalidController(controller, f"`{attribute}`: {error}") from None


def _check_parameters(
    name: str, controller: type[Controller], arguments: Mapping[str, Any]
) -> None:
    """Whether it can be called as it will be: with the wiring, and the arguments by name."""
    try:
        _signature(controller.__init__).bind(None, None, **arguments)
    except TypeError as error:
        raise InvalidController(
            name,
            f"its __init__ takes the wiring and the arguments of run_controller({name}, ...): {error}",
        ) from None
    try:
        _signature(controller.reconcile).bind(None, None)
    except TypeError as error:
        raise InvalidController(name, f"`reconcile` takes one key: {error}") from None

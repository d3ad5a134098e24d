"""Controllers by name: Kubernetes' own, and those that installed packages bring.

A package names its controllers in the entry-point group `orchestrator.controllers`:

    [project.entry-points."orchestrator.controllers"]
    reloader = "reloader.controller:Reloader"
"""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from orchestrator.client import Controller
from orchestrator.controllers import CONTROLLERS

GROUP: Final = "orchestrator.controllers"


class UnknownController(LookupError):
    """No controller of this name is here, nor can it be loaded."""


def find(name: str) -> type[Controller]:
    """The controller of that name. Raises UnknownController."""
    for controller in CONTROLLERS:
        if controller.name == name:
            return controller
    installed = _installed()
    if name not in installed:
        known = ", ".join(sorted([*(each.name for each in CONTROLLERS), *installed]))
        raise UnknownController(f"there is no controller {name!r}; there are {known}")
    try:
        found: Any = installed[name].load()
    except (ImportError, AttributeError) as error:
        raise UnknownController(
            f"the controller {name!r} ({installed[name].value}) cannot be loaded: {error}"
        ) from error
    return found  # type: ignore[no-any-return]  # whether it is one is checked where it is run


def _installed() -> Mapping[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}

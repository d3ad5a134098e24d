"""Container runtimes, one file each, behind the interface in `interface.py`.

A runtime of somebody else's is found by an entry point of the group `orchestrator.runtimes`, or is
handed to the cluster by name.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final, TypeAlias

from orchestrator.kubelet.runtimes.coroutine import CoroutineRuntime
from orchestrator.kubelet.runtimes.disks import Disks
from orchestrator.kubelet.runtimes.interface import Runtime
from orchestrator.kubelet.runtimes.profile import Profile
from orchestrator.kubelet.runtimes.simulated import SimulatedRuntime

if TYPE_CHECKING:
    from orchestrator.kubelet.runtimes.process import Image

__all__ = ["Runtime", "RuntimeFactory", "Runtimes", "SimulatedRuntime", "UnknownRuntime"]

RuntimeFactory: TypeAlias = Callable[[], Runtime]
_ENTRY_POINTS: Final = "orchestrator.runtimes"


class UnknownRuntime(LookupError):
    """No container runtime has this name; the text names those that there are."""


class Runtimes:
    """What makes the container runtimes of a cluster's nodes, by name; they share its `disks`.

    `profile` is how simulated containers behave, and `images` are what the process runtime's images are; `others`
    come before installed ones. `endpoint` is where the container runtime of nodes whose runtime is `cri` answers;
    containerd's usual place if empty. Raises TypeError for what cannot make a runtime.
    """

    def __init__(
        self,
        profile: Profile | None = None,
        others: Mapping[str, RuntimeFactory] | None = None,
        images: "Iterable[Image]" = (),
        endpoint: str = "",
    ) -> None:
        self.disks = Disks()
        self._endpoint = endpoint
        self._known: dict[str, RuntimeFactory] = {
            "simulated": partial(SimulatedRuntime, profile, self.disks),
            "coroutine": CoroutineRuntime,
            "process": partial(_process, tuple(images), self.disks),
            **(others or {}),
        }
        for name, make in self._known.items():
            if not callable(make):
                raise TypeError(f"what makes the runtime {name!r} is a class, not {make!r}")

    def factory(self, name: str) -> RuntimeFactory:
        """What makes a runtime of this name. Raises UnknownRuntime, also where no CRI runtime answers."""
        if name == "cri" and name not in self._known:
            self._known[name] = self._cri()
        if name not in self._known:
            installed = {point.name: point for point in entry_points(group=_ENTRY_POINTS)}
            if name not in installed:
                there = ", ".join(sorted({*self._known, "cri", *installed}))
                raise UnknownRuntime(f"there is no runtime {name!r}; there are {there}")
            self._known[name] = installed[name].load()
        return self._known[name]

    def _cri(self) -> RuntimeFactory:
        try:
            from orchestrator.kubelet.runtimes import cri  # late: most nodes simulate
            from orchestrator.kubelet.runtimes.cri.endpoint import CriFault
        except ImportError:
            raise UnknownRuntime(
                "the runtime 'cri' needs grpcio and protobuf: pip install 'kubeactors[cri]'"
            ) from None
        address = self._endpoint or cri.DEFAULT_ENDPOINT
        try:
            name = cri.runtime_name(address)
        except CriFault as fault:
            raise UnknownRuntime(str(fault)) from None
        return partial(cri.CriRuntime, name, address, self.disks)


def _process(images: "tuple[Image, ...]", disks: Disks) -> Runtime:
    from orchestrator.kubelet.runtimes.process import ProcessRuntime  # late: most nodes simulate

    return ProcessRuntime(images, disks=disks)

"""The container runtimes of one node: its own, and those that RuntimeClasses choose by their handler.

A handler is the name of a runtime; it is made when the first pod asks for it. `runc` is what a node has anyway. A
simulated node plays every other handler, too: what it has instead of gVisor or Kata is a simulation, as all is there.
A runtime that has handlers itself is told all other names.
"""

from collections.abc import Callable, Iterable
from typing import Final

from orchestrator.kubelet.runtimes.interface import (
    ContainerKey,
    Ending,
    Handling,
    Runtime,
    RuntimeEvent,
    RuntimeHost,
)
from orchestrator.protocol import ContainerUsage

_USUAL: Final = "runc"
_PLAYS_ALL: Final = "simulated"


class UnknownHandler(LookupError):
    """The node has no container runtime for a handler; the text is containerd's."""


class NodeRuntimes:
    """What runs the containers of a node. `own` runs those of pods that choose nothing.

    `make` makes the runtime of a name, and raises LookupError for one that there is not; `name` is that of `own`.
    """

    def __init__(self, own: Runtime, name: str, make: Callable[[str], Runtime]) -> None:
        self.own = own
        self._make = make
        self._named: dict[str, Runtime] = {name: own, _USUAL: own}
        self._name = name
        self._handling = own if isinstance(own, Handling) else None
        self._plays_all = name == _PLAYS_ALL or self._handling is not None
        self._others = False  # whether there is another than the node's own
        self._chosen: dict[str, Runtime] = {}  # by pod
        self._host: RuntimeHost

    def attach(self, host: RuntimeHost) -> None:
        """Begin to serve, or go on with another host."""
        self._host = host
        for runtime in self.all():
            runtime.attach(host)

    def all(self) -> list[Runtime]:
        """Each runtime that the node has used, its own first."""
        return list({id(each): each for each in self._named.values()}.values())

    def of(self, pod_uid: str) -> Runtime:
        """Who runs the containers of a pod."""
        return self._chosen.get(pod_uid, self.own) if self._chosen else self.own

    def is_chosen(self, pod_uid: str) -> bool:
        """Whether a runtime has been chosen for a pod."""
        return pod_uid in self._chosen

    def choose(self, pod_uid: str, handler: str) -> None:
        """Have a pod's containers run by the runtime of a handler. Raises UnknownHandler."""
        runtime = self._named.get(handler)
        if runtime is None:
            try:
                runtime = self._make(handler)
            except LookupError:
                if not self._plays_all:
                    said = (
                        f'failed to get sandbox runtime: no runtime for "{handler}" is configured'
                    )
                    raise UnknownHandler(said) from None
                runtime = self.own
            else:
                runtime.attach(self._host)
                self._others = True
            self._named[handler] = runtime
        if self._handling is not None and runtime is self.own and handler != self._name:
            self._handling.handle(pod_uid, handler)
        self._chosen[pod_uid] = runtime

    def containers(self) -> Iterable[RuntimeEvent]:
        """The last report of each container, as `Runtime.containers`."""
        if not self._others:
            return self.own.containers()
        return [event for runtime in self.all() for event in runtime.containers()]

    def usage(self, key: ContainerKey) -> ContainerUsage | None:
        """What a container uses; as `Runtime.usage`."""
        return self.of(key.pod_uid).usage(key)

    def remove(self, pod_uid: str) -> None:
        """Forget a pod; as `Runtime.remove`."""
        self.of(pod_uid).remove(pod_uid)
        self._chosen.pop(pod_uid, None)

    def is_real(self) -> bool:
        """Whether something of them has to be taken off the machine."""
        return any(isinstance(each, Ending) for each in self.all())

    async def close(self) -> None:
        """End all containers and take everything away, as a cut of the node's power does."""
        for runtime in self.all():
            for uid in {event.key.pod_uid: None for event in runtime.containers()}:
                runtime.remove(uid)
            if isinstance(runtime, Ending):
                await runtime.close()
        self._chosen.clear()

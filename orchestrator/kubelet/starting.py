"""Starts containers: finds what their environment is made of, and what they see where their runtime shows it to them."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any, Final, cast

from actors import Context
from orchestrator.api.core.v1 import Container, Pod
from orchestrator.kubelet.conversations import Conversations
from orchestrator.kubelet.env_files import ReadFile, add_variables
from orchestrator.kubelet.lookups import Lookups
from orchestrator.kubelet.material import (
    Found,
    environment_fault,
    environment_sources,
    pull_sources,
)
from orchestrator.kubelet.mounting import sub_path_fault
from orchestrator.kubelet.networks.interface import PodNetwork
from orchestrator.kubelet.pod_events import RecordEvent, StartContainer
from orchestrator.kubelet.pod_status import with_addresses
from orchestrator.kubelet.pod_worker import PodWorker
from orchestrator.kubelet.refreshing import Refreshing
from orchestrator.kubelet.runtimes.interface import (
    ContainerExited,
    Inhabited,
    Refreshed,
    Runtime,
    World,
)

_MISCONFIGURED: Final = "CreateContainerConfigError"


class ContainerStarts:
    """Starts the containers of the kubelet whose context `ctx` is, on the node with this `address`.

    `lives` answers whether a pod is still the kubelet's and has not finished; `pod_of` the pod of a uid as it is by
    now; `report` takes what keeps a container from starting, and `say` what is told of its pod.
    """

    def __init__(
        self,
        ctx: Context,
        runtime: Runtime,
        network: PodNetwork,
        address: str,
        lookups: Lookups,
        conversations: Conversations,
        *,
        lives: Callable[[PodWorker], bool],
        pod_of: Callable[[str], Pod | None],
        report: Callable[[ContainerExited], None],
        say: Callable[[Pod, RecordEvent], None],
    ) -> None:
        self._ctx = ctx
        self._runtime = runtime
        self._inhabited = cast("Inhabited", runtime) if _is_inhabited(type(runtime)) else None
        self._sees: Callable[[Pod, Container], bool] = getattr(runtime, "sees", _always)
        self._network = network
        self._address = address
        self._lookups = lookups
        self._conversations = conversations
        self._lives = lives
        self._report = report
        self._say = say
        self._refreshing: Refreshing | None = None
        if self._inhabited is not None and hasattr(runtime, "refresh"):
            refreshed = cast("Refreshed", runtime)
            self._refreshing = Refreshing(ctx, refreshed, conversations.find_world, pod_of)

    def start(self, worker: PodWorker, ips: tuple[str, ...], effect: StartContainer) -> None:
        """Start a container, once what its environment is made of is there."""
        container, pod = effect.container, worker.pod
        if pod.spec is not None and pod.spec.image_pull_secrets:
            self._lookups.find(pod, pull_sources(pod), partial(self._tell_missing, pod))
        if container.name not in worker.traits.configured:
            self._expand(worker, ips, effect)
            return

        def then(found: Found) -> None:
            fault = environment_fault(container, pod.metadata.namespace, found)
            if not self._refused(effect, fault) and self._lives(worker):
                self._expand(worker, ips, effect)

        self._lookups.find(pod, environment_sources(container), then)

    def _tell_missing(self, pod: Pod, found: Found) -> None:
        """Say which Secrets for pulling images are not there: the images may be had without them."""
        if missing := [name for (_, name), secret in found.items() if secret is None]:
            text = (
                f"Unable to retrieve some image pull secrets ({', '.join(missing)}); "
                "attempting to pull the image may not succeed."
            )
            self._say(pod, RecordEvent("Warning", "FailedToRetrieveImagePullSecret", text))

    def _refused(self, effect: StartContainer, fault: str) -> bool:
        if fault:
            now = self._ctx.clock.now()
            exited = ContainerExited(effect.key, "", 128, _MISCONFIGURED, fault, None, now)
            self._report(exited)
        return bool(fault)

    def _expand(self, worker: PodWorker, ips: tuple[str, ...], effect: StartContainer) -> None:
        """Start a container, if its paths in volumes can be made of its environment."""
        container = effect.container
        if container.name not in worker.traits.expanded:
            self._begin(worker, ips, effect)
            return

        def then(world: World) -> None:
            fault = sub_path_fault(container, world.environment)
            if not self._refused(effect, fault) and self._lives(worker):
                self._begin(worker, ips, effect)

        pod = with_addresses(worker.pod, self._address, ips)
        self._conversations.find_world(pod, container, then)

    def _begin(self, worker: PodWorker, ips: tuple[str, ...], effect: StartContainer) -> None:
        runtime = self._inhabited
        # What is in a file by now may be another thing later, and is not to be missed.
        from_files = effect.container.name in worker.traits.from_files
        if runtime is None or not (from_files or self._sees(worker.pod, effect.container)):
            self._runtime.start(worker.pod, effect.container, effect.key)
            return

        def then(world: World) -> None:
            if self._lives(worker):
                fault = self._add_variables(worker, effect.container, world)
                if self._refused(effect, fault):
                    return
                if ips:  # whatever the network: a command line that names it works in all of them
                    world.environment.setdefault("POD_IP", ips[0])
                runtime.start_within(pod, effect.container, effect.key, world)
                if self._refreshing is not None:
                    self._refreshing.began(effect.container, effect.key, world)

        # The API server may not know the pod's address yet, and the container must.
        pod = with_addresses(worker.pod, self._address, ips)
        self._conversations.find_world(pod, effect.container, then)

    def _add_variables(self, worker: PodWorker, container: Container, world: World) -> str:
        """Set what comes from files in the pod's volumes; answers why that cannot be."""
        if container.name not in worker.traits.from_files:
            return ""
        read: ReadFile = getattr(self._runtime, "volume_file", _unreadable)
        return add_variables(worker.pod, container, world.environment, read)

    def take_up(self, worker: PodWorker) -> None:
        """Volumes of containers that ran before this kubelet follow their objects as before."""
        if self._refreshing is None:
            return
        for record in worker.containers:
            if record.active and self._sees(worker.pod, record.spec):
                began = partial(self._refreshing.began, record.spec, record.key(worker.uid))
                self._conversations.find_world(worker.pod, record.spec, began)

    def forget(self, pod_uid: str) -> None:
        """The pod is gone."""
        self._lookups.tokens.forget(pod_uid)
        if self._refreshing is not None:
            self._refreshing.forget(pod_uid)


def _unreadable(pod: Pod, volume: str, path: str) -> bytes:
    """Runtimes that say nothing of it keep no volumes that could be read."""
    raise FileNotFoundError(path)


def _always(pod: Pod, container: Container) -> bool:
    """Most runtimes with surroundings have them for each container."""
    return True


@cache
def _is_inhabited(kind: type[Any]) -> bool:
    """Asked once a class: to look at a protocol's methods takes longer than the rest of a kubelet's start."""
    return issubclass(kind, Inhabited)

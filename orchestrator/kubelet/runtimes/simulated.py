"""The simulated runtime: containers whose life is a profile or a script, and in which nothing is executed.

A container is a record with at most one timer, for the next thing that will happen to it: it starts,
becomes ready, ends by itself, or ends because it was asked to. A command that is known here (`programs.py`) decides
how it ends; one that looks at its surroundings runs in them, step by step (`live.py`).
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Final

from orchestrator.api.core.v1 import Container, LifecycleHandler, Pod, Probe
from orchestrator.kubelet.image_names import full_name, image_id
from orchestrator.kubelet.networks.simulated import SimulatedNetwork
from orchestrator.kubelet.runtimes.commands.steps import NOT_FOUND
from orchestrator.kubelet.runtimes.images import failing_pull, missing, volume_images
from orchestrator.kubelet.runtimes.interface import (
    ContainerExited,
    ContainerKey,
    ContainerProbed,
    ContainerStarted,
    HookEnded,
    ImagePulling,
    NodeImage,
    ProbeAnswered,
    RuntimeEvent,
    RuntimeHost,
    World,
)
from orchestrator.kubelet.runtimes.live import Journal, LiveRun
from orchestrator.kubelet.runtimes.ports import UnknownPort, number_of
from orchestrator.kubelet.runtimes.profile import (
    Profile,
    ProfileError,
    decides_the_end,
    ending,
    for_container,
    of_init_container,
    of_job,
    with_annotations,
)
from orchestrator.kubelet.runtimes.programs import (
    PROGRAMS,
    Program,
    looks_around,
)
from orchestrator.kubelet.runtimes.services import HttpResponse, Scene, Service
from orchestrator.kubelet.runtimes.shell import outlook, rehearse, run
from orchestrator.kubelet.runtimes.simulated_conversations import Conversations
from orchestrator.kubelet.runtimes.simulated_images import user_of_image
from orchestrator.kubelet.runtimes.simulated_records import Record
from orchestrator.kubelet.runtimes.simulated_servers import listening_at
from orchestrator.kubelet.runtimes.simulated_serving import (
    address_of,
    asked,
    fault_of_site,
    length_of,
    probed,
)
from orchestrator.kubelet.runtimes.users import root_fault
from orchestrator.kubelet.substitution import substituted
from orchestrator.machinery.owners import controller_of
from orchestrator.protocol import ContainerUsage

SIGTERM_EXIT: Final = 143  # what a shell reports of a process that SIGTERM ended
SIGKILL_EXIT: Final = 137
NEVER_READY: Final = "bad:"  # how the name of an image begins whose containers do not become ready
_HELM_HOOK: Final = "helm.sh/hook"
_NO_SERVER: Final = Service(lambda request, port, scene: HttpResponse(404), frozenset())
_NO_SCENE: Final = Scene(World({}, {}), 0.0, 0.0)


class SimulatedRuntime(Conversations):
    """Takes each container through its profile's life. Implements `Runtime`. `disks` are what is behind claims."""

    name = "simulated://1.0"

    def attach(self, host: RuntimeHost) -> None:
        """As `Runtime.attach`: what was to come next comes by the new host's timers."""
        self._host = host
        if isinstance(host.network, SimulatedNetwork):
            self._network = host.network
            host.network.plug(self._answered)
        # A host's timers end with it; what they stood for goes on with the next host.
        for records in self._pods.values():
            for record in records.values():
                if record.live is not None and isinstance(record.last, ContainerStarted):
                    record.live.again(host)
                if record.next is not None:
                    at, function, arguments = record.next
                    left = max(0.0, at - host.clock.now())
                    record.timer = host.call_after(left, function, record, *arguments)

    def sees(self, pod: Pod, container: Container) -> bool:
        """Whether the container has to see its surroundings: its command, a probe or a hook looks at them."""
        program = PROGRAMS(container)
        return program is not None and (not program.alone or looks_around(container))

    def start(self, pod: Pod, container: Container, key: ContainerKey) -> None:
        """Start a container whose surroundings nobody has looked at."""
        self._start(pod, container, key, None)

    def start_within(self, pod: Pod, container: Container, key: ContainerKey, world: World) -> None:
        """Start a container that sees `world`."""
        self._start(pod, container, key, world)

    def _start(
        self, pod: Pod, container: Container, key: ContainerKey, world: World | None
    ) -> None:
        records = self._pods.setdefault(key.pod_uid, {})
        known = records.get(key.name)
        if known is not None and known.key == key:
            self._report_again(known)
            return
        container_id = f"simulated://{self._host.random.getrandbits(128):032x}"
        try:
            profile, fail_code, program = self._profile_of(pod, container)
        except ProfileError as error:
            record = records[key.name] = Record(key, self._profile, "", 0, 1)
            self._end(record, 128, "CreateContainerConfigError", str(error))
            return
        image = container.image
        record = records[key.name] = Record(
            key,
            profile,
            container_id,
            profile.exit_code,
            fail_code,
            image,
            pod=pod,
            container=container,
            program=program,
        )
        if world is not None:
            record.environment = dict(world.environment)
            record.world = self._furnished(pod, container, world)
        if image not in self._images and self._pulls(record, container.image_pull_policy):
            return
        if known is not None:
            known.before, record.before = None, known
        if image not in self._images:
            self._keep_image(record)
        self._launch(record)

    def _pulls(self, record: Record, policy: str) -> bool:
        """Whether the image that is not on the node has to be pulled first, or cannot be."""
        if policy == "Never":
            self._end(record, 128, "ErrImageNeverPull", missing(record.image))
            return True
        profile, dice = record.profile, self._host.random
        chance = profile.pull_fail_probability
        fault = failing_pull(record.image, failing=bool(chance and dice.random() < chance))
        if not fault and profile.pull_seconds is None:
            return False
        seconds = profile.pull_seconds.draw(dice) if profile.pull_seconds is not None else 0.0
        if fault:
            self._next(record, seconds, 128, "ErrImagePull", fault)
        else:
            self._host.report(ImagePulling(record.key))
            self._after(seconds, record, self._pulled, seconds)
        return True

    def _pulled(self, record: Record, seconds: float) -> None:
        record.pulled_in = seconds
        self._keep_image(record)
        self._launch(record)

    def _keep_image(self, record: Record) -> None:
        size = record.profile.image_size
        self._images[record.image] = round(size.draw(self._host.random)) if size else 0

    def images(self) -> Iterator[NodeImage]:
        """As `KeepingImages.images`: those that some container has had."""
        for name, size in self._images.items():
            yield NodeImage(name, (image_id(name), full_name(name)), size)

    def images_in_use(self) -> AbstractSet[str]:
        """As `KeepingImages.images_in_use`."""
        found: set[str] = set()
        for records in self._pods.values():
            for record in records.values():
                found.add(record.image)
                if record.pod is not None:
                    found.update(volume_images(record.pod))
        return found

    def remove_image(self, image_id: str) -> None:
        """As `KeepingImages.remove_image`."""
        self._images.pop(image_id, None)

    def _launch(self, record: Record) -> None:
        """Start a container whose image is there, unless it may not run as the image does."""
        if said := _misconfigured(record.pod, record.container):
            self._end(record, 128, "CreateContainerConfigError", said)
            return
        delay = record.profile.start_seconds.draw(self._host.random)
        self._after(delay, record, self._started)

    def _profile_of(self, pod: Pod, container: Container) -> tuple[Profile, int, Program | None]:
        """The container's profile, the exit code of a start that fails, and the program that decides instead."""
        annotations, spec, profile = pod.metadata.annotations, pod.spec, self._profile
        if annotations:
            profile = with_annotations(profile, annotations)
        fail_code = profile.exit_code or 1
        init = spec.init_containers if spec is not None else ()
        if init and any(c.name == container.name for c in init):
            profile = of_init_container(profile, sidecar=container.restart_policy == "Always")
        elif _HELM_HOOK in annotations or _is_of_job(pod):
            profile = of_job(profile)
        if annotations:
            profile = for_container(profile, annotations, container.name)
        program = PROGRAMS(container)
        if program is None or decides_the_end(self._profile, annotations, container.name):
            return profile, profile.exit_code or fail_code, None
        return ending(profile, *program.ends), fail_code, program

    def stop(self, key: ContainerKey, grace_seconds: float) -> None:
        """As `Runtime.stop`: it takes its profile's time; a script that traps SIGTERM gets the signal."""
        record = self._find(key)
        if record is None or isinstance(record.last, ContainerExited):
            return
        if record.stopping:
            left = record.next[0] - self._host.clock.now() if record.next is not None else 0.0
            if grace_seconds < left:
                self._next(record, grace_seconds, SIGKILL_EXIT, "Error")
            return
        record.stopping = True
        if record.live is not None and record.world is not None and "TERM" in record.world.trapped:
            record.world.signals.append("TERM")
            self._next(record, grace_seconds, SIGKILL_EXIT, "Error")
            return
        latency = record.profile.stop_seconds.draw(self._host.random)
        code = SIGKILL_EXIT if latency > grace_seconds else SIGTERM_EXIT
        self._next(record, min(latency, grace_seconds), code, "Error")

    def probe(
        self, pod: Pod, container: Container, key: ContainerKey, kind: str, probe: Probe
    ) -> None:
        """As `Runtime.probe`: by the profile's readiness and health, then by what its command or server says."""
        record = self._find(key)
        if record is None or not isinstance(record.last, ContainerStarted):
            return
        now = self._host.clock.now()
        success = record.ready_at <= now < record.healthy_until
        if not success:
            said = _refusal(probe, address_of(pod))
            self._host.report(ProbeAnswered(key, kind, False, said, now))
            return
        try:
            seconds, success, said = self._found(record, pod, container, probe)
        except UnknownPort as fault:
            self._host.report(ProbeAnswered(key, kind, None, str(fault), now))
            return
        self._later(seconds, ProbeAnswered(key, kind, success, said, now + seconds))

    def _found(
        self, record: Record, pod: Pod, container: Container, probe: Probe
    ) -> tuple[float, bool, str]:
        """What a probe finds: after how many seconds, whether all is well, and what is said if not.

        Raises UnknownPort.
        """
        program = record.program
        action = probe.http_get or probe.tcp_socket
        if action is not None:
            number_of(action.port, container)
        if probe.exec is not None:
            command = probe.exec.command
            if program is None and record.world is None and not outlook(command).alone:
                return 0.0, True, ""  # the image may have what the command wants
            seconds, code, out = length_of(command, self._world_of(record))
            if program is None and code == NOT_FOUND:
                return 0.0, True, ""
            most = float(probe.timeout_seconds or 1)
            if seconds >= most:
                return most, False, f'command "{" ".join(command)}" timed out'
            return seconds, code == 0, out.decode(errors="replace")
        if program is not None and program.service is not None:
            scene = self._scene_of(record)
            return (0.0, *probed(probe, container, program.service, scene, address_of(pod)))
        port = number_of(action.port, container) if action is not None else 0
        if probe.tcp_socket is not None and listening_at(record, port):
            return 0.0, True, ""
        if program is not None:
            return 0.0, False, _nobody_listens(probe, container, address_of(pod))
        if probe.http_get is not None and fault_of_site(container, record.world):
            return 0.0, False, "HTTP probe failed with statuscode: 404"
        return 0.0, True, ""

    def _later(self, seconds: float, event: RuntimeEvent) -> None:
        if seconds > 0:
            self._host.call_after(seconds, self._host.report, event)
        else:
            self._host.report(event)

    def run_hook(
        self,
        pod: Pod,
        container: Container,
        key: ContainerKey,
        handler: LifecycleHandler,
        before_stop: bool,
    ) -> None:
        """As `Runtime.run_hook`: a known command is run or rehearsed, a request reaches other simulated pods."""
        record = self._find(key)
        seconds, code = 0.0, 0
        if handler.exec is not None:
            if record is not None and record.world is not None:
                seconds, code, _ = length_of(handler.exec.command, record.world)
                code = 0 if code == NOT_FOUND else code
            else:
                seconds, ended = rehearse(handler.exec.command)
                code = ended or 0
        elif handler.http_get is not None:
            code = int(not asked(handler.http_get, container, self._outside(pod)))
        ended_ = HookEnded(key, before_stop, code != 0)
        self._host.call_after(seconds, self._host.report, ended_)

    def remove(self, pod_uid: str) -> None:
        """Forget a pod's containers, and what was in its own volumes."""
        for record in self._pods.pop(pod_uid, {}).values():
            self._nothing_next(record)
            if record.live is not None:
                record.live.stop()
        self._volumes.remove(pod_uid)

    def containers(self) -> Iterable[RuntimeEvent]:
        """The last report of each container, and of its readiness while it runs."""
        for records in self._pods.values():
            for record in records.values():
                if record.last is not None:
                    yield record.last
                if record.probed is not None and isinstance(record.last, ContainerStarted):
                    yield record.probed

    def usage(self, key: ContainerKey) -> ContainerUsage | None:
        """What the profile says, drawn anew each time; None for what does not run."""
        record = self._find(key)
        if record is None or not isinstance(record.last, ContainerStarted):
            return None
        cpu, memory, random = record.profile.cpu, record.profile.memory, self._host.random
        return ContainerUsage(
            milli_cpu=None if cpu is None else round(cpu.draw(random) * 1000),
            memory_bytes=None if memory is None else round(memory.draw(random)),
        )

    def _started(self, record: Record) -> None:
        host, profile = self._host, record.profile
        record.started_at = now = host.clock.now()
        self._nothing_next(record)
        fails = profile.fail_probability and host.random.random() < profile.fail_probability
        ready = 0.0 if fails else profile.ready_seconds.draw(host.random)
        never = record.image.startswith(NEVER_READY)
        at_once = not fails and not never and ready <= 0
        if not never:
            record.ready_at = now + ready
            if profile.healthy_seconds is not None:
                record.healthy_until = record.ready_at + profile.healthy_seconds.draw(host.random)
        record.last = ContainerStarted(
            record.key, record.container_id, now, at_once, record.pulled_in
        )
        host.report(record.last)
        if fails:
            record.exit_code = record.fail_code
            self._end(record, record.exit_code, "Error")
        elif at_once or never:
            self._run(record)
        else:
            self._after(ready, record, self._ready)

    def _ready(self, record: Record) -> None:
        self._nothing_next(record)
        record.probed = ContainerProbed(record.key, True, self._host.clock.now())
        self._host.report(record.probed)
        self._run(record)

    def _run(self, record: Record) -> None:
        """It is ready: the next thing is its end, if it ends by itself."""
        lasts = record.profile.run_seconds
        if lasts is not None and record.started_at is not None:
            left = record.started_at + lasts.draw(self._host.random) - self._host.clock.now()
            reason = "Error" if record.exit_code else "Completed"
            self._next(record, max(0.0, left), record.exit_code, reason)
        program, world = record.program, record.world
        if program is not None and not program.alone and world is not None:
            self._run_live(record, program, world)

    def _run_live(self, record: Record, program: Program, world: World) -> None:
        argv = [substituted(word, world.environment) for word in program.argv]
        record.journal = Journal()

        def ended(code: int) -> None:
            self._end(record, code, "Error" if code else "Completed")

        record.live = LiveRun(self._host, run(argv, world), world, record.journal, ended)
        record.live.go_on()


def _is_of_job(pod: Pod) -> bool:
    owner = controller_of(pod)
    return owner is not None and owner.kind == "Job"


def _misconfigured(pod: Pod | None, container: Container | None) -> str:
    """Why a container may not run as its image does."""
    if pod is None or pod.spec is None or container is None:
        return ""
    whole, own = pod.spec.security_context, container.security_context
    if (whole is None or not whole.run_as_non_root) and (own is None or not own.run_as_non_root):
        return ""  # what nearly all containers are, so images are not looked up
    return root_fault(pod, container, user_of_image(container.image), "")


def _refusal(probe: Probe, address: str) -> str:
    """What a probe says of a container that does not answer as it should."""
    if probe.http_get is not None:
        return "HTTP probe failed with statuscode: 503"
    if probe.tcp_socket is not None:
        return f"dial tcp {address}:{probe.tcp_socket.port}: connect: connection refused"
    if probe.grpc is not None:
        return 'service unhealthy (responded with "NOT_SERVING")'
    return ""  # the output of a command


def _nobody_listens(probe: Probe, container: Container, address: str) -> str:
    """What a probe says of a container that is no server."""
    return probed(probe, container, _NO_SERVER, _NO_SCENE, address)[1]

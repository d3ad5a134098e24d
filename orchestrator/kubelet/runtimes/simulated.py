"""The simulated runtime: containers whose life is a profile or a script, and in which nothing is executed.

A container is a record with at most one timer, for the next thing that will happen to it: it starts,
becomes ready, ends by itself, or ends because it was asked to. A command that is known here (`programs.py`) decides
how it ends; one that looks at its surroundings runs in them, step by step (`live.py`).
"""

import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from actors import Timer
from orchestrator.api.core.v1 import Container, LifecycleHandler, Pod, Probe
from orchestrator.kubelet.networks.simulated import SimulatedNetwork
from orchestrator.kubelet.networks.wires import Outside, Segment
from orchestrator.kubelet.runtimes.agnhost.servers import stamped
from orchestrator.kubelet.runtimes.disks import Disks
from orchestrator.kubelet.runtimes.images import failing_pull, missing
from orchestrator.kubelet.runtimes.interface import (
    ContainerExited,
    ContainerKey,
    ContainerProbed,
    ContainerStarted,
    HookEnded,
    ImagePulling,
    ProbeAnswered,
    RuntimeEvent,
    RuntimeHost,
    World,
)
from orchestrator.kubelet.runtimes.live import Journal, Line, LiveRun, Recital
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
    command_line,
    looks_around,
)
from orchestrator.kubelet.runtimes.services import HttpRequest, HttpResponse, Scene, Service
from orchestrator.kubelet.runtimes.shell import outlook, rehearse, run
from orchestrator.kubelet.runtimes.shell.steps import NOT_FOUND
from orchestrator.kubelet.runtimes.simulated_serving import (
    address_of,
    answer,
    asked,
    at_node,
    by_name,
    fault_of_site,
    length_of,
    output_of,
    pages_of,
    probed,
    replied,
)
from orchestrator.kubelet.runtimes.simulated_talk import Logged, Talk, answer_port, drive, write_log
from orchestrator.kubelet.runtimes.tls import Secured, context_of, self_signed
from orchestrator.kubelet.runtimes.volumes import Volumes
from orchestrator.kubelet.substitution import substituted
from orchestrator.machinery.owners import controller_of
from orchestrator.protocol import ContainerUsage
from orchestrator.sessions import LogOptions, Session

SIGTERM_EXIT: Final = 143  # what a shell reports of a process that SIGTERM ended
SIGKILL_EXIT: Final = 137
NEVER_READY: Final = "bad:"  # how the name of an image begins whose containers do not become ready
_HELM_HOOK: Final = "helm.sh/hook"
_FOREVER: Final = float("inf")
_KERNELS: Final = "/sys/fs/cgroup/"
_FALLBACK: Final = "FallbackToLogsOnError"
_MESSAGE_BYTES: Final = 4096
_LOG_BYTES: Final = 2048  # of a log that is a termination message
_LOG_LINES: Final = 80
_NO_SERVER: Final = Service(lambda request, port, scene: HttpResponse(404), frozenset())
_NO_SCENE: Final = Scene(World({}, {}), 0.0, 0.0)


class _Record(Struct, eq=False):
    """One container: its profile, its last report, and what comes next (when, and what to call)."""

    key: ContainerKey
    profile: Profile
    container_id: str
    exit_code: int
    fail_code: int
    image: str = ""
    pulled_in: float | None = None
    started_at: float | None = None
    ready_at: float = _FOREVER
    healthy_until: float = _FOREVER
    stopping: bool = False
    pod: Pod | None = None
    container: Container | None = None
    program: Program | None = None  # that decides how it ends
    before: "_Record | None" = None  # the run before it, whose log can still be read
    world: World | None = None  # since somebody looked into it
    journal: Journal | None = None  # what it has written, beside what is worked out
    live: LiveRun | None = None
    recital: Recital | None = None
    served: dict[str, str] | None = None  # what its server keeps
    last: ContainerStarted | ContainerExited | None = None
    probed: ContainerProbed | None = None
    next: tuple[float, Callable[..., None], tuple[object, ...]] | None = None
    timer: Timer | None = None


class SimulatedRuntime:
    """Takes each container through its profile's life. Implements `Runtime`. `disks` are what is behind claims."""

    name = "simulated://1.0"

    def __init__(self, profile: Profile | None = None, disks: Disks | None = None) -> None:
        self._profile = profile or Profile()
        self._pods: dict[str, dict[str, _Record]] = {}
        self._images: set[str] = set()  # that are on the node
        self._volumes = Volumes(disks or Disks())
        self._host: RuntimeHost
        self._network: SimulatedNetwork | None = None

    def attach(self, host: RuntimeHost) -> None:
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

    def refresh(self, key: ContainerKey, world: World) -> None:
        """Give the container's volumes that are made of objects what these hold by now."""
        self._volumes.refresh(key.pod_uid, key.name, world)

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
            record = records[key.name] = _Record(key, self._profile, "", 0, 1)
            self._end(record, 128, "CreateContainerConfigError", str(error))
            return
        image = container.image
        record = records[key.name] = _Record(
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
            record.world = self._furnished(pod, container, world)
        if image not in self._images and self._pulls(record, container.image_pull_policy):
            return
        if known is not None:
            known.before, record.before = None, known
        self._images.add(image)
        delay = profile.start_seconds.draw(self._host.random)
        self._after(delay, record, self._started)

    def _pulls(self, record: _Record, policy: str) -> bool:
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

    def _pulled(self, record: _Record, seconds: float) -> None:
        record.pulled_in = seconds
        self._images.add(record.image)
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
        record = self._find(key)
        if record is None or not isinstance(record.last, ContainerStarted):
            return
        now = self._host.clock.now()
        success = record.ready_at <= now < record.healthy_until
        if not success:
            said = _refusal(probe, address_of(pod))
            self._host.report(ProbeAnswered(key, kind, False, said, now))
            return
        seconds, success, said = self._found(record, pod, container, probe)
        self._later(seconds, ProbeAnswered(key, kind, success, said, now + seconds))

    def _found(
        self, record: _Record, pod: Pod, container: Container, probe: Probe
    ) -> tuple[float, bool, str]:
        """What a probe finds: after how many seconds, whether all is well, and what is said if not."""
        program = record.program
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
        for record in self._pods.pop(pod_uid, {}).values():
            self._nothing_next(record)
            if record.live is not None:
                record.live.stop()
        self._volumes.remove(pod_uid)

    def containers(self) -> Iterable[RuntimeEvent]:
        for records in self._pods.values():
            for record in records.values():
                if record.last is not None:
                    yield record.last
                if record.probed is not None and isinstance(record.last, ContainerStarted):
                    yield record.probed

    def usage(self, key: ContainerKey) -> ContainerUsage | None:
        record = self._find(key)
        if record is None or not isinstance(record.last, ContainerStarted):
            return None
        cpu, memory, random = record.profile.cpu, record.profile.memory, self._host.random
        return ContainerUsage(
            milli_cpu=None if cpu is None else round(cpu.draw(random) * 1000),
            memory_bytes=None if memory is None else round(memory.draw(random)),
        )

    def volume_bytes(self, pod_uid: str) -> Mapping[str, int]:
        """What lies in each of a pod's own directories."""
        return self._volumes.bytes_of(pod_uid)

    # --- conversations ---------------------------------------------------------------------

    async def execute(
        self, key: ContainerKey, command: tuple[str, ...], world: World, session: Session
    ) -> int:
        """Run a command of the tiny shell."""
        inner = self._visited(self._run_of(key), world)
        return await drive(run(command, inner), inner, session, self._host.clock)

    async def join(
        self, key: ContainerKey, container: Container, world: World, session: Session
    ) -> int:
        """Run the container's own command, or a shell if it has none; the container ends with it, if it takes input.
        One that takes none is silent until it ends.
        """
        record = self._run_of(key)
        clock = self._host.clock
        if container.stdin:
            inner = self._visited(record, world)
            command = run(command_line(container) or ("sh",), inner)
            code = await drive(command, inner, session, clock)
            if isinstance(record.last, ContainerStarted):
                self._end(record, code, "Error" if code else "Completed")
            return code
        return await self.log(key, container, world, LogOptions(follow=True), session)

    async def log(
        self,
        key: ContainerKey,
        container: Container,
        world: World,
        options: LogOptions,
        session: Session,
    ) -> int:
        """The log of a run: what its command says, and the lines of its profile."""
        record = self._run_of(key)
        profile = record.profile
        every = profile.log_seconds.mean() if profile.log_seconds is not None else 0.0

        def ended() -> float | None:
            return record.last.at if isinstance(record.last, ContainerExited) else None

        def own(now: float) -> list[Line]:
            waits = container.stdin_once and ended() is None
            return [] if waits else self._said(record, container, now)

        logged = Logged(record.started_at or 0.0, ended, profile.log_line, every, own)
        return await write_log(logged, world.host, options, session, self._host.clock)

    def _said(self, record: _Record, container: Container, now: float) -> list[Line]:
        """What the container's own command has written up to now."""
        written = record.journal.lines(now) if record.journal is not None else []
        if record.live is not None:
            return written
        argv = command_line(container)
        if record.recital is None and argv and record.started_at is not None:
            if record.program is None and not outlook(argv).known:
                return written  # the image may have it, and say something
            world = replace(self._world_of(record), now=record.started_at)
            record.recital = Recital(run(argv, world), world, record.started_at)
        said = record.recital.lines(now) if record.recital is not None else []
        return sorted([*said, *written], key=lambda line: line[0]) if written else said

    async def connect(self, pod: Pod, key: ContainerKey, port: int, session: Session) -> int:
        """The port of a container that serves it; of others any port answers."""
        self._run_of(key)
        listening = None
        guessed = False
        for record in self._pods.get(key.pod_uid, {}).values():
            if isinstance(record.last, ContainerStarted):
                program = record.program
                guessed = guessed or program is None
                if program is not None and program.service and port in program.service.ports:
                    listening = record
        if listening is None and not guessed:
            raise ConnectionRefusedError(f"dial tcp4 127.0.0.1:{port}: connect: connection refused")

        def answered(request: HttpRequest) -> HttpResponse:
            if listening is None:
                return by_name(pod.metadata.name, request)
            return self.serve(listening, request, port)

        talk: Talk = session
        if listening is not None and (context := self._certified(listening, port)) is not None:
            talk = Secured(session, context)
        return await answer_port(talk, answered, self._host.clock)

    def _certified(self, record: _Record, port: int) -> ssl.SSLContext | None:
        """What the container's server speaks TLS with at a port; None where it does not.

        Raises ConnectionRefusedError: a server without its certificate does not begin.
        """
        assert record.program is not None
        assert record.program.service is not None
        service = record.program.service
        if service.secures(port, self._scene_of(record)):
            return self_signed()
        if not service.certificate:
            return None
        files = self._world_of(record).files
        try:
            return context_of(files[service.certificate], files[service.key])
        except (KeyError, ssl.SSLError):
            why = f"no certificate in {service.certificate} and {service.key}"
            raise ConnectionRefusedError(why) from None

    def serve(self, record: _Record, request: HttpRequest, port: int) -> HttpResponse:
        """What the container's server answers; what it writes meanwhile lands in its log."""
        assert record.program is not None
        assert record.program.service is not None
        response = answer(record.program.service, request, port, self._scene_of(record))
        if response.log:
            if record.journal is None:
                record.journal = Journal()
            now = self._host.clock.now()
            for line in response.log:
                record.journal.write(now, f"{stamped(line, now)}\n".encode())
        if response.exits is not None:
            self._next(record, 0.001, response.exits, "Error" if response.exits else "Completed")
        return response

    def _scene_of(self, record: _Record) -> Scene:
        world = self._world_of(record)
        if record.served is None:
            record.served = {}
        return Scene(
            world,
            record.started_at or 0.0,
            self._host.clock.now(),
            record.stopping,
            lambda script: output_of(script, world),
            record.served,
        )

    # --- surroundings ----------------------------------------------------------------------

    def _furnished(self, pod: Pod, container: Container, world: World) -> World:
        world = self._volumes.furnish(pod, container.name, world)
        for path, data in pages_of(container).items():
            world.files.setdefault(path, data)
        return replace(world, chance=self._host.random, outside=self._outside(pod))

    def _outside(self, pod: Pod | None) -> Outside | None:
        if self._network is None or pod is None:
            return None
        return self._network.outside(pod, self._host.clock.monotonic)

    def _answered(self, segment: Segment) -> bytes | None:
        """What a server of this node answers to another pod; None: nobody listens there."""
        for record, port in self._reached(segment):
            said = self._replied(record, port, segment)
            if said is not None:
                return said
        return None

    def _reached(self, segment: Segment) -> Iterator[tuple[_Record, int]]:
        """The containers that may listen at an address, and the port that it is to them."""
        assert self._network is not None
        holder = self._network.holder(segment.at)
        if holder:
            yield from ((each, segment.port) for each in self._pods.get(holder, {}).values())
        elif holder is not None:
            for records in self._pods.values():
                for record in records.values():
                    yield from at_node(record.pod, record, segment)

    def _replied(self, record: _Record, port: int, segment: Segment) -> bytes | None:
        program, pod = record.program, record.pod
        if not isinstance(record.last, ContainerStarted) or pod is None:
            return None

        def served(request: HttpRequest) -> HttpResponse:
            if program is None:
                return by_name(pod.metadata.name, request)
            return self.serve(record, request, port)

        service = program.service if program is not None else None
        if program is not None and service is None:
            return None
        return replied(service, segment, port, served, lambda: self._scene_of(record))

    def _visited(self, record: _Record, world: World) -> World:
        """The container's world for a command that somebody runs in it, with the environment of `world`."""
        assert record.pod is not None
        assert record.container is not None
        if record.world is None:
            record.world = self._furnished(record.pod, record.container, world)
        else:
            self._volumes.refresh(record.key.pod_uid, record.key.name, world)
            for path, data in world.files.items():
                if path.startswith(_KERNELS):  # limits may have been changed
                    record.world.files[path] = data
        return replace(
            record.world,
            environment=dict(world.environment),
            directory=world.directory,
            signals=[],
            trapped=set(),
        )

    def _world_of(self, record: _Record) -> World:
        """The container's world; if nobody has looked into it, a bare one that is not kept."""
        if record.world is not None:
            return record.world
        pod = record.pod
        host = pod.spec.hostname if pod is not None and pod.spec is not None else ""
        name = host or (pod.metadata.name if pod is not None else "")
        return World({}, {}, name, outside=self._outside(pod))

    def _run_of(self, key: ContainerKey) -> _Record:
        """The present run, or the one before. Raises LookupError."""
        record = self._pods.get(key.pod_uid, {}).get(key.name)
        while record is not None:
            if record.key == key and record.started_at is not None:
                return record
            record = record.before
        raise LookupError(f"unable to retrieve container logs for {key.name}")

    def _find(self, key: ContainerKey) -> _Record | None:
        record = self._pods.get(key.pod_uid, {}).get(key.name)
        return record if record is not None and record.key == key else None

    def _report_again(self, record: _Record) -> None:
        if record.last is not None:
            self._host.report(record.last)
        if record.probed is not None:
            self._host.report(record.probed)

    def _started(self, record: _Record) -> None:
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

    def _ready(self, record: _Record) -> None:
        self._nothing_next(record)
        record.probed = ContainerProbed(record.key, True, self._host.clock.now())
        self._host.report(record.probed)
        self._run(record)

    def _run(self, record: _Record) -> None:
        """It is ready: the next thing is its end, if it ends by itself."""
        lasts = record.profile.run_seconds
        if lasts is not None and record.started_at is not None:
            left = record.started_at + lasts.draw(self._host.random) - self._host.clock.now()
            reason = "Error" if record.exit_code else "Completed"
            self._next(record, max(0.0, left), record.exit_code, reason)
        program, world = record.program, record.world
        if program is not None and not program.alone and world is not None:
            self._run_live(record, program, world)

    def _run_live(self, record: _Record, program: Program, world: World) -> None:
        argv = [substituted(word, world.environment) for word in program.argv]
        record.journal = Journal()

        def ended(code: int) -> None:
            self._end(record, code, "Error" if code else "Completed")

        record.live = LiveRun(self._host, run(argv, world), world, record.journal, ended)
        record.live.go_on()

    def _next(
        self, record: _Record, delay: float, exit_code: int, reason: str, message: str = ""
    ) -> None:
        if delay > 0:
            self._after(delay, record, self._end, exit_code, reason, message)
        else:
            self._end(record, exit_code, reason, message)

    def _after(
        self, delay: float, record: _Record, function: Callable[..., None], *arguments: object
    ) -> None:
        """Have `function(record, *arguments)` called instead of what was to come next."""
        self._nothing_next(record)
        record.next = (self._host.clock.now() + delay, function, arguments)
        record.timer = self._host.call_after(delay, function, record, *arguments)

    def _nothing_next(self, record: _Record) -> None:
        if record.timer is not None:
            record.timer.cancel()
        record.timer = record.next = None

    def _end(self, record: _Record, exit_code: int, reason: str, message: str = "") -> None:
        self._nothing_next(record)
        record.probed = None
        if record.live is not None:
            record.live.stop()
        if not message and record.program is not None:
            message = self._last_words(record, exit_code)
        record.last = ContainerExited(
            key=record.key,
            container_id=record.container_id,
            exit_code=exit_code,
            reason=reason,
            message=message,
            started_at=record.started_at,
            at=self._host.clock.now(),
        )
        self._host.report(record.last)

    def _last_words(self, record: _Record, exit_code: int) -> str:
        """The container's termination message: a file that it wrote, or the end of its log."""
        container, world = record.container, record.world
        assert container is not None
        path = container.termination_message_path or "/dev/termination-log"
        data = world.files.get(path, b"") if world is not None else b""
        if not data and exit_code and container.termination_message_policy == _FALLBACK:
            lines = self._said(record, container, self._host.clock.now())[-_LOG_LINES:]
            data = b"\n".join(line for _, line in lines)[-_LOG_BYTES:]
        return data[:_MESSAGE_BYTES].decode(errors="replace")


def _is_of_job(pod: Pod) -> bool:
    owner = controller_of(pod)
    return owner is not None and owner.kind == "Job"


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

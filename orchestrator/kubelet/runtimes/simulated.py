"""The simulated runtime: containers whose life is a profile, and in which nothing is executed.

A container is a record with at most one timer, for the next thing that will happen to it: it starts,
becomes ready, ends by itself, or ends because it was asked to.
"""

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from actors import Timer
from orchestrator.api.core.v1 import Container, LifecycleHandler, Pod, Probe
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
from orchestrator.kubelet.runtimes.profile import (
    Profile,
    ProfileError,
    for_container,
    of_init_container,
    of_job,
    with_annotations,
)
from orchestrator.kubelet.runtimes.shell import rehearse, run
from orchestrator.kubelet.runtimes.simulated_talk import (
    Logged,
    answer_port,
    command_of,
    drive,
    write_log,
)
from orchestrator.machinery.owners import controller_of
from orchestrator.protocol import ContainerUsage
from orchestrator.sessions import LogOptions, Session

SIGTERM_EXIT: Final = 143  # what a shell reports of a process that SIGTERM ended
SIGKILL_EXIT: Final = 137
NEVER_READY: Final = "bad:"  # how the name of an image begins whose containers do not become ready
_HELM_HOOK: Final = "helm.sh/hook"
_FOREVER: Final = float("inf")


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
    before: "_Record | None" = None  # the run before it, whose log can still be read
    files: dict[str, bytes] | None = None  # what commands have written in it
    last: ContainerStarted | ContainerExited | None = None
    probed: ContainerProbed | None = None
    next: tuple[float, Callable[..., None], tuple[object, ...]] | None = None
    timer: Timer | None = None


class SimulatedRuntime:
    """Takes each container through its profile's life. Implements `Runtime`."""

    name = "simulated://1.0"

    def __init__(self, profile: Profile | None = None) -> None:
        self._profile = profile or Profile()
        self._pods: dict[str, dict[str, _Record]] = {}
        self._images: set[str] = set()  # that are on the node
        self._host: RuntimeHost

    def attach(self, host: RuntimeHost) -> None:
        self._host = host
        # A host's timers end with it; what they stood for goes on with the next host.
        for records in self._pods.values():
            for record in records.values():
                if record.next is not None:
                    at, function, arguments = record.next
                    left = max(0.0, at - host.clock.now())
                    record.timer = host.call_after(left, function, record, *arguments)

    def start(self, pod: Pod, container: Container, key: ContainerKey) -> None:
        records = self._pods.setdefault(key.pod_uid, {})
        known = records.get(key.name)
        if known is not None and known.key == key:
            self._report_again(known)
            return
        container_id = f"simulated://{self._host.random.getrandbits(128):032x}"
        try:
            profile, fail_code = self._profile_of(pod, container)
        except ProfileError as error:
            record = records[key.name] = _Record(key, self._profile, "", 0, 1)
            self._end(record, 128, "CreateContainerConfigError", str(error))
            return
        image = container.image
        record = records[key.name] = _Record(
            key, profile, container_id, profile.exit_code, fail_code, image
        )
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

    def _profile_of(self, pod: Pod, container: Container) -> tuple[Profile, int]:
        """The container's profile, and the exit code of a start that fails."""
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
        return profile, profile.exit_code or fail_code

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
        output = "" if success else _refusal(probe, pod.status.pod_ip if pod.status else "")
        self._host.report(ProbeAnswered(key, kind, success, output, now))

    def run_hook(
        self,
        pod: Pod,
        container: Container,
        key: ContainerKey,
        handler: LifecycleHandler,
        before_stop: bool,
    ) -> None:
        seconds, code = (0.0, 0) if handler.exec is None else rehearse(handler.exec.command)
        ended = HookEnded(key, before_stop, code != 0)
        self._host.call_after(seconds, self._host.report, ended)

    def remove(self, pod_uid: str) -> None:
        for record in self._pods.pop(pod_uid, {}).values():
            self._nothing_next(record)

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

    # --- conversations ---------------------------------------------------------------------

    async def execute(
        self, key: ContainerKey, command: tuple[str, ...], world: World, session: Session
    ) -> int:
        """Run a command of the tiny shell."""
        record = self._run_of(key)
        _remember(record, world)
        return await drive(run(command, world), session, self._host.clock)

    async def join(
        self, key: ContainerKey, container: Container, world: World, session: Session
    ) -> int:
        """Run the container's own command, or a shell if it has none; the container ends with it, if it takes input.
        One that takes none is silent until it ends.
        """
        record = self._run_of(key)
        _remember(record, world)
        clock = self._host.clock
        if container.stdin:
            code = await drive(run(command_of(container) or ("sh",), world), session, clock)
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

        logged = Logged(record.started_at or 0.0, ended, profile.log_line, every)
        return await write_log(logged, container, world, options, session, self._host.clock)

    async def connect(self, pod: Pod, key: ContainerKey, port: int, session: Session) -> int:
        """Any port answers."""
        self._run_of(key)
        return await answer_port(session, pod.metadata.name)

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
        run = record.profile.run_seconds
        if run is not None and record.started_at is not None:
            left = record.started_at + run.draw(self._host.random) - self._host.clock.now()
            reason = "Error" if record.exit_code else "Completed"
            self._next(record, max(0.0, left), record.exit_code, reason)

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


def _remember(record: _Record, world: World) -> None:
    """Let a command see what others have written in the container, and them see what it writes."""
    if record.files is not None:
        world.files = {**record.files, **world.files}
    record.files = world.files

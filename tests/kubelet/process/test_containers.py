"""Containers that are processes: how they start, what they see, how they end; and that nothing of them stays."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import actors
from orchestrator import Cluster
from orchestrator.api.core.v1 import (
    AppArmorProfile,
    Container,
    Pod,
    PodSecurityContext,
    PodSpec,
    ResourceRequirements,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.cluster.nodes import node_spec
from orchestrator.kubelet import app_armor
from orchestrator.kubelet.runtimes.interface import Mount, World
from orchestrator.kubelet.runtimes.process import Image, Pull, supervisor
from orchestrator.kubelet.surroundings import DEFAULT_PATH
from orchestrator.sessions import Chunk, Session
from tests.kubelet.process.machine import SECONDS, Machine, on_machine, pod_of
from tests.kubelet.stories import events_of

_STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.05; done"


async def _until_said(machine: Machine, key: object, text: str) -> None:
    while text not in await machine.log(key):  # type: ignore[arg-type]
        await machine.clock.sleep(0.02)


def test_exit_code_log_and_message_are_the_containers() -> None:
    """A container's exit code, its output and what it wrote as termination message are reported."""

    async def work(machine: Machine) -> None:
        key = machine.start(
            pod_of("sh", "-c", "echo out; echo err >&2; echo why >/dev/termination-log; exit 7")
        )
        await machine.started()
        ended = await machine.exited()
        assert (ended.exit_code, ended.reason, ended.message) == (7, "Error", "why\n")
        assert sorted((await machine.log(key)).splitlines()) == ["err", "out"]

    on_machine(work)


def test_log_stands_for_the_message_of_what_failed() -> None:
    """With FallbackToLogsOnError the end of the log is the message of a failure, and of nothing else."""

    async def work(machine: Machine) -> None:
        policy = "FallbackToLogsOnError"
        machine.start(pod_of("sh", "-c", "printf DONE; false", termination_message_policy=policy))
        assert (await machine.exited()).message == "DONE"
        machine.start(
            pod_of("sh", "-c", "printf DONE", termination_message_policy=policy), attempt=1
        )
        assert (await machine.exited()).message == ""

    on_machine(work)


def test_a_shim_that_does_not_start_is_told_and_tried_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """What starts containers may be broken: the container's state says so, and its next try makes a new one."""

    async def work(machine: Machine) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(supervisor, "_BOOT", "raise SystemExit(3)")
            machine.start(pod_of("true"))
            ended = await machine.exited()
            assert (ended.exit_code, ended.reason) == (128, "CreateContainerError")
            assert "shim of the process runtime did not start (exit code 3)" in ended.message
        machine.start(pod_of("true"), attempt=1)
        assert (await machine.exited()).exit_code == 0

    on_machine(work)


def test_environment_arguments_and_directory_reach_the_command() -> None:
    """Variables are put into arguments, and the command runs in its directory."""

    async def work(machine: Machine) -> None:
        pod = pod_of("sh", "-c", "echo $(GREETING) $HOME; pwd; hostname", working_dir="/usr/lib")
        world = World({"PATH": DEFAULT_PATH, "GREETING": "hello"}, {}, "web-1")
        key = machine.start(pod, world=world)
        await machine.exited()
        assert (await machine.log(key)).splitlines() == ["hello /root", "/usr/lib", "web-1"]

    on_machine(work)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("nothere", "executable file not found in $PATH"),
        ("/bin/nothere", "stat /bin/nothere: no such file or directory"),
        ("/etc/passwd", "permission denied"),
    ],
)
def test_command_that_does_not_exist_is_a_start_error(command: str, why: str) -> None:
    """What cannot be executed ends with 128 and the words of containerd, and was started never."""

    async def work(machine: Machine) -> None:
        machine.start(pod_of(command))
        ended = await machine.exited()
        assert (ended.exit_code, ended.reason, ended.started_at) == (128, "StartError", 0.0)
        assert ended.message == (
            "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create "
            f'failed: unable to start container process: exec: "{command}": {why}: unknown'
        )

    on_machine(work)


def test_image_that_is_in_no_table_cannot_be_pulled() -> None:
    """A missing image fails to be pulled, one that must not be pulled is not, and a slow one comes late."""

    async def work(machine: Machine) -> None:
        machine.start(pod_of(image="nginx:1.27"))
        ended = await machine.exited()
        assert ended.reason == "ErrImagePull"
        assert ended.message.endswith("docker.io/library/nginx:1.27: not found")
        machine.start(pod_of(image="slow", image_pull_policy="Never"), attempt=1)
        assert (await machine.exited()).reason == "ErrImageNeverPull"
        machine.start(pod_of(image="slow"), attempt=2)
        assert type(await machine.next()).__name__ == "ImagePulling"
        assert (await machine.started()).pulled_in == 0.01

    on_machine(work, Image("slow", entrypoint=("true",), pull=Pull(seconds=0.01)))


def test_container_that_ignores_sigterm_is_killed_after_its_grace() -> None:
    """Who does not end when asked is ended, with all that it has started."""

    async def work(machine: Machine) -> None:
        key = machine.start(pod_of("sh", "-c", f"(setsid sleep 1000 &) ; {_STUBBORN}"))
        await machine.started()
        await _until_said(machine, key, "ready")
        machine.runtime.stop(key, 0.2)
        ended = await machine.exited()
        assert (ended.exit_code, ended.reason) == (137, "Error")

    on_machine(work)


def test_second_request_to_stop_shortens_the_grace() -> None:
    """A container that is being stopped can be stopped sooner, not later."""

    async def work(machine: Machine) -> None:
        key = machine.start(pod_of("sh", "-c", _STUBBORN))
        await machine.started()
        await _until_said(machine, key, "ready")
        machine.runtime.stop(key, 1000)
        machine.runtime.stop(key, 2000)
        machine.runtime.stop(key, 0)
        assert (await machine.exited()).exit_code == 137

    on_machine(work)


def test_container_that_heeds_sigterm_ends_by_itself() -> None:
    """Who handles SIGTERM says with which code it ends."""

    async def work(machine: Machine) -> None:
        key = machine.start(
            pod_of("sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done")
        )
        await machine.started()
        await _until_said(machine, key, "ready")
        machine.runtime.stop(key, 30)
        assert (await machine.exited()).exit_code == 9

    on_machine(work)


def test_what_forks_away_ends_with_its_container() -> None:
    """A process that has left its session and its parent ends when the container's first process does."""

    async def work(machine: Machine) -> None:
        key = machine.start(pod_of("sh", "-c", "setsid sh -c 'sleep 1000 & sleep 1000' & exit 0"))
        assert (await machine.exited()).exit_code == 0
        machine.runtime.remove(key.pod_uid)

    on_machine(work)


def test_log_of_who_never_stops_talking_is_bounded() -> None:
    """A container that fills its log leaves two files at most, each of bounded size."""

    async def work(machine: Machine) -> None:
        key = machine.start(
            pod_of("sh", "-c", "yes 'the quick brown fox jumps over' | head -c 2000000")
        )
        await machine.started()
        assert (await machine.exited()).exit_code == 0
        logs = machine.runtime._shim.directory / "pods" / key.pod_uid
        sizes = [path.stat().st_size for path in logs.glob("*.log*")]
        assert len(sizes) == 2
        assert all(size <= 1 << 18 for size in sizes)
        assert (await machine.log(key, tail=1)).startswith("the quick")

    on_machine(work)


def test_memory_limit_is_kept() -> None:
    """A container that takes more memory than its limit is killed, by its control group or where it has none."""

    async def work(machine: Machine) -> None:
        resources = ResourceRequirements(limits={"memory": "20Mi"})
        script = "import time; x=bytearray(1<<26); time.sleep(1000)"
        machine.start(pod_of("python3", "-c", script, resources=resources))
        ended = await machine.exited()
        assert (ended.exit_code, ended.reason) == (137, "OOMKilled")

    on_machine(work)


def test_container_that_runs_is_resized() -> None:
    """A container sees its control groups, and that their limits become what it asks for by now."""

    async def work(machine: Machine) -> None:
        before = ResourceRequirements(
            limits={"cpu": "500m", "memory": "64Mi"}, requests={"cpu": "250m"}
        )
        after = ResourceRequirements(
            limits={"cpu": "750m", "memory": "96Mi"}, requests={"cpu": "250m"}
        )
        most = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; true"
        script = f"m() {{ {most}; }}; m; while [ `m` != {96 << 20} ]; do sleep 0.02; done; m"
        pod = pod_of("sh", "-c", script, resources=before)
        key = machine.start(pod)
        await machine.started()
        if not machine.runtime._shim.cgroups:
            pytest.skip("nobody may make control groups here")
        assert pod.spec is not None
        await _until_said(machine, key, str(64 << 20))
        machine.runtime.resize(pod, replace(pod.spec.containers[0], resources=after), key)
        assert (await machine.exited()).exit_code == 0
        assert (await machine.log(key)).split() == [str(64 << 20), str(96 << 20)]

    on_machine(work)


def test_volumes_are_shared_and_updated_in_one_step(tmp_path: Path) -> None:
    """A volume of objects is seen at its path with its modes; refreshed, it changes as a whole."""

    async def work(machine: Machine) -> None:
        def world(*values: str) -> World:
            files = {f"key-{i}": value.encode() for i, value in enumerate(values)}
            modes = dict.fromkeys(files, 0o400)
            objects = Mount("/etc/config/x", "config", "objects", files=files, modes=modes)
            empty = Mount("/data", "scratch", "emptyDir")
            part = Mount("/part", "scratch", "emptyDir", sub_path="a/b")
            host = Mount("/host", "host", "hostPath", place=str(tmp_path), read_only=True)
            return World({"PATH": DEFAULT_PATH}, {}, "web", mounts=(objects, empty, part, host))

        (tmp_path / "here").write_text("host")
        script = (
            "stat -L -c %a /etc/config/x/key-0; cat /etc/config/x/key-0 /host/here; touch /part/c; ls /data/a/b; "
            "touch /host/no || echo refused; stat -c %a /data; "
            "while [ ! -e /etc/config/x/key-1 ]; do sleep 0.02; done; cat /etc/config/x/key-0"
        )
        pod = pod_of("sh", "-c", script)
        key = machine.start(pod, world=world("one"))
        await machine.started()
        await _until_said(machine, key, "777")
        machine.runtime.refresh(key, world("two", "three"))
        assert (await machine.exited()).exit_code == 0
        said = [line for line in (await machine.log(key)).splitlines() if "touch" not in line]
        assert said == ["400", "onehostc", "refused", "777", "two"]

    on_machine(work)


async def _executed(
    machine: Machine, key: object, *command: str, session: Session, given: bytes = b""
) -> tuple[int, str]:
    if given:
        await session.give(given)
    if session.stdin:
        await session.give(None)
    code = await machine.runtime.execute(key, command, World({}, {}), session)  # type: ignore[arg-type]
    await session.end()
    said = b""
    while isinstance(chunk := await session.take(), Chunk):
        said += chunk.data
    return code, said.decode()


def test_commands_run_beside_the_container() -> None:
    """A command in a container sees its processes and files, has input and output, and an exit code."""

    async def work(machine: Machine) -> None:
        key = machine.start(pod_of("sh", "-c", "echo here > /tmp/note; exec sleep 1000"))
        await machine.started()
        session = Session()
        script = (
            "read x; while [ ! -s /tmp/note ]; do sleep 0.01; done; cat /tmp/note; echo $x; exit 4"
        )
        found = await _executed(machine, key, "sh", "-c", script, session=session, given=b"hi\n")
        assert found == (4, "here\nhi\n")

    on_machine(work)


def test_command_can_have_a_terminal() -> None:
    """A command with a terminal sits at one, of the client's size."""

    async def work(machine: Machine) -> None:
        key = machine.start(pod_of("sleep", "1000"))
        await machine.started()
        session = Session()
        session.terminal, session.stdin = True, False
        from orchestrator.sessions import Resized

        session.resize(Resized(120, 33))
        code, said = await _executed(
            machine, key, "sh", "-c", "test -t 0 && stty size", session=session
        )
        assert (code, said.strip()) == (0, "33 120")

    on_machine(work)


def test_command_of_a_client_that_leaves_is_ended() -> None:
    """A client that goes away takes its command with it, and the container runs on."""

    async def work(machine: Machine) -> None:
        key = machine.start(pod_of("sleep", "1000"))
        await machine.started()
        session = Session()
        running = asyncio.ensure_future(
            machine.runtime.execute(
                key, ("sh", "-c", "echo on; sleep 777 | cat"), World({}, {}), session
            )
        )
        assert isinstance(await session.take(), Chunk)
        session.leave()
        assert await running == 137
        count = Session()
        count.stdin = False
        while True:
            code, said = await _executed(machine, key, "sh", "-c", "ps ax", session=count)
            if "777" not in said.replace("grep", ""):
                break
            count = Session()
            count.stdin = False
        assert code == 0
        assert machine.reports.empty()

    on_machine(work)


def test_cluster_that_is_killed_takes_its_containers_along() -> None:
    """When the other end of a shim's socket closes, its containers end and its directory goes."""

    async def work(machine: Machine) -> None:
        machine.start(pod_of("sh", "-c", _STUBBORN))
        await machine.started()
        shim = machine.runtime._shim
        directory, memory, process = shim.directory, shim.memory, shim._process
        assert process is not None
        shim._hang_up()
        while process.poll() is None:
            await machine.clock.sleep(0.02)
        assert not directory.exists()
        assert not memory.exists()
        shim._directory = directory

    on_machine(work)


def test_without_namespaces_nothing_escapes_either() -> None:
    """Where nothing can be mounted, ROOTFS has the mounts, and what forks away ends with its container all the same."""

    async def work(machine: Machine) -> None:
        files = {"key": b"value"}
        world = World(
            {"PATH": DEFAULT_PATH},
            {},
            "web",
            mounts=(Mount("/etc/x", "x", "objects", files=files),),
        )
        script = "cat $ROOTFS/etc/x/key; setsid sleep 4321 & sleep 0.1; echo why > $ROOTFS/dev/termination-log; exit 5"
        key = machine.start(pod_of("sh", "-c", script), world=world)
        await machine.started()
        ended = await machine.exited()
        assert (ended.exit_code, ended.message) == (5, "why\n")
        assert await machine.log(key) == "value"
        key = machine.start(pod_of("sh", "-c", f"setsid sleep 4321 & {_STUBBORN}"), attempt=1)
        await machine.started()
        await _until_said(machine, key, "ready")
        session = Session()
        session.stdin = False
        code, said = await _executed(machine, key, "echo", "beside", session=session)
        assert (code, said) == (0, "beside\n")
        machine.runtime.stop(key, 0.1)
        assert (await machine.exited()).exit_code == 137
        assert not _running("sleep 4321")

    on_machine(work, enclosed=False)


def _running(words: str) -> bool:
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            with suppress(OSError):
                if words in (process / "cmdline").read_bytes().replace(b"\0", b" ").decode():
                    return True
    return False


def test_what_the_machine_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pod that wants AppArmor where there is none is rejected, and one with users of its own gets no sandbox."""
    monkeypatch.setattr(app_armor, "_ENABLED", Path("/nowhere"))
    profile, none = AppArmorProfile(type="RuntimeDefault"), AppArmorProfile(type="Unconfined")

    async def run() -> None:
        nodes = [node_spec("node-0", 0, runtime="process")]
        async with asyncio.timeout(4 * SECONDS), Cluster(nodes, proxy_mode="userspace") as cluster:
            pods = {
                "armored": PodSecurityContext(app_armor_profile=profile),
                "plain": PodSecurityContext(app_armor_profile=none),
            }
            for name, context in pods.items():
                await cluster.client.create(_securely(name, context))
            await cluster.client.create(_securely("own-users", None, host_users=False))
            await cluster.client.wait(Pod, "plain", "condition=Ready", namespace="default")
            await cluster.client.wait(
                Pod, "armored", "jsonpath={.status.phase}=Failed", namespace="default"
            )
            status = (await cluster.client.get(Pod, "armored", namespace="default")).status
            assert status is not None
            text = "Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the host"
            assert (status.reason, status.message) == ("AppArmor", text)
            said = 'Failed to create pod sandbox: RuntimeClass handler "" does not support user namespaces'
            while ("FailedCreatePodSandBox", said) not in await events_of(cluster, "own-users"):
                await cluster.clock.sleep(0.05)

    actors.run(run, virtual=False)


def _securely(name: str, context: PodSecurityContext | None, **fields: Any) -> Pod:
    container = Container(name="main", image="machine", command=("sleep", "1000"))
    spec = PodSpec(
        containers=(container,),
        security_context=context,
        termination_grace_period_seconds=0,
        **fields,
    )
    return Pod(metadata=ObjectMeta(name=name, namespace="default"), spec=spec)

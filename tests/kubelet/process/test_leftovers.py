"""What a program leaves on the machine that had no time to tidy up, and who takes it away."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from orchestrator.kubelet.runtimes import own_directories
from orchestrator.kubelet.runtimes.process import supervisor
from orchestrator.kubelet.runtimes.process.shim.leftovers import discard
from orchestrator.kubelet.runtimes.process.shim.trees import remove_tree
from tests.kubelet.process.machine import Machine, left, on_machine, pod_of

# A program whose container runs, and which is killed together with its shim.
_KILLED = """
import asyncio, os, signal
import actors
from tests.kubelet.process.machine import Machine, pod_of

async def main():
    machine = Machine()
    machine.start(pod_of("sleep", "1000"))
    await machine.started()
    shim = machine.runtime._shim
    print(shim.directory, shim.memory, flush=True)
    os.kill(shim._process.pid, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)

actors.run(main, virtual=False)
"""


def _remove(path: Path) -> None:
    remove_tree(str(path))


def test_the_directory_of_who_lives_stays_and_that_of_the_dead_goes() -> None:
    """Whoever makes a directory removes those that nobody holds any more, however their holders ended."""
    kind = f"orchestrator-test-{os.getpid()}-"
    mine = own_directories.make(kind, _remove)
    (mine.path / "deep").mkdir()
    script = f"""
import os
from orchestrator.kubelet.runtimes import own_directories
print(own_directories.make({kind!r}, print).path, flush=True)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    theirs = Path(done.stdout.strip())
    assert theirs.is_dir()
    third = own_directories.make(kind, _remove)
    assert mine.path.is_dir()
    assert not theirs.exists()
    for each in (mine, third):
        _remove(each.path)
        each.release()


def test_what_is_no_directory_of_ours_is_left_alone() -> None:
    """Neither one without a lock, which somebody may be making, nor a link to somewhere else."""
    kind = f"orchestrator-test-{os.getpid()}-"
    unlocked = Path(tempfile.mkdtemp(prefix=kind))
    link = unlocked.with_name(f"{kind}link")
    elsewhere = Path(tempfile.mkdtemp())
    (elsewhere / ".held").touch()
    link.symlink_to(elsewhere)
    try:
        own_directories.sweep(kind, _remove)
        assert unlocked.is_dir()
        assert elsewhere.is_dir()
    finally:
        link.unlink()
        remove_tree(str(unlocked))
        remove_tree(str(elsewhere))


def test_what_is_killed_with_its_shim_is_swept_away_by_the_next() -> None:
    """Directories, those in memory, control groups and processes."""
    done = subprocess.run(
        [sys.executable, "-c", _KILLED], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    directory, memory = map(Path, done.stdout.split())
    assert directory.is_dir()
    assert memory.is_dir()
    for _ in range(600):  # another program may be at it
        own_directories.sweep("orchestrator-pods-", lambda path: discard(str(path)))
        if not left(directory):
            break
        time.sleep(0.05)
    assert not left(directory)


def test_a_shim_that_is_killed_is_followed_by_another() -> None:
    """Its containers ended by a signal, and can be started again, with what they have written."""

    async def work(machine: Machine) -> None:
        key = machine.start(pod_of("sh", "-c", "echo first; exec sleep 1000"))
        await machine.started()
        while "first" not in await machine.log(key):
            await machine.clock.sleep(0.02)
        shim = machine.runtime._shim
        before = shim.directory
        assert shim._process is not None
        shim._process.kill()
        assert (await machine.exited()).exit_code == 137
        machine.start(pod_of("sh", "-c", "echo second; exit 3"), attempt=1)
        assert (await machine.exited()).exit_code == 3
        assert shim.directory == before
        assert await machine.log(key) == "first\n"

    on_machine(work)


def test_a_machine_whose_shim_was_killed_is_tidied_up() -> None:
    """No new shim takes over what is left: whoever closes the machine takes it away, control groups, too."""

    async def work(machine: Machine) -> None:
        machine.start(pod_of("sleep", "1000"))
        await machine.started()
        process = machine.runtime._shim._process
        assert process is not None
        process.kill()
        assert (await machine.exited()).exit_code == 137

    on_machine(work)


def test_what_a_shim_says_before_it_ends_is_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A container that waits for one that cannot start hears in one line what is wrong; nothing is printed."""

    async def work(machine: Machine) -> None:
        machine.runtime._shim.directory  # noqa: B018  it serves
        process = machine.runtime._shim._process
        assert process is not None
        process.kill()
        process.wait()
        while machine.runtime._shim._line is not None:
            await machine.clock.sleep(0.02)
        monkeypatch.setattr(supervisor, "_PACKAGE", "orchestrator.kubelet.runtimes.absent")
        machine.start(pod_of("sleep", "1000"))
        exited = await machine.exited()
        assert exited.reason == "CreateContainerError"
        assert exited.message == (
            "the shim of the process runtime did not start (exit code 1): "
            "ModuleNotFoundError: No module named 'orchestrator.kubelet.runtimes.absent'"
        )

    on_machine(work)
    assert capfd.readouterr().err == ""


def test_of_a_container_that_restarts_one_dead_run_is_kept() -> None:
    """The log of the run before is there, and of earlier ones neither logs nor files are left."""

    async def work(machine: Machine) -> None:
        for attempt in range(4):
            key = machine.start(pod_of("sh", "-c", f"echo run {attempt}"), attempt=attempt)
            await machine.started()
            await machine.exited()
        assert await machine.log(key) == "run 3\n"
        shim = machine.runtime._shim
        places = (shim.directory / "pods", shim.memory)

        def runs() -> set[str]:
            """What is there, while some of it is being taken away."""
            found = [
                name
                for place in places
                for _, directories, files in os.walk(place)
                for name in (*directories, *files)
            ]
            return {name[5] for name in found if re.match("main[-_][0-9]", name)}

        async with asyncio.timeout(60):
            while runs() != {"2", "3"}:
                await machine.clock.sleep(0.02)

    on_machine(work)

"""Real kubectl against `orchestrator up --nodes 50`, one server for the whole folder."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest


class Kubectl:
    """One kubectl, pointed at the server; in a namespace of its own, if one is given."""

    def __init__(
        self,
        program: str,
        kubeconfig: Path,
        namespace: str = "",
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._program = program
        self._kubeconfig = kubeconfig
        self._namespace = namespace
        self._variables = variables or {}

    def run(
        self, *arguments: str, stdin: str | None = None, timeout: float = 90
    ) -> subprocess.CompletedProcess[str]:
        """Run it; answers output and exit code."""
        return subprocess.run(
            self.command(*arguments),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment,
            check=False,
        )

    def __call__(self, *arguments: str, stdin: str | None = None, timeout: float = 90) -> str:
        """Run it, and expect success; answers what it printed."""
        done = self.run(*arguments, stdin=stdin, timeout=timeout)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def refused(self, *arguments: str, stdin: str | None = None) -> str:
        """Run it, and expect failure; answers what it complained of."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode != 0, f"kubectl {' '.join(arguments)} succeeded: {done.stdout}"
        return done.stderr

    def command(self, *arguments: str) -> list[str]:
        """The words of the command."""
        scope = ["--namespace", self._namespace] if self._namespace else []
        return [self._program, *scope, *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which it finds the server."""
        return {**os.environ, "KUBECONFIG": str(self._kubeconfig), **self._variables}

    def with_variables(self, **variables: str) -> "Kubectl":
        """The same with more in its environment."""
        return Kubectl(self._program, self._kubeconfig, self._namespace, variables)

    def using(self, kubeconfig: Path) -> "Kubectl":
        """The same with another kubeconfig."""
        return Kubectl(self._program, kubeconfig, self._namespace)

    def within(self, namespace: str) -> "Kubectl":
        """The same in a namespace, which is made."""
        self("create", "namespace", namespace)
        return Kubectl(self._program, self._kubeconfig, namespace)


def _programs() -> list[str]:
    """The kubectl of the test extra, and the one of the machine when it is another."""
    ours = str(Path(sys.executable).parent / "kubectl")
    found = shutil.which("kubectl", path="/usr/local/bin:/usr/bin:/bin")
    return [ours, *([found] if found else [])]


@pytest.fixture(scope="session")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("up") / "kubeconfig"
    arguments = ["up", "--nodes", "50", "--listen", "127.0.0.1:0", "--kubeconfig", str(path)]
    log = path.with_name("log")
    with log.open("w") as output:
        running = subprocess.Popen(
            [sys.executable, "-m", "orchestrator", *arguments], stdout=output, stderr=output
        )
        try:
            deadline = time.perf_counter() + 60
            while "export KUBECONFIG" not in log.read_text():
                assert running.poll() is None, log.read_text()
                assert time.perf_counter() < deadline, log.read_text()
                running.poll()
                time.sleep(0.1)
            yield path
            assert running.poll() is None, f"the server ended: {log.read_text()}"
        finally:
            running.terminate()
            running.wait(30)
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture(scope="session", params=_programs(), ids=lambda program: program)
def anykubectl(request: pytest.FixtureRequest, kubeconfig: Path) -> Kubectl:
    """Each kubectl there is."""
    return Kubectl(request.param, kubeconfig)


@pytest.fixture(scope="session")
def kubectl(kubeconfig: Path) -> Kubectl:
    """The kubectl of the test extra."""
    return Kubectl(_programs()[0], kubeconfig)

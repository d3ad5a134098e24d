"""`orchestrator up --runtime` with a runtime that an installed package offers."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from click.shell_completion import ShellComplete

from orchestrator.cli import main
from tests.cli.waiting import until

LAZY = """\
from orchestrator.kubelet.runtimes import SimulatedRuntime


class LazyRuntime(SimulatedRuntime):
    def __init__(self, *arguments, **options):
        print("a lazy runtime", flush=True)
        super().__init__(*arguments, **options)
"""


def _installed(folder: Path) -> Path:
    """A package as an installer leaves it."""
    (folder / "lazy_runtime.py").write_text(LAZY)
    about = folder / "lazy_runtime-0.1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: lazy-runtime\nVersion: 0.1\n")
    (about / "entry_points.txt").write_text(
        "[orchestrator.runtimes]\nlazy = lazy_runtime:LazyRuntime\n"
    )
    return folder


def test_a_runtime_of_an_installed_package_is_chosen_by_its_name(tmp_path: Path) -> None:
    """Its nodes become ready, and the cluster is served."""
    kubeconfig = tmp_path / "kubeconfig"
    command = [sys.executable, "-m", "orchestrator", "up", "--runtime", "lazy", "--nodes", "2"]
    up = subprocess.Popen(
        [*command, "--listen", "127.0.0.1:0", "--kubeconfig", str(kubeconfig)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(_installed(tmp_path))},
    )
    try:
        until(lambda: kubeconfig.exists() or up.poll() is not None)
        up.send_signal(signal.SIGINT)
        stdout, _ = up.communicate(timeout=60)
    finally:
        up.kill()
    assert stdout.count("a lazy runtime") == 2
    assert "export KUBECONFIG=" in stdout


def test_the_shell_offers_runtimes() -> None:
    """Those that there are."""
    shell = ShellComplete(main, {}, "orchestrator", "_ORCHESTRATOR_COMPLETE")
    found = [item.value for item in shell.get_completions(["up", "--runtime"], "c")]
    assert found[:2] == ["coroutine", "cri"]

"""`orchestrator controller run`: a process of its own beside a served cluster."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from orchestrator import serving
from orchestrator.api.coordination.v1 import Lease
from orchestrator.api.core.v1 import ConfigMap
from orchestrator.cli import main

_MODULE = '''
from msgspec.structs import replace
from orchestrator.api.core.v1 import ConfigMap
from orchestrator.client import Controller

class Stamp(Controller):
    """Marks ConfigMaps."""
    name = "stamp"
    kind = ConfigMap

    async def reconcile(self, key):
        found = self.cache(ConfigMap).get(key.namespace, key.name)
        if found is not None and found.data.get("stamp") == "please":
            await self.client.update(replace(found, data={"stamp": "done"}))
'''
_PLEASE = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "a"},
    "data": {"stamp": "please"},
}


@contextmanager
def _running(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "orchestrator", "controller", "run", "mine:Stamp", *arguments]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _page(url: str) -> str:
    with urlopen(url, timeout=60) as answer:
        text: str = answer.read().decode()
        return text


def test_a_class_of_the_working_directory_runs_until_it_is_told_to_end(tmp_path: Path) -> None:
    """It reconciles what is there over HTTPS, holding its lease; SIGTERM ends it with code 0."""
    (tmp_path / "mine.py").write_text(_MODULE)
    with serving(nodes=0) as cluster:
        cluster.apply([_PLEASE])
        options = ["--kubeconfig", str(cluster.kubeconfig), "--listen", "127.0.0.1:0"]
        options += ["--leader-elect", "kube-system/stamp"]
        with _running(tmp_path, *options) as process:
            done = cluster.wait(ConfigMap, "a", lambda c: c.data == {"stamp": "done"}, timeout=60)
            assert done is not None
            lease = cluster.run(
                lambda each: each.client.get(Lease, "stamp", namespace="kube-system")
            )
            assert lease.spec.holder_identity
            assert process.stdout is not None
            url = process.stdout.readline().removeprefix("pages at ").strip()
            assert _page(f"{url}/healthz") == _page(f"{url}/readyz") == "ok"
            reconciles = 'controller_runtime_reconcile_total{controller="stamp",result="success"}'
            assert reconciles in _page(f"{url}/metrics")
            assert "/controllers/stamp" in _page(f"{url}/debug/actors")
            said = "".join(process.stdout.readline() for _ in range(2))
            assert "stamp runs at https://" in said
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
            assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nothing",), "a class of your own is named module:Class"),
        (("no.such:Thing",), "no.such:Thing cannot be imported: ModuleNotFoundError"),
        (("json:JSONDecoder", "--kubeconfig", "/no/such"), "/no/such: there is no such file"),
        (("nothing", "--leader-elect", ""), "expected [NAMESPACE/]NAME"),
        (("nothing", "--leader-elect", "a/b/c"), 'kube-system/inventory, got "a/b/c"'),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(arguments: tuple[str, ...], words: str) -> None:
    """Before anything runs."""
    result = CliRunner().invoke(main, ["controller", "run", *arguments])
    assert result.exit_code == 2
    assert words in result.output
    assert len(result.output.splitlines()) == 1


def test_a_class_that_is_no_controller_is_refused(tmp_path: Path) -> None:
    """By what would run it, in its words."""
    with serving(nodes=0) as cluster:
        options = ["json:JSONDecoder", "--kubeconfig", str(cluster.kubeconfig)]
        result = subprocess.run(
            [sys.executable, "-m", "orchestrator", "controller", "run", *options],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert result.returncode == 2
    assert "a class derived from Controller is expected" in result.stderr
